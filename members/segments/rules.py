"""Rules: `{"all": […]}`, `{"any": […]}`, `{"none": […]}`, or a leaf `{"field", "op", "value", "days"?, "where"?}`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from members.segments import conditions
from members.segments.conditions import MOST_CHOSEN, MOST_DAYS, MOST_NUMBER, Condition, Leaf, Op
from members.segments.trees import All, Either, Not, Tree

DEEPEST, MOST_LEAVES = 5, 50
GROUPS = ("all", "any", "none")
LEAF_KEYS = {"field", "op", "value", "days", "where", "min_score"}
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a rule, and where: the path of keys and positions to it."""

    path: Path
    message: str

    @property
    def where(self) -> str:
        return ".".join(str(step) for step in self.path)


class BadRule(Exception):
    """A rule that cannot be counted; `problems` tell why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{one.where}: {one.message}" for one in problems))
        self.problems = problems


def parse(rule: Any, *, day: date) -> Tree:
    """The rule as sets as of a day; raises BadRule."""
    if problems := check(rule, day=day):
        raise BadRule(problems)
    return meaning(rule, day)


def meaning(rule: Any, day: date) -> Tree:
    """The sets of a rule that was checked; what it names and is there no more means nobody."""
    for group, made in (("all", All), ("any", Either), ("none", Either)):
        if group in rule:
            found = made(tuple(meaning(part, day) for part in rule[group]))
            return Not(found) if group == "none" else found
    condition = conditions.get(rule["field"])
    if condition is None:
        return Either(())
    try:
        return condition.meaning(rule, day)
    except conditions.Unknown:
        return Either(())


def leaves(rule: Any) -> Iterator[Leaf]:
    """Every leaf of a rule."""
    for group in GROUPS:
        for part in rule.get(group, ()):
            yield from leaves(part)
    if "field" in rule:
        yield rule


# --- checking -----------------------------------------------------------------------------------------------------


def check(rule: Any, *, day: date | None = None) -> list[Problem]:
    """What is wrong with a rule; nothing, if it can be counted."""
    found = list(_tree(rule, (), 1))
    count = 0 if found else sum(1 for _leaf in leaves(rule))
    if count > MOST_LEAVES:
        found.append(Problem((), _("At most %d conditions.") % MOST_LEAVES))
    return found or list(_named(rule, (), day or date(2026, 1, 1)))


def _tree(rule: Any, path: Path, depth: int) -> Iterator[Problem]:
    if not isinstance(rule, dict):
        yield Problem(path, _("Neither a group nor a condition."))
    elif depth > DEEPEST:
        yield Problem(path, _("Nested deeper than %d levels.") % DEEPEST)
    elif group := next((key for key in GROUPS if key in rule), None):
        yield from _group(rule, group, path, depth)
    else:
        yield from _leaf(rule, path)


def _group(rule: dict[str, Any], group: str, path: Path, depth: int) -> Iterator[Problem]:
    parts = rule[group]
    if len(rule) > 1:
        yield Problem(path, _("A group has one key: all, any or none."))
    elif not isinstance(parts, list) or not parts:
        yield Problem((*path, group), _("A list with at least one condition."))
    elif len(parts) > MOST_LEAVES:
        yield Problem((*path, group), _("At most %d conditions.") % MOST_LEAVES)
    else:
        for n, part in enumerate(parts):
            yield from _tree(part, (*path, group, n), depth + 1)


def _leaf(leaf: dict[str, Any], path: Path) -> Iterator[Problem]:
    condition = conditions.get(leaf["field"]) if isinstance(leaf.get("field"), str) else None
    if condition is None:
        yield Problem((*path, "field"), _("There is no such condition."))
        return
    op = condition.op(leaf["op"]) if isinstance(leaf.get("op"), str) else None
    if op is None:
        yield Problem((*path, "op"), _("This condition has no such comparison."))
        return
    if unknown := sorted(set(leaf) - LEAF_KEYS):
        yield Problem((*path, unknown[0]), _("A condition has no such part."))
    yield from (Problem((*path, part), message) for part, message in _value(condition, op, leaf))
    yield from (Problem((*path, part), message) for part, message in _window(condition, op, leaf))
    yield from (Problem((*path, "where", part), message) for part, message in _where(condition, leaf))


def _value(condition: Condition, op: Op, leaf: Leaf) -> Iterator[tuple[str, str]]:
    value = leaf.get("value")
    if op.takes == "choices" and not _are_words(value):
        yield "value", _("A list of 1 to %d values.") % MOST_CHOSEN
    elif op.takes in ("choice", "text") and not _is_word(value):
        yield "value", _("A text.")
    elif op.takes == "number" and not _is_number(value):
        yield "value", _("A number that is not below 0.")
    elif op.takes == "range" and not _is_range(value):
        yield "value", _("Two numbers, the smaller one first.")
    elif op.takes == "dates" and not _are_dates(value):
        yield "value", _("Two days (2026-01-31), the earlier one first.")
    elif op.takes == "flag" and not isinstance(value, bool):
        yield "value", _("True or false.")


def _window(condition: Condition, op: Op, leaf: Leaf) -> Iterator[tuple[str, str]]:
    days = leaf.get("days")
    if op.takes == "days":
        days = leaf.get("value") if days is None else days
        if not _is_whole(days, 1, MOST_DAYS):
            yield "days", _("A whole number of days from 1 to %d.") % MOST_DAYS
    elif days is not None and not (condition.days and _is_whole(days, 1, MOST_DAYS)):
        yield "days", _("A whole number of days from 1 to %d, where a condition has a window.") % MOST_DAYS
    score = leaf.get("min_score")
    if score is not None and not (condition.min_score and _is_whole(score, 0, 100)):
        yield "min_score", _("A whole number from 0 to 100, where a condition has a score.")


def _where(condition: Condition, leaf: Leaf) -> Iterator[tuple[str, str]]:
    where = leaf.get("where")
    if where is None:
        where = {}
    if not isinstance(where, dict):
        yield "", _("An object.")
        return
    for name, value in where.items():
        kind = condition.where.get(name)
        if kind is None:
            yield str(name), _("This condition has no such part.")
        elif (kind == "choices" and not _are_words(value)) or (kind == "number" and not _is_whole(value, 1, 5)):
            yield name, _("Not a value of this part.")
    for name in condition.where_needed:
        if name not in where:
            yield name, _("This part is needed.")


def _named(rule: Any, path: Path, day: date) -> Iterator[Problem]:
    """Values that name nothing."""
    for group in GROUPS:
        for n, part in enumerate(rule.get(group, ())):
            yield from _named(part, (*path, group, n), day)
    condition = conditions.get(rule["field"]) if "field" in rule else None
    if condition:
        try:
            condition.meaning(rule, day)
        except conditions.Unknown as unknown:
            yield Problem((*path, "value"), _("There is no “%s”.") % str(unknown)[:60])


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and "\0" not in value


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MOST_CHOSEN and all(_is_word(one) for one in value)


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_NUMBER


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]


def _are_dates(value: Any) -> bool:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)):
        return False
    try:
        first, last = (date.fromisoformat(one) for one in value)
    except ValueError:
        return False
    return first <= last
