"""Welcomes go first: a code lives 20 seconds, so they wait behind nothing and are given up rather than sent late.

1. letters whose window has passed are marked expired;
2. for the others, most urgent first, FIRST composes what to say, and an outbound call is written and committed;
3. the calls are made, tried again inside the window, and their outcomes written on the letters.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction

from scrm import sealed
from scrm.audit import alarms
from scrm.wecom import calls, events, routes
from scrm.wecom.calls import Plan
from scrm.wecom.inbox import outline
from scrm.wecom.models import App, Letter, OutboundCall
from scrm.wecom.models.letters import BODY, WELCOME_WINDOW
from scrm.wecom.verdicts import WELCOME

log = structlog.get_logger()

State = Letter.Welcome
Composer = Callable[[Sequence[Any]], dict[int, dict[str, Any] | None]]

EXPIRE = """
UPDATE wecom_letter SET welcome = 'expired'
WHERE id IN (SELECT id FROM wecom_letter WHERE welcome = 'waiting' AND least(happened_at, received_at) <= %s
             ORDER BY received_at LIMIT 5000 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
CLAIM = """
SELECT l.id, l.corp_id, r.app_id, l.digest, l.body, l.happened_at, l.received_at
FROM wecom_letter l JOIN wecom_receiver r ON r.id = l.receiver_id
WHERE l.welcome = 'waiting' ORDER BY l.received_at, l.id LIMIT %s FOR UPDATE OF l SKIP LOCKED
"""
WRITE = """
UPDATE wecom_letter SET welcome = w.state FROM unnest(%s::bigint[], %s::text[]) AS w (id, state)
WHERE wecom_letter.id = w.id
"""


class Waiting(NamedTuple):
    """A letter whose welcome has not been written yet."""

    id: int
    corp_id: int
    app_id: int | None
    digest: bytes
    body: bytes
    happened_at: datetime
    received_at: datetime

    def deadline(self) -> datetime:
        return min(self.happened_at, self.received_at) + WELCOME_WINDOW


def lane(at: datetime, threads: int = 8) -> int:
    """How many welcomes were written, tried or given up; a lane of `manage.py work`."""
    return expire(at) + compose(at) + send(at, threads=threads)


def expire(at: datetime) -> int:
    """How many letters came or were reached too late for their welcome."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE, [at - WELCOME_WINDOW])
        late = [pk for (pk,) in cursor.fetchall()]
    if late:
        log.warning("wecom.welcome.expired", letters=late[:100], count=len(late))
    return len(late)


@transaction.atomic
def compose(at: datetime, *, limit: int = 200) -> int:
    """How many letters have got a call, or an explanation why there is none."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [limit])
        waiting = {row[0]: Waiting(*row) for row in cursor.fetchall()}
    if not waiting:
        return 0
    received = [one for letter in waiting.values() if (one := _received(letter))]
    said = dict.fromkeys(waiting, _FAILED) | _said(routes.first(), received, at)
    written = _write_calls([(waiting[pk], body, code) for pk, (body, code) in said.items() if body], at)
    states = {pk: _state(pk, body, code, written) for pk, (body, code) in said.items()}
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [list(states), list(states.values())])
    return len(waiting)


def send(at: datetime, *, threads: int = 1) -> int:
    """How many welcome calls were tried; their outcomes stand on the letters afterwards."""
    made = calls.make(at, welcomes=True, threads=threads)
    if made:
        calls.tell(at)
    return made


Said = tuple[dict[str, Any] | None, str]  # what to say (None: nothing), and the code to say it with
_FAILED: Said = (None, "")


def _received(letter: Waiting) -> events.Received[Any] | None:
    try:
        event = events.parse(sealed.open_sealed(letter.body, BODY))
    except (events.Unreadable, sealed.CannotOpen):
        return None
    return events.Received(letter.id, bytes(letter.digest), letter.corp_id, event, letter.received_at)


def _said(composer: Composer | None, received: Sequence[events.Received[Any]], at: datetime) -> dict[int, Said]:
    """What to say for each letter; those whose composing fails alone are left out, and an alarm is sounded."""
    if not received:
        return {}
    try:
        with transaction.atomic():
            bodies = composer(received) if composer else {}
    except Exception as error:
        if connection.connection is None or connection.connection.closed:
            raise
        if len(received) == 1:
            alarms.sound("wecom.welcome.not_composed", str(received[0].letter_id), at=at, error=outline(error))
            return {}
        middle = len(received) // 2
        return _said(composer, received[:middle], at) | _said(composer, received[middle:], at)
    return {one.letter_id: (bodies.get(one.letter_id), one.event.welcome_code) for one in received}


def _write_calls(wanted: Sequence[tuple[Waiting, dict[str, Any], str]], at: datetime) -> set[int]:
    """The letters that have a call now; a code that another letter used before has its call already."""
    apps = App.objects.in_bulk({letter.app_id for letter, _, _ in wanted if letter.app_id})
    plans = [
        Plan(
            letter.corp_id,
            WELCOME,
            {"welcome_code": code, **body},
            key=key_of(code),
            deadline=letter.deadline(),
            letter_id=letter.id,
            app=apps.get(letter.app_id or 0),
        )
        for letter, body, code in wanted
    ]
    calls.plan_all(plans, at=at)
    ours = OutboundCall.objects.filter(letter__in=[letter.id for letter, _, _ in wanted], api=WELCOME)
    return set(ours.values_list("letter_id", flat=True))


def key_of(code: str) -> str:
    """One call for one WelcomeCode, whoever brings it."""
    return "welcome:" + hashlib.sha256(code.encode()).hexdigest()[:40]


def _state(pk: int, body: dict[str, Any] | None, code: str, written: set[int]) -> str:
    if not code:
        return State.FAILED.value
    if body is None:
        return State.NOTHING.value
    return (State.SENDING if pk in written else State.ELSEWHERE).value
