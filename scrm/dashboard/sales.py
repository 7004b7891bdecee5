"""What was sold, from orders and refunds into SalesDay: set-based SQL over touched store-days.

`board_sold` names the store-days to count again (store 0: no store), `board_sales` is their new count; what became
different goes to `board_cells` of `flows`. The whole of a split order counts, never its parts; a refund counts on its
own day and takes from the order's store and seller. Who bought at a store within 365 days is a level that is walked
from day to day: `buyers_change` and `repeaters_change` say by how much it differs from the day before.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

COLUMNS = ("orders", "gmv", "member_gmv", "units", "attached", "buyers_change", "repeaters_change")
NAMES = ", ".join(COLUMNS)
WINDOW = 365  # days within which somebody is a buyer

TABLES = f"""
CREATE TEMP TABLE IF NOT EXISTS board_sold (store_id bigint, day date, PRIMARY KEY (store_id, day))
    ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS board_sales ON COMMIT DELETE ROWS
    AS SELECT day, store_id, seller_id, {NAMES} FROM dashboard_salesday WITH NO DATA;
CREATE TEMP TABLE IF NOT EXISTS board_visits (store_id bigint, day date, person bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS board_buyers (store_id bigint, person bigint) ON COMMIT DELETE ROWS;
TRUNCATE board_sold, board_sales, board_visits, board_buyers;
"""

TOUCH_DAYS = f"""
INSERT INTO board_sold
SELECT coalesce(store_id, 0), paid_day FROM members_order WHERE paid_day = ANY(%(days)s)
UNION SELECT coalesce(store_id, 0), paid_day + {WINDOW} FROM members_order
      WHERE paid_day = ANY(%(before)s) AND member_id IS NOT NULL
UNION SELECT coalesce(w.store_id, 0), r.refunded_day FROM members_refund r
      JOIN members_order o ON o.id = r.order_id JOIN members_order w ON w.id = coalesce(o.parent_id, o.id)
      WHERE r.refunded_day = ANY(%(days)s)
UNION SELECT coalesce(store_id, 0), day FROM dashboard_salesday WHERE day = ANY(%(days)s)
ON CONFLICT DO NOTHING
"""

# Orders that changed, with the days and stores of their refunds; those whose buyer has become a member since; and where
# orders stood before they were corrected.
TOUCH_CHANGES = """
WITH changed AS (
    SELECT id, parent_id, store_id, paid_day, member_id FROM members_order WHERE changed_at >= %(since)s
    UNION SELECT o.id, o.parent_id, o.store_id, o.paid_day, o.member_id
    FROM members_refund r JOIN members_order o ON o.id = r.order_id WHERE r.changed_at >= %(since)s
    UNION SELECT o.id, o.parent_id, o.store_id, o.paid_day, o.member_id
    FROM members_member m JOIN members_member k ON k.id = coalesce(m.same_person_as_id, m.id)
        OR k.same_person_as_id = coalesce(m.same_person_as_id, m.id)
    JOIN members_order o ON o.member_id = k.id
    WHERE m.registered_at >= %(since)s
), left_behind AS (
    SELECT order_id, store_id, day FROM members_correction WHERE at >= %(since)s
), places AS (
    SELECT c.id, c.store_id FROM changed c UNION SELECT c.id, p.store_id FROM changed c
        JOIN members_order p ON p.id = c.parent_id
    UNION SELECT order_id, store_id FROM left_behind
), work AS (
    SELECT coalesce(store_id, 0) AS store_id, paid_day AS day FROM changed
    UNION SELECT coalesce(store_id, 0), day FROM left_behind
    UNION SELECT coalesce(p.store_id, 0), r.refunded_day FROM places p JOIN members_refund r ON r.order_id = p.id
    UNION SELECT coalesce(p.store_id, 0), r.refunded_day FROM places p JOIN members_order part ON part.parent_id = p.id
          JOIN members_refund r ON r.order_id = part.id
)
INSERT INTO board_sold SELECT store_id, day FROM work WHERE day BETWEEN %(earliest)s AND %(today)s
ON CONFLICT DO NOTHING
"""

# People whose days at a store may be others than when they were counted: one day more or less changes what the days
# around it say, and the day on which it falls out of the window.
TOUCH_BUYERS = """
WITH who AS (
    SELECT member_id, store_id FROM members_order WHERE changed_at >= %(since)s AND member_id IS NOT NULL
    UNION SELECT member_id, store_id FROM members_correction WHERE at >= %(since)s AND member_id IS NOT NULL
    UNION SELECT o.member_id, c.store_id FROM members_correction c JOIN members_order o ON o.id = c.order_id
          WHERE c.at >= %(since)s AND o.member_id IS NOT NULL
    UNION SELECT o.member_id, o.store_id FROM members_merge g
          JOIN members_order o ON o.member_id IN (g.winner_id, g.loser_id)
          WHERE g.at >= %(since)s OR g.undone_at >= %(since)s
)
INSERT INTO board_buyers SELECT DISTINCT coalesce(w.store_id, 0), coalesce(m.same_person_as_id, m.id)
FROM who w JOIN members_member m ON m.id = w.member_id
"""
# Her days as they are, and those that she had: what was counted at them is counted again.
TOUCH_VISITS = f"""
WITH circle AS (
    SELECT b.store_id, b.person, b.person AS member_id FROM board_buyers b
    UNION SELECT b.store_id, b.person, m.id FROM board_buyers b JOIN members_member m ON m.same_person_as_id = b.person
), days AS (
    SELECT c.store_id, o.paid_day AS day FROM circle c JOIN members_order o ON o.member_id = c.member_id
        AND coalesce(o.store_id, 0) = c.store_id
    UNION SELECT coalesce(store_id, 0), day FROM members_correction
        WHERE at >= %(since)s AND NOT is_refund AND member_id IS NOT NULL
), work AS (SELECT store_id, day FROM days UNION SELECT store_id, day + {WINDOW} FROM days)
INSERT INTO board_sold SELECT store_id, day FROM work WHERE day BETWEEN %(first)s AND %(today)s
ON CONFLICT DO NOTHING
"""

OLDEST = """
SELECT min(day) FROM board_sold
"""
LEAVE_OUT = "DELETE FROM board_sold WHERE day < %(first)s"

READ_VISITS = f"""
INSERT INTO board_visits
SELECT DISTINCT t.store_id, t.day, coalesce(m.same_person_as_id, m.id)
FROM board_sold t JOIN members_order o ON o.paid_day IN (t.day, t.day - {WINDOW})
    AND coalesce(o.store_id, 0) = t.store_id AND o.parent_id IS NULL
JOIN members_member m ON m.id = o.member_id
WHERE t.store_id = 0
UNION
SELECT DISTINCT t.store_id, t.day, coalesce(m.same_person_as_id, m.id)
FROM board_sold t JOIN members_order o ON o.store_id = t.store_id AND o.paid_day IN (t.day, t.day - {WINDOW})
    AND o.parent_id IS NULL
JOIN members_member m ON m.id = o.member_id
WHERE t.store_id <> 0
"""
# How many days of hers lie in the window that ends on the day, and in the one that ended the day before: at most two
# are told apart.
COUNT_BUYERS = f"""
WITH circle AS (
    SELECT v.person, v.person AS member_id FROM (SELECT DISTINCT person FROM board_visits) v
    UNION SELECT v.person, m.id FROM (SELECT DISTINCT person FROM board_visits) v
        JOIN members_member m ON m.same_person_as_id = v.person
), days AS (
    SELECT v.store_id, v.day, v.person,
           count(DISTINCT o.paid_day) FILTER (WHERE o.paid_day > v.day - {WINDOW}) AS now,
           count(DISTINCT o.paid_day) FILTER (WHERE o.paid_day < v.day) AS before
    FROM board_visits v JOIN circle c USING (person)
    JOIN members_order o ON o.member_id = c.member_id AND coalesce(o.store_id, 0) = v.store_id
        AND o.paid_day BETWEEN v.day - {WINDOW} AND v.day AND o.parent_id IS NULL
    GROUP BY 1, 2, 3
)
INSERT INTO board_sales (day, store_id, seller_id, {NAMES})
SELECT day, nullif(store_id, 0), NULL, 0, 0, 0, 0, 0,
       sum((now >= 1)::int - (before >= 1)::int), sum((now >= 2)::int - (before >= 2)::int)
FROM days GROUP BY day, store_id
"""
# A sale is a member's if she had become one by the end of its day.
COUNT = f"""
WITH sold AS (
    SELECT t.day, t.store_id, o.seller_id, o.member_id, o.paid_day, o.paid_fen AS fen, 1 AS orders, o.units,
           (o.categories >= 2)::int AS attached
    FROM board_sold t JOIN members_order o ON o.store_id = t.store_id AND o.paid_day = t.day AND o.parent_id IS NULL
    WHERE t.store_id <> 0
    UNION ALL
    SELECT t.day, t.store_id, o.seller_id, o.member_id, o.paid_day, o.paid_fen, 1, o.units, (o.categories >= 2)::int
    FROM board_sold t JOIN members_order o ON o.store_id IS NULL AND o.paid_day = t.day AND o.parent_id IS NULL
    WHERE t.store_id = 0
    UNION ALL
    SELECT t.day, t.store_id, w.seller_id, w.member_id, w.paid_day, -r.paid_fen, 0, 0, 0
    FROM (SELECT DISTINCT day FROM board_sold) d
    JOIN members_refund r ON r.refunded_day = d.day AND r.state = 'counted'
    JOIN members_order o ON o.id = r.order_id
    JOIN members_order w ON w.id = coalesce(o.parent_id, o.id)
    JOIN board_sold t ON t.day = d.day AND t.store_id = coalesce(w.store_id, 0)
), told AS (
    SELECT sold.*, EXISTS (
        SELECT FROM members_member m JOIN members_member k
            ON k.id = coalesce(m.same_person_as_id, m.id) OR k.same_person_as_id = coalesce(m.same_person_as_id, m.id)
        WHERE m.id = sold.member_id
          AND k.registered_at < ((sold.paid_day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
    ) AS is_members FROM sold
)
INSERT INTO board_sales (day, store_id, seller_id, {NAMES})
SELECT day, nullif(store_id, 0), seller_id, sum(orders), sum(fen), coalesce(sum(fen) FILTER (WHERE is_members), 0),
       sum(units), sum(attached), 0, 0
FROM told GROUP BY 1, 2, 3
"""
FRESH = f"""
CREATE TEMP TABLE IF NOT EXISTS board_sales_fresh ON COMMIT DELETE ROWS
    AS SELECT day, store_id, seller_id, {NAMES} FROM dashboard_salesday WITH NO DATA;
TRUNCATE board_sales_fresh;
INSERT INTO board_sales_fresh SELECT day, store_id, seller_id, {", ".join(f"sum({name})" for name in COLUMNS)}
FROM board_sales GROUP BY 1, 2, 3
HAVING {" OR ".join(f"sum({name}) <> 0" for name in COLUMNS)};
"""
FORGET = """
WITH gone AS (
    DELETE FROM dashboard_salesday g USING board_sold t
    WHERE coalesce(g.store_id, 0) = t.store_id AND g.day = t.day AND NOT EXISTS (
        SELECT FROM board_sales_fresh f WHERE f.day = g.day AND coalesce(f.store_id, 0) = coalesce(g.store_id, 0)
        AND coalesce(f.seller_id, 0) = coalesce(g.seller_id, 0))
    RETURNING coalesce(g.store_id, 0) AS store_id, g.day
)
INSERT INTO board_cells SELECT DISTINCT store_id, day FROM gone
"""
REMEMBER = f"""
WITH written AS (
    INSERT INTO dashboard_salesday AS g (day, store_id, seller_id, {NAMES})
    SELECT day, store_id, seller_id, {NAMES} FROM board_sales_fresh ORDER BY store_id, day
    ON CONFLICT (store_id, day, seller_id) DO UPDATE
    SET ({NAMES}) = ROW ({", ".join(f"excluded.{name}" for name in COLUMNS)})
    WHERE ({", ".join(f"g.{name}" for name in COLUMNS)})
        IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in COLUMNS)})
    RETURNING coalesce(store_id, 0) AS store_id, day
)
INSERT INTO board_cells SELECT DISTINCT store_id, day FROM written
"""
# How many were buyers on the day before the first one of all.
BASE = f"""
SELECT store_id, count(*) AS buyers, count(*) FILTER (WHERE days >= 2) AS repeaters FROM (
    SELECT coalesce(o.store_id, 0) AS store_id, coalesce(m.same_person_as_id, m.id) AS person,
           count(DISTINCT o.paid_day) AS days
    FROM members_order o JOIN members_member m ON m.id = o.member_id
    WHERE o.paid_day < %(first)s AND o.paid_day >= %(first)s::date - {WINDOW} AND o.parent_id IS NULL GROUP BY 1, 2
) p GROUP BY 1
"""


def prepare() -> None:
    """Empty working tables of this transaction."""
    _run(TABLES)


def touch_days(days: Sequence[date]) -> None:
    """All sales of these days."""
    before = [date.fromordinal(day.toordinal() - WINDOW) for day in days]
    _run(TOUCH_DAYS, days=list(days), before=before)


def touch_changes(since: datetime, *, earliest: date, today: date, first: date) -> date | None:
    """The store-days that changes since an instant may concern; says the first of them with something sold."""
    asked = {"since": since, "earliest": earliest, "today": today, "first": first}
    _run(TOUCH_CHANGES, **asked)
    (oldest,) = _run(OLDEST)[0]
    _run(TOUCH_BUYERS, **asked)
    _run(TOUCH_VISITS, **asked)
    return oldest  # type: ignore[no-any-return]


def oldest() -> date | None:
    """The first day on which anything was sold or given back."""
    (found,) = _run(
        "SELECT least((SELECT min(paid_day) FROM members_order), (SELECT min(refunded_day) FROM members_refund))"
    )[0]
    return found  # type: ignore[no-any-return]


def count(*, first: date) -> None:
    """Counts the touched store-days from the first filled day on again; notes those that became different."""
    _run(LEAVE_OUT, first=first)
    _run("ANALYZE board_sold")
    _run(READ_VISITS)
    _run("ANALYZE board_visits")
    _run(COUNT_BUYERS)
    _run(COUNT)
    _run(FRESH)
    _run(FORGET)
    _run(REMEMBER)


def _run(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []
