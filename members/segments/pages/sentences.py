"""A rule as a plain sentence, with the names of what it refers to; and what differs between two of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from members.segments.pages import drafts
from members.segments.pages.questions import Input, Op, Question, Questions

Rule = Mapping[str, Any]
Names = Mapping[tuple[str, str], Mapping[str, str]]  # by condition and input, then by value
NAMED_AT_MOST = 6


@dataclass(frozen=True)
class Part:
    """One step of a rule: a sentence, or words and the parts below them."""

    words: str
    parts: tuple["Part", ...] = ()


def leaves(rule: Rule) -> Iterator[Rule]:
    """The conditions of a rule, in order."""
    if join := drafts.join_of(rule):
        for part in rule[join]:
            yield from leaves(part)
    elif rule:
        yield rule


def names_in(rules: Iterable[Rule], asked: Questions, viewer: Any) -> Names:
    """The names of all that these rules refer to; one query for each sort of thing."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        for leaf in leaves(rule):
            for one in _inputs(leaf, asked):
                if one.is_choice and (told := _listed(drafts.value_of(leaf, one))):
                    wanted.setdefault((leaf["field"], one.name), set()).update(map(str, told))
    return {(field, name): asked[field].names(name, viewer, sorted(v)) for (field, name), v in wanted.items()}


def tree(rule: Rule, asked: Questions, names: Names) -> Part:
    """The rule as words below words."""
    join = drafts.join_of(rule)
    if not join:
        return Part(sentence_of(rule, asked, names))
    parts = tuple(tree(part, asked, names) for part in rule[join])
    if len(parts) == 1 and join != "none":
        return parts[0]
    return Part(
        {"all": _("all of these hold"), "any": _("any of these holds"), "none": _("none of these holds")}[join], parts
    )


def sentence(rule: Rule, asked: Questions, names: Names) -> str:
    """The rule on one line."""
    return _line(rule, asked, names, is_inside=False)


def _line(rule: Rule, asked: Questions, names: Names, *, is_inside: bool) -> str:
    join = drafts.join_of(rule)
    if not join:
        return sentence_of(rule, asked, names)
    parts = [_line(part, asked, names, is_inside=len(rule[join]) > 1 or join == "none") for part in rule[join]]
    if join == "none":
        return _("not (%(parts)s)") % {"parts": _("; or ").join(parts)}
    told = {"all": _("; and "), "any": _("; or ")}[join].join(parts)
    return _("(%(parts)s)") % {"parts": told} if is_inside and len(parts) > 1 else told


def sentence_of(leaf: Rule, asked: Questions, names: Names) -> str:
    """One condition in words; what nobody knows any more is said by its key."""
    question, op = _asked(leaf, asked)
    if question is None or op is None:
        return _("“%(field)s”, which can no longer be asked") % {"field": leaf.get("field", "")}
    told = {one.name: _told(one, leaf, names) for one in op.inputs}
    unit = next((str(one.unit) for one in op.inputs if one.unit and one.kind != "yuan" and one.name != "days"), "")
    filled = {name: text or _("nothing") for name, text in told.items()}
    says = (str(op.says) % {**filled, "op": op.label, "unit": unit}).strip()
    extras = [str(one.says) % {"it": told[one.name]} for one in op.inputs if one.says and told[one.name]]
    return " ".join([str(question.label), says, *extras])


def _told(one: Input, leaf: Rule, names: Names) -> str:
    value = drafts.value_of(leaf, one)
    if value is None:
        return ""
    if one.kind == "yuan":
        return f"¥{int(value) // 100:,}" + (f".{int(value) % 100:02}" if int(value) % 100 else "")
    if one.kind in ("whole", "number"):
        return f"{value:,}"
    if one.kind == "yes":
        return _("yes") if value else _("no")
    if not one.is_choice:
        return str(value)
    known = names.get((leaf["field"], one.name), {})
    words = [known.get(str(part)) or _("no longer there (%s)") % part for part in _listed(value)]
    if len(words) > NAMED_AT_MOST:
        words = [*words[:NAMED_AT_MOST], _("and %(n)s more") % {"n": len(words) - NAMED_AT_MOST}]
    return _(", ").join(words)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _inputs(leaf: Rule, asked: Questions) -> tuple[Input, ...]:
    _question, op = _asked(leaf, asked)
    return op.inputs if op else ()


def _asked(leaf: Rule, asked: Questions) -> tuple[Question | None, Op | None]:
    question = asked.get(str(leaf.get("field", "")))
    return question, question.known_op(str(leaf.get("op"))) if question else None


def differences(old: Rule, new: Rule, asked: Questions, names: Names) -> list[tuple[str, str]]:
    """What a new version takes away (`-`), adds (`+`) and keeps (` `), condition by condition."""
    before = list(dict.fromkeys(sentence_of(leaf, asked, names) for leaf in leaves(old)))
    after = list(dict.fromkeys(sentence_of(leaf, asked, names) for leaf in leaves(new)))
    gone = [("-", words) for words in before if words not in after]
    kept = [(" ", words) for words in after if words in before]
    return [*kept, *gone, *(("+", words) for words in after if words not in before)]
