"""Rows beside what is known, in working tables: what is new is added, what differs is changed, the rest is not touched.

`orders_told` and `refunds_told` live as long as their transaction; `fate` is what becomes of each row.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from members.models import Source
from members.orders.rows import Told
from scrm import bulk
from scrm.bulk import NULL, told, told_bytes
from scrm.ids import sql_id

MANY = 500  # rows from which the planner is told how many there are
LOCK = "SELECT pg_advisory_xact_lock(7310002, %s)"

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS orders_told (
    index int, number text, parent_number text, buyer bytea, content bytea, store_id bigint, channel text,
    seller_id bigint, seller_userid text, paid_at timestamptz, paid_day date, paid_fen bigint, units int,
    categories smallint, version_at timestamptz,
    order_id bigint, public_id text, member_id bigint, fate text, is_known_buyer boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS goods_told (
    index int, position smallint, sku text, name text, category text, quantity int, paid_fen bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS refunds_told (
    index int, number text, order_number text, content bytea, refunded_at timestamptz, refunded_day date,
    paid_fen bigint, version_at timestamptz, refund_id bigint, public_id text, fate text
) ON COMMIT DELETE ROWS;
TRUNCATE orders_told, goods_told, refunds_told
"""
ORDER_COLUMNS = (
    "orders_told (index, number, parent_number, buyer, content, store_id, channel, seller_id, seller_userid, paid_at, "
    "paid_day, paid_fen, units, categories, version_at)"
)
GOODS = "goods_told"
REFUND_COLUMNS = "refunds_told (index, number, order_number, content, refunded_at, refunded_day, paid_fen, version_at)"

COMPARE = """
UPDATE orders_told t SET order_id = o.id, public_id = o.public_id, member_id = o.member_id,
    is_known_buyer = o.buyer IS NOT DISTINCT FROM t.buyer,
    fate = CASE WHEN t.version_at < o.version_at THEN 'unchanged'
                WHEN o.content = t.content AND o.seller_id IS NOT DISTINCT FROM coalesce(t.seller_id, o.seller_id)
                THEN 'same' ELSE 'updated' END
FROM members_order o WHERE o.source_id = %(source)s AND o.number = t.number
"""
STRANGERS = """
SELECT index FROM orders_told
WHERE buyer IS NOT NULL AND (order_id IS NULL OR (fate = 'updated' AND NOT is_known_buyer)) ORDER BY index
"""
KNOW = """
UPDATE orders_told t SET member_id = k.member_id
FROM unnest(%s::bytea[], %s::bigint[]) AS k (buyer, member_id)
WHERE t.buyer = k.buyer AND (t.order_id IS NULL OR (t.fate = 'updated' AND NOT t.is_known_buyer))
"""
NOBODY = "UPDATE orders_told SET member_id = NULL WHERE buyer IS NULL"
FACTS = (
    "parent_number, buyer, content, member_id, store_id, channel, seller_id, seller_userid, paid_at, paid_day, "
    "paid_fen, units, categories"
)
ADD = f"""
WITH made AS (
    INSERT INTO members_order (public_id, source_id, number, {FACTS}, version_at, refunded_fen, created_at, changed_at)
    SELECT {sql_id("o_")}, %(source)s, number, {FACTS}, version_at, 0, %(at)s, %(at)s
    FROM orders_told WHERE order_id IS NULL ORDER BY index
    RETURNING id, number, public_id
)
UPDATE orders_told t SET order_id = made.id, public_id = made.public_id, fate = 'created' FROM made
WHERE t.number = made.number
"""
# What leaves a day, a store or a seller is noted there.
MOVE = """
INSERT INTO members_correction (order_id, member_id, day, store_id, seller_id, paid_fen, is_refund, at)
SELECT o.id, o.member_id, o.paid_day, o.store_id, o.seller_id, o.paid_fen, false, %(at)s
FROM orders_told t JOIN members_order o ON o.id = t.order_id
WHERE t.fate = 'updated' AND (o.member_id, o.paid_day, o.store_id, o.seller_id, o.paid_fen)
    IS DISTINCT FROM (t.member_id, t.paid_day, t.store_id, t.seller_id, t.paid_fen)
"""
# Refunds take from where their order stands: where they took from before is noted as well.
MOVE_GIVEN = """
WITH moved AS (
    SELECT o.id, o.member_id, o.store_id, o.seller_id FROM orders_told t JOIN members_order o ON o.id = t.order_id
    WHERE t.fate = 'updated' AND o.parent_id IS NULL
        AND (o.store_id, o.seller_id) IS DISTINCT FROM (t.store_id, t.seller_id)
), given AS (
    SELECT m.*, r.order_id, r.refunded_day, r.paid_fen FROM moved m JOIN members_refund r ON r.order_id = m.id
    UNION ALL
    SELECT m.*, r.order_id, r.refunded_day, r.paid_fen FROM moved m JOIN members_order part ON part.parent_id = m.id
        JOIN members_refund r ON r.order_id = part.id
)
INSERT INTO members_correction (order_id, member_id, day, store_id, seller_id, paid_fen, is_refund, at)
SELECT order_id, member_id, refunded_day, store_id, seller_id, paid_fen, true, %(at)s FROM given
"""
CHANGE = f"""
UPDATE members_order o SET ({FACTS}) = ROW ({", ".join("t." + name for name in FACTS.split(", "))}),
    version_at = greatest(o.version_at, t.version_at), changed_at = %(at)s
FROM orders_told t WHERE t.fate = 'updated' AND o.id = t.order_id
"""
# Said anew without a change: an older saying that comes later still is an older one.
SEEN = """
UPDATE members_order o SET version_at = t.version_at FROM orders_told t
WHERE t.fate = 'same' AND o.id = t.order_id AND t.version_at > coalesce(o.version_at, '-infinity')
"""
CLEAR = """
DELETE FROM members_orderline l USING orders_told t WHERE t.fate = 'updated' AND l.order_id = t.order_id
"""
PUT = """
INSERT INTO members_orderline (order_id, position, sku, name, category, quantity, paid_fen)
SELECT t.order_id, g.position, g.sku, g.name, g.category, g.quantity, g.paid_fen
FROM goods_told g JOIN orders_told t USING (index) WHERE t.fate IN ('created', 'updated') ORDER BY index, position
"""
ANSWERS = "SELECT index, CASE fate WHEN 'same' THEN 'unchanged' ELSE fate END, public_id FROM "

