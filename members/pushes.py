"""What sources push, and files that people bring for them: kept word for word first, then applied by a lane.

A push that fails is tried again, with longer and longer pauses, and parked after eight tries; one that nobody can read
is parked at once. The pushes of one source are applied in the order of their arrival, many in one batch.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import F, Func, IntegerField, QuerySet
from django.utils.translation import gettext as _

from members import deliveries, orders
from members.adapters import ADAPTERS
from members.adapters.canon import NotUnderstood, Understood
from members.models import Delivery, Push, Source
from members.orders import Verdict
from scrm import sealed
from scrm.audit import alarms, entries
from scrm.wecom.inbox import TRIES, outline, pause

log = structlog.get_logger()
PLACE = "members_push.body"
BATCH = 200
MOST_BYTES = 16 << 20
ALARM = "push_parked"
KEEP = """
INSERT INTO members_push (source_id, digest, body, received_at, state, due_at, attempts, last_error, door, by_id, note)
VALUES (%s, %s, %s, %s, 'waiting', %s, 0, '', %s, %s, %s)
ON CONFLICT (source_id, digest) DO UPDATE SET state = 'waiting', due_at = excluded.due_at, attempts = 0,
  body = excluded.body, handled_at = NULL
  WHERE members_push.state = 'parked' OR members_push.body = ''
RETURNING id
"""
State = Push.State


class NoAdapter(Exception):
    """Nobody said in which system's words this source speaks."""


class Batch(NamedTuple):
    """Pushes that may be taken in together, with what each comes to."""

    pushes: list[Push]
    found: list[Understood]


def keep(
    source: Source, body: bytes, *, at: datetime, door: str = Delivery.Door.PUSH, by: Any = None, note: str = ""
) -> Push | None:
    """The push, which waits now; None if the very same was kept before. What is parked waits again."""
    digest = hashlib.sha256(body).digest()
    with connection.cursor() as cursor:
        said = [source.pk, digest, sealed.seal(body, PLACE), at, at, door, getattr(by, "pk", None), note[:120]]
        cursor.execute(KEEP, said)
        row = cursor.fetchone()
    return Push.objects.select_related("source", "by").get(pk=row[0]) if row else None


def lane(at: datetime) -> int:
    """How many pushes were applied or set aside; a lane of `manage.py work`."""
    return apply_due(at)


@transaction.atomic
def apply_due(at: datetime, *, only: Source | None = None) -> int:
    """Takes the oldest pushes that are due of sources that are live, and that nobody else holds."""
    due = Push.objects.filter(state=State.WAITING, due_at__lte=at, source__state=Source.State.LIVE)
    due = due.filter(source=only) if only else due
    pushes = list(Push.objects.filter(pk__in=_held(due)).select_related("source", "by").order_by("pk"))
    of_sender: dict[tuple[int, int | None, str], list[Push]] = {}
    for push in pushes:
        of_sender.setdefault((push.source_id, push.by_id, push.door), []).append(push)
    for some in of_sender.values():
        _apply(some, at)
    return len(pushes)


def _held(due: QuerySet[Push]) -> list[int]:
    """The oldest, as many as are worked on together: files are large."""
    size = Func(F("body"), function="octet_length", output_field=IntegerField())
    held = due.order_by("pk").select_for_update(of=("self",), skip_locked=True).annotate(size=size)
    found: list[int] = []
    bytes_held = 0
    for pk, length in held.values_list("pk", "size")[:BATCH]:
        if found and bytes_held + length > MOST_BYTES:
            break
        found.append(pk)
        bytes_held += length
    return found


def _apply(pushes: Sequence[Push], at: datetime) -> None:
    """All of one sender's, batch by batch; a batch that fails is taken apart until the bad push stands alone."""
    for batch in _batches(pushes, at):
        try:
            with transaction.atomic():
                _take_in(batch, at)
        except Exception as error:
            if connection.connection is None or connection.connection.closed:
                raise  # the database is gone, not the push bad
            if len(batch.pushes) > 1:
                for push in batch.pushes:
                    _apply([push], at)
            else:
                _failed(batch.pushes[0], outline(error), at, parks=False)


