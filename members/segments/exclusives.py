"""Exclusive groups: who is meant by several of their segments, and that nobody is in two."""

from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from members.models import ExclusiveGroup, Segment
from members.segments import lookups, plans, sets, trees
from members.segments.sets import SEGMENT
from scrm.clock import day_of


@dataclass(frozen=True)
class Overlap:
    """By pairs of segments, how many people the rules of both mean, and how many are in both (nobody, in a group)."""

    segments: list[Segment]
    meant: list[list[int]]
    inside: list[list[int]]

    @property
    def twice(self) -> int:
        """People who are in two segments."""
        return sum(self.inside[n][k] for n in range(len(self.segments)) for k in range(n))


def overlap(group: ExclusiveGroup, *, at: datetime) -> Overlap:
    """The overlaps of a group's living segments, by priority."""
    segments = list(group.segments.live().select_related("version").order_by("priority", "pk"))  # type: ignore[attr-defined]
    return overlap_of(segments, at=at)


def overlap_of(segments: list[Segment], *, at: datetime) -> Overlap:
    """The overlaps of any segments."""
    meant = [_meant(segment, at) for segment in segments]
    keys = [(SEGMENT, segment.counted_id or 0) for segment in segments]
    engine = sets.present()
    kept = sets.SHELF.sets(keys, engine)
    rows = lookups.Rows(at)
    built = engine.built_at is not None
    inside = [kept[key] if built else rows.segment(segment) for key, segment in zip(keys, segments, strict=True)]
    return Overlap(segments, _matrix(meant), _matrix(inside))


def _meant(segment: Segment, at: datetime) -> BitMap:
    assert segment.version is not None
    tree = plans.compiled(segment.version.rule, day_of(at))
    look_up = lookups.present(tree, at)
    return trees.evaluate(tree, look_up, look_up.everybody)


def _matrix(found: list[BitMap]) -> list[list[int]]:
    return [[one.intersection_cardinality(other) for other in found] for one in found]
