"""Two ways to divide the customers, laid across each other: how many, for how much, how many come again.

A side of an axis is one value, such as a tag. A person may bear several tags of a group: then she stands in several
rows, so that the rows add up to more than all people. A margin is therefore counted by itself: it is exactly the number
of people with that value, each once. Who has no value of an axis stands in its last row or column.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

from members.models import Segment, Tag, TagGroup
from members.segments import bits, conditions, counts, scopes, years
from members.segments.years import Year

SIDES_AT_MOST = 30
PLAIN = ("stage", "grade", "gender", "city_tier")
NONE = "-"
Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One value of an axis, and who has it."""

    key: str
    label: str
    rule: Rule
    who: BitMap


@dataclass(frozen=True)
class Cell:
    """Some people: how many, their GMV of 365 days in fen, who bought then, and who did so on several days."""

    people: int
    fen: int
    buyers: int
    again: int

    @property
    def repurchase(self) -> float | None:
        return self.again / self.buyers if self.buyers else None


@dataclass(frozen=True)
class Axis:
    """A way to divide the customers: `tag_group:<id>`, or a condition with few values."""

    key: str
    label: str
    sides: list[Side]
    left_out: int = 0


@dataclass(frozen=True)
class Table:
    """The cells by row and column, each axis's margins, and all together."""

    rows: Axis
    columns: Axis
    cells: list[list[Cell]]
    row_margins: list[Cell]
    column_margins: list[Cell]
    whole: Cell
    money_at: datetime | None


class NoAxis(Exception):
    """There is no such way to divide the customers."""


def table(rows: str, columns: str, *, viewer: Any, at: datetime, among: Segment | None = None) -> Table:
    """Two axes across each other, of the people whom the viewer may count; raises NoAxis."""
    base, year = _base(viewer, among, at), years.known(at)
    down, across = axis(rows, base, at=at), axis(columns, base, at=at)
    told = _Teller(year)
    return Table(
        down,
        across,
        [[told(row.who & column.who) for column in across.sides] for row in down.sides],
        [told(row.who) for row in down.sides],
        [told(column.who) for column in across.sides],
        told(base),
        year.at,
    )


class _Teller:
    """What a set of people comes to; the year's buyers are looked up once."""

    def __init__(self, year: Year) -> None:
        self.year, self.once, self.again = year, year.buyers(1), year.buyers(2)

    def __call__(self, who: BitMap) -> Cell:
        buyers = who.intersection_cardinality(self.once)
        if not buyers:
            return Cell(len(who), 0, 0, 0)
        return Cell(len(who), self.year.spent(who), buyers, who.intersection_cardinality(self.again))


def _base(viewer: Any, among: Segment | None, at: datetime) -> BitMap:
    if among is not None:
        return counts.members(among, viewer=viewer, at=at)
    return scopes.within(viewer, counts.everybody_of(EVERYBODY, at=at), at=at)


EVERYBODY: Rule = {"any": [{"field": "registered", "op": "is", "value": yes} for yes in (True, False)]}


def people(
    rows: str, row: str, columns: str, column: str, *, viewer: Any, at: datetime, among: Segment | None
) -> BitMap:
    """Who stands in one cell, or in a margin where a side is empty; raises NoAxis."""
    found = _base(viewer, among, at)
    for key, side in ((rows, row), (columns, column)):
        if side:
            sides = {one.key: one.who for one in axis(key, found, at=at).sides}
            if side not in sides:
                raise NoAxis
            found = found & sides[side]
    return found


def axis(key: str, base: BitMap, *, at: datetime) -> Axis:
    """An axis with the people of each side, of these people; raises NoAxis."""
    label, values, left_out = _values(key)
    sides = [Side(value, words, rule, counts.everybody_of(rule, at=at) & base) for value, words, rule in values]
    nobody = base - bits.union(side.who for side in sides) if sides else base
    rule = {"none": [side.rule for side in sides]} if sides else {}
    return Axis(key, label, [*sides, Side(NONE, _("none of these"), rule, nobody)], left_out)


def _values(key: str) -> tuple[str, list[tuple[str, str, Rule]], int]:
    """What an axis is called, its values with their rules, and how many values find no place."""
    if key.startswith("tag_group:"):
        return _tags(key.removeprefix("tag_group:"))
    condition = conditions.get(key) if key in PLAIN or key.startswith("field:") else None
    op = next((op.key for op in condition.ops if op.key in ("is_any", "has_any")), "") if condition else ""
    if condition is None or not op:
        raise NoAxis
    choices = condition.choices(None)
    shown = choices[:SIDES_AT_MOST]
    rules: list[tuple[str, str, Rule]] = [
        (one, label, {"field": key, "op": op, "value": [one]}) for one, label in shown
    ]
    return str(condition.label), rules, max(0, len(choices) - SIDES_AT_MOST)


def _tags(public_id: str) -> tuple[str, list[tuple[str, str, Rule]], int]:
    group = TagGroup.objects.filter(public_id=public_id, deleted_at=None).first()
    if group is None:
        raise NoAxis
    tags = list(Tag.objects.filter(group=group, deleted_at=None).order_by("-hits", "-rank", "name", "pk"))
    shown = tags[:SIDES_AT_MOST]
    rules: list[tuple[str, str, Rule]] = [
        (tag.public_id, tag.name, {"field": "tag", "op": "has_any", "value": [tag.public_id]}) for tag in shown
    ]
    return group.name, rules, len(tags) - len(shown)


def words(key: str, side: str) -> str:
    """What a side of an axis is called; raises NoAxis."""
    if not side:
        return ""
    label, values, _left_out = _values(key)
    told = {NONE: _("none of these"), **{value: words for value, words, _rule in values}}
    if side not in told:
        raise NoAxis
    return f"{label}: {told[side]}"


def rule_of(rows: str, row: str, columns: str, column: str) -> Rule:
    """The rule of a cell; empty of the corner, where everybody stands. Raises NoAxis."""
    parts = [_rule(key, side) for key, side in ((rows, row), (columns, column)) if side]
    return {"all": parts} if parts else {}


def _rule(key: str, side: str) -> Rule:
    rules = {value: rule for value, _words, rule in _values(key)[1]}
    if side == NONE:
        return {"none": list(rules.values())}
    if side not in rules:
        raise NoAxis
    return rules[side]


def plain_axes() -> list[tuple[str, str]]:
    """The axes that are no tag groups: conditions and fields of the brand with a few values to choose from."""
    known = conditions.all()
    fields = [key for key, one in known.items() if key.startswith("field:") and one.choices(None)]
    return [(key, str(known[key].label)) for key in (*PLAIN, *fields) if key in known]
