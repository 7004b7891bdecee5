"""How segments moved by day: days that are over are summed up once, today's changes as they stand."""

from collections.abc import Collection
from datetime import date, timedelta

from django.db.models import Max, Sum

from members.models import Change, Segment, SegmentDay

Moved = dict[tuple[int, date], tuple[int, int]]  # by segment and day, how many entered and left


def close(*, today: date) -> int:
    """How many days of segments were summed up: all that are over and were not."""
    since = closed_until() or date.min
    rows = _sums(Change.objects.filter(day__gt=since, day__lt=today))
    made = [SegmentDay(segment_id=pk, day=day, entered=e, left=gone) for (pk, day), (e, gone) in rows.items()]
    return len(SegmentDay.objects.bulk_create(made, ignore_conflicts=True, batch_size=2000))


def closed_until() -> date | None:
    found: date | None = SegmentDay.objects.aggregate(last=Max("day"))["last"]
    return found


def moved(segments: Collection[Segment], *, first: date, last: date) -> Moved:
    """Who entered and left on these days, both included; days without any are missing."""
    closed = closed_until() or first - timedelta(days=1)
    kept = SegmentDay.objects.filter(segment__in=segments, day__gte=first, day__lte=last)
    told = {(one.segment_id, one.day): (one.entered, one.left) for one in kept}
    fresh = Change.objects.filter(segment__in=segments, day__gt=max(closed, first - timedelta(days=1)), day__lte=last)
    return told | _sums(fresh)


def _sums(changes: object) -> Moved:
    rows = changes.order_by().values("segment", "day").annotate(e=Sum("entered_count"), g=Sum("left_count"))  # type: ignore[attr-defined]
    return {(row["segment"], row["day"]): (row["e"], row["g"]) for row in rows}
