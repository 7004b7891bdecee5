"""Which segments are counted before which: those that a rule refers to, and those that come first in its group."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from members.models import Field, Segment
from members.segments import rules, trees
from members.segments.trees import In, Tree


class Circle(Exception):
    """Segments that would have to be counted before themselves; `names` tells which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(" → ".join(names))
        self.names = names


@dataclass(frozen=True)
class Plan:
    """A segment, its rule as sets as of a day, the segments before it in its group, and all that are counted first."""

    segment: Segment
    tree: Tree
    rivals: tuple[int, ...]
    needs: frozenset[int]


def of_day(day: date) -> list[Plan]:
    """The plans of all living segments, in the order in which they are counted; raises Circle."""
    return ordered(list(_plans(day)))


def _plans(day: date) -> Iterator[Plan]:
    segments = list(Segment.objects.live().select_related("version").order_by("group", "priority", "pk"))
    before: dict[int, list[int]] = {}
    fields = cache(_fields_in_use)
    for segment in segments:
        tree = _compiled(*_asked(segment.version.rule, day, fields))
        rivals = tuple(before.get(segment.group_id, ())) if segment.group_id else ()
        yield Plan(segment, tree, rivals, frozenset(rivals) | referred(tree))
        if segment.group_id:
            before.setdefault(segment.group_id, []).append(segment.pk)


def parsed(rule: Any, day: date) -> Tree:
    """The rule as sets, if nothing is wrong with it; raises BadRule. What was right once a day is not checked again."""
    return _parsed(*_asked(rule, day, _fields_in_use))


@lru_cache(maxsize=500)
def _parsed(rule: str, day: date, _fields: tuple[int, ...]) -> Tree:
    return rules.parse(json.loads(rule), day=day)


def compiled(rule: Any, day: date) -> Tree:
    """A rule as sets; kept, since what it names keeps its number, as long as the brand has the same fields in use."""
    return _compiled(*_asked(rule, day, _fields_in_use))


@lru_cache(maxsize=2000)
def _compiled(rule: str, day: date, _fields: tuple[int, ...]) -> Tree:
    return rules.meaning(json.loads(rule), day)


def _asked(rule: Any, day: date, fields: Callable[[], tuple[int, ...]]) -> tuple[str, date, tuple[int, ...]]:
    """What a compiled rule hangs on: the brand's own fields only if it asks one."""
    text = json.dumps(rule, sort_keys=True)
    return text, day, fields() if '"field:' in text else ()


def _fields_in_use() -> tuple[int, ...]:
    return tuple(Field.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True))


def referred(tree: Tree) -> frozenset[int]:
    """The segments to which a rule refers."""
    return frozenset(atom.segment for atom in trees.atoms(tree) if isinstance(atom, In))


def ordered(found: list[Plan]) -> list[Plan]:
    """Each after all that it needs; raises Circle."""
    waiting = {plan.segment.pk: plan for plan in found}
    done: list[Plan] = []
    while waiting:
        free = [plan for plan in waiting.values() if not plan.needs & waiting.keys()]
        if not free:
            raise Circle(_circle(waiting))
        for plan in free:
            done.append(waiting.pop(plan.segment.pk))
    return done


def _circle(waiting: dict[int, Plan]) -> list[str]:
    """The names of the segments of one circle."""
    path: list[int] = []
    here = next(iter(waiting))
    while here not in path:
        path.append(here)
        here = min(waiting[here].needs & waiting.keys())
    return [waiting[pk].segment.name for pk in (*path[path.index(here) :], here)]


def following(found: Iterable[Plan], first: set[int]) -> list[Plan]:
    """Of plans in their order, these and all that follow from them."""
    wanted = set(first)
    chosen = []
    for plan in found:
        if plan.segment.pk in wanted or plan.needs & wanted:
            wanted.add(plan.segment.pk)
            chosen.append(plan)
    return chosen