COMPARE_REFUNDS = """
UPDATE refunds_told t SET refund_id = r.id, public_id = r.public_id,
    fate = CASE WHEN t.version_at < r.version_at THEN 'unchanged' WHEN r.content = t.content THEN 'same'
                ELSE 'updated' END
FROM members_refund r WHERE r.source_id = %(source)s AND r.number = t.number
"""
ADD_REFUNDS = f"""
WITH made AS (
    INSERT INTO members_refund (public_id, source_id, number, order_number, state, refunded_at, refunded_day, paid_fen,
                                content, version_at, created_at, changed_at)
    SELECT {sql_id("rf_")}, %(source)s, number, order_number, 'waiting', refunded_at, refunded_day, paid_fen,
           content, version_at, %(at)s, %(at)s
    FROM refunds_told WHERE refund_id IS NULL ORDER BY index
    RETURNING id, number, public_id
)
UPDATE refunds_told t SET refund_id = made.id, public_id = made.public_id, fate = 'created' FROM made
WHERE t.number = made.number
"""
MOVE_REFUNDS = """
INSERT INTO members_correction (order_id, member_id, day, store_id, seller_id, paid_fen, is_refund, at)
SELECT o.id, w.member_id, r.refunded_day, w.store_id, w.seller_id, r.paid_fen, true, %(at)s
FROM refunds_told t JOIN members_refund r ON r.id = t.refund_id JOIN members_order o ON o.id = r.order_id
JOIN members_order w ON w.id = coalesce(o.parent_id, o.id)
WHERE t.fate = 'updated' AND (r.refunded_day, r.order_number, r.paid_fen)
    IS DISTINCT FROM (t.refunded_day, t.order_number, t.paid_fen)
"""
CHANGE_REFUNDS = """
UPDATE members_refund r SET order_number = t.order_number, refunded_at = t.refunded_at, refunded_day = t.refunded_day,
    paid_fen = t.paid_fen, content = t.content, version_at = greatest(r.version_at, t.version_at), changed_at = %(at)s
FROM refunds_told t WHERE t.fate = 'updated' AND r.id = t.refund_id
"""
SEEN_REFUNDS = """
UPDATE members_refund r SET version_at = t.version_at FROM refunds_told t
WHERE t.fate = 'same' AND r.id = t.refund_id AND t.version_at > coalesce(r.version_at, '-infinity')
"""
CLEAR_REFUNDS = """
DELETE FROM members_refundline l USING refunds_told t WHERE t.fate = 'updated' AND l.refund_id = t.refund_id
"""
PUT_REFUNDS = """
INSERT INTO members_refundline (refund_id, position, sku, quantity, paid_fen)
SELECT t.refund_id, g.position, g.sku, g.quantity, g.paid_fen
FROM goods_told g JOIN refunds_told t USING (index) WHERE t.fate IN ('created', 'updated')
"""
# A refund that changes its order leaves the one before as well.
LEFT = """
SELECT r.order_number FROM members_refund r JOIN refunds_told t ON t.refund_id = r.id
WHERE t.fate = 'updated' AND r.order_number <> t.order_number
"""


