"""Where each node stands at a day's end, from GuideDay and SalesDay into NodeDay and StoreSpan.

A store has a row for every day from its first one on. Its live count, and how many bought there within a year, are
those of the day before plus the day's flows; the brand, its regions and its franchisees are sums of the stores' rows as
the tree stood on that day.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection

from scrm.dashboard import periods, sales
from scrm.dashboard.flows import COLUMNS as FLOWS

COLUMNS = (*FLOWS, *sales.COLUMNS)
NAMES = ", ".join(COLUMNS)
LEVELS = ("live", "buyers_365", "repeaters_365")
STANDING = f"{NAMES}, live_at_start, {', '.join(LEVELS)}"
ZEROS = ", ".join("0" for _column in STANDING.split(", "))
CHANGE = "adds + moved_in - losses - drops - moved_out"

# A day without a placement (before the house knew the store) counts where the store stands now.
WHERE_IT_STOOD = """
LEFT JOIN stores_store s ON s.id = {store}
LEFT JOIN stores_placement p ON p.store_id = s.id AND p.starts_on <= {day} AND (p.ends_on IS NULL OR p.ends_on > {day})
LEFT JOIN stores_contract c ON c.store_id = s.id AND c.starts_on <= {day} AND (c.ends_on IS NULL OR c.ends_on > {day})
"""

# Stores get rows from their opening, or from the first day on which something happened there.
BEAR = f"""
WITH born AS (
    SELECT store_id, min(day) AS day FROM board_cells GROUP BY 1
    UNION ALL SELECT node_id, day + 1 FROM dashboard_nodeday
              WHERE kind IN ('store', 'unplaced') AND day = %(first)s::date - 1
    UNION ALL SELECT store_id, greatest(min(starts_on), %(first)s) FROM stores_opening
              WHERE starts_on <= %(last)s GROUP BY 1
    UNION ALL SELECT store_id, %(first)s FROM board_base
), days AS (
    SELECT b.store_id, d::date AS day FROM (SELECT store_id, min(day) AS day FROM born GROUP BY 1) b,
           generate_series(b.day, %(last)s, interval '1 day') d
), put AS (
INSERT INTO dashboard_nodeday (kind, node_id, day, store_id, region_id, franchisee_id, {STANDING})
SELECT CASE d.store_id WHEN 0 THEN 'unplaced' ELSE 'store' END, d.store_id, d.day, nullif(d.store_id, 0),
       coalesce(p.region_id, s.region_id), c.franchisee_id, {ZEROS}
FROM days d {WHERE_IT_STOOD.format(store="d.store_id", day="d.day")}
WHERE NOT EXISTS (SELECT FROM dashboard_nodeday n WHERE n.node_id = d.store_id AND n.day = d.day
                  AND n.kind = CASE d.store_id WHEN 0 THEN 'unplaced' ELSE 'store' END)
ORDER BY d.store_id, d.day
RETURNING coalesce(store_id, 0) AS store_id, day
)
INSERT INTO board_cells SELECT store_id, day FROM put
"""
BASE = """
CREATE TEMP TABLE IF NOT EXISTS board_base (store_id bigint, live bigint, buyers bigint, repeaters bigint)
    ON COMMIT DELETE ROWS;
TRUNCATE board_base;
"""
READ_BASE = f"""
INSERT INTO board_base
SELECT store_id, sum(live), sum(buyers), sum(repeaters) FROM (
    SELECT coalesce(store_id, 0) AS store_id, count(*) AS live, 0 AS buyers, 0 AS repeaters FROM guides_relation
    WHERE added_day < %(first)s AND (ended_day IS NULL OR ended_day >= %(first)s) GROUP BY 1
    UNION ALL SELECT store_id, 0, buyers, repeaters FROM ({sales.BASE}) b
) held GROUP BY 1
"""
ALL_CELLS = """
INSERT INTO board_cells SELECT node_id, day FROM dashboard_nodeday
WHERE kind IN ('store', 'unplaced') AND day = ANY(%(days)s)
"""


def _sum_up(table: str, columns: Sequence[str]) -> str:
    """SQL that sums one table of days up into the noted store-days."""
    own, sums = ", ".join(f"n.{name}" for name in columns), ", ".join(f"s.{name}" for name in columns)
    return f"""
