"""What came and went, from the relation ledger into GuideDay: set-based SQL over touched work (a guide's day).

`board_touched` names the work to count again, `board_fresh` is its new count, and `board_cells` collects the
store-days (store 0: no store yet) whose sums became different.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection

KEEP = 7  # days that an add must hold
COLUMNS = ("adds", "people_adds", "losses", "drops", "moved_in", "moved_out", "kept_7", "kept_of")
NAMES = ", ".join(COLUMNS)
DAY_OF = "(%s AT TIME ZONE 'Asia/Shanghai')::date"

TABLES = f"""
CREATE TEMP TABLE IF NOT EXISTS board_touched (guide_id bigint, day date, PRIMARY KEY (guide_id, day))
    ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS board_fresh ON COMMIT DELETE ROWS
    AS SELECT day, store_id, guide_id, code_id, {NAMES} FROM dashboard_guideday WITH NO DATA;
CREATE TEMP TABLE IF NOT EXISTS board_cells (store_id bigint, day date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS board_added (
    id bigint, day date, store_id bigint, guide_id bigint, code_id bigint, added_at timestamptz, ended_day date,
    by_transfer boolean, person bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS board_kin (person bigint, member_id bigint) ON COMMIT DELETE ROWS;
TRUNCATE board_touched, board_added, board_kin, board_fresh, board_cells;
"""

TOUCH_DAYS = """
INSERT INTO board_touched
SELECT guide_id, added_day FROM guides_relation WHERE added_day = ANY(%(days)s)
UNION SELECT guide_id, ended_day FROM guides_relation WHERE ended_day = ANY(%(days)s)
UNION SELECT guide_id, day FROM dashboard_guideday WHERE day = ANY(%(days)s)
ON CONFLICT DO NOTHING
"""

# A pair's days are always days of its facts, so a relation that moved in time touches the day that it left as well;
# and an end may make a later add of the same person a new person's.
TOUCH_CHANGES = """
WITH pairs AS (
    SELECT member_id, guide_id FROM guides_relation WHERE changed_at >= %(since)s
    UNION SELECT member_id, guide_id FROM guides_relationfact WHERE id > %(last_fact)s AND recorded_at >= %(since)s
), people AS (
    SELECT DISTINCT coalesce(same_person_as_id, id) AS person FROM members_member
    WHERE id IN (SELECT member_id FROM pairs)
), kin AS (
    SELECT person AS id FROM people
    UNION SELECT m.id FROM people JOIN members_member m ON m.same_person_as_id = person
), told AS (
    SELECT guide_id, at, created_at FROM pairs JOIN guides_relationfact USING (member_id, guide_id)
), work AS (
    SELECT guide_id, added_day AS day FROM kin JOIN guides_relation r ON r.member_id = kin.id
    UNION SELECT guide_id, ended_day FROM pairs JOIN guides_relation USING (member_id, guide_id)
    UNION SELECT guide_id, {told} FROM told UNION SELECT guide_id, {created} FROM told
)
INSERT INTO board_touched SELECT guide_id, day FROM work WHERE day BETWEEN %(earliest)s AND %(today)s
ON CONFLICT DO NOTHING
""".format(told=DAY_OF % "at", created=DAY_OF % "created_at")

OLDEST = """
SELECT min(t.day) FROM board_touched t JOIN guides_relation r ON r.guide_id = t.guide_id AND r.added_day = t.day
"""
LEAVE_OUT = "DELETE FROM board_touched WHERE day < %(first)s"

# Working tables rather than sub-queries: the planner has to know how many adds it looks at.
READ_ADDS = """
INSERT INTO board_added
SELECT r.id, r.added_day, r.store_id, r.guide_id, r.code_id, r.added_at, r.ended_day, r.by_transfer,
       coalesce(m.same_person_as_id, m.id)
FROM board_touched t
JOIN guides_relation r ON r.guide_id = t.guide_id AND r.added_day = t.day
JOIN members_member m ON m.id = r.member_id;
ANALYZE board_added;
INSERT INTO board_kin
SELECT person, person FROM board_added
UNION SELECT a.person, m.id FROM board_added a JOIN members_member m ON m.same_person_as_id = a.person;
ANALYZE board_kin;
"""
COUNT = """
WITH known AS (
    SELECT DISTINCT a.id FROM board_added a JOIN board_kin k USING (person) JOIN guides_relation o USING (member_id)
    WHERE o.id <> a.id AND (o.added_at, o.guide_id, o.id) < (a.added_at, a.guide_id, a.id)
      AND (o.ended_at IS NULL OR o.ended_at >= a.added_at)
), flows AS (
    SELECT day, store_id, guide_id, code_id,
           NOT by_transfer AS adds, NOT by_transfer AND known.id IS NULL AS people_adds,
           false AS losses, false AS drops, by_transfer AS moved_in, false AS moved_out,
           NOT by_transfer AND day <= %(kept_until)s AND (ended_day IS NULL OR ended_day > day + {keep}) AS kept_7,
           NOT by_transfer AND day <= %(kept_until)s AS kept_of
    FROM board_added LEFT JOIN known USING (id)
    UNION ALL
    SELECT r.ended_day, r.store_id, r.guide_id, r.code_id, false, false,
           r.state = 'lost', r.state = 'dropped', false, r.state = 'moved', false, false
    FROM board_touched t JOIN guides_relation r ON r.guide_id = t.guide_id AND r.ended_day = t.day
    WHERE r.added_day IS NOT NULL
)
INSERT INTO board_fresh
SELECT day, store_id, guide_id, code_id, {sums} FROM flows GROUP BY 1, 2, 3, 4
""".format(keep=KEEP, sums=", ".join(f"count(*) FILTER (WHERE {name})" for name in COLUMNS))

FORGET = """
WITH gone AS (
    DELETE FROM dashboard_guideday g USING board_touched t
    WHERE g.guide_id = t.guide_id AND g.day = t.day AND NOT EXISTS (
        SELECT FROM board_fresh f WHERE f.guide_id = g.guide_id AND f.day = g.day
        AND coalesce(f.store_id, 0) = coalesce(g.store_id, 0) AND coalesce(f.code_id, 0) = coalesce(g.code_id, 0))
    RETURNING coalesce(g.store_id, 0) AS store_id, g.day
)
INSERT INTO board_cells SELECT DISTINCT store_id, day FROM gone
"""
REMEMBER = """
WITH written AS (
    INSERT INTO dashboard_guideday AS g (day, store_id, guide_id, code_id, {names})
    SELECT day, store_id, guide_id, code_id, {names} FROM board_fresh ORDER BY store_id, day
    ON CONFLICT (store_id, day, guide_id, code_id) DO UPDATE SET ({names}) = ROW ({excluded})
    WHERE ({own}) IS DISTINCT FROM ({excluded})
    RETURNING coalesce(store_id, 0) AS store_id, day
)
INSERT INTO board_cells SELECT DISTINCT store_id, day FROM written
""".format(
    names=NAMES,
    own=", ".join(f"g.{name}" for name in COLUMNS),
    excluded=", ".join(f"excluded.{name}" for name in COLUMNS),
)


def prepare() -> None:
    """Empty working tables of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)


def touch_days(days: Sequence[date]) -> None:
    """All work of these days."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCH_DAYS, {"days": list(days)})


def touch_changes(since: datetime, *, last_fact: int, earliest: date, today: date) -> date | None:
    """The work that changes of the ledger since an instant may concern; says the first day with an add in it."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCH_CHANGES, {"since": since, "last_fact": last_fact, "earliest": earliest, "today": today})
        cursor.execute(OLDEST)
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def count(*, first: date, today: date) -> None:
    """Counts the touched work from the first filled day on again; notes the store-days that became different."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVE_OUT, {"first": first})
        cursor.execute("ANALYZE board_touched")
        cursor.execute(READ_ADDS)
        cursor.execute(COUNT, {"kept_until": today - timedelta(days=KEEP)})
        cursor.execute(FORGET)
        cursor.execute(REMEMBER)