def lock(source: Source) -> None:
    """Batches of one source follow each other, so that each sees what the one before wrote."""
    _run(LOCK, [source.pk])


def order_line(
    row: Told, *, day: date, store: int | None, seller: int | None, buyer: bytes | None, content: bytes
) -> str:
    """An order as a line of its working table."""
    units = sum([line.quantity for line in row.lines])
    categories = len({line.category for line in row.lines if line.category})
    return (
        f"{row.index}\t{told(row.number)}\t{told(row.of)}\t{told_bytes(buyer)}\t{told_bytes(content)}\t{store or NULL}"
        f"\t{row.channel}\t{seller or NULL}\t{told(row.seller)}\t{row.at}\t{day}\t{row.paid_fen}\t{units}"
        f"\t{categories}\t{row.version_at or NULL}\n"
    )


def refund_line(row: Told, *, day: date, content: bytes) -> str:
    """A refund as a line of its working table."""
    return (
        f"{row.index}\t{told(row.number)}\t{told(row.of)}\t{told_bytes(content)}\t{row.at}\t{day}\t{row.paid_fen}"
        f"\t{row.version_at or NULL}\n"
    )


def goods(row: Told) -> str:
    """The lines of an order or a refund as lines of their working table."""
    return "".join(
        [
            f"{row.index}\t{n}\t{told(one.sku)}\t{told(one.name)}\t{told(one.category)}\t{one.quantity}\t{one.paid_fen}\n"
            for n, one in enumerate(row.lines)
        ]
    )


def stage_orders(lines: Sequence[str]) -> None:
    """The orders of a batch stand in the working table."""
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        bulk.stage(cursor, ORDER_COLUMNS, lines)
        if len(lines) > MANY:
            cursor.execute("ANALYZE orders_told")


def compare_orders(source: Source) -> None:
    _run(COMPARE, {"source": source.pk})
    _run(NOBODY)


def buyers_to_recognise() -> list[int]:
    """The rows of which it is to be found out who bought."""
    return [index for (index,) in _run(STRANGERS)]


def know_buyers(known: Mapping[bytes, int | None]) -> None:
    _run(KNOW, [list(known), list(known.values())])


def write_orders(source: Source, lines: Sequence[str], *, at: datetime) -> list[tuple[int, str, str]]:
    """What became of each order: (index, created | updated | unchanged, public id)."""
    asked: dict[str, Any] = {"source": source.pk, "at": at}
    with connection.cursor() as cursor:
        bulk.stage(cursor, GOODS, lines)
        cursor.execute(ADD, asked)
        cursor.execute("SELECT count(*) FROM orders_told WHERE fate IN ('updated', 'same')")
        if cursor.fetchone()[0]:
            cursor.execute(MOVE, asked)
            cursor.execute(MOVE_GIVEN, asked)
            cursor.execute(CHANGE, asked)
            cursor.execute(SEEN)
            cursor.execute(CLEAR)
        if len(lines) > MANY:
            cursor.execute("ANALYZE goods_told")
        cursor.execute(PUT)
        cursor.execute(ANSWERS + "orders_told")
        return cursor.fetchall()  # type: ignore[no-any-return]


def refunds(
    source: Source, staged: Sequence[str], lines: Sequence[str], *, at: datetime
) -> tuple[list[tuple[int, str, str]], set[str]]:
    """What became of each refund, as of orders; and the orders that refunds left for another one."""
    asked: dict[str, Any] = {"source": source.pk, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        bulk.stage(cursor, REFUND_COLUMNS, staged)
        bulk.stage(cursor, GOODS, lines)
        cursor.execute(COMPARE_REFUNDS, asked)
        cursor.execute(LEFT)
        left = {number for (number,) in cursor.fetchall()}
        cursor.execute(ADD_REFUNDS, asked)
        for step in (MOVE_REFUNDS, CHANGE_REFUNDS, SEEN_REFUNDS, CLEAR_REFUNDS, PUT_REFUNDS):
            cursor.execute(step, asked)
        cursor.execute(ANSWERS + "refunds_told")
        return cursor.fetchall(), left


def _run(sql: str, asked: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return cursor.fetchall() if cursor.description else []
