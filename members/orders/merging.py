"""Rows beside what is known: what is new is added, what differs is changed, the rest is not touched.

New orders go straight into their table by COPY, under keys drawn ahead: the lock of their source keeps everybody else
from adding the same ones. What changes passes through a working table that lives as long as its transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from members.models import Source
from members.orders.rows import Told
from scrm import bulk
from scrm.bulk import NULL, told, told_bytes
from scrm.clock import day_of
from scrm.ids import many_ids, sql_id, sql_texts

MANY = 500  # rows from which the planner is told how many there are
LOCK = "SELECT pg_advisory_xact_lock(7310002, %s)"
CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS orders_told (
    order_id bigint, parent_number text, buyer bytea, content bytea, member_id bigint, store_id bigint, channel text,
    seller_id bigint, seller_userid text, paid_at timestamptz, paid_day date, paid_fen bigint, units int,
    categories smallint, freight_fen bigint, version_at timestamptz
) ON COMMIT DELETE ROWS;
TRUNCATE orders_told
"""
STAGE_REFUNDS = """
CREATE TEMP TABLE IF NOT EXISTS goods_told (
    index int, position smallint, sku text, name text, category text, quantity int, paid_fen bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS refunds_told (
    index int, number text, order_number text, content bytea, refunded_at timestamptz, refunded_day date,
    paid_fen bigint, version_at timestamptz, refund_id bigint, public_id text, fate text
) ON COMMIT DELETE ROWS;
TRUNCATE goods_told, refunds_told
"""
GOODS = "goods_told"
REFUND_COLUMNS = "refunds_told (index, number, order_number, content, refunded_at, refunded_day, paid_fen, version_at)"

KNOWN = """
SELECT number, id, public_id, member_id, buyer, content, seller_id, version_at FROM members_order
WHERE source_id = %s AND number = ANY(%s::text[])
"""
FACTS = (
    "parent_number, buyer, content, member_id, store_id, channel, seller_id, seller_userid, paid_at, paid_day, "
    "paid_fen, units, categories, freight_fen"
)
DRAW = """
SELECT nextval((SELECT pg_get_serial_sequence('members_order', 'id')::regclass)) FROM generate_series(1, %s)
"""
ORDERS = f"members_order (id, public_id, source_id, number, created_at, changed_at, refunded_fen, {FACTS}, version_at)"
LINES = "members_orderline (order_id, position, sku, name, category, quantity, paid_fen)"
# What leaves a day, a store or a seller is noted there.
MOVE = """
INSERT INTO members_correction (order_id, member_id, day, store_id, seller_id, paid_fen, is_refund, at)
SELECT o.id, o.member_id, o.paid_day, o.store_id, o.seller_id, o.paid_fen, false, %(at)s
FROM orders_told t JOIN members_order o ON o.id = t.order_id
WHERE (o.member_id, o.paid_day, o.store_id, o.seller_id, o.paid_fen)
    IS DISTINCT FROM (t.member_id, t.paid_day, t.store_id, t.seller_id, t.paid_fen)
"""
# Refunds take from where their order stands: where they took from before is noted as well.
MOVE_GIVEN = """
WITH moved AS (
    SELECT o.id, o.member_id, o.store_id, o.seller_id FROM orders_told t JOIN members_order o ON o.id = t.order_id
    WHERE o.parent_id IS NULL
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
FROM orders_told t WHERE o.id = t.order_id
"""
# Said anew without a change: an older saying that comes later still is an older one.
SEEN = """
UPDATE members_order o SET version_at = t.version_at
FROM unnest(%s::bigint[], %s::timestamptz[]) AS t (id, version_at) WHERE o.id = t.id
"""
CLEAR = "DELETE FROM members_orderline l USING orders_told t WHERE l.order_id = t.order_id"
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
    paid_fen = t.paid_fen, freight_fen = 0, content = t.content, version_at = greatest(r.version_at, t.version_at),
    changed_at = %(at)s
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


@dataclass(slots=True)
class Entry:
    """An order that was told, and what becomes of it: beside what is known of it already."""

    row: Told
    store: int | None
    seller: int | None
    buyer: bytes | None  # a fingerprint of the buyer's ids
    content: bytes
    fate: str = CREATED
    pk: int = 0
    public_id: str = ""
    member: int | None = None
    asks: bool = True  # whether it is to be found out who bought
    is_newer: bool = False  # nothing new, but said anew

    def beside(self, known: Sequence[Any]) -> None:
        """The order is known: as key, public id, member, buyer, content, seller and version."""
        self.pk, self.public_id, member, buyer, content, seller, version = known
        said = self.row.version_at
        is_same = content == self.content and self.seller in (None, seller)
        is_older = said is not None and version is not None and said < version
        self.fate = UNCHANGED if is_older or is_same else UPDATED
        self.is_newer = said is not None and (version is None or said > version)
        self.asks = self.fate == UPDATED and buyer != self.buyer
        self.member = member if self.buyer else None


