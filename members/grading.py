"""Grades of buyers by recency, frequency and money: made anew for everybody each night, in a few statements.

Each of the three is scored 1 to 5 by its quintile among all buyers of the brand, or of the same store, as the rule in
force says; who has the same figures always has the same score. The weighted scores make 0 to 100 points, and the rule
says from where on A and B begin. A grade that somebody set by hand stands until its day, whatever the rule says.
"""

from datetime import date, datetime
from typing import Any

import structlog
from django.db import connection, transaction

from members.models import GradeRule, Round
from scrm.clock import day_of

log = structlog.get_logger()
LOCK = 7_310_015
ROUND = "grades"
ROOM = "SET LOCAL work_mem = '256MB'; SET LOCAL lock_timeout = '15min'; SET LOCAL statement_timeout = '30min'"

AFRESH = "DROP TABLE IF EXISTS pg_temp.graded, pg_temp.cuts, pg_temp.scored"
# One row for each person and store, and one brand-wide; a person is her surviving member.
BOUGHT = """
CREATE TEMP TABLE graded ON COMMIT DROP AS
WITH sales AS (
    SELECT coalesce(m.same_person_as_id, m.id) AS member_id, o.store_id, o.paid_day, o.paid_fen - o.refunded_fen AS fen
    FROM members_order o JOIN members_member m ON m.id = o.member_id
    WHERE o.parent_id IS NULL AND (o.paid_fen = 0 OR o.refunded_fen < o.paid_fen)
      AND o.paid_day > %(day)s::date - %(window)s AND o.paid_day <= %(day)s
)
SELECT s.member_id, s.store_id, max(s.paid_day) AS last_on, count(DISTINCT s.paid_day)::int AS orders,
       sum(s.fen)::bigint AS fen, 0::smallint AS r, 0::smallint AS f, 0::smallint AS m, ''::text AS grade
FROM sales s JOIN members_member p ON p.id = s.member_id AND p.erased_at IS NULL
GROUP BY GROUPING SETS ((s.member_id, s.store_id), (s.member_id))
HAVING GROUPING(s.store_id) = 1 OR s.store_id IS NOT NULL
"""
# The brand-wide rows are measured among themselves, whatever the stores' rows are measured against.
AMONG_BRAND = "CASE WHEN store_id IS NULL THEN 0 ELSE 1 END"
AMONG_STORE = "coalesce(store_id, 0)"
CUTS = """
CREATE TEMP TABLE cuts ON COMMIT DROP AS
SELECT {among} AS among,
       percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY last_on) AS r,
       percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY orders) AS f,
       percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY fen) AS m
FROM graded GROUP BY 1
"""
SCORE = "1" + "".join(f" + ({{value}} > c.{{cut}}[{n}])::int" for n in (1, 2, 3, 4))
WHAT = {"r": "last_on", "f": "orders", "m": "fen"}
POINTS = "(({wr} * (r - 1) + {wf} * (f - 1) + {wm} * (m - 1)) * 25.0 / {weights})"
SCORED = """
CREATE TEMP TABLE scored ON COMMIT DROP AS
SELECT member_id, store_id, last_on, orders, fen, r::smallint, f::smallint, m::smallint,
       CASE WHEN {points} >= %(a)s THEN 'A' WHEN {points} >= %(b)s THEN 'B' ELSE 'C' END AS grade
FROM (
    SELECT g.member_id, g.store_id, g.last_on, g.orders, g.fen, {r} AS r, {f} AS f, {m} AS m
    FROM graded g JOIN cuts c ON c.among = {among}
) x
"""
# What the rule says changes; what holds follows it unless somebody's word stands.
HELD = "override_until > %(day)s"
NOTED = f"""
INSERT INTO members_gradechange (member_id, store_id, grade, before, cause, at, reason)
SELECT coalesce(s.member_id, g.member_id), coalesce(s.store_id, g.store_id), coalesce(s.grade, ''),
       coalesce(g.grade, ''), CASE WHEN g.override_until IS NOT NULL THEN 'expired' ELSE 'rule' END, %(at)s, ''
FROM scored s FULL JOIN members_membergrade g
  ON g.member_id = s.member_id AND coalesce(g.store_id, 0) = coalesce(s.store_id, 0)
WHERE coalesce(s.grade, '') <> coalesce(g.grade, '') AND (g.id IS NULL OR NOT coalesce({HELD}, false))
"""
# Only what differs is offered: of a row that stays as it is ON CONFLICT would still write the lock.
WHAT_HOLDS = "rule_grade, score_r, score_f, score_m, last_on, orders, spent_fen, rule_id"
KEPT = f"""
INSERT INTO members_membergrade (member_id, store_id, grade, rule_grade, score_r, score_f, score_m, last_on, orders,
                                 spent_fen, rule_id, day, reason)
SELECT s.member_id, s.store_id, s.grade, s.grade, s.r, s.f, s.m, s.last_on, s.orders, s.fen, %(rule)s, %(day)s, ''
FROM scored s LEFT JOIN members_membergrade g
  ON g.member_id = s.member_id AND coalesce(g.store_id, 0) = coalesce(s.store_id, 0)
WHERE (g.{WHAT_HOLDS.replace(", ", ", g.")})
   IS DISTINCT FROM (s.grade, s.r, s.f, s.m, s.last_on, s.orders, s.fen, %(rule)s)
ON CONFLICT (member_id, store_id) DO UPDATE SET
    grade = CASE WHEN members_membergrade.{HELD} THEN members_membergrade.grade ELSE EXCLUDED.rule_grade END,
    ({WHAT_HOLDS}, day) = ROW (EXCLUDED.{WHAT_HOLDS.replace(", ", ", EXCLUDED.")}, EXCLUDED.day)
"""
# Who bought nothing in the window has no grade any more, unless somebody's word stands.
GONE = """
UPDATE members_membergrade g SET rule_grade = '', score_r = NULL, score_f = NULL, score_m = NULL, last_on = NULL,
    orders = NULL, spent_fen = NULL, day = %(day)s
WHERE rule_grade <> '' AND NOT EXISTS (SELECT FROM scored s WHERE s.member_id = g.member_id
    AND coalesce(s.store_id, 0) = coalesce(g.store_id, 0))
"""
EXPIRED = """
UPDATE members_membergrade SET grade = rule_grade, override_until = NULL, override_by_id = NULL, reason = ''
WHERE override_until <= %(day)s
"""
EMPTY = f"DELETE FROM members_membergrade WHERE rule_grade = '' AND NOT coalesce({HELD}, false)"
COUNTED = """
INSERT INTO members_gradecount (store_id, tier, score_r, score_f, score_m, grade, people, spent_fen)
SELECT g.store_id, CASE WHEN g.store_id IS NULL THEN h.city_tier END, g.score_r, g.score_f, g.score_m, g.grade,
       count(*), sum(g.spent_fen)
FROM members_membergrade g LEFT JOIN members_home h ON h.member_id = g.member_id AND g.store_id IS NULL
WHERE g.score_r IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
"""


