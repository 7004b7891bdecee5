"""What a rule may ask of a member: a table that upper floors add to (`scrm.knowledge.CONDITIONS`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members import upstairs
from members.segments.families import Family, Question
from members.segments.trees import Tree

Words = str | Promise
Leaf = Mapping[str, Any]
Choice = tuple[str, str]

MOST_CHOSEN = 500  # values of one leaf
MOST_DAYS = 3650
MOST_NUMBER = 10**11


@dataclass(frozen=True)
class Op:
    """A comparison. `takes` tells which value stands beside it:

    choices  a list of choices       days     `days`, a number of days        number  one number
    range    [low, high], both in    dates    [first, last], both in          flag    true or false
    choice   one choice              text     one text                        nothing
    """

    key: str
    label: Words
    takes: str


HAS_ANY = Op("has_any", _("has any of"), "choices")
HAS_ALL = Op("has_all", _("has all of"), "choices")
HAS_NONE = Op("has_none", _("has none of"), "choices")
IS_ANY = Op("is_any", _("is any of"), "choices")
IS_NONE = Op("is_none", _("is none of"), "choices")
WITHIN = Op("within", _("within the last days"), "days")
NOT_WITHIN = Op("not_within", _("not within the last days"), "days")
BETWEEN_DAYS = Op("between", _("between"), "dates")
NEVER = Op("never", _("never"), "nothing")
AT_LEAST = Op("at_least", _("at least"), "number")
AT_MOST = Op("at_most", _("at most"), "number")
BETWEEN = Op("between", _("between"), "range")
IS = Op("is", _("is"), "flag")
EMPTY = Op("is_empty", _("is not known"), "nothing")
FILLED = Op("is_filled", _("is known"), "nothing")


def no_choices(viewer: Any, text: str = "") -> list[Choice]:
    return []


@dataclass(frozen=True)
class Condition:
    """One thing that can be asked.

    `meaning` turns a leaf into sets as of a day; it raises Unknown for values that name nothing. `choices` lists the
    values that a viewer may choose (`text` narrows them), `named` gives the words of chosen ones. A leaf may further
    carry `days` (a window of the last days), `where` (by name: what kind of value) and `min_score`.
    """

    key: str
    label: Words
    group: Words
    ops: tuple[Op, ...]
    meaning: Callable[[Leaf, date], Tree]
    choices: Callable[..., list[Choice]] = no_choices
    named: Callable[[Sequence[str]], dict[str, str]] | None = None
    unit: Words = ""
    money: bool = False  # numbers are fen
    days: bool = False
    where: Mapping[str, str] = field(default_factory=dict)  # name -> "choices" | "number"
    where_choices: Mapping[str, Callable[..., list[Choice]]] = field(default_factory=dict)
    where_needed: tuple[str, ...] = ()
    min_score: bool = False
    families: tuple[Family, ...] = ()
    questions: tuple[Question, ...] = ()

    def op(self, key: str) -> Op | None:
        return next((op for op in self.ops if op.key == key), None)

    def words_of(self, values: Sequence[str]) -> dict[str, str]:
        """What the chosen values are called; what names nothing is missing."""
        if self.named:
            return self.named(values)
        return {value: label for value, label in self.choices(None) if value in set(values)}


class Unknown(Exception):
    """A rule names something that does not exist, such as a tag that was deleted."""


@lru_cache(maxsize=1)
def standing() -> tuple[Condition, ...]:
    """All conditions but those of the brand's own fields."""
    return tuple(condition for module in upstairs.told("CONDITIONS") for condition in module.CONDITIONS)


def all() -> dict[str, Condition]:
    """Every condition by its key, as of now: the brand's own fields are among them."""
    found = {condition.key: condition for condition in standing()}
    for module in upstairs.told("CONDITIONS"):
        found |= {one.key: one for one in getattr(module, "present", tuple)()}
    return found


def get(key: str) -> Condition | None:
    """One condition, without asking for all of the brand's fields."""
    for condition in standing():
        if condition.key == key:
            return condition
    return all().get(key) if ":" in key else None


@lru_cache(maxsize=1)
def families() -> dict[str, Family]:
    """Every family of sets, that of all persons first."""
    return {family.name: family for condition in standing() for family in condition.families}


@lru_cache(maxsize=1)
def questions() -> dict[str, Question]:
    found = [question for condition in standing() for question in condition.questions]
    more = (question for module in upstairs.told("CONDITIONS") for question in getattr(module, "QUESTIONS", ()))
    return {question.name: question for question in (*found, *more)}


def label_choices(pairs: Sequence[tuple[Any, Any]]) -> Callable[..., list[Choice]]:
    """Choices that never change."""

    def choices(viewer: Any, text: str = "") -> list[Choice]:
        said = [(str(value), str(label)) for value, label in pairs]
        return [pair for pair in said if text.lower() in pair[1].lower()]

    return choices
