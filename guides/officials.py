"""WeCom's own statistics of each guide's days (doc 92132): the only writer of what WeCom counts.

One call for each guide: a call for several gives one total. It asks for the last three days, after noon of the next
day. What WeCom leaves out stays unknown, and so does a row of zeros until a reading of another day agrees: rows that
were read too early have been all zeros and were right later. Numbers that were known are not replaced by zeros.

The queue is a row for each guide (`OfficialReading.due_at`), filled from noon on, spread so that a hundred thousand
guides take less than two hours and a tenth of the quota.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import structlog
from django.db import connection, transaction

from guides.models import OfficialReading
from scrm.audit import alarms
from scrm.clock import SHANGHAI, day_of, from_unix, start_of
from scrm.ids import sql_array
from scrm.wecom import quotas
from scrm.wecom.client import client_for
from scrm.wecom.errors import CONFIGURATION, BackOff, Refused, Retry, TokenRefused
from scrm.wecom.models import Corp

log = structlog.get_logger()
API = "externalcontact/get_user_behavior_data"
NOON = 12
DAYS = 3  # T-1 … T-3: WeCom corrects its numbers for a while
A_BATCH = 64
AGAIN = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 8
LATER = timedelta(hours=20)  # a reading of another day, which may be taken a little earlier in it
MOST = 2**31 - 1

# Asked are those who may have customers, who were counted lately, and who left while the days ran.
PLAN = """
INSERT INTO guides_officialreading AS r (guide_id, planned_day, due_at, tries)
SELECT g.id, %(day)s, %(at)s + (row_number() OVER (PARTITION BY g.corp_id ORDER BY g.id) - 1) * interval '60 ms', 0
FROM guides_guide g
WHERE (g.can_contact AND g.status IN ('active', 'inactive'))
   OR (g.status = 'left' AND g.left_at >= %(since)s)
   OR EXISTS (SELECT FROM guides_officialday o WHERE o.guide_id = g.id AND o.day BETWEEN %(first)s AND %(day)s
              AND o.known_at IS NOT NULL)
ON CONFLICT (guide_id) DO UPDATE SET planned_day = excluded.planned_day, due_at = excluded.due_at, tries = 0
WHERE r.planned_day IS NULL OR r.planned_day < excluded.planned_day
"""
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT r.id, g.corp_id, g.userid FROM guides_officialreading r JOIN guides_guide g ON g.id = r.guide_id
    WHERE r.due_at <= %(at)s ORDER BY r.due_at LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED)
UPDATE guides_officialreading r SET due_at = %(again)s, tries = r.tries + 1
FROM due WHERE r.id = due.id RETURNING r.id, r.guide_id, due.corp_id, due.userid, r.tries, r.planned_day
"""
SETTLE = """
UPDATE guides_officialreading r SET due_at = v.due_at, errcode = v.errcode, tries = v.tries,
       read_at = coalesce(v.read_at, r.read_at)
FROM unnest(%s::bigint[], %s::timestamptz[], %s::integer[], %s::integer[], %s::timestamptz[])
  AS v (id, due_at, errcode, tries, read_at) WHERE r.id = v.id
"""
NUMBERS = "chats, messages, reply_percentage, reply_minutes, deletions, applications, contacts"
COUNTS = ("chats", "messages", "deletions", "applications", "contacts")
ALL_ZERO = " AND ".join(f"coalesce(%s.{name}, 0) = 0" for name in COUNTS)
REMEMBER = f"""
INSERT INTO guides_officialday AS o (guide_id, day, {NUMBERS}, first_read_at, fetched_at, known_at)
SELECT v.*, %(at)s, %(at)s,
       CASE WHEN NOT ({ALL_ZERO.replace("%s", "v")}) THEN %(at)s::timestamptz END
FROM unnest(%(guides)s::bigint[], %(days)s::date[], %(chats)s::integer[], %(messages)s::integer[],
            %(percent)s::numeric[], %(minutes)s::integer[], %(deletions)s::integer[], %(applications)s::integer[],
            %(contacts)s::integer[]) AS v (guide_id, day, {NUMBERS})
ON CONFLICT (day, guide_id) DO UPDATE SET
    ({NUMBERS}) = ROW ({", ".join(f"excluded.{name}" for name in NUMBERS.split(", "))}),
    fetched_at = excluded.fetched_at,
    known_at = CASE WHEN excluded.known_at IS NOT NULL THEN excluded.known_at
                    WHEN o.first_read_at + %(later)s > excluded.fetched_at THEN o.known_at
                    ELSE coalesce(o.known_at, excluded.fetched_at) END
WHERE o.fetched_at <= excluded.fetched_at AND (excluded.known_at IS NOT NULL OR {ALL_ZERO.replace("%s", "o")})
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What WeCom says of one guide's day; None for what it does not say."""

    guide_id: int
    day: date
    chats: int | None
    messages: int | None
    percent: Decimal | None
    minutes: int | None
    deletions: int | None
    applications: int | None
    contacts: int | None


