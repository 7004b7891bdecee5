"""The fields that the brand made for itself, as conditions `field:<key>`."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from members.models import Field
from members.segments import conditions as c
from members.segments import families as f
from members.segments import meanings
from members.segments.conditions import Condition, Leaf, Op
from members.segments.families import Question, Statement, Whom
from members.segments.traits import LABELS
from members.segments.trees import Not, Tree

ASKS = {
    "text": "x.text = ANY(%(text)s)",
    "choices": "x.choices && %(text)s::varchar[]",
    "boolean": "x.boolean = %(yes)s",
    "low": "x.number >= %(low)s::numeric",
    "high": "x.number <= %(high)s::numeric",
    "first": "x.date >= %(first)s::date",
    "last": "x.date <= %(last)s::date",
    "next": "x.date BETWEEN %(day)s::date AND %(day)s::date + %(next)s::int",
    "past": "x.date BETWEEN %(day)s::date - %(past)s::int + 1 AND %(day)s::date",
    "yearly": "to_char(x.date, 'MMDD') = ANY(%(days)s)",
}


def _met(params: dict[str, Any], whom: Whom) -> Statement:
    where = " AND ".join(f"({ASKS[name]})" for name in params["asks"])
    sql = f"""SELECT {f.ROOT} AS root FROM members_fieldvalue x {f.SAME}
              WHERE x.field_id = %(field)s {"AND " + where if where else FILLED} {whom.among("x.member_id")}"""
    return sql, {**whom.asked, **params, **_yearly(params, whom.day)}


FILLED = "AND num_nonnulls(nullif(x.text, ''), x.number, x.date, x.boolean, nullif(x.choices, '{}')) > 0"


def _yearly(params: dict[str, Any], day: date) -> dict[str, Any]:
    """The days of the year from today on; who was born on 29 February has her day on the 28th where there is none."""
    if "yearly" not in params:
        return {}
    days = {f"{day + timedelta(days=n):%m%d}" for n in range(params["yearly"] + 1)}
    leap = any((day + timedelta(days=n)).strftime("%m%d") == "0229" for n in range(params["yearly"] + 1))
    return {"days": sorted(days | ({"0229"} if "0228" in days and not leap and not _is_leap(day) else set()))}


def _is_leap(day: date) -> bool:
    return day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)


def _went_by(params: dict[str, Any], first: date, last: date) -> Statement:
    """Whose date comes into the window or leaves it; of a yearly one all who have a date, which is one look."""
    sql = "SELECT x.member_id AS root FROM members_fieldvalue x WHERE x.field_id = %(field)s AND "
    if "yearly" in params:
        return f"{sql} x.date IS NOT NULL", {"field": params["field"]}
    window = timedelta(days=params.get("next", params.get("past", 0)))
    edges = "(x.date BETWEEN %(from)s AND %(to)s OR x.date BETWEEN %(since)s AND %(until)s)"
    said = {"from": first, "to": last} | (
        {"since": first + window, "until": last + window}
        if "next" in params
        else {"since": first - window, "until": last - window}
    )
    return sql + edges, {"field": params["field"], **said}


FIELD = Question("field", _met, frozenset({"field"}))
FIELD_BY_DAY = Question("field_by_day", _met, frozenset({"field"}), _went_by)


def _asked(field: Field, question: str = "field", **params: Any) -> Tree:
    asks = [name for name in params if name in ASKS]
    if "text" in params and field.kind == Field.Kind.CHOICES:
        asks = ["choices"]
    if "yes" in params:
        asks = ["boolean"]
    return meanings.asked(question, field=field.pk, asks=sorted(asks), **params)


def _meaning(field: Field) -> Any:
    def meaning(leaf: Leaf, day: date) -> Tree:
        op, value = leaf["op"], leaf.get("value", ())
        match op:
            case "is_empty":
                return Not(_asked(field))
            case "is_filled":
                return _asked(field)
            case "is_any" | "is_none" | "has_any" | "has_none":
                return meanings.chosen(op, [_asked(field, text=sorted(map(str, value)))])
            case "has_all":
                return meanings.chosen(op, [_asked(field, text=[str(one)]) for one in value])
            case "is_text":
                return _asked(field, text=[str(value)])
            case "is":
                return _asked(field, yes=bool(value))
            case "between" if field.kind == Field.Kind.DATE:
                return _asked(field, first=value[0], last=value[1])
            case "between":
                return _asked(field, low=str(value[0]), high=str(value[1]))
            case "at_least":
                return _asked(field, low=str(value))
            case "at_most":
                return _asked(field, high=str(value))
            case _:
                return _asked(field, "field_by_day", **{COME[op]: meanings.days_of(leaf)})

    return meaning


COME = {"within_next_days": "next", "within": "past", "anniversary_within_next_days": "yearly"}
KNOWN = (c.FILLED, c.EMPTY)
OPS: dict[str, tuple[Op, ...]] = {
    Field.Kind.TEXT: (Op("is_text", _("is"), "text"), *KNOWN),
    Field.Kind.NUMBER: (c.AT_LEAST, c.AT_MOST, c.BETWEEN, *KNOWN),
    Field.Kind.DATE: (
        Op("within_next_days", _("within the next days"), "days"),
        Op("anniversary_within_next_days", _("has its day of the year within the next days"), "days"),
        c.WITHIN,
        c.BETWEEN_DAYS,
        *KNOWN,
    ),
    Field.Kind.BOOLEAN: (c.IS, *KNOWN),
    Field.Kind.CHOICE: (c.IS_ANY, c.IS_NONE, *KNOWN),
    Field.Kind.CHOICES: (c.HAS_ANY, c.HAS_ALL, c.HAS_NONE, *KNOWN),
}


def present() -> Sequence[Condition]:
    """A condition for each field in use."""
    return [_condition(field) for field in Field.objects.filter(is_active=True)]


def _condition(field: Field) -> Condition:
    choices = c.label_choices([(one, one) for one in field.choices])
    return Condition(f"field:{field.key}", field.name, LABELS, OPS[field.kind], _meaning(field), choices)


CONDITIONS: tuple[Condition, ...] = ()
QUESTIONS = (FIELD, FIELD_BY_DAY)
