"""Whom of a segment a viewer may count and see."""

from datetime import datetime
from typing import Any

from django.db.models.functions import Coalesce
from pyroaring import BitMap

from members import consents, sights
from members.models import Member
from stores.scope import SEES_CUSTOMERS, Scope, scope_of


def within(viewer: Any, members: BitMap, *, at: datetime) -> BitMap:
    """Of these persons, those whom the viewer may count and see."""
    seen = whom(viewer, at=at)
    return members if seen is None else members & seen


def whom(viewer: Any, *, at: datetime) -> BitMap | None:
    """The persons of the viewer's stores; a guide's own customers; of a franchisee's, those who allow it that he hears
    what was born elsewhere. None stands for everybody, whom HQ sees, and the system (which is nobody)."""
    if viewer is None:
        return None
    scope = scope_of(viewer, needs=SEES_CUSTOMERS)
    if scope.everything:
        return None
    if scope == Scope():
        return BitMap()
    seen = _of_stores(viewer)
    if not sights.is_of_franchisee(viewer, at=at):
        return seen
    return seen & BitMap(consents.shared_with(viewer, list(seen), at=at))


def _of_stores(viewer: Any) -> BitMap:
    seen = Member.objects.visible_to(viewer).order_by()
    return BitMap(seen.values_list(Coalesce("same_person_as_id", "id"), flat=True))
