"""Outbound calls: planned with their cause, made after its commit, their answers handed to whoever asked.

A call: `plan` writes the row; `make` claims due rows, commits that, speaks to WeCom and writes the verdict; `tell`
hands final answers to ANSWERS in a transaction of their own, so that a deaf listener never makes a call happen twice.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from scrm.audit import alarms
from scrm.wecom import lookups, outcomes, quotas, routes, verdicts
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, NeedsFix, Refused
from scrm.wecom.inbox import outline
from scrm.wecom.models import App, Corp, OutboundCall
from scrm.wecom.models.calls import TRIES_KEPT, seal_request
from scrm.wecom.verdicts import Verdict

log = structlog.get_logger()

State = OutboundCall.State
LEASE = timedelta(seconds=40)  # longer than a call may take; then its process is taken for dead
WELCOME_LEASE = timedelta(seconds=8)
AT_ONCE = 64

PLAN = """
INSERT INTO wecom_outboundcall (corp_id, app_id, api, key, body, letter_id, deadline, due_at, created_at,
                                state, attempts, tellings, in_doubt, last_error)
SELECT p.*, 'planned', 0, 0, false, ''
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bytea[], %s::bigint[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[]) AS p
ON CONFLICT (corp_id, key) DO NOTHING
"""
# Materialized: a planner that reads the list anew for each row would find another free call each time.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM wecom_outboundcall
    WHERE state IN ('planned', 'calling', 'unknown') AND answered_at IS NULL AND due_at <= %(at)s
      AND (api = 'externalcontact/send_welcome_msg') = %(welcomes)s
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE wecom_outboundcall c
SET state = 'calling', attempts = c.attempts + 1, called_at = %(at)s, due_at = %(lease)s,
    in_doubt = c.in_doubt OR c.state = 'calling'
FROM due WHERE c.id = due.id RETURNING c.id
"""
SETTLE = f"""
UPDATE wecom_outboundcall c
SET state = v.state, attempts = v.attempts, in_doubt = v.in_doubt, due_at = v.due_at, errcode = v.errcode,
    last_error = v.last_error, answered_at = v.answered_at, result = v.result,
    tries = CASE WHEN v.tried IS NULL OR jsonb_array_length(c.tries) >= {TRIES_KEPT} THEN c.tries
                 ELSE c.tries || v.tried END
FROM unnest(%s::bigint[], %s::text[], %s::smallint[], %s::boolean[], %s::timestamptz[], %s::integer[], %s::text[],
            %s::timestamptz[], %s::jsonb[], %s::jsonb[])
  AS v (id, state, attempts, in_doubt, due_at, errcode, last_error, answered_at, result, tried)
WHERE c.id = v.id
"""
UNTOLD = """
SELECT id FROM wecom_outboundcall WHERE answered_at IS NOT NULL AND told_at IS NULL AND due_at <= %s
ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""


class Plan(NamedTuple):
    """A call to be written; the fields are those of plan."""

    corp: Corp | int
    api: str
    body: dict[str, Any]
    key: str | None = None
    deadline: datetime | None = None
    letter_id: int | None = None
    app: App | None = None


def plan(
    corp: Corp | int,
    api: str,
    body: dict[str, Any],
    *,
    key: str | None = None,
    deadline: datetime | None = None,
    letter_id: int | None = None,
    app: App | None = None,
    at: datetime,
) -> OutboundCall:
    """The row of a call, in the caller's transaction; for a key that was planned before, the row of then."""
    row = _row(Plan(corp, api, body, key, deadline, letter_id, app), at)
    with connection.cursor() as cursor:
        cursor.execute(PLAN + " RETURNING id", [[value] for value in row])
        made = cursor.fetchone()
    if made:
        return OutboundCall.objects.get(pk=made[0])
    return OutboundCall.objects.get(corp_id=row[0], key=key)


