"""What she bought: when first and last, how often, for how much, and which things.

An order counts by itself or as the whole of its parts, and not when all of it was given back. Money is what was paid
less what was given back, and belongs to the day of the order.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from members.models import Order, Product
from members.segments import conditions as c
from members.segments import families as f
from members.segments import meanings
from members.segments.conditions import Choice, Condition, Leaf
from members.segments.families import Family, Question, Statement, Whom
from members.segments.trees import Asked, Number, Tree
from stores.models import Store

BOUGHT = _("Purchases")
SHOWN = 50
COUNTED = "x.member_id IS NOT NULL AND x.parent_id IS NULL AND (x.refunded_fen < x.paid_fen OR x.paid_fen = 0)"
NET = "x.paid_fen - x.refunded_fen"
ORDERS = frozenset({"order"})

LAST = Family(
    "last_order", f.summed("members_order", f.day_number("max(x.paid_day)"), COUNTED), ORDERS, bits=f.DAY_BITS
)
FIRST = Family(
    "first_order", f.summed("members_order", f.day_number("min(x.paid_day)"), COUNTED), ORDERS, bits=f.DAY_BITS
)
COUNT = Family("orders", f.summed("members_order", "count(*)", COUNTED), ORDERS, bits=f.COUNT_BITS)
SPENT = Family("spent", f.summed("members_order", f"sum({NET})", COUNTED), ORDERS, bits=f.MONEY_BITS)

LINES = {"category": "l.category", "sku": "l.sku"}
WHERE = {"channel": "x.channel = ANY(%(channel)s)", "store": "x.store_id = ANY(%(store)s)"}


def _line(params: dict[str, Any]) -> str:
    """The condition on an order's lines, or nothing."""
    asked = [f"{column} = ANY(%({name})s)" for name, column in LINES.items() if name in params]
    return " OR ".join(asked) if params.get("any") else " AND ".join(asked)


def _orders(params: dict[str, Any], whom: Whom) -> tuple[str, str]:
    """The table and the condition of the orders that a question means; money then is that of the lines."""
    where = " AND ".join([COUNTED, *(sql for name, sql in WHERE.items() if name in params)])
    if "days" in params:
        where += " AND x.paid_day > %(day)s::date - %(days)s::int"
    lines = _line(params)
    if lines:
        where += f" AND EXISTS (SELECT FROM members_orderline l WHERE l.order_id = x.id AND ({lines}))"
    return f"members_order x {f.SAME}", f"{where} {whom.among('x.member_id')}"


def _counted(params: dict[str, Any], whom: Whom) -> Statement:
    table, where = _orders(params, whom)
    sql = f"SELECT {f.ROOT} AS root FROM {table} WHERE {where} GROUP BY 1 {_having('count(*)', params)}"
    return sql, {**whom.asked, **params}


def _money(params: dict[str, Any], whom: Whom) -> Statement:
    """Of lines that are asked for, what these cost."""
    table, where = _orders(params, whom)
    lines = _line(params)
    net = NET
    if lines:
        net = f"(SELECT coalesce(sum(l.paid_fen), 0) FROM members_orderline l WHERE l.order_id = x.id AND ({lines}))"
    sql = f"SELECT {f.ROOT} AS root FROM {table} WHERE {where} GROUP BY 1 {_having(f'sum({net})', params)}"
    return sql, {**whom.asked, **params}


def _having(number: str, params: dict[str, Any]) -> str:
    high = f" AND {number} <= %(high)s" if "high" in params else ""
    return f"HAVING {number} >= %(low)s{high}"


def _went_by(params: dict[str, Any], first: date, last: date) -> Statement | None:
    """Who bought on a day that left the window."""
    if "days" not in params:
        return None
    sql = """SELECT x.member_id AS root FROM members_order x
             WHERE x.member_id IS NOT NULL AND x.paid_day BETWEEN %(from)s AND %(to)s"""
    window = timedelta(days=params["days"])
    return sql, {"from": first + timedelta(days=1) - window, "to": last - window}


COUNT_WHERE = Question("orders", _counted, ORDERS, _went_by)
SPENT_WHERE = Question("spent", _money, ORDERS, _went_by)


def _asked(question: str, leaf: Leaf, low: int, high: int | None) -> Asked:
    where = dict(leaf.get("where") or {})
    stores = meanings.ids_of(Store.objects.all(), where["store"]) if "store" in where else None
    said = {name: sorted(where[name]) for name in ("category", "sku", "channel") if name in where}
    return meanings.asked(question, days=leaf.get("days"), low=low, high=high, store=stores, **said)


