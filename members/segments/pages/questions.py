"""What the builder can ask about a customer: each condition of the engine with the inputs that it needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.segments import conditions
from members.segments.conditions import MOST_DAYS, MOST_NUMBER, Condition

FOUND_AT_MOST = 12
TICKS_AT_MOST = 9  # so many are shown at once, without a search
NAMED_AT_MOST = 300


@dataclass(frozen=True)
class Choice:
    """One thing to choose: what the rule calls it, and what people do."""

    value: str
    label: str


@dataclass(frozen=True)
class Input:
    """One thing to fill in. `kind`: `pick` (several), `one`, `whole`, `yuan`, `number`, `date`, `text`, `yes`."""

    name: str
    kind: str
    label: Any = ""
    required: bool = True
    unit: Any = ""
    least: int = 0
    most: int = MOST_NUMBER
    says: Any = ""  # of what may be left empty: what the sentence adds, with `%(it)s`

    @property
    def is_choice(self) -> bool:
        return self.kind in ("pick", "one")

    @property
    def missing(self) -> str:
        return str(MISSING.get(self.kind, _("Fill this in.")))


DAYS = pgettext_lazy("unit", "days")
MISSING = {"pick": _("Choose at least one."), "one": _("Choose one."), "date": _("Choose a day.")}


@dataclass(frozen=True)
class Op:
    """One way to ask: its word, what it needs to be told, and its sentence with the inputs by their names."""

    key: str
    label: Any
    inputs: tuple[Input, ...]
    says: Any


@dataclass(frozen=True)
class Question:
    """A condition as the builder asks it."""

    condition: Condition
    ops: tuple[Op, ...]

    @property
    def key(self) -> str:
        return self.condition.key

    @property
    def label(self) -> Any:
        return self.condition.label

    def op(self, key: str) -> Op:
        """The operator of this name, else the usual one."""
        return self.known_op(key) or self.ops[0]

    def known_op(self, key: str) -> Op | None:
        return next((op for op in self.ops if op.key == key), None)

    def found(self, name: str, viewer: Any, text: str) -> list[Choice]:
        """The first things that a text finds for an input; without a text, the first of all."""
        choices = self._choices(name)
        return [Choice(value, label) for value, label in choices(viewer, text.strip()[:60])[:FOUND_AT_MOST]]

    def chosen(self, name: str, viewer: Any, values: Sequence[str]) -> list[Choice]:
        """The choices of these values, in their order; of what nobody knows any more, its value."""
        wanted = list(dict.fromkeys(values))[:NAMED_AT_MOST]
        known = self.names(name, viewer, wanted) if wanted else {}
        return [Choice(value, known.get(value) or now("no longer there (%s)") % value) for value in wanted]

    def names(self, name: str, viewer: Any, values: Sequence[str]) -> Mapping[str, str]:
        """What the values of an input are called."""
        if name == "value":
            return self.condition.words_of(values)
        part = name.removeprefix("where_")
        if (other := conditions.get(part)) and other.named:
            return other.words_of(values)
        known = dict(self._choices(name)(viewer, ""))
        return {value: known.get(value, value) for value in values}

    def _choices(self, name: str) -> Any:
        if name == "value":
            return self.condition.choices
        return self.condition.where_choices.get(name.removeprefix("where_"), conditions.no_choices)


class Questions(dict[str, Question]):
    """All questions by key."""

    def grouped(self) -> list[tuple[str, list[Question]]]:
        """Each group's words and its questions, as they come."""
        found: dict[str, list[Question]] = {}
        for question in self.values():
            found.setdefault(str(question.condition.group), []).append(question)
        return list(found.items())


def present() -> Questions:
    """What can be asked now; the brand's own fields are among it."""
    return Questions({key: of(condition) for key, condition in conditions.all().items()})


def of(condition: Condition) -> Question:
    return Question(condition, tuple(_op(condition, op) for op in condition.ops))


def _op(condition: Condition, op: conditions.Op) -> Op:
    inputs, says = _taken(condition, op)
    return Op(op.key, op.label, (*inputs, *_besides(condition, op)), says)


def _taken(condition: Condition, op: conditions.Op) -> tuple[tuple[Input, ...], Any]:
    """The inputs of an operator, and its sentence."""
    kind = "yuan" if condition.money else "number" if condition.key.startswith("field:") else "whole"
    unit = _("yuan") if condition.money else condition.unit
    low, high = pgettext_lazy("of numbers", "from"), pgettext_lazy("of numbers", "to")
    match op.takes:
        case "choices":
            return (Input("value", "pick", op.label),), _("%(op)s %(value)s")
        case "choice":
            return (Input("value", "one", op.label),), _("%(op)s %(value)s")
        case "days":
            says = DAYS_SAY.get(op.key, _("%(op)s: %(days)s days"))
            return (Input("days", "whole", _("days"), unit=DAYS, least=1, most=MOST_DAYS),), says
        case "number":
            return (Input("value", kind, op.label, unit=unit),), _("%(op)s %(value)s %(unit)s")
        case "range":
            span = (Input("from", kind, low, unit=unit), Input("to", kind, high, unit=unit))
            return span, _("from %(from)s to %(to)s %(unit)s")
        case "dates":
            first, last = pgettext_lazy("of days", "from"), pgettext_lazy("of days", "until")
            return (Input("from", "date", first), Input("to", "date", last)), _("from %(from)s until %(to)s")
        case "flag":
            return (Input("value", "yes", op.label),), _("%(value)s")
        case "text":
            return (Input("value", "text", op.label),), _("%(op)s “%(value)s”")
    return (), _("%(op)s")


DAYS_SAY = {
    "within": _("within the last %(days)s days"),
    "not_within": _("not within the last %(days)s days"),
    "within_next_days": _("within the next %(days)s days"),
    "anniversary_within_next_days": _("has its day of the year within the next %(days)s days"),
}


def _besides(condition: Condition, op: conditions.Op) -> Iterable[Input]:
    """What may be said besides: a window of days, of what kind, a least score."""
    if condition.days and op.takes != "days":
        days = Input("days", "whole", _("in the last … days"), False, DAYS, 1, MOST_DAYS, _("in the last %(it)s days"))
        yield days
    for name, kind in condition.where.items():
        needed = name in condition.where_needed
        what = WHERE.get(name, name)
        says = _("(%(of)s: %%(it)s)") % {"of": what}
        is_number = kind == "number"
        bounds = {"least": 1, "most": 5} if is_number else {}
        yield Input(f"where_{name}", "whole" if is_number else "pick", what, needed, says=says, **bounds)
    if condition.min_score:
        yield Input("min_score", "whole", _("score at least"), False, "", 1, 100, _("with a score of at least %(it)s"))


WHERE: dict[str, Any] = {
    "category": _("category"),
    "sku": _("product"),
    "channel": _("channel"),
    "store": _("store"),
    "kind": pgettext_lazy("of events", "what she did"),
    "r": _("recency (1–5)"),
    "f": _("frequency (1–5)"),
    "m": _("money (1–5)"),
}