def _batches(pushes: Sequence[Push], at: datetime) -> Iterator[Batch]:
    """In the order of arrival; a number comes once in a batch, so that a later word follows an earlier one."""
    batch, seen = Batch([], []), set[tuple[str, str]]()
    for push in pushes:
        try:
            found = understood(push)
        except (NotUnderstood, NoAdapter, sealed.CannotOpen) as why:
            _failed(push, f"{type(why).__name__}: {why}"[:200], at, parks=True)
            continue
        keys = {(row["kind"], row["number"]) for row in found.rows}
        if seen & keys:
            yield batch
            batch, seen = Batch([], []), set()
        batch.pushes.append(push)
        batch.found.append(found)
        seen |= keys
    if batch.pushes:
        yield batch


def understood(push: Push) -> Understood:
    """What a push comes to; raises NotUnderstood and NoAdapter."""
    adapter = ADAPTERS.get(push.source.adapter)
    if adapter is None:
        raise NoAdapter(_("no adapter is chosen for this source"))
    return adapter.read(sealed.open_sealed(bytes(push.body), PLACE), push.source.fields, push.source.options)


def _take_in(batch: Batch, at: datetime) -> None:
    first = batch.pushes[0]
    rows = [row for found in batch.found for row in found.rows]
    refused = [one for found in batch.found for one in found.refused]
    answers = orders.take_in(first.source, rows, at=at, by=first.by) if rows else []
    answers += [Verdict(len(rows) + n, "rejected", error=why) for n, (_number, why) in enumerate(refused)]
    numbers = [row["number"] for row in rows] + [number for number, _why in refused]
    delivery = deliveries.record(
        first.source,
        Delivery.Kind.ORDERS,
        answers,
        at=at,
        by=first.by,
        door=first.door,
        numbers=numbers,
        note=first.note,
    )
    done = [push.pk for push in batch.pushes]
    Push.objects.filter(pk__in=done).update(state=State.APPLIED, handled_at=at, delivery=delivery, last_error="")
    for push in batch.pushes:
        if push.attempts or push.last_error:
            alarms.end(ALARM, str(push.pk), at=at)


def _failed(push: Push, error: str, at: datetime, *, parks: bool) -> None:
    attempts = push.attempts + 1
    state = State.PARKED if parks or attempts >= TRIES else State.WAITING
    Push.objects.filter(pk=push.pk).update(
        state=state, attempts=attempts, due_at=at + pause(attempts), last_error=error[:200]
    )
    log.info("sources.push.failed", push=push.pk, source=push.source_id, tries=attempts, state=str(state))
    if state == State.PARKED:
        alarms.sound(ALARM, str(push.pk), at=at, source=push.source.code, error=error[:200])


@transaction.atomic
def replay(pushes: Sequence[Push], *, by: Any, at: datetime) -> int:
    """How many wait again, with all their tries before them; those whose text is no longer kept do not."""
    ids = [push.pk for push in pushes if bytes(push.body)]
    if not ids:
        return 0
    entries.record("push.replay", by=by, subject=pushes[0], at=at, pushes=ids[:1000])
    for pk in ids:
        alarms.end(ALARM, str(pk), at=at)
    return Push.objects.filter(pk__in=ids).update(state=State.WAITING, attempts=0, due_at=at, handled_at=None)


@transaction.atomic
def park(pushes: Sequence[Push], *, by: Any, at: datetime) -> int:
    """How many were set aside by hand."""
    ids = [push.pk for push in pushes if push.state == State.WAITING]
    if not ids:
        return 0
    entries.record("push.park", by=by, subject=pushes[0], at=at, pushes=ids[:1000])
    return Push.objects.filter(pk__in=ids).update(state=State.PARKED)