@dataclass(frozen=True, slots=True)
class Asking:
    """A guide whose days are to be read now."""

    id: int
    guide_id: int
    corp_id: int
    userid: str
    tries: int
    last: date

    @property
    def first(self) -> date:
        return self.last - timedelta(days=DAYS - 1)


def plan(at: datetime) -> int:
    """How many guides were put into the queue: from noon on, each once a day."""
    if at.astimezone(SHANGHAI).hour < NOON:
        return 0
    day = day_of(at) - timedelta(days=1)
    first = day - timedelta(days=DAYS - 1)
    with connection.cursor() as cursor:
        cursor.execute(PLAN, {"day": day, "first": first, "since": start_of(first), "at": at})
        planned = cursor.rowcount
    log.info("guides.statistics.planned", guides=planned, day=str(day))
    return planned


def read_due(at: datetime, *, threads: int = 8) -> int:
    """How many guides' statistics were asked for (a lane of the worker)."""
    by_corp: dict[int, list[Asking]] = {}
    for asking in _claim(at):
        by_corp.setdefault(asking.corp_id, []).append(asking)
    for corp in Corp.objects.filter(pk__in=by_corp):
        _read(corp, by_corp[corp.pk], at=at, threads=threads)
    return sum(map(len, by_corp.values()))


@transaction.atomic
def _claim(at: datetime) -> list[Asking]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"at": at, "again": at + AGAIN, "limit": A_BATCH})
        return [Asking(*row) for row in cursor.fetchall()]


def _read(corp: Corp, askings: Sequence[Asking], *, at: datetime, threads: int) -> None:
    granted, full = _grant(corp, len(askings), at)
    ready = askings[:granted]
    if threads == 1:
        answers = [_ask(corp, asking) for asking in ready]
    else:
        answers = list(_pool(threads).map(lambda asking: _ask_in_a_thread(corp, asking), ready))
    pairs = [*zip(ready, answers, strict=True), *((asking, full) for asking in askings[granted:])]
    settle(corp, pairs, at=at)


def _grant(corp: Corp, calls: int, at: datetime) -> tuple[int, BackOff]:
    """How many calls may be made now, and the refusal of the others."""
    try:
        grant = quotas.take(corp.pk, API, at=at, calls=calls)
    except BackOff as full:
        return 0, full
    return grant.calls, BackOff(API, until=grant.again_at)


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="wecom-statistics")


def _ask_in_a_thread(corp: Corp, asking: Asking) -> list[Told] | Refused:
    try:
        return _ask(corp, asking)
    finally:
        connection.close()  # one is open only when a token had to be fetched


def _ask(corp: Corp, asking: Asking) -> list[Told] | Refused:
    body = {
        "userid": [asking.userid],
        "start_time": int(start_of(asking.first).timestamp()),
        "end_time": int(start_of(asking.last).timestamp()),
    }
    try:
        said = client_for(corp).externalcontact.get_user_behavior_data(paid=True, **body)
    except Refused as refused:
        return refused
    return understand(said, asking.guide_id, asking.first, asking.last)


