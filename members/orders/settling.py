"""What follows from orders and refunds beside each other, whatever came first: wholes, joins, and what counts.

The sums of a split order are those of its whole: refunds of the whole and of its parts together give back at most what
was paid for it, and beyond the goods the freight. They are gone through in the order of their time; what they give back
of the freight is kept apart and counts nowhere, and one that goes beyond all that is left does not count.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from members.models import Refund, Source
from members.orders.rows import REFUND, Told
from scrm.ids import sql_texts

State = Refund.State

# The orders that a change of these numbers may concern: themselves, their parts, their wholes, and the wholes' parts.
AFFECTED = """
CREATE TEMP TABLE IF NOT EXISTS orders_affected (id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
TRUNCATE orders_affected
"""
BY_NUMBER = """
WITH named AS (SELECT unnest(%(numbers)s::text[]) AS number),
near AS (
    SELECT o.id, o.number, o.parent_number FROM named n JOIN members_order o ON o.source_id = %(source)s
        AND o.number = n.number
    UNION SELECT o.id, o.number, o.parent_number FROM named n JOIN members_order o ON o.source_id = %(source)s
        AND o.parent_number = n.number AND o.parent_number <> ''
), wholes AS (
    SELECT p.id, p.number FROM near JOIN members_order p
        ON near.parent_number <> '' AND p.source_id = %(source)s AND p.number = near.parent_number
    UNION SELECT p.id, p.number FROM near JOIN members_order c ON c.id = near.id
        JOIN members_order p ON p.id = c.parent_id
)
INSERT INTO orders_affected
SELECT id FROM near UNION SELECT id FROM wholes
UNION SELECT c.id FROM wholes w JOIN members_order c
    ON c.source_id = %(source)s AND c.parent_number = w.number AND c.parent_number <> ''
"""
# What was told of these numbers before their orders came: refunds, and parts.
AWAITED = """
WITH told AS MATERIALIZED (SELECT %(numbers)s::text[] AS numbers)
SELECT order_number FROM members_refund
WHERE source_id = %(source)s AND order_number = ANY((SELECT numbers FROM told)::text[])
UNION ALL SELECT parent_number FROM members_order
WHERE source_id = %(source)s AND parent_number = ANY((SELECT numbers FROM told)::text[]) AND parent_number <> ''
"""
WHOLES = """
SELECT c.id, p.id AS parent_id FROM orders_affected JOIN members_order c USING (id)
LEFT JOIN members_order p ON c.parent_number <> '' AND p.source_id = c.source_id AND p.number = c.parent_number
    AND p.parent_number = ''
"""
# A part's refunds take from its whole: where they took from before is noted.
LEAVE_WHOLES = f"""
INSERT INTO members_correction (order_id, member_id, day, store_id, seller_id, paid_fen, is_refund, at)
SELECT c.id, before.member_id, r.refunded_day, before.store_id, before.seller_id, r.paid_fen, true, %(at)s
FROM ({WHOLES}) w JOIN members_order c ON c.id = w.id AND c.parent_id IS DISTINCT FROM w.parent_id
JOIN members_order before ON before.id = coalesce(c.parent_id, c.id) JOIN members_refund r ON r.order_id = c.id
"""
FIND_WHOLES = f"""
UPDATE members_order c SET parent_id = w.parent_id, changed_at = %(at)s FROM ({WHOLES}) w
WHERE w.id = c.id AND c.parent_id IS DISTINCT FROM w.parent_id
"""
JOIN = """
UPDATE members_refund r SET order_id = w.order_id, changed_at = %(at)s,
    state = CASE WHEN w.order_id IS NULL THEN 'waiting' ELSE 'counted' END
FROM (
    SELECT r.id, o.id AS order_id FROM members_refund r
    LEFT JOIN members_order o ON o.source_id = r.source_id AND o.number = r.order_number
    WHERE r.source_id = %(source)s AND r.order_number = ANY(%(numbers)s)
) w WHERE w.id = r.id AND r.order_id IS DISTINCT FROM w.order_id
"""
# Of each whole: its refunds in the order of time, with whether they count so far.
OVERDRAWN = """
WITH wholes AS (
    SELECT DISTINCT coalesce(o.parent_id, o.id) AS id FROM orders_affected JOIN members_order o USING (id)
), told AS (
    SELECT w.id AS whole, r.id, r.refunded_at, r.number, r.paid_fen, r.freight_fen, r.state FROM wholes w
    JOIN members_order o ON o.id = w.id JOIN members_refund r ON r.order_id = o.id
    UNION ALL
    SELECT w.id, r.id, r.refunded_at, r.number, r.paid_fen, r.freight_fen, r.state FROM wholes w
    JOIN members_order p ON p.id = w.id
    JOIN members_order o ON o.source_id = p.source_id AND o.parent_number = p.number AND o.parent_number <> ''
        AND o.parent_id = w.id
    JOIN members_refund r ON r.order_id = o.id
), sums AS (
    SELECT whole, sum(told.paid_fen + told.freight_fen) > o.paid_fen
        OR bool_or(state IN ('excess', 'freight')) AS is_odd
    FROM told JOIN members_order o ON o.id = whole GROUP BY whole, o.paid_fen
)
SELECT whole, o.paid_fen, o.freight_fen, told.id, told.paid_fen + told.freight_fen FROM told JOIN sums USING (whole)
JOIN members_order o ON o.id = whole WHERE is_odd ORDER BY whole, refunded_at, told.number
"""
SET_STATES = """
UPDATE members_refund r SET state = s.state, paid_fen = s.goods, freight_fen = s.freight, changed_at = %(at)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(goods)s::bigint[], %(freights)s::bigint[])
    AS s (id, state, goods, freight)
