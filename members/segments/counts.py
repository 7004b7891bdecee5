"""How many a rule means, and who they are; below HQ only of the viewer's stores."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyroaring import BitMap

from members.models import Member, Segment, SegmentVersion
from members.segments import lookups, rules, scopes, sets, trees
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
    tree = rules.parse(rule, day=day_of(at))
    engine = sets.present()
    if engine.built_at is None:
        look_up: Any = lookups.Rows(at)
    else:
        look_up = lookups.in_memory(tree, engine, at)
    return trees.evaluate(tree, look_up, look_up.everybody)


def members(segment: Segment, *, viewer: Any, at: datetime, version: SegmentVersion | None = None) -> BitMap:
    """Who is in a segment as it was counted last, or was in an older version of it when it ended."""
    wanted = version.pk if version else segment.version_id
    engine = sets.present()
    if engine.built_at is None and version is None:
        return scopes.within(viewer, lookups.Rows(at).segment(segment), at=at)
    key = (SEGMENT, wanted or 0)
    return scopes.within(viewer, sets.SHELF.sets([key], engine)[key], at=at)


def page(segment: Segment, after: int = 0, n: int = 50, *, viewer: Any, at: datetime) -> list[Member]:
    """The next people of a segment, oldest first, after the member with this key."""
    return people(following(members(segment, viewer=viewer, at=at), after, n))


def following(who: BitMap, after: int, n: int) -> list[int]:
    """The next so many members after one."""
    keys = []
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
