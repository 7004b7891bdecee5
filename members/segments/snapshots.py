"""Who is in each segment now: the only writer of snapshots and of who entered and left."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection
from pyroaring import BitMap

from members.models import Change, Segment
from members.segments import answers, bits, lookups, sets, trees
from members.segments.plans import Plan
from members.segments.sets import SEGMENT, Key

AT_ONCE = 16  # shards that are counted together: what bounds the memory
WRITE = """
INSERT INTO members_snapshot (version_id, shard, revision, size, body)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::int[], %s::bytea[])
ON CONFLICT (version_id, shard)
DO UPDATE SET revision = excluded.revision, size = excluded.size, body = excluded.body
"""


@dataclass
class Moved:
    """Who entered and left one segment."""

    entered: BitMap = field(default_factory=BitMap)
    left: BitMap = field(default_factory=BitMap)


@dataclass(frozen=True)
class Moment:
    """When sets are changed, under which number, and why."""

    at: datetime
    day: date
    revision: int
    cause: str


def recount(plans: Sequence[Plan], moment: Moment, *, dirty: BitMap | None = None) -> int:
    """Snapshots of these segments are as their rules say, of everybody or of the dirty; how many moved.

    A segment whose version was never counted is compared with the last snapshot of the version before it.
    """
    if not plans:
        return 0
    answers.keep((plan.tree for plan in plans), at=moment.at, day=moment.day, revision=moment.revision)
    moved = {plan.segment.pk: Moved() for plan in plans}
    for shards in _batches(sets.all_shards() if dirty is None else bits.shards_of(dirty)):
        _count(plans, moment, shards, dirty, moved)
    _record(plans, moment, moved)
    return sum(len(one.entered) + len(one.left) for one in moved.values())


def _batches(shards: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(shards), AT_ONCE):
        yield shards[start : start + AT_ONCE]


def keys_of(plan: Plan) -> tuple[Key, Key]:
    """The snapshot with which is compared, and that which comes to be."""
    new = (SEGMENT, plan.segment.version_id or 0)
    return (SEGMENT, plan.segment.counted_id) if plan.segment.counted_id else new, new


def _count(
    plans: Sequence[Plan], moment: Moment, shards: list[int], dirty: BitMap | None, moved: dict[int, Moved]
) -> None:
    now = {plan.segment.pk: keys_of(plan)[1] for plan in plans}
    rivals = lookups.versions((trees.In(pk) for plan in plans for pk in plan.rivals), "version")
    now |= {pk: (SEGMENT, version) for pk, version in rivals.items()}
    kept = lookups.Kept(
        [plan.tree for plan in plans],
        lambda keys: sets.some(keys, shards),
        answers.never,
        also=[*now.values(), *(keys_of(plan)[0] for plan in plans)],
        which="version",
    )
    within = bits.span(shards) if dirty is None else dirty & bits.span(shards)
    everybody = kept.everybody & within
    written: list[tuple[int, int, BitMap]] = []
    for plan in plans:
        old_key, new_key = keys_of(plan)
        found = trees.evaluate(plan.tree, kept, everybody) & everybody
        for rival in plan.rivals:
            found = found - kept.of(now[rival])
        before = kept.of(old_key)
        entered, left = found - before, (before & within) - found
        moved[plan.segment.pk].entered |= entered
        moved[plan.segment.pk].left |= left
        if entered or left or old_key != new_key:
            after = (before - left) | entered
            kept.put(new_key, after)
            places = shards if old_key != new_key else bits.shards_of(entered | left)
            written += [(new_key[1], shard, bits.cut(after, shard)) for shard in places]
    _write(written, moment.revision)


def _write(pieces: Iterable[tuple[int, int, BitMap]], revision: int) -> None:
    rows = [(version, shard, revision, len(body), bits.packed(body)) for version, shard, body in pieces]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), sets.AT_ONCE):
            columns = [list(column) for column in zip(*rows[start : start + sets.AT_ONCE], strict=True)]
            cursor.execute(WRITE, columns)


def _record(plans: Sequence[Plan], moment: Moment, moved: dict[int, Moved]) -> None:
    changes, segments = [], []
    for plan in plans:
        segment, one = plan.segment, moved[plan.segment.pk]
        fresh = segment.is_due
        if not (one.entered or one.left or fresh):
            continue
        segment.counted_id, segment.is_stale = segment.version_id, False
        segment.size += len(one.entered) - len(one.left)
        segment.counted_at = moment.at
        segments.append(segment)
        if one.entered or one.left:
            changes.append(_change(segment, moment, one, Change.Cause.RULE if fresh else moment.cause))
    Change.objects.bulk_create(changes)
    Segment.objects.bulk_update(segments, ["counted", "is_stale", "size", "counted_at"])


def _change(segment: Segment, moment: Moment, moved: Moved, cause: str) -> Change:
    return Change(
        segment=segment,
        version_id=segment.version_id or 0,
        at=moment.at,
        day=moment.day,
        cause=cause,
        entered_count=len(moved.entered),
        left_count=len(moved.left),
        entered=bits.packed(moved.entered),
        left=bits.packed(moved.left),
    )
