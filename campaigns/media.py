"""Pictures at WeCom: uploaded before they are needed, and again before the three days of a media id end."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from PIL import Image

from campaigns.models import Upload
from scrm.audit import alarms
from scrm.wecom.client import client_for
from scrm.wecom.errors import GiveUp, NeedsFix, Refused

log = structlog.get_logger()

LIVES_FOR = timedelta(days=3)
RENEWED_BEFORE = timedelta(hours=12)
HELD_FOR = timedelta(minutes=5)  # how long one worker has for its claim
LONGEST_PAUSE = timedelta(hours=1)
AT_ONCE = 20
BYTES = 10 * 1024 * 1024
FORMATS = ("PNG", "JPEG")

# Every picture of a welcome in use, at every corp whose customers may be told it.
WANT = """
INSERT INTO campaigns_upload (attachment_id, corp_id, digest, media_id, due_at, attempts, last_error)
SELECT a.id, c.id, a.picture_digest, '', %(at)s, 0, ''
FROM campaigns_attachment a
JOIN campaigns_welcome w ON w.id = a.welcome_id AND w.active
LEFT JOIN guides_code k ON k.id = w.code_id
JOIN wecom_corp c ON k.id IS NULL OR c.id = k.corp_id
LEFT JOIN campaigns_upload u ON u.attachment_id = a.id AND u.corp_id = c.id
WHERE a.kind IN ('image', 'miniprogram') AND a.picture_digest <> '' AND u.digest IS DISTINCT FROM a.picture_digest
ON CONFLICT (attachment_id, corp_id)
DO UPDATE SET digest = excluded.digest, media_id = '', expires_at = NULL, due_at = excluded.due_at, attempts = 0
"""


def looked_at(content: bytes) -> bytes:
    """The picture, if WeCom will take it: PNG or JPG, whole, up to 10 MB. Raises ValidationError."""
    if len(content) > BYTES:
        raise ValidationError(_("The picture is larger than 10 MB."))
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ValidationError(_("This is not a PNG or JPG picture, or it is damaged.")) from None
    return content


def refresh(at: datetime) -> int:
    """How many pictures were tried; those that WeCom does not hold, or drops within twelve hours."""
    with connection.cursor() as cursor:
        cursor.execute(WANT, {"at": at})
    claimed = _claim(at)
    for upload in claimed:
        _upload(upload, at)
    return len(claimed)


@transaction.atomic
def _claim(at: datetime) -> list[Upload]:
    """Due uploads that no other worker takes for the next minutes."""
    due = Upload.objects.filter(due_at__lte=at, attachment__welcome__active=True).order_by("due_at")
    claimed = list(due.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
    ids = [upload.pk for upload in claimed]
    Upload.objects.filter(pk__in=ids).update(due_at=at + HELD_FOR, attempts=F("attempts") + 1)
    return list(Upload.objects.filter(pk__in=ids).select_related("corp", "attachment__welcome"))


def _upload(upload: Upload, at: datetime) -> None:
    content: Any = upload.attachment.picture
    picture = bytes(content)
    name = "picture.png" if picture.startswith(b"\x89PNG") else "picture.jpg"
    try:
        said = client_for(upload.corp).media.upload("image", name, picture)
    except Refused as refused:
        _refused(upload, refused, at)
        return
    expires_at = at + LIVES_FOR
    kept = Upload.objects.filter(pk=upload.pk, digest=upload.attachment.picture_digest)
    kept.update(
        media_id=said["media_id"],
        expires_at=expires_at,
        due_at=expires_at - RENEWED_BEFORE,
        attempts=0,
        last_error="",
    )
    log.info("campaigns.picture.uploaded", upload=upload.pk)


def _refused(upload: Upload, refused: Refused, at: datetime) -> None:
    """Tries again after a growing pause; what a person must mend raises an alarm."""
    pause = min(timedelta(seconds=10 * 2 ** min(upload.attempts, 10)), LONGEST_PAUSE)
    if isinstance(refused, GiveUp | NeedsFix):
        pause = LONGEST_PAUSE
        subject = upload.attachment.welcome.public_id
        alarms.sound("campaigns.picture_refused", subject, at=at, errcode=refused.errcode)
    Upload.objects.filter(pk=upload.pk).update(due_at=at + pause, last_error=str(refused)[:200])
    log.info("campaigns.picture.refused", upload=upload.pk, errcode=refused.errcode)
