"""What somebody fills in on the builder, and the rule that it comes to; back and forth without loss.

A draft has two levels: groups of lines, and how the groups hang together. A rule that is deeper has no draft: the API
can make such rules, and pages show them as a sentence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from members.segments.pages.questions import Input, Question, Questions
from members.segments.rules import Problem

JOINS = ("all", "any", "none")
GROUPS_AT_MOST, LINES_AT_MOST = 10, 50
LARGEST = 10**15


@dataclass
class Line:
    """One condition as it was filled in: the texts of each input by its name."""

    field: str = ""
    op: str = ""
    said: dict[str, list[str]] = made(default_factory=dict)
    problems: dict[str, str] = made(default_factory=dict)

    def first(self, name: str) -> str:
        return next(iter(self.said.get(name, ())), "")


@dataclass
class Group:
    """Lines of which all, any or none must hold."""

    join: str = "all"
    lines: list[Line] = made(default_factory=list)


@dataclass
class Draft:
    """Groups of which all or any must hold."""

    join: str = "all"
    groups: list[Group] = made(default_factory=list)

    @property
    def problems(self) -> bool:
        return any(line.problems for group in self.groups for line in group.lines)


class IsWrong(Exception):
    """A text that is no number, amount or day."""


def empty() -> Draft:
    return Draft(groups=[Group(lines=[])])


def read(post: Mapping[str, Any]) -> Draft:
    """The draft in a form: `join`, `g0-join`, `g0-c0-field`, `g0-c0-op`, and `g0-c0-<input>` as often as it was said.

    Numbers may be missing in between, since lines are taken away.
    """
    cells: dict[tuple[int, int], dict[str, list[str]]] = {}
    groups: dict[int, str] = {}
    for name in post:
        match name.split("-", 2):
            case [g, "join"] if (number := _number(g, "g")) is not None:
                groups[number] = _one_of(str(post[name]), JOINS)
            case [g, c, what] if (n := _number(g, "g")) is not None and (m := _number(c, "c")) is not None:
                cells.setdefault((n, m), {})[what] = _texts(post, name)
    draft = Draft(_one_of(str(post.get("join", "")), JOINS[:2]))
    for number in sorted({*groups, *(g for g, _c in cells)})[:GROUPS_AT_MOST]:
        lines = [_line(cells[key]) for key in sorted(cells) if key[0] == number]
        draft.groups.append(Group(groups.get(number, "all"), lines[:LINES_AT_MOST]))
    return draft if draft.groups else empty()


def _number(text: str, letter: str) -> int | None:
    digits = text[1:]
    return int(digits) if text[:1] == letter and digits.isascii() and digits.isdigit() and len(digits) < 4 else None


def _one_of(text: str, words: tuple[str, ...]) -> str:
    return text if text in words else words[0]


def _texts(post: Any, name: str) -> list[str]:
    told = post.getlist(name) if hasattr(post, "getlist") else post[name]
    texts = [told] if isinstance(told, str) else list(told)
    return [text.strip()[:200] for text in texts if text.strip()]


def _line(told: dict[str, list[str]]) -> Line:
    said = {name: texts for name, texts in told.items() if name not in ("field", "op") and texts}
    return Line(next(iter(told.get("field", ())), ""), next(iter(told.get("op", ())), ""), said)


def to_rule(draft: Draft, asked: Questions) -> dict[str, Any] | None:
    """The rule of a draft; what is missing or wrong stands at its line, and there is no rule then.

    Lines for which nothing was chosen yet are left out, and so are groups without lines.
    """
    groups = []
    for group in draft.groups:
        leaves = [leaf for line in group.lines if (leaf := _leaf(line, asked))]
        if leaves:
            groups.append({group.join: leaves})
    if draft.problems or not groups:
        return None
    return {draft.join: groups}


def blame(draft: Draft, problems: Iterable[Problem]) -> str:
    """Puts what the engine finds wrong at the lines that the rule was made of; what is about no line comes back."""
    groups = [lines for group in draft.groups if (lines := [line for line in group.lines if line.field])]
    besides = ""
    for one in problems:
        match one.path:
            case [_join, int(g), _how, int(c), *rest] if g < len(groups) and c < len(groups[g]):
                part = [str(step) for step in rest] or ["field"]
                groups[g][c].problems["_".join(part)] = one.message
            case _:
                besides = besides or one.message
    return besides


def _leaf(line: Line, asked: Questions) -> dict[str, Any] | None:
    if not line.field:
        return None
    question = asked.get(line.field)
    if question is None:
        line.problems["field"] = _("This can no longer be asked; choose something else.")
        return None
    op = question.op(line.op)
    line.op = op.key
    leaf: dict[str, Any] = {"field": line.field, "op": op.key}
    for one in op.inputs:
        try:
            _put(leaf, one, _value(one, line))
        except IsWrong as why:
            line.problems[one.name] = str(why)
    return leaf


def _value(one: Input, line: Line) -> Any:
    """What was said to one input, as the rule has it; None where it may be left empty."""
    texts = line.said.get(one.name, [])
    if not texts:
        if one.required:
            raise IsWrong(one.missing)
        return None
    if one.kind == "pick":
        return list(dict.fromkeys(texts))
    return PARSERS[one.kind](texts[0], one)


def _put(leaf: dict[str, Any], one: Input, value: Any) -> None:
    if value is None:
        return
    if one.name in ("from", "to"):
        leaf.setdefault("value", [None, None])[one.name == "to"] = value
        low, high = leaf["value"]
        if None not in (low, high) and low > high:
            raise IsWrong(_("The end lies before the beginning."))
    elif one.name.startswith("where_"):
        leaf.setdefault("where", {})[one.name.removeprefix("where_")] = value
    else:
        leaf[one.name] = value


def _whole(text: str, one: Input) -> int:
    plain = text.replace(",", "").replace("，", "")
    if not (plain.isascii() and plain.isdigit()) or int(plain) > one.most:
        raise IsWrong(_("A whole number, such as %(example)s.") % {"example": max(one.least, min(30, one.most))})
    if int(plain) < one.least:
        raise IsWrong(_("At least %(least)s.") % {"least": one.least})
    return int(plain)


def _fen(text: str, _one: Input) -> int:
    """Yuan as people write them, in fen."""
    try:
        fen = Decimal(text.replace(",", "").replace("，", "").removeprefix("¥").removesuffix("元")) * 100
    except InvalidOperation:
        raise IsWrong(_("An amount in yuan, such as 199 or 199.50.")) from None
    if not fen.is_finite() or fen < 0 or fen > LARGEST or fen != fen.to_integral_value():
        raise IsWrong(_("An amount in yuan, such as 199 or 199.50."))
    return int(fen)


def _day(text: str, _one: Input) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise IsWrong(_("A day, such as 2026-03-01.")) from None


def _decimal(text: str, _one: Input) -> float | int:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise IsWrong(_("A number.")) from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise IsWrong(_("A number."))
    return int(number) if number == number.to_integral_value() else float(number)


def _plain(text: str, _one: Input) -> str:
    return text


def _yes(text: str, _one: Input) -> bool:
    return text == "yes"


PARSERS: dict[str, Any] = {
    "whole": _whole,
    "yuan": _fen,
    "date": _day,
    "number": _decimal,
    "one": _plain,
    "text": _plain,
    "yes": _yes,
}


def from_rule(rule: Mapping[str, Any] | None, asked: Questions) -> Draft | None:
    """The draft of a rule; None of one that is deeper than the builder goes, or that it cannot say."""
    if not rule:
        return empty()
    join, parts = _joined(rule)
    if join == "":
        return _drafted("all", [("all", [rule])], asked)
    if join == "none" or all(_joined(part)[0] == "" for part in parts):
        return _drafted("all", [(join, parts)], asked)
    return _drafted(join, [_joined(part) if _joined(part)[0] else ("all", [part]) for part in parts], asked)


def join_of(rule: Mapping[str, Any]) -> str:
    """How a rule hangs together; empty of a condition, which does not."""
    return next((name for name in JOINS if name in rule), "")


def _joined(rule: Mapping[str, Any]) -> tuple[str, list[Any]]:
    join = join_of(rule)
    return join, list(rule[join]) if join else []


def _drafted(join: str, groups: Iterable[tuple[str, list[Any]]], asked: Questions) -> Draft | None:
    draft = Draft(join)
    for how, leaves in groups:
        lines = [_lined(leaf, asked) for leaf in leaves]
        if None in lines:
            return None
        draft.groups.append(Group(how, [line for line in lines if line]))
    return draft if _fits(draft) else None


def _fits(draft: Draft) -> bool:
    lines = sum(len(group.lines) for group in draft.groups)
    return len(draft.groups) <= GROUPS_AT_MOST and lines <= LINES_AT_MOST


def _lined(leaf: Mapping[str, Any], asked: Questions) -> Line | None:
    """A leaf as it would have been filled in; None where the builder has no inputs for it."""
    question = asked.get(str(leaf.get("field", "")))
    op = question.known_op(str(leaf.get("op"))) if question else None
    if question is None or op is None:
        return None
    line = Line(question.key, op.key)
    for one in op.inputs:
        value = value_of(leaf, one)
        if value is not None:
            line.said[one.name] = _said(one, value)
    if not _says_it_all(leaf, question, op.inputs):
        return None
    return line


def value_of(leaf: Mapping[str, Any], one: Input) -> Any:
    """What a condition says to one input; None where it says nothing."""
    if one.name in ("from", "to"):
        pair = leaf.get("value")
        return pair[one.name == "to"] if isinstance(pair, list) and len(pair) == 2 else None
    if one.name.startswith("where_"):
        return (leaf.get("where") or {}).get(one.name.removeprefix("where_"))
    return leaf.get(one.name)


def _says_it_all(leaf: Mapping[str, Any], question: Question, inputs: Iterable[Input]) -> bool:
    """Whether the inputs hold everything that the leaf says."""
    names = {"value" if one.name in ("from", "to") else one.name.split("_")[0] for one in inputs}
    where = {one.name.removeprefix("where_") for one in inputs if one.name.startswith("where_")}
    names |= {"min_score"} if any(one.name == "min_score" for one in inputs) else set()
    return {*leaf} <= {"field", "op", *names} and {*(leaf.get("where") or {})} <= where and bool(question)


def _said(one: Input, value: Any) -> list[str]:
    if one.kind == "pick":
        return [str(part) for part in (value if isinstance(value, list) else [value])]
    if one.kind == "yuan":
        yuan = Decimal(int(value)) / 100
        return [f"{yuan:.2f}".removesuffix(".00")]
    if one.kind == "yes":
        return ["yes" if value else "no"]
    return [str(value)]