WHERE r.id = s.id AND (r.state, r.paid_fen, r.freight_fen) <> (s.state, s.goods, s.freight)
"""
SUM_UP = """
WITH own AS (
    SELECT a.id, coalesce(sum(r.paid_fen) FILTER (WHERE r.state = 'counted'), 0) AS fen
    FROM orders_affected a LEFT JOIN members_refund r ON r.order_id = a.id GROUP BY a.id
), sums AS (
    SELECT o.id, own.fen + coalesce((SELECT sum(part.fen) FROM own part JOIN members_order c ON c.id = part.id
                                     WHERE c.parent_id = o.id), 0) AS fen
    FROM own JOIN members_order o ON o.id = own.id
)
UPDATE members_order o SET refunded_fen = s.fen, changed_at = %(at)s FROM sums s
WHERE o.id = s.id AND o.refunded_fen <> s.fen
"""


def settle(
    source: Source, changed: Sequence[Told], left: Collection[str] = (), *, new: Collection[str] = (), at: datetime
) -> None:
    """Lets follow what follows from these rows, and from orders that refunds left.

    Nothing follows from those of the `new` orders for which nobody waits, if they are no parts: the most of a day.
    """
    alone = {row.number for row in changed if row.kind != REFUND and not row.of and row.number in new}
    alone -= _awaited(source, alone)
    numbers = {row.number for row in changed if row.kind != REFUND} - alone
    numbers |= {row.of for row in changed if row.of} | set(left)
    if not numbers:
        return
    asked: dict[str, Any] = {"source": source.pk, "numbers": sorted(numbers), "at": at}
    with connection.cursor() as cursor:
        cursor.execute(AFFECTED)
        cursor.execute(BY_NUMBER, asked)
        cursor.execute(LEAVE_WHOLES, asked)
        cursor.execute(FIND_WHOLES, asked)
        cursor.execute(JOIN, asked)
        _count_what_fits(cursor, at)
        cursor.execute(SUM_UP, asked)


def _awaited(source: Source, numbers: Collection[str]) -> set[str]:
    if not numbers:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(AWAITED, {"source": source.pk, "numbers": sql_texts(numbers)})
        return {number for (number,) in cursor.fetchall()}


def _count_what_fits(cursor: Any, at: datetime) -> None:
    """Only where refunds go beyond the whole, or did so before, are they gone through one by one."""
    cursor.execute(OVERDRAWN)
    fitted = list(_fitting(cursor.fetchall()))
    if fitted:
        ids, states, goods, freights = map(list, zip(*fitted, strict=True))
        told = {"ids": ids, "states": states, "goods": goods, "freights": freights, "at": at}
        cursor.execute(SET_STATES, told)


def _fitting(told: Iterable[tuple[int, int, int, int, int]]) -> Iterable[tuple[int, str, int, int]]:
    """Of each refund whether it counts, and how much of it is goods and how much freight."""
    whole, goods_left, freight_left = None, 0, 0
    for of, paid, freight, refund, fen in told:
        if of != whole:
            whole, goods_left, freight_left = of, paid, freight
        goods = min(fen, goods_left)
        beyond = fen - goods
        if beyond > freight_left:
            yield refund, State.EXCESS.value, fen, 0
            continue
        goods_left, freight_left = goods_left - goods, freight_left - beyond
        yield (refund, State.COUNTED.value, goods, beyond) if goods else (refund, State.FREIGHT.value, fen, 0)


def in_excess(source: Source, numbers: Sequence[str]) -> set[str]:
    """Which of these refunds go beyond what their order has left."""
    if not numbers:
        return set()
    beyond = Refund.objects.filter(source=source, number__in=numbers, state=State.EXCESS)
    return set(beyond.values_list("number", flat=True))