def rule_on(day: date) -> GradeRule:
    """The rule in force on a day; the usual one while HQ has made none."""
    return GradeRule.objects.filter(starts_on__lte=day).order_by("-starts_on").first() or GradeRule()


@transaction.atomic
def grade_all(*, at: datetime) -> int:
    """Grades every buyer by the rule in force today; says how many grades there are."""
    day, rule = day_of(at), rule_on(day_of(at))
    asked: dict[str, Any] = {
        "day": day,
        "at": at,
        "window": rule.window,
        "a": rule.a_from,
        "b": rule.b_from,
        "rule": rule.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        for sql in (AFRESH, BOUGHT, *_scoring(rule), NOTED, GONE, KEPT, EXPIRED, EMPTY):
            cursor.execute(sql, asked)
        cursor.execute("DELETE FROM members_gradecount")
        cursor.execute(COUNTED)
        cursor.execute("SELECT count(*) FROM scored")
        (graded,) = cursor.fetchone()
    Round.objects.update_or_create(pk=ROUND, defaults={"at": at})
    log.info("members.grades.made", graded=graded, rule=rule.pk)
    return int(graded)


def _scoring(rule: GradeRule) -> tuple[str, ...]:
    """Where the quintiles begin, and the scores and grades that follow."""
    among = AMONG_STORE if rule.among == GradeRule.Among.STORE else AMONG_BRAND
    weights: dict[str, Any] = {"wr": rule.weight_r, "wf": rule.weight_f, "wm": rule.weight_m}
    points = POINTS.format(**weights, weights=max(sum(weights.values()), 1))
    scores = {cut: SCORE.format(value=f"g.{value}", cut=cut) for cut, value in WHAT.items()}
    return (
        CUTS.format(among=among),
        "ANALYZE graded",
        SCORED.format(points=points, among=among.replace("store_id", "g.store_id"), **scores),
        "CREATE INDEX ON scored (member_id, (coalesce(store_id, 0)))",
        "ANALYZE scored",
    )
