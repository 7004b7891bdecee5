"""The inbox: letters are kept, claimed by shards of streams, and handed on in set-based batches.

A batch is one transaction. Events go to their handlers in as few calls as keep each stream's order of arrival: types
with the same handlers share calls, and an event joins the first such call that does not come before the call that the
stream's previous event is in.
Order between streams is not kept, and a letter that waits for its next try does not hold up later ones of its stream;
handlers fold facts, so any order leads to the same state.
"""

import hashlib
import traceback
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction

from scrm import sealed
from scrm.audit import alarms, entries
from scrm.ids import sql_array
from scrm.wecom import events, routes
from scrm.wecom.commit import Row
from scrm.wecom.door import Opened
from scrm.wecom.models import Letter
from scrm.wecom.models.letters import BODY, SHARDS
from scrm.wecom.receivers import Known

log = structlog.get_logger()

TRIES = 8
LONGEST_PAUSE = timedelta(minutes=10)
LOCKS = 0x5A47  # our class of advisory locks: one for each shard
STREAM_NAMES = ("ExternalUserID", "ChatId", "UserID", "Id", "TagId")
GREETED = {"add_external_contact", "add_half_external_contact"}

FREE_SHARDS = """
WITH queue AS MATERIALIZED (
  SELECT DISTINCT shard FROM (
    SELECT shard FROM wecom_letter WHERE state = 'waiting' AND due_at <= %s ORDER BY id LIMIT %s) AS oldest)
SELECT shard FROM queue WHERE pg_try_advisory_xact_lock(%s, shard) LIMIT %s
"""
CLAIM = """
SELECT id, corp_id, digest, body, stream, attempts, received_at::text FROM wecom_letter
WHERE state = 'waiting' AND due_at <= %s AND shard = ANY(%s) ORDER BY id LIMIT %s
"""
APPLIED = "UPDATE wecom_letter SET state = 'applied', handled_at = %s, last_error = '' WHERE id = ANY(%s::bigint[])"
NOT_APPLIED = """
UPDATE wecom_letter SET state = f.state, attempts = f.attempts, due_at = f.due_at, last_error = f.last_error
FROM unnest(%s::bigint[], %s::text[], %s::smallint[], %s::timestamptz[], %s::text[])
  AS f (id, state, attempts, due_at, last_error)
WHERE wecom_letter.id = f.id
"""


class Claimed(NamedTuple):
    """A letter in the hands of one worker."""

    id: int
    corp_id: int
    digest: bytes
    body: bytes
    stream: str
    attempts: int
    received_at: datetime


class Told(NamedTuple):
    """A claimed letter and what it says."""

    letter: Claimed
    received: events.Received[Any]


class Trouble(NamedTuple):
    """A letter that was not applied, as NOT_APPLIED takes it."""

    id: int
    state: str
    attempts: int
    due_at: datetime
    last_error: str


def shard_of(corp_pk: int, stream: str) -> int:
    """Which of the shards a stream belongs to, in every process the same."""
    return zlib.crc32(f"{corp_pk}:{stream}".encode()) % SHARDS


def row_of(known: Known, opened: Opened, at: datetime) -> Row:
    """The row of a letter that came through the door; a letter of odd content is kept too."""
    said = opened.said
    event, change_type = said.named()
    try:
        happened_at = said.created_at()
    except events.Unreadable:
        happened_at = at
    stream = next((value for name in STREAM_NAMES if (value := said.fields.get(name))), event)[:128]
    return Row(
        known.id,
        known.corp_pk,
        hashlib.sha256(b"%d\0" % known.id + opened.xml).digest(),
        sealed.seal(opened.xml, BODY),
        stream,
        shard_of(known.corp_pk, stream),
        event[:64],
        change_type[:64],
        happened_at,
        at,
        _welcome_of(event, change_type, said.fields),
    )


def _welcome_of(event: str, change_type: str, fields: dict[str, str]) -> str:
    if event != "change_external_contact":
        return Letter.Welcome.NONE.value
    if fields.get("WelcomeCode"):
        return Letter.Welcome.WAITING.value
    return (Letter.Welcome.MISSING if change_type in GREETED else Letter.Welcome.NONE).value


def hand_on(at: datetime, *, limit: int = 2000, shards: int = SHARDS) -> int:
    """How many letters were applied or set aside. Takes streams that no other worker holds, in order of arrival."""
    with transaction.atomic():
        letters = claim(at, limit=limit, shards=shards)
        if not letters:
            return 0
        told, troubles = understand(letters, at)
        fresh = [one for one in told if not one.letter.attempts]
        again = [one for one in told if one.letter.attempts]  # apart, so that they do not spoil a batch once more
        troubles += [_failed(one, error, at) for group in (again, fresh) for one, error in apply(group)]
        settle(letters, troubles, at)
    corps = {letter.id: letter.corp_id for letter in letters}
    for one in troubles:
        if one.state == Letter.State.PARKED:
            log.warning("wecom.letter.parked", letter=one.id, corp=corps[one.id], tries=one.attempts)
    return len(letters)