def _orders_of(leaf: Leaf, day: date) -> Tree:
    return meanings.number(lambda low, high: _number("orders", f.COUNT_BITS, leaf, low, high), leaf)


def _spent_of(leaf: Leaf, day: date) -> Tree:
    return meanings.number(lambda low, high: _number("spent", f.MONEY_BITS, leaf, low, high), leaf)


def _number(name: str, bits: int, leaf: Leaf, low: int, high: int | None) -> Tree:
    if leaf.get("days") is None and not leaf.get("where"):
        return Number(name, bits, low, high)
    return _asked(name, leaf, low, high)


def _bought(leaf: Leaf, day: date) -> Tree:
    """Values are `sku:…` and `category:…`."""
    said: dict[str, list[str]] = {}
    for value in leaf["value"]:
        kind, _colon, name = str(value).partition(":")
        if kind not in LINES or not name:
            raise c.Unknown(str(value))
        said.setdefault(kind, []).append(name)
    names = {kind: sorted(set(found)) for kind, found in said.items()}
    found = meanings.asked("orders", days=leaf.get("days"), low=1, any=True, **names)
    return meanings.chosen(leaf["op"], [found])


def _things(viewer: Any, text: str = "") -> list[Choice]:
    return [
        *((f"category:{value}", label) for value, label in _categories(viewer, text)),
        *((f"sku:{value}", label) for value, label in _skus(viewer, text)),
    ][: 2 * SHOWN]


def _things_named(values: Sequence[str]) -> dict[str, str]:
    """A category is called as it is; a product by its name."""
    parts = {value: value.partition(":")[2] for value in values}
    names = dict(Product.objects.filter(sku__in=list(parts.values())).values_list("sku", "name"))
    return {value: (names.get(one) or one) if value.startswith("sku:") else one for value, one in parts.items()}


def _categories(viewer: Any, text: str = "") -> list[Choice]:
    rows = Product.objects.exclude(category="").filter(category__icontains=text)
    return [(name, name) for name in rows.order_by("category").values_list("category", flat=True).distinct()[:SHOWN]]


def _skus(viewer: Any, text: str = "") -> list[Choice]:
    rows = Product.objects.filter(name__icontains=text) | Product.objects.filter(sku__istartswith=text)
    return [(sku, f"{name} ({sku})") for sku, name in rows.order_by("name", "sku").values_list("sku", "name")[:SHOWN]]


def _stores(viewer: Any, text: str = "") -> list[Choice]:
    rows = Store.objects.filter(name__icontains=text) | Store.objects.filter(code__istartswith=text)
    return list(rows.order_by("code").values_list("public_id", "name")[:SHOWN])


WHERES = {"category": "choices", "sku": "choices", "channel": "choices", "store": "choices"}
WHERE_CHOICES = {
    "category": _categories,
    "sku": _skus,
    "channel": c.label_choices(Order.Channel.choices),
    "store": _stores,
}
DAYS = (c.WITHIN, c.NOT_WITHIN, c.BETWEEN_DAYS, c.NEVER)
NUMBERS = (c.AT_LEAST, c.AT_MOST, c.BETWEEN)

CONDITIONS = (
    Condition(
        "last_order",
        _("last order"),
        BOUGHT,
        DAYS,
        meanings.day_of_leaf("last_order", f.DAY_BITS),
        families=(LAST,),
    ),
    Condition(
        "first_order",
        _("first order"),
        BOUGHT,
        DAYS,
        meanings.day_of_leaf("first_order", f.DAY_BITS),
        families=(FIRST,),
    ),
    Condition(
        "orders",
        _("number of orders"),
        BOUGHT,
        NUMBERS,
        _orders_of,
        days=True,
        where=WHERES,
        where_choices=WHERE_CHOICES,
        families=(COUNT,),
        questions=(COUNT_WHERE,),
    ),
    Condition(
        "spent",
        _("money spent"),
        BOUGHT,
        NUMBERS,
        _spent_of,
        unit=_("yuan"),
        money=True,
        days=True,
        where=WHERES,
        where_choices=WHERE_CHOICES,
        families=(SPENT,),
        questions=(SPENT_WHERE,),
    ),
    Condition(
        "bought",
        _("bought"),
        BOUGHT,
        (c.HAS_ANY, c.HAS_NONE),
        _bought,
        _things,
        _things_named,
        days=True,
    ),
)