def understand(said: Mapping[str, Any], guide_id: int, first: date, last: date) -> list[Told]:
    """The days that were asked for, once each; a number that is none is not told."""
    found: dict[date, Told] = {}
    for row in said["behavior_data"]:
        stamp = _count(row.get("stat_time")) if isinstance(row, dict) else None
        if stamp is None or not first <= (day := day_of(from_unix(stamp))) <= last:
            continue
        found[day] = Told(
            guide_id,
            day,
            _count(row.get("chat_cnt")),
            _count(row.get("message_cnt")),
            _percent(row.get("reply_percentage")),
            _count(row.get("avg_reply_time")),
            _count(row.get("negative_feedback_cnt")),
            _count(row.get("new_apply_cnt")),
            _count(row.get("new_contact_cnt")),
        )
    return list(found.values())


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST else None


def _percent(value: Any) -> Decimal | None:
    """60.25 as WeCom wrote it, not as a binary fraction; None for what is no share."""
    if type(value) not in (int, float) or not 0 <= value <= 100:
        return None
    return Decimal(repr(value))


@transaction.atomic
def settle(corp: Corp, answers: Sequence[tuple[Asking, list[Told] | Refused]], *, at: datetime) -> None:
    """Writes down what was told, and when those are asked again who were not told of."""
    remember([told for _asking, answer in answers if not isinstance(answer, Refused) for told in answer], at=at)
    rows = [_settled(asking, answer, at) for asking, answer in answers]
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [list(column) for column in zip(*rows, strict=True)])
    refused = [a for _asking, a in answers if isinstance(a, Refused) and a.errcode in CONFIGURATION]
    if refused:
        alarms.sound("statistics_refused", corp.corp_id, at=at, errcode=refused[0].errcode)
        waiting = OfficialReading.objects.filter(guide__corp=corp, due_at__lte=at + LONGEST_PAUSE)
        waiting.update(due_at=at + LONGEST_PAUSE)  # the next hundred thousand would be refused alike
    elif any(not isinstance(answer, Refused) for _asking, answer in answers):
        alarms.end("statistics_refused", corp.corp_id, at=at)


def _settled(asking: Asking, answer: list[Told] | Refused, at: datetime) -> tuple[Any, ...]:
    """The row's id, due_at, errcode, tries and read_at after an answer."""
    if not isinstance(answer, Refused):
        return asking.id, None, None, 0, at
    if isinstance(answer, BackOff):
        return asking.id, max(answer.until, at), answer.errcode, asking.tries - 1, None
    mended = answer.errcode in CONFIGURATION  # once somebody has mended the app
    if mended or (isinstance(answer, Retry | TokenRefused) and asking.tries < MOST_TRIES):
        pause = LONGEST_PAUSE if mended else min(timedelta(minutes=2**asking.tries), LONGEST_PAUSE)
        return asking.id, at + pause, answer.errcode, asking.tries, None
    log.info("guides.statistics.unreadable", guide=asking.guide_id, errcode=answer.errcode)
    return asking.id, None, answer.errcode, asking.tries, None


@transaction.atomic
def remember(told: Sequence[Told], *, at: datetime) -> None:
    """What WeCom said at an instant; an older answer changes nothing, and zeros replace no number that was known."""
    if not told:
        return
    ordered = sorted(told, key=lambda one: (one.day, one.guide_id))
    _guides, _days, *numbers = (list(column) for column in zip(*map(astuple, ordered), strict=True))
    names = ("chats", "messages", "percent", "minutes", "deletions", "applications", "contacts")
    values: dict[str, Any] = dict(zip(names, numbers, strict=True))
    values |= {"guides": sql_array(one.guide_id for one in ordered), "days": [one.day for one in ordered]}
    values |= {"at": at, "later": LATER}
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, values)
