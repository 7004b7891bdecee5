"""How many a rule means, and who they are; below HQ only of the viewer's stores."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyroaring import BitMap

from members.models import Member, Segment, SegmentVersion
from members.segments import answers, lookups, plans, scopes, sets, trees
from members.segments.sets import SEGMENT
from scrm.clock import day_of

SAMPLE = 10


def count(rule: Any, *, viewer: Any, at: datetime) -> int:
    """How many people a rule means; raises BadRule."""
    return len(found(rule, viewer=viewer, at=at))


def sample(rule: Any, viewer: Any, at: datetime, n: int = SAMPLE) -> list[Member]:
    """Some of the people a rule means, from the oldest to the newest of them; raises BadRule."""
    return people(spread(found(rule, viewer=viewer, at=at), n))


def found(rule: Any, *, viewer: Any, at: datetime) -> BitMap:
    """Whom a rule means; raises BadRule."""
    return scopes.within(viewer, everybody_of(rule, at=at), at=at)


def everybody_of(rule: Any, *, at: datetime) -> BitMap:
    """The same for the system, which sees all."""
    tree = plans.parsed(rule, day_of(at))
    answers.try_to_keep(tree, at=at, day=day_of(at))
    look_up = lookups.present(tree, at)
    return trees.evaluate(tree, look_up, look_up.everybody)


def members(segment: Segment, *, viewer: Any, at: datetime, version: SegmentVersion | None = None) -> BitMap:
    """Who is in a segment at present, or was in an older version of it when that ended."""
    engine = sets.present()
    if version is None and (engine.built_at is None or segment.is_due):
        found = _not_yet_counted(segment, at)
    else:
        key = (SEGMENT, version.pk if version else segment.counted_id or 0)
        found = sets.SHELF.sets([key], engine)[key]
    return scopes.within(viewer, found, at=at)


def _not_yet_counted(segment: Segment, at: datetime) -> BitMap:
    """Whom the newest rule means, less the segments before it in its exclusive group."""
    if segment.archived_at or segment.version is None:
        return BitMap()
    found = everybody_of(segment.version.rule, at=at)
    for other in lookups.before(segment):
        found = found - members(other, viewer=None, at=at)
    return found


def page(segment: Segment, after: int = 0, n: int = 50, *, viewer: Any, at: datetime) -> list[Member]:
    """The next people of a segment, oldest first, after the member with this key."""
    return people(following(members(segment, viewer=viewer, at=at), after, n))


def following(who: BitMap, after: int, n: int) -> list[int]:
    """The next so many members after one."""
    keys: list[int] = []
    for key in who.iter_equal_or_larger(after + 1):
        if len(keys) == n:
            break
        keys.append(key)
    return keys


def spread(who: BitMap, n: int) -> list[int]:
    """So many members, evenly from first to last."""
    size = len(who)
    return [who[size * k // n] for k in range(n)] if size > n else list(who)


def people(keys: Sequence[int]) -> list[Member]:
    """The members of these keys, in their order."""
    rows = Member.objects.in_bulk(list(keys))
    return [rows[key] for key in keys if key in rows]