def plan_all(plans: Sequence[Plan], *, at: datetime) -> None:
    """Writes many calls at once; those whose key is known already are left as they are."""
    rows = [_row(one, at) for one in sorted(plans, key=lambda one: one.key or "")]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(PLAN, [list(column) for column in zip(*rows, strict=True)])


def _row(one: Plan, at: datetime) -> list[Any]:
    corp_pk = one.corp if isinstance(one.corp, int) else one.corp.pk
    app_pk = one.app.pk if one.app else None
    return [corp_pk, app_pk, one.api, one.key, seal_request(one.body), one.letter_id, one.deadline, at, at]


def lane(at: datetime, threads: int = 8) -> int:
    """How many calls were made and answers handed on; a lane of `manage.py work`."""
    return make(at, threads=threads) + tell(at)


def make(at: datetime, *, limit: int = AT_ONCE, threads: int = 1, welcomes: bool = False) -> int:
    """How many calls were tried. They are claimed and committed first: what was begun is known after a crash."""
    calls = claim(at, limit=limit, welcomes=welcomes)
    if calls:
        settle(perform(calls, at, threads), at, calls)
    return len(calls)


def claim(at: datetime, *, limit: int, welcomes: bool = False) -> list[OutboundCall]:
    """Due calls, now ours; also those of a process that died, which are then in doubt."""
    lease = WELCOME_LEASE if welcomes else LEASE
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"at": at, "lease": at + lease, "welcomes": welcomes, "limit": limit})
        ids = [pk for (pk,) in cursor.fetchall()]
    calls = list(OutboundCall.objects.filter(pk__in=ids).select_related("corp", "app__corp").order_by("pk"))
    _fill_apps([call for call in calls if call.app is None])
    return calls


def _fill_apps(calls: Sequence[OutboundCall]) -> None:
    """A call that names no app is made by the corp's first one."""
    if calls:
        apps = App.objects.filter(corp__in={call.corp_id for call in calls}).select_related("corp").order_by("-pk")
        first = {app.corp_id: app for app in apps}
        for call in calls:
            call.app = first.get(call.corp_id)


def perform(calls: Sequence[OutboundCall], at: datetime, threads: int) -> list[Verdict]:
    """A verdict on each call; their quota is taken together, and they are made side by side."""
    by_api: dict[tuple[int, str], list[OutboundCall]] = defaultdict(list)
    for call in calls:
        by_api[call.corp_id, call.api].append(call)
    found, ready = [], []
    for (corp_pk, api), group in by_api.items():
        granted, again_at = _grant(corp_pk, api, len(group), at)
        ready += group[:granted]
        found += [verdicts.refused(call, BackOff(api, until=again_at), at) for call in group[granted:]]
    started = time.monotonic()
    if threads == 1:
        return found + [_one(call, at, started) for call in ready]
    return found + list(_pool(threads).map(lambda call: _one_in_a_thread(call, at, started), ready))


def _grant(corp_pk: int, api: str, calls: int, at: datetime) -> tuple[int, datetime]:
    try:
        return quotas.take(corp_pk, api, at=at, calls=calls)
    except BackOff as full:
        return 0, full.until


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="wecom-call")


def _one_in_a_thread(call: OutboundCall, at: datetime, started: float) -> Verdict:
    try:
        return _one(call, at, started)
    finally:
        connection.close()  # one is open only when a token had to be fetched


def _one(call: OutboundCall, at: datetime, started: float) -> Verdict:
    with structlog.contextvars.bound_contextvars(**_names(call)):
        return _verdict_on(call, at, started)


def _verdict_on(call: OutboundCall, at: datetime, started: float) -> Verdict:
    """The verdict on one call; the time that passed since `at` is measured, not read from a clock."""

    def now() -> datetime:
        return at + timedelta(seconds=time.monotonic() - started)

    if call.deadline and now() >= call.deadline:
        return verdicts.expired(call, now())
    policy = verdicts.policy_of(call.api)
    try:
        client = client_for(call.corp, call.app)
        if call.in_doubt and not policy.repeatable:
            look_up = lookups.for_api(call.api)
            if look_up is None:
                return verdicts.not_found_out(call, None, now())
            try:
                found = look_up(call, client)
            except Refused as why:
                return verdicts.not_found_out(call, why, now())
            if found is not None:
                return verdicts.done(call, found, now())
        return verdicts.done(call, client.call(call.api, call.request(), paid=True, timeout=policy.timeout), now())
    except Refused as why:
        return verdicts.refused(call, why, now())


