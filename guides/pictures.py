"""WeCom's pictures of codes: fetched once they exist, and kept, since people print them."""

from datetime import datetime, timedelta

from django.db import transaction

from guides.models import Code
from scrm.wecom.pictures import NotAPicture, fetch

AGAIN = timedelta(minutes=1)
A_BATCH = 20


def fetch_due(at: datetime) -> int:
    """How many codes got WeCom's picture of them (a lane of the worker)."""
    done = 0
    for code in _claim(at):
        try:
            image = fetch(code.qr_url)
        except NotAPicture:
            continue  # due again when the claim runs out
        Code.objects.filter(pk=code.pk, qr_url=code.qr_url).update(qr_image=image, qr_due_at=None)
        done += 1
    return done


@transaction.atomic
def _claim(at: datetime) -> list[Code]:
    due = Code.objects.alive().filter(qr_due_at__lte=at).order_by("qr_due_at")
    codes = list(due.select_for_update(skip_locked=True)[:A_BATCH])
    for code in codes:
        code.qr_due_at = at + AGAIN
    Code.objects.bulk_update(codes, ["qr_due_at"])
    return codes