WITH cells AS (SELECT DISTINCT store_id, day FROM board_cells),
sums AS (
    SELECT c.store_id, c.day, {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in columns)} FROM cells c
    LEFT JOIN {table} g
        ON g.day = ANY(%(days)s) AND g.day = c.day AND coalesce(g.store_id, 0) = c.store_id GROUP BY 1, 2
)
UPDATE dashboard_nodeday n SET ({", ".join(columns)}) = ROW ({sums}) FROM sums s
WHERE n.kind = CASE s.store_id WHEN 0 THEN 'unplaced' ELSE 'store' END AND n.node_id = s.store_id AND n.day = s.day
  AND ({own}) IS DISTINCT FROM ({sums})
"""


SUM_UP = _sum_up("dashboard_guideday", FLOWS)
SUM_UP_SALES = _sum_up("dashboard_salesday", sales.COLUMNS)
WALK = f"""
WITH since AS (
    SELECT c.store_id, c.day, CASE c.store_id WHEN 0 THEN 'unplaced' ELSE 'store' END AS kind
    FROM (SELECT store_id, min(day) AS day FROM board_cells GROUP BY 1) c
), began AS (
    SELECT s.*, coalesce(y.live, b.live, 0) AS live, coalesce(y.buyers_365, b.buyers, 0) AS buyers,
           coalesce(y.repeaters_365, b.repeaters, 0) AS repeaters
    FROM since s
    LEFT JOIN dashboard_nodeday y ON y.kind = s.kind AND y.node_id = s.store_id AND y.day = s.day - 1
    LEFT JOIN board_base b ON b.store_id = s.store_id
), walk AS MATERIALIZED (
    SELECT n.id, {CHANGE} AS flow, b.live + sum({CHANGE}) OVER days AS live,
           b.buyers + sum(buyers_change) OVER days AS buyers, b.repeaters + sum(repeaters_change) OVER days AS repeaters
    FROM began b JOIN dashboard_nodeday n
      ON n.kind = b.kind AND n.node_id = b.store_id AND n.day BETWEEN b.day AND %(until)s
    WINDOW days AS (PARTITION BY n.kind, n.node_id ORDER BY n.day)
), moved AS (
    UPDATE dashboard_nodeday n SET live = w.live, live_at_start = w.live - w.flow, buyers_365 = w.buyers,
        repeaters_365 = w.repeaters
    FROM walk w
    WHERE n.id = w.id AND (n.live, n.live_at_start, n.buyers_365, n.repeaters_365)
        IS DISTINCT FROM (w.live, w.live - w.flow, w.buyers, w.repeaters)
    RETURNING n.store_id, n.day
)
INSERT INTO board_cells SELECT coalesce(store_id, 0), day FROM moved
"""
PLACE = f"""
WITH placed AS (
    UPDATE dashboard_nodeday n SET region_id = w.region_id, franchisee_id = w.franchisee_id FROM (
        SELECT n.id, coalesce(p.region_id, s.region_id) AS region_id, c.franchisee_id
        FROM dashboard_nodeday n {WHERE_IT_STOOD.format(store="n.store_id", day="n.day")}
        WHERE n.kind = 'store' AND n.day = ANY(%(days)s)
    ) w
    WHERE n.id = w.id AND (n.region_id, n.franchisee_id) IS DISTINCT FROM (w.region_id, w.franchisee_id)
    RETURNING n.store_id, n.day
)
INSERT INTO board_cells SELECT store_id, day FROM placed
"""
ROLL_UP = f"""
WITH sums AS (
    SELECT CASE WHEN grouping(region_id) = 0 THEN 'region' WHEN grouping(franchisee_id) = 0 THEN 'franchisee'
                ELSE 'brand' END AS kind,
           CASE WHEN grouping(region_id) = 0 THEN region_id WHEN grouping(franchisee_id) = 0 THEN franchisee_id
                ELSE (SELECT min(id) FROM stores_brand) END AS node_id,
           day, {", ".join(f"sum({name}) AS {name}" for name in STANDING.split(", "))}
    FROM dashboard_nodeday
    WHERE kind IN ('store', 'unplaced') AND day = ANY(%(days)s)
    GROUP BY GROUPING SETS ((day, region_id), (day, franchisee_id), (day))
), gone AS (
    DELETE FROM dashboard_nodeday n WHERE kind IN ('region', 'franchisee') AND day = ANY(%(days)s)
    AND NOT EXISTS (SELECT FROM sums s WHERE s.kind = n.kind AND s.node_id = n.node_id AND s.day = n.day)
)
INSERT INTO dashboard_nodeday AS n (kind, node_id, day, {STANDING})
SELECT kind, node_id, day, {STANDING} FROM sums WHERE node_id IS NOT NULL ORDER BY kind, node_id, day
ON CONFLICT (kind, node_id, day) DO UPDATE
SET ({STANDING}) = ROW ({", ".join(f"excluded.{name}" for name in STANDING.split(", "))})
WHERE ({", ".join(f"n.{name}" for name in STANDING.split(", "))})
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in STANDING.split(", "))})
"""
SPAN = f"""
WITH spans AS (SELECT * FROM unnest(%(keys)s::text[], %(firsts)s::date[], %(lasts)s::date[]) AS s (span, first, last)),
sums AS (
    SELECT span, store_id, region_id, {", ".join(f"sum({name}) AS {name}" for name in COLUMNS)},
           coalesce(sum(live_at_start) FILTER (WHERE day = first), 0) AS live_at_start,
           {", ".join(f"coalesce(sum({name}) FILTER (WHERE day = last), 0) AS {name}" for name in LEVELS)}
    FROM spans JOIN dashboard_nodeday n ON n.day BETWEEN first AND last
    WHERE n.kind = 'store' AND (%(everywhere)s OR n.store_id IN (SELECT store_id FROM board_cells))
    GROUP BY 1, 2, 3
), gone AS (
    DELETE FROM dashboard_storespan x WHERE (%(everywhere)s OR x.store_id IN (SELECT store_id FROM board_cells))
    AND NOT EXISTS (SELECT FROM sums s
                    WHERE s.span = x.span AND s.store_id = x.store_id AND s.region_id = x.region_id)
)
INSERT INTO dashboard_storespan AS x (span, store_id, region_id, {STANDING})
SELECT span, store_id, region_id, {STANDING} FROM sums ORDER BY span, store_id
ON CONFLICT (span, store_id, region_id) DO UPDATE
SET ({STANDING}) = ROW ({", ".join(f"excluded.{name}" for name in STANDING.split(", "))})
WHERE ({", ".join(f"x.{name}" for name in STANDING.split(", "))})
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in STANDING.split(", "))})
"""


def prepare() -> None:
    """Empty working tables of this transaction."""
    _run(BASE)


def read_base(first: date) -> None:
    """How many relations held before the first day of all, from the ledger."""
    _run(READ_BASE, first=first)


def bear(first: date, last: date) -> None:
    """Every store has a row for each of these days; what began before them is carried on."""
    _run(BEAR, first=first, last=last)


def all_cells(days: Sequence[date]) -> None:
    """Every store-day of these days is to be summed up again, whether its flows changed or not."""
    _run(ALL_CELLS, days=list(days))


def stand(*, places: Sequence[date], until: date) -> None:
    """Sums up the noted store-days, lets the live counts after them follow, and rolls up every day that changed."""
    _run(PLACE, days=list(places))
    if days := noted_days():
        _run("ANALYZE board_cells")
        _run(SUM_UP, days=days)
        _run(SUM_UP_SALES, days=days)
        _run(WALK, until=until)
        _run(ROLL_UP, days=noted_days())


def span(today: date, *, everywhere: bool) -> None:
    """The stores' sums over the usual spans, of every store or of those that were noted."""
    usual = list(periods.spans(today).values())
    _run(
        SPAN,
        keys=[p.key for p in usual],
        firsts=[p.first for p in usual],
        lasts=[p.last for p in usual],
        everywhere=everywhere,
    )


def noted() -> int:
    """How many store-days became different so far."""
    rows = _run("SELECT count(*) FROM (SELECT DISTINCT store_id, day FROM board_cells) c")
    return int(next(iter(rows))[0])


def noted_days() -> list[date]:
    """The days of which a store became different so far."""
    return [day for (day,) in _run("SELECT DISTINCT day FROM board_cells ORDER BY 1")]


def _run(sql: str, **values: Any) -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else ()