def claim(at: datetime, *, limit: int, shards: int = SHARDS) -> list[Claimed]:
    """Letters of free shards, which stay ours until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(FREE_SHARDS, [at, 4 * limit, LOCKS, shards])
        mine = [shard for (shard,) in cursor.fetchall()]
        if not mine:
            return []
        cursor.execute(CLAIM, [at, mine, limit])  # a new statement: it sees what the lock's last holder committed
        return [Claimed._make([*rest, datetime.fromisoformat(received)]) for *rest, received in cursor.fetchall()]


def understand(letters: Sequence[Claimed], at: datetime) -> tuple[list[Told], list[Trouble]]:
    """What the letters say; those that nobody can read are parked at once, since no second try helps."""
    told, troubles = [], []
    for letter in letters:
        try:
            event = events.parse(sealed.open_sealed(letter.body, BODY))
        except (events.Unreadable, sealed.CannotOpen) as error:
            why = f"{type(error).__name__}: {error}"[:200]
            troubles.append(Trouble(letter.id, Letter.State.PARKED.value, letter.attempts, at, why))
            continue
        if isinstance(event, events.UnknownEvent):
            troubles.append(Trouble(letter.id, Letter.State.UNKNOWN.value, letter.attempts, at, ""))
            continue
        received = events.Received(letter.id, bytes(letter.digest), letter.corp_id, event, letter.received_at)
        told.append(Told(letter, received))
    return told, troubles


def apply(told: Sequence[Told]) -> list[tuple[Told, Exception]]:
    """The letters that no handler can take, each with its error; a failing batch is halved until it stands alone."""
    if not told:
        return []
    try:
        with structlog.contextvars.bound_contextvars(**_names(told)), transaction.atomic():
            for handlers, received in runs(told, routes.handlers()):
                for handler in handlers:
                    handler(received)
    except Exception as error:
        if connection.connection is None or connection.connection.closed:
            raise  # the database is gone, not the letter bad
        if len(told) == 1:
            return [(told[0], error)]
        middle = len(told) // 2
        return apply(told[:middle]) + apply(told[middle:])
    return []


def _names(told: Sequence[Told]) -> dict[str, Any]:
    """Under which names the log speaks of a batch: its letter, or the first and the last of them."""
    first, last = told[0].letter, told[-1].letter
    corps = {one.letter.corp_id for one in told}
    names: dict[str, Any] = {"corp": first.corp_id} if len(corps) == 1 else {}
    return {**names, **({"letter": first.id} if len(told) == 1 else {"letters": [first.id, last.id]})}


Route = tuple[routes.Handler, ...]
Table = Mapping[type, Route]


def runs(told: Sequence[Told], table: Table) -> list[tuple[Route, list[events.Received[Any]]]]:
    """The calls to make, in order: handlers and their events."""
    calls: list[tuple[Route, list[events.Received[Any]]]] = []
    last_call: dict[tuple[int, str], int] = {}
    for letter, received in told:
        stream, route = (letter.corp_id, letter.stream), table.get(type(received.event), ())
        earliest = last_call.get(stream, 0)
        fits = next((n for n in range(earliest, len(calls)) if calls[n][0] == route), len(calls))
        if fits == len(calls):
            calls.append((route, []))
        calls[fits][1].append(received)
        last_call[stream] = fits
    return calls


def _failed(one: Told, error: Exception, at: datetime) -> Trouble:
    attempts = one.letter.attempts + 1
    state = Letter.State.PARKED if attempts >= TRIES else Letter.State.WAITING
    named = {"letter": one.letter.id, "corp": one.letter.corp_id}
    log.info("wecom.letter.failed", **named, tries=attempts, error=type(error).__name__)
    return Trouble(one.letter.id, state.value, attempts, at + pause(attempts), outline(error))


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries: 2, 4, 8 … seconds, ten minutes at most."""
    return min(timedelta(seconds=2**attempts), LONGEST_PAUSE)


def outline(error: BaseException) -> str:
    """An error in a line: its class and place. Never its text, which may quote what a customer wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    ours = next((f for f in reversed(frames) if "site-packages" not in f.filename), None)
    via = f" in {ours.name}" if ours else ""
    return f"{type(error).__name__}{where}{via}"[:200]


def settle(letters: Sequence[Claimed], troubles: Sequence[Trouble], at: datetime) -> None:
    """Marks what was applied and what was not, and sounds one alarm for each letter that was parked."""
    in_trouble = {one.id for one in troubles}
    with connection.cursor() as cursor:
        applied = (letter.id for letter in letters if letter.id not in in_trouble)
        cursor.execute(APPLIED, [at, sql_array(applied)])
        if troubles:
            cursor.execute(NOT_APPLIED, [list(column) for column in zip(*troubles, strict=True)])
    for one in troubles:
        if one.state == Letter.State.PARKED:
            alarms.sound("wecom.letter.parked", str(one.id), at=at, error=one.last_error)


def replay(letters: Sequence[Letter], *, by: Any, at: datetime) -> int:
    """How many letters wait again, with all their tries before them."""
    return _set(letters, "replay", Letter.State.WAITING, by=by, at=at)


def park(letters: Sequence[Letter], *, by: Any, at: datetime) -> int:
    """How many letters were set aside by hand."""
    return _set(letters, "park", Letter.State.PARKED, by=by, at=at)


@transaction.atomic
def _set(letters: Sequence[Letter], verb: str, state: Letter.State, *, by: Any, at: datetime) -> int:
    if not letters:
        return 0
    ids = [letter.pk for letter in letters]
    entries.record(f"wecom.letter.{verb}", by=by, subject=letters[0], at=at, letters=ids[:1000])
    return Letter.objects.filter(pk__in=ids).exclude(state=state).update(state=state, attempts=0, due_at=at)