def lock(source: Source) -> None:
    """Batches of one source follow each other, so that each sees what the one before wrote."""
    _run(LOCK, [source.pk])


def refund_line(row: Told, *, day: date, content: bytes) -> str:
    """A refund as a line of its working table."""
    return (
        f"{row.index}\t{told(row.number)}\t{told(row.of)}\t{told_bytes(content)}\t{row.at}\t{day}\t{row.paid_fen}"
        f"\t{row.version_at or NULL}\n"
    )


def goods(row: Told) -> str:
    """The lines of a refund as lines of their working table."""
    return "".join(
        [
            f"{row.index}\t{n}\t{told(one.sku)}\t{told(one.name)}\t{told(one.category)}\t{one.quantity}\t{one.paid_fen}\n"
            for n, one in enumerate(row.lines)
        ]
    )


def compare_orders(source: Source, orders: Sequence[Entry]) -> None:
    """Each order knows what is known of it."""
    known = {number: rest for number, *rest in _run(KNOWN, [source.pk, sql_texts([one.row.number for one in orders])])}
    for one in orders if known else ():
        if found := known.get(one.row.number):
            one.beside(found)


def write_orders(source: Source, orders: Sequence[Entry], *, at: datetime) -> None:
    """The new and the changed orders stand with their lines."""
    new = [one for one in orders if one.fate == CREATED]
    changed = [one for one in orders if one.fate == UPDATED]
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if changed:
            _change(cursor, changed, at)
        if new:
            _add(cursor, source, new, at)
        if lines := _goods([*new, *changed]):
            bulk.stage(cursor, LINES, lines)
        if newer := [one for one in orders if one.fate == UNCHANGED and one.is_newer]:
            cursor.execute(SEEN, [[one.pk for one in newer], [one.row.version_at for one in newer]])


def _add(cursor: Any, source: Source, orders: Sequence[Entry], at: datetime) -> None:
    cursor.execute(DRAW, [len(orders)])
    for one, (key,), public_id in zip(orders, cursor.fetchall(), many_ids("o_", len(orders)), strict=True):
        one.pk, one.public_id = key, public_id
    now = f"{at}\t{at}\t0"
    lines = [f"{one.pk}\t{one.public_id}\t{source.pk}\t{told(one.row.number)}\t{now}\t{_facts(one)}" for one in orders]
    bulk.stage(cursor, ORDERS, lines)


def _change(cursor: Any, orders: Sequence[Entry], at: datetime) -> None:
    cursor.execute(STAGE)
    bulk.stage(cursor, f"orders_told (order_id, {FACTS}, version_at)", [f"{one.pk}\t{_facts(one)}" for one in orders])
    if len(orders) > MANY:
        cursor.execute("ANALYZE orders_told")
    for step in (MOVE, MOVE_GIVEN, CHANGE, CLEAR):
        cursor.execute(step, {"at": at})


def _facts(one: Entry) -> str:
    """What was told, as the end of a line: FACTS and the version."""
    row = one.row
    units = sum([line.quantity for line in row.lines])
    categories = len({line.category for line in row.lines if line.category})
    return (
        f"{told(row.of)}\t{told_bytes(one.buyer)}\t{told_bytes(one.content)}\t{one.member or NULL}"
        f"\t{one.store or NULL}\t{row.channel}\t{one.seller or NULL}\t{told(row.seller)}\t{row.at}"
        f"\t{day_of(row.at)}\t{row.paid_fen}\t{units}\t{categories}\t{row.freight_fen}"
        f"\t{row.version_at or NULL}\n"
    )


def _goods(orders: Iterable[Entry]) -> list[str]:
    return [
        f"{one.pk}\t{n}\t{told(line.sku)}\t{told(line.name)}\t{told(line.category)}\t{line.quantity}\t{line.paid_fen}\n"
        for one in orders
        for n, line in enumerate(one.row.lines)
    ]


def refunds(
    source: Source, staged: Sequence[str], lines: Sequence[str], *, at: datetime
) -> tuple[list[tuple[int, str, str]], set[str]]:
    """What became of each refund, as of orders; and the orders that refunds left for another one."""
    asked: dict[str, Any] = {"source": source.pk, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(STAGE_REFUNDS)
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
