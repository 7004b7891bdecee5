"""Segments are made, changed and archived here, and nowhere else. They are counted by the worker, within a second."""

from datetime import datetime
from typing import Any

from django.db import transaction

from members.models import ExclusiveGroup, Segment, SegmentVersion
from members.segments import plans, rules
from members.segments.plans import Circle
from members.segments.rules import BadRule
from scrm.audit import entries
from scrm.clock import day_of

__all__ = ["BadRule", "Circle", "IsUsed"]  # what the verbs of this module raise


class IsUsed(Exception):
    """Other segments refer to this one; `names` tells which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@transaction.atomic
def make(
    name: str,
    rule: Any,
    *,
    by: Any,
    at: datetime,
    description: str = "",
    group: ExclusiveGroup | None = None,
    priority: int = 100,
) -> Segment:
    """A new segment; raises BadRule and Circle."""
    _demand(rule, at)
    segment = Segment.objects.create(name=name, description=description, group=group, priority=priority, made_at=at)
    _edition(segment, rule, by, at)
    _without_circle(at)
    entries.record("segment.made", by=by, subject=segment, at=at, version=1, fields=_fields(rule))
    return segment


@transaction.atomic
def change(segment: Segment, rule: Any, *, by: Any, at: datetime) -> SegmentVersion:
    """The version with this rule: the present one if nothing differs, else a new one. Raises BadRule and Circle."""
    segment = _locked(segment)
    if segment.version and segment.version.rule == rule:
        return segment.version
    _demand(rule, at)
    version = _edition(segment, rule, by, at)
    _without_circle(at)
    entries.record("segment.changed", by=by, subject=segment, at=at, version=version.number, fields=_fields(rule))
    return version


@transaction.atomic
def edit(segment: Segment, *, by: Any, at: datetime, **said: Any) -> None:
    """All that is said of a segment at once: name, description, rule, group, priority; raises BadRule and Circle."""
    if "rule" in said:
        change(segment, said["rule"], by=by, at=at)
    names = {key: said.get(key, getattr(segment, key)) for key in ("name", "description")}
    rename(segment, **names, by=by, at=at)
    place = {key: said.get(key, getattr(segment, key)) for key in ("group", "priority")}
    arrange(segment, **place, by=by, at=at)


@transaction.atomic
def rename(segment: Segment, *, name: str, description: str, by: Any, at: datetime) -> Segment:
    """The segment under this name."""
    segment = _locked(segment)
    if (segment.name, segment.description) != (name, description):
        segment.name, segment.description = name, description
        segment.save(update_fields=["name", "description"])
        entries.record("segment.renamed", by=by, subject=segment, at=at)
    return segment


@transaction.atomic
def arrange(segment: Segment, *, group: ExclusiveGroup | None, priority: int, by: Any, at: datetime) -> Segment:
    """The segment at this place of a group; whoever else is concerned is counted anew. Raises Circle."""
    segment = _locked(segment)
    if (segment.group_id, segment.priority) == (getattr(group, "pk", None), priority):
        return segment
    groups = {segment.group_id, getattr(group, "pk", None)} - {None}
    segment.group, segment.priority = group, priority
    segment.save(update_fields=["group", "priority"])
    _without_circle(at)
    _anew(groups, segment)
    entries.record(
        "segment.arranged", by=by, subject=segment, at=at, group=getattr(group, "public_id", None), priority=priority
    )
    return segment


@transaction.atomic
def archive(segment: Segment, *, by: Any, at: datetime) -> Segment:
    """The segment is counted no more; what it was stays. Raises IsUsed."""
    segment = _locked(segment)
    if segment.archived_at:
        return segment
    if users := users_of(segment, at=at):
        raise IsUsed([one.name for one in users])
    segment.archived_at = at
    segment.save(update_fields=["archived_at"])
    if segment.group_id:
        _anew({segment.group_id}, segment)
    entries.record("segment.archived", by=by, subject=segment, at=at)
    return segment


@transaction.atomic
def make_group(name: str, *, by: Any, at: datetime) -> ExclusiveGroup:
    """A group of which a person is in one segment only."""
    group = ExclusiveGroup.objects.create(name=name)
    entries.record("exclusive_group.made", by=by, subject=group, at=at)
    return group


def users_of(segment: Segment, *, at: datetime) -> list[Segment]:
    """The living segments whose rules refer to this one."""
    return [plan.segment for plan in plans.of_day(day_of(at)) if segment.pk in plans.referred(plan.tree)]


def _locked(segment: Segment) -> Segment:
    return Segment.objects.select_for_update(of=("self",)).select_related("version").get(pk=segment.pk)


def _demand(rule: Any, at: datetime) -> None:
    if problems := rules.check(rule, day=day_of(at)):
        raise BadRule(problems)


def _edition(segment: Segment, rule: Any, by: Any, at: datetime) -> SegmentVersion:
    number = segment.versions.count() + 1
    segment.version = SegmentVersion.objects.create(
        segment=segment, number=number, rule=rule, by=by if getattr(by, "pk", None) else None, at=at
    )
    segment.save(update_fields=["version"])
    return segment.version


def _without_circle(at: datetime) -> None:
    plans.of_day(day_of(at))


def _anew(groups: set[Any], segment: Segment) -> None:
    """Counted as if never before: all of these groups, and the segment itself."""
    Segment.objects.live().filter(group__in=groups).update(is_stale=True)
    Segment.objects.filter(pk=segment.pk).update(is_stale=True)


def _fields(rule: Any) -> list[str]:
    return sorted({leaf["field"] for leaf in rules.leaves(rule)})
