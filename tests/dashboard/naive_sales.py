"""Sales by the book, one order after the other: slow, obvious, and what the SQL has to agree with."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from members.models import Order, Refund
from scrm import clock
from scrm.clock import day_of
from scrm.dashboard.models import Fill, NodeDay, SalesDay
from tests.dashboard.naive import nodes_of

FLOWS = ("orders", "gmv", "member_gmv", "units", "attached")
LEVELS = ("buyers_365", "repeaters_365")
Cell = tuple[date, int | None, int | None]


def person_of(order: Order) -> int:
    return order.member.same_person_as_id or order.member_id  # type: ignore[union-attr, return-value]


def is_members(order: Order) -> bool:
    from members.models import Member
    from members.persons import all_of

    if order.member_id is None:
        return False
    since = Member.objects.filter(pk__in=all_of(order.member_id)).values_list("registered_at", flat=True)
    return any(at is not None and day_of(at) <= order.paid_day for at in since)


def sales_days() -> dict[Cell, Counter]:
    """Flows by (day, store, seller): wholes on their day, refunds that count on theirs."""
    days: dict[Cell, Counter] = defaultdict(Counter)
    for order in Order.objects.filter(parent=None).select_related("member"):
        cell = days[order.paid_day, order.store_id, order.seller_id]
        cell.update(orders=1, gmv=order.paid_fen, units=sum(line.quantity for line in order.lines.all()))
        cell["attached"] += len({line.category for line in order.lines.all() if line.category}) >= 2
        cell["member_gmv"] += order.paid_fen * is_members(order)
    for refund in Refund.objects.filter(state="counted").select_related("order__parent__member", "order__member"):
        whole = refund.order.parent or refund.order  # type: ignore[union-attr]
        cell = days[refund.refunded_day, whole.store_id, whole.seller_id]
        cell["gmv"] -= refund.paid_fen
        cell["member_gmv"] -= refund.paid_fen * is_members(whole)
    return {key: sums for key, sums in days.items() if any(sums.values())}


def buyers(day: date, store: int | None) -> tuple[int, int]:
    """How many people bought at a store within the 365 days up to this one, and on several days."""
    first = day - timedelta(days=364)
    bought = Order.objects.filter(parent=None, store=store, paid_day__range=(first, day)).exclude(member=None)
    days: dict[int, set[date]] = defaultdict(set)
    for order in bought.select_related("member"):
        days[person_of(order)].add(order.paid_day)
    return len(days), sum(len(found) > 1 for found in days.values())


def node_days() -> dict[tuple[str, int, date], Counter]:
    filled = Fill.objects.get()
    flows, nodes = sales_days(), defaultdict(Counter)
    stores = set(Order.objects.values_list("store", flat=True))
    for day in clock.days(filled.first_day, filled.last_day):  # type: ignore[arg-type]
        for store in stores:
            sums: Counter = Counter()
            for key, cell in flows.items():
                if key[:2] == (day, store):
                    sums.update(cell)
            sums.update(dict(zip(LEVELS, buyers(day, store), strict=True)))
            for kind, node in nodes_of(store, day):
                nodes[kind, node, day].update(sums)
    return {key: _told(sums) for key, sums in nodes.items() if any(sums.values())}


def stored_sales_days() -> dict[Cell, Counter]:
    rows: dict[Any, Counter] = {
        (row.day, row.store_id, row.seller_id): Counter({name: getattr(row, name) for name in FLOWS})
        for row in SalesDay.objects.all()
    }
    return {key: sums for key, sums in rows.items() if any(sums.values())}


def stored_node_days() -> dict[tuple[str, int, date], dict[str, int]]:
    rows = {
        (row.kind, row.node_id, row.day): _told(Counter({n: getattr(row, n) for n in (*FLOWS, *LEVELS)}))
        for row in NodeDay.objects.all()
    }
    return {key: sums for key, sums in rows.items() if sums}


def _told(sums: Counter) -> dict[str, int]:
    return {name: n for name, n in sums.items() if n}
