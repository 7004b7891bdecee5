"""A draft as the builder shows it: each line with its inputs, what was chosen and what can be chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from members.segments.pages.drafts import Draft, Line
from members.segments.pages.questions import TICKS_AT_MOST, Choice, Input, Op, Question, Questions

SEARCH = "_q"  # ends the name of the text by which choices are searched


@dataclass(frozen=True)
class Field:
    """One input of a line, filled in."""

    key: str
    asks: Input
    name: str
    text: str
    values: list[str]
    chosen: list[Choice]
    found: list[Choice]
    is_searched: bool
    search: str
    problem: str
    is_unknown: bool = False  # nothing is called what was searched for


@dataclass(frozen=True)
class Row:
    """One line. `number` is its place in the group."""

    prefix: str
    number: int
    line: Line
    question: Question | None
    op: Op | None
    fields: list[Field]
    is_new: bool

    @property
    def problem(self) -> str:
        return self.line.problems.get("field", "")


@dataclass(frozen=True)
class Block:
    """One group of lines."""

    prefix: str
    number: int
    join: str
    rows: list[Row]


def of(draft: Draft, asked: Questions, viewer: Any, *, focus: str = "") -> list[Block]:
    """The groups of a draft; `focus` names the line that was just put in."""
    return [
        Block(
            f"g{g}",
            g,
            group.join,
            [_row(f"g{g}-c{c}", c, line, asked, viewer, focus) for c, line in enumerate(group.lines)],
        )
        for g, group in enumerate(draft.groups)
    ]


def _row(prefix: str, number: int, line: Line, asked: Questions, viewer: Any, focus: str) -> Row:
    question = asked.get(line.field)
    op = question.op(line.op) if question else None
    fields = [_field(prefix, one, line, question, viewer) for one in op.inputs] if question and op else []
    return Row(prefix, number, line, question, op, fields, prefix == focus)


def _field(prefix: str, one: Input, line: Line, question: Question, viewer: Any) -> Field:
    problem = line.problems.get(one.name, "")
    name = f"{prefix}-{one.name}"
    if not one.is_choice:
        return Field(question.key, one, name, line.first(one.name), [], [], [], False, "", problem)
    return choices(question, one, name, line.said, viewer, problem=problem)


def choices(
    question: Question, one: Input, name: str, said: Mapping[str, list[str]], viewer: Any, *, problem: str = ""
) -> Field:
    """What was chosen, then what can be chosen besides; all at once where they are few."""
    values = said.get(one.name, [])
    search = next(iter(said.get(one.name + SEARCH, ())), "")
    found = question.found(one.name, viewer, search)
    chosen = question.chosen(one.name, viewer, values)
    if not search and len(found) <= TICKS_AT_MOST:  # in their own order, after what was chosen but is not among them
        known = {choice.value for choice in found}
        strays = [choice for choice in chosen if choice.value not in known]
        return Field(question.key, one, name, "", values, strays, found, False, "", problem)
    besides = [choice for choice in found if choice.value not in values]
    return Field(question.key, one, name, "", values, chosen, besides, True, search, problem, not found)
