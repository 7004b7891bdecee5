"""What a customer's story tells of her consents: what she allowed, refused and took back, and of her data requests."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from members.models import Consent, DataRequest
from members.timelines import Happening, newest

AT_ONCE = len(Consent.Purpose)  # words of one moment make one line


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """The newest words, those of one moment together."""
    yield from _said(viewer, members, before, limit)
    rows = DataRequest.objects.visible_to(viewer).filter(member__in=members)
    for one in newest(rows, "asked_at", before, limit):
        kind, state = str(one.get_kind_display()), str(one.get_state_display())
        yield Happening(
            one.asked_at,
            "consent",
            _("Asked about her data: %s") % kind,
            state,
            "policy",
            source_key=f"request:{one.pk}",
        )


def _said(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    rows = Consent.objects.visible_to(viewer).filter(member__in=members, through=None).select_related("controller")
    some = sorted(
        newest(rows, "at", before, limit * AT_ONCE), key=lambda c: (c.at, c.state, c.controller_id or 0, c.pk)
    )
    for (at, state, house), words in groupby(some, key=lambda c: (c.at, c.state, c.controller)):
        told = list(words)
        detail = "、".join(str(c.get_purpose_display()) for c in told) + (f" · {house}" if house else "")
        key = f"consent:{min(c.pk for c in told)}"
        yield Happening(
            at, "consent", _title(state), f"{detail} · {told[0].get_source_display()}", "verified_user", "", "", key
        )


def _title(state: str) -> str:
    return {"given": _("Consent given"), "denied": _("Consent refused")}.get(state, _("Consent taken back"))