def settle(found: Sequence[Verdict], at: datetime, calls: Sequence[OutboundCall] = ()) -> None:
    """Writes the verdicts; an alarm for what a person must mend."""
    names = {call.pk: _names(call) for call in calls}
    columns = [list(column) for column in zip(*(astuple(one) for one in found), strict=True)]
    columns[-2:] = [[None if one is None else Jsonb(one) for one in column] for column in columns[-2:]]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SETTLE, columns)
        for one in found:
            if one.last_error.startswith(NeedsFix.__name__) or (one.state == State.UNKNOWN and one.answered_at):
                alarms.sound("wecom.call.needs_fix", one.last_error[:200], at=at, call=one.id)
    for one in found:
        named = names.get(one.id, {"call": one.id})
        log.info("wecom.call.made", **named, state=one.state, errcode=one.errcode, tries=one.attempts)


def _names(call: OutboundCall) -> dict[str, Any]:
    """Under which names the log speaks of a call."""
    letter = {"letter": call.letter_id} if call.letter_id else {}
    return {"call": call.pk, "corp": call.corp_id, "api": call.api, **letter}


def doubt_all() -> int:
    """How many open calls are now looked up before they are made again; for a database that came from a backup."""
    return OutboundCall.objects.filter(answered_at=None, state__in=[State.PLANNED, State.CALLING]).update(in_doubt=True)


def tell(at: datetime, *, limit: int = 500) -> int:
    """How many final answers were handed on; an API that nobody asked about is told to nobody."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(UNTOLD, [at, limit])
            ids = [pk for (pk,) in cursor.fetchall()]
        by_api: dict[str, list[OutboundCall]] = defaultdict(list)
        for call in OutboundCall.objects.filter(pk__in=ids).order_by("answered_at", "pk"):
            by_api[call.api].append(call)
        deaf = [one for api, group in by_api.items() for one in _hand_to(_listener(api), group, at)]
        OutboundCall.objects.filter(pk__in=set(ids) - {call.pk for call, _ in deaf}).update(told_at=at)
        for call, error in deaf:
            _not_heard(call, error, at)
    return len(ids)


def _listener(api: str) -> Callable[..., None] | None:
    return outcomes.record if api == verdicts.WELCOME else routes.answers().get(api)


def _hand_to(
    listener: Callable[..., None] | None, calls: Sequence[OutboundCall], at: datetime
) -> list[tuple[OutboundCall, Exception]]:
    """The answers that the listener could not take, found by halving."""
    if listener is None:
        return []
    try:
        named = _names(calls[0]) if len(calls) == 1 else {"calls": [calls[0].pk, calls[-1].pk]}
        with structlog.contextvars.bound_contextvars(**named), transaction.atomic():
            listener(calls, at)
    except Exception as error:
        if connection.connection is None or connection.connection.closed:
            raise
        if len(calls) == 1:
            return [(calls[0], error)]
        middle = len(calls) // 2
        return _hand_to(listener, calls[:middle], at) + _hand_to(listener, calls[middle:], at)
    return []


def _not_heard(call: OutboundCall, error: Exception, at: datetime) -> None:
    call.tellings += 1
    call.due_at = at + min(timedelta(seconds=2**call.tellings), verdicts.LONGEST_PAUSE)
    call.last_error = outline(error)
    if call.tellings >= verdicts.TRIES:
        call.told_at = at
        alarms.sound("wecom.answer.not_heard", str(call.pk), at=at, api=call.api, error=call.last_error)
    call.save(update_fields=["tellings", "due_at", "last_error", "told_at"])
