"""What she did: events of sources, such as a page seen or a live room entered."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from members import eventkinds
from members.segments import conditions as c
from members.segments import families as f
from members.segments import meanings
from members.segments.conditions import Condition, Leaf
from members.segments.families import Question, Statement, Whom
from members.segments.trees import Tree


def _often(params: dict[str, Any], whom: Whom) -> Statement:
    window = "AND x.day > %(day)s::date - %(days)s::int" if "days" in params else ""
    sql = f"""SELECT {f.ROOT} AS root FROM members_event x {f.SAME}
              WHERE x.kind = ANY(%(kind)s) {window} {whom.among("x.member_id")}
              GROUP BY 1 HAVING count(*) >= %(low)s"""
    if "high" in params:
        sql += " AND count(*) <= %(high)s"
    return sql, {**whom.asked, **params}


def _went_by(params: dict[str, Any], first: date, last: date) -> Statement | None:
    """Who did it on a day that left the window."""
    if "days" not in params:
        return None
    sql = """SELECT x.member_id AS root FROM members_event x
             WHERE x.kind = ANY(%(kind)s) AND x.day BETWEEN %(from)s AND %(to)s"""
    window = timedelta(days=params["days"])
    return sql, {"kind": params["kind"], "from": first + timedelta(days=1) - window, "to": last - window}


EVENTS = Question("event", _often, frozenset({"event"}), _went_by)


def _event(leaf: Leaf, day: date) -> Tree:
    kinds = sorted(leaf["where"]["kind"])
    return meanings.number(
        lambda low, high: meanings.asked("event", kind=kinds, low=low, high=high, days=leaf.get("days")), leaf
    )


def _kinds(viewer: Any, text: str = "") -> list[c.Choice]:
    return c.label_choices([(kind.name, kind.label) for kind in eventkinds.KINDS.values()])(viewer, text)


def _named(values: Sequence[str]) -> dict[str, str]:
    return {value: label for value, label in _kinds(None) if value in values}


CONDITIONS = (
    Condition(
        "event",
        _("event"),
        _("What she did"),
        (c.AT_LEAST, c.AT_MOST),
        _event,
        days=True,
        where={"kind": "choices"},
        where_choices={"kind": _kinds},
        where_needed=("kind",),
        questions=(EVENTS,),
    ),
)
