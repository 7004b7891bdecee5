"""The drift report: our count of each guide's day beside WeCom's own; the only writer of drifts.

What WeCom counts is known only roughly, so our side is a range, from what it surely counts to all that it may count:

* New customers (`new_contact_cnt`): surely each pair that became friends on the day. Perhaps also: a handover to her,
  a customer who added a guide that still had her in her list, a second add of the same pair on the day, an add that
  began as a half add on another day, a half add that was not confirmed, and what happened within two minutes of
  midnight. An add that only a later reading found counts like any other: that is how a sync settles a drift.
* Deletions by customers (`negative_feedback_cnt`, deleted or blocked): surely each pair that a customer ended on the
  day. Perhaps also: a deletion by somebody whom the guide had deleted before or never confirmed, a second one on the
  day, and those near midnight. No reading of WeCom's shows a deletion by a customer: such a drift stays until somebody
  accepts it.

Days are judged again for five weeks, whenever newer data comes. A guide's day of which WeCom's number is not known
(not read, left out, or zeros that no second reading confirmed) is not judged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Count, QuerySet

from guides.models import Drift, OfficialDay, OfficialReading
from scrm.audit import alarms, entries
from scrm.audit.models import Alarm
from scrm.clock import day_of, day_span
from scrm.clock import days as days_between

log = structlog.get_logger()
ONE = timedelta(days=1)
WINDOW = 35  # days that are judged again
RECENT = 4  # days that are judged again each hour
NEAR = timedelta(minutes=2)
LOCK = 7_310_002
ALARM = "drift"

TABLES = """
CREATE TEMP TABLE IF NOT EXISTS drift_known (guide_id bigint PRIMARY KEY, contacts integer, deletions integer)
    ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS drift_pairs (
    guide_id bigint, member_id bigint, kind text, least integer, most integer, found integer
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS drift_judged (
    guide_id bigint, kind text, theirs integer, least integer, most integer, found integer, difference integer
) ON COMMIT DELETE ROWS;
TRUNCATE drift_known, drift_pairs, drift_judged;
"""
KNOWN = """
INSERT INTO drift_known SELECT guide_id, contacts, deletions FROM guides_officialday
WHERE day = %(day)s AND known_at IS NOT NULL;
ANALYZE drift_known;
"""
# Each relation that began on the day or close to it: `sure` when WeCom cannot but count it on this day.
ADDS = """
WITH begun AS (
    SELECT r.guide_id, r.member_id, r.added_day = %(day)s AS is_here,
           r.added_day = %(day)s AND NOT r.by_transfer AND r.opened_day = r.added_day
           AND r.added_at >= %(start)s + %(near)s AND r.added_at < %(end)s - %(near)s
           AND NOT EXISTS (SELECT FROM guides_relation b WHERE b.member_id = r.member_id AND b.guide_id = r.guide_id
                           AND b.epoch = r.epoch - 1 AND b.guide_side) AS sure
    FROM drift_known k JOIN guides_relation r USING (guide_id)
    WHERE r.added_day BETWEEN %(day)s::date - 1 AND %(day)s::date + 1
      AND r.added_at >= %(start)s - %(near)s AND r.added_at < %(end)s + %(near)s
    UNION ALL
    SELECT r.guide_id, r.member_id, true, false FROM drift_known k JOIN guides_relation r USING (guide_id)
    WHERE r.opened_at >= %(start)s - %(near)s AND r.opened_at < %(end)s + %(near)s
      AND (r.added_day IS NULL OR r.added_day > %(day)s)
), told AS (
    SELECT f.guide_id, f.member_id, count(DISTINCT f.at) FILTER (WHERE f.kind = 'add') AS adds
    FROM drift_known k JOIN guides_relationfact f USING (guide_id)
    WHERE f.kind IN ('add', 'half') AND f.at >= %(start)s - %(near)s AND f.at < %(end)s + %(near)s
    GROUP BY 1, 2
), counted AS (
    SELECT guide_id, member_id, bool_or(sure) AS sure, bool_or(is_here) AS is_here, count(*) AS begun
    FROM begun GROUP BY 1, 2
)
INSERT INTO drift_pairs
SELECT guide_id, member_id, 'adds', coalesce(sure, false)::int, greatest(begun, adds, 1),
       (coalesce(is_here, false) AND adds IS NULL)::int
FROM counted FULL JOIN told USING (guide_id, member_id)
"""
DELETIONS = """
WITH told AS (
    SELECT f.guide_id, f.member_id, count(DISTINCT f.at) AS most,
           bool_or(f.at >= %(start)s + %(near)s AND f.at < %(end)s - %(near)s) AS inside
    FROM drift_known k JOIN guides_relationfact f USING (guide_id)
    WHERE f.kind = 'cust_del' AND f.at >= %(start)s - %(near)s AND f.at < %(end)s + %(near)s
    GROUP BY 1, 2
)
INSERT INTO drift_pairs
SELECT t.guide_id, t.member_id, 'deletions',
       (t.inside AND EXISTS (SELECT FROM guides_relation r WHERE r.guide_id = t.guide_id AND r.member_id = t.member_id
                             AND r.state = 'lost' AND r.ended_day = %(day)s AND r.added_at IS NOT NULL))::int, t.most, 0
FROM told t
"""
JUDGE = """
WITH ours AS (
    SELECT guide_id, kind, sum(least) AS least, sum(most) AS most, sum(found) AS found FROM drift_pairs GROUP BY 1, 2
), theirs AS (
    SELECT guide_id, 'adds' AS kind, contacts AS n FROM drift_known WHERE contacts IS NOT NULL
    UNION ALL SELECT guide_id, 'deletions', deletions FROM drift_known WHERE deletions IS NOT NULL
)
INSERT INTO drift_judged
SELECT guide_id, kind, n, coalesce(least, 0), coalesce(most, 0), coalesce(found, 0),
       greatest(n - coalesce(most, 0), 0) + least(n - coalesce(least, 0), 0)
FROM theirs LEFT JOIN ours USING (guide_id, kind)
"""
# A guide's drift is her store's when she worked at one store on that day.
OPEN = """
INSERT INTO guides_drift AS d (public_id, guide_id, day, kind, store_id, state, theirs, ours_least, ours_most,
                               found_later, difference, opened_at, judged_at)
SELECT 'dr_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 18), j.guide_id, %(day)s, j.kind, p.store_id,
       'open', j.theirs, j.least, j.most, j.found, j.difference, %(at)s, %(at)s
FROM drift_judged j LEFT JOIN LATERAL (
    SELECT CASE WHEN count(DISTINCT store_id) = 1 THEN min(store_id) END AS store_id FROM guides_posting
    WHERE guide_id = j.guide_id AND starts_at < %(end)s AND (ends_at IS NULL OR ends_at > %(start)s)) p ON true
WHERE j.difference <> 0 ORDER BY j.guide_id, j.kind
ON CONFLICT (day, guide_id, kind) DO UPDATE SET
    store_id = excluded.store_id, theirs = excluded.theirs, ours_least = excluded.ours_least,
    ours_most = excluded.ours_most, found_later = excluded.found_later, difference = excluded.difference,
    judged_at = excluded.judged_at,
    state = CASE WHEN d.state = 'accepted' AND d.difference = excluded.difference THEN d.state ELSE 'open' END,
    closed_at = CASE WHEN d.state = 'accepted' AND d.difference = excluded.difference THEN d.closed_at END,
    accepted_by_id = CASE WHEN d.state = 'accepted' AND d.difference = excluded.difference THEN d.accepted_by_id END
WHERE (d.store_id, d.theirs, d.ours_least, d.ours_most, d.found_later) IS DISTINCT FROM
      (excluded.store_id, excluded.theirs, excluded.ours_least, excluded.ours_most, excluded.found_later)
   OR d.state NOT IN ('open', 'accepted')
"""
CLOSE = """
UPDATE guides_drift d SET state = 'gone', closed_at = %(at)s, judged_at = %(at)s, theirs = j.theirs,
       ours_least = j.least, ours_most = j.most, found_later = j.found, difference = 0, accepted_by_id = NULL
FROM drift_judged j
WHERE d.day = %(day)s AND d.guide_id = j.guide_id AND d.kind = j.kind AND j.difference = 0
  AND d.state IN ('open', 'accepted')
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of how many guides WeCom's numbers of a day are known, not yet known (zeros), and refused."""

    day: date
    known: int
    unknown: int
    refused: int


def judge_recent(at: datetime) -> int:
    """How many drifts stand open after the last days were judged with what is known now."""
    return judge_days(days_between(day_of(at) - RECENT * ONE, day_of(at) - ONE), at=at)


def judge_all(at: datetime) -> int:
    """The same for the five weeks that are judged again; older ones stay as they were judged last."""
    first = day_of(at) - WINDOW * ONE
    Drift.objects.filter(state=Drift.State.OPEN, day__lt=first).update(state=Drift.State.LAPSED, closed_at=at)
    return judge_days(days_between(first, day_of(at) - ONE), at=at)


def judge_days(days: Iterable[date], *, at: datetime) -> int:
    """How many drifts stand open after these days were judged; alarms follow."""
    for day in days:
        _judge(day, at=at)
    return _sound(at)


@transaction.atomic
def _judge(day: date, *, at: datetime) -> None:
    start, end = day_span(day)
    told: dict[str, Any] = {"day": day, "start": start, "end": end, "near": NEAR, "at": at}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(TABLES)
        cursor.execute(KNOWN, told)
        for statement in (ADDS, DELETIONS, JUDGE, OPEN, CLOSE):
            cursor.execute(statement, told)


def _sound(at: datetime) -> int:
    """One alarm for each corp and day with drifts that are open; those of other days end."""
    open_ones = Drift.objects.filter(state=Drift.State.OPEN)
    counts = open_ones.values_list("guide__corp__corp_id", "day").order_by("day").annotate(n=Count("pk"))
    wanted = {f"{corp} {day}": n for corp, day, n in counts}
    standing = dict(Alarm.objects.filter(kind=ALARM, cleared_at=None).values_list("subject", "detail"))
    for subject, n in wanted.items():
        if standing.get(subject, {}).get("open") != n:
            alarms.sound(ALARM, subject, at=at, open=n)
    for subject in standing.keys() - wanted.keys():
        alarms.end(ALARM, subject, at=at)
    return sum(wanted.values())


@transaction.atomic
def accept(drifts: QuerySet[Drift], *, by: Any, at: datetime) -> int:
    """How many open drifts a person now takes for what they are; one that changes opens again."""
    taken = list(drifts.filter(state=Drift.State.OPEN).select_for_update(of=("self",)))
    chosen = Drift.objects.filter(pk__in=[drift.pk for drift in taken])
    chosen.update(state=Drift.State.ACCEPTED, closed_at=at, accepted_by=by)
    for drift in taken:
        entries.record("drift.accepted", by=by, subject=drift, at=at, difference=drift.difference)
    _sound(at)
    return len(taken)


def coverage(first: date, last: date) -> list[Coverage]:
    """How much of WeCom's numbers is known of each day, newest first; days that were never read are left out."""
    known = _by_day(OfficialDay.objects.filter(known_at__isnull=False), first, last)
    unknown = _by_day(OfficialDay.objects.filter(known_at=None), first, last)
    refused = OfficialReading.objects.filter(errcode__isnull=False, planned_day__range=(first, last))
    lost = dict(refused.values_list("planned_day").annotate(n=Count("pk")))
    days = sorted({*known, *unknown, *lost}, reverse=True)
    return [Coverage(day, known.get(day, 0), unknown.get(day, 0), lost.get(day, 0)) for day in days]


def _by_day(rows: QuerySet[OfficialDay], first: date, last: date) -> Mapping[date, int]:
    return dict(rows.filter(day__range=(first, last)).values_list("day").annotate(n=Count("pk")))
