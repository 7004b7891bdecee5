"""What the pages do to segments in one go: save what was filled in, and put the segments of a group into an order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from members.models import ExclusiveGroup, Segment
from members.segments import definitions


class NameTaken(Exception):
    """Another living segment, or another group, has this name."""


class ChangedMeanwhile(Exception):
    """Somebody saved another version after the one that was read; `segment` is as it is now."""

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment.public_id)
        self.segment = segment


@transaction.atomic
def save(
    segment: Segment | None, rule: Any, *, name: str, description: str, seen: int, by: Any, at: datetime
) -> Segment:
    """The segment with this name and rule, new where there was none. `seen` is the version that the person read.

    Raises NameTaken, ChangedMeanwhile, and what definitions.make raises.
    """
    try:
        with transaction.atomic():
            if segment is None:
                return definitions.make(name, rule, by=by, at=at, description=description)
            held = _held(segment)
            if held.version is not None and held.version.number != seen:
                raise ChangedMeanwhile(held)
            definitions.change(held, rule, by=by, at=at)
            return definitions.rename(held, name=name, description=description, by=by, at=at)
    except IntegrityError:
        raise NameTaken from None


def _held(segment: Segment) -> Segment:
    rows = Segment.objects.live().select_for_update(of=("self",)).select_related("version__by")
    return rows.get(pk=segment.pk)


@transaction.atomic
def restore(segment: Segment, number: int, *, by: Any, at: datetime) -> Segment:
    """The segment with the rule of an older version, as a new one."""
    older = segment.versions.get(number=number)  # type: ignore[attr-defined]
    definitions.change(segment, older.rule, by=by, at=at)
    return segment


def make_group(name: str, *, by: Any, at: datetime) -> ExclusiveGroup:
    """A new exclusive group; raises NameTaken."""
    try:
        with transaction.atomic():
            return definitions.make_group(name, by=by, at=at)
    except IntegrityError:
        raise NameTaken from None


@transaction.atomic
def put_in_order(group: ExclusiveGroup, ranked: Sequence[Segment], *, by: Any, at: datetime) -> None:
    """The segments are the group's, in this order; raises Circle.

    A priority is given once in a group, so that segments on the move step aside first.
    """
    ExclusiveGroup.objects.select_for_update().get(pk=group.pk)
    wanted = {one.pk: (n + 1) * 10 for n, one in enumerate(ranked)}
    moving = [one for one in ranked if (one.group_id, one.priority) != (group.pk, wanted[one.pk])]
    taken = set(Segment.objects.live().filter(group=group).values_list("priority", flat=True)) | set(wanted.values())
    aside = iter(n for n in range(20_000, 32_000) if n not in taken)
    for one in moving:
        if one.group_id == group.pk:
            definitions.arrange(one, group=group, priority=next(aside), by=by, at=at)
    for one in moving:
        definitions.arrange(one, group=group, priority=wanted[one.pk], by=by, at=at)
