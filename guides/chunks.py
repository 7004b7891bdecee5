"""The parts of a sync, each read by one worker at a time: the only writer of chunks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from guides.models import Sync, SyncChunk

LEASE = timedelta(minutes=2)  # a worker that is killed gives its chunk back after this time
SIDE_BY_SIDE = 4  # WeCom counts who asks at the same time, and answers 45033 from about five on
MOST_TRIES = 6
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
OPEN = (SyncChunk.State.WAITING, SyncChunk.State.RUNNING)

CLAIM = """
UPDATE guides_syncchunk SET state = 'running', claims = claims + 1, attempts = attempts + 1, due_at = %(lease)s
WHERE id = (
    SELECT id FROM guides_syncchunk
    WHERE sync_id = %(sync)s AND phase = %(phase)s AND state IN ('waiting', 'running') AND due_at <= %(at)s
    ORDER BY due_at, number LIMIT 1 FOR UPDATE SKIP LOCKED
) AND %(most)s > (
    SELECT count(*) FROM guides_syncchunk
    WHERE sync_id = %(sync)s AND phase = %(phase)s AND state = 'running' AND due_at > %(at)s
)
RETURNING id
"""


@transaction.atomic
def plan(sync: Sync, phase: str, payloads: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """The chunks of a phase; those that are planned already stay as they are."""
    planned = [
        SyncChunk(sync=sync, phase=phase, number=number, payload=payload, due_at=at)
        for number, payload in enumerate(payloads)
    ]
    SyncChunk.objects.bulk_create(planned, ignore_conflicts=True, batch_size=500)


def claim(sync: Sync, *, at: datetime) -> SyncChunk | None:
    """A chunk that nobody else reads, ours until its lease ends; None when there is none to read now."""
    asked: dict[str, Any] = {"sync": sync.pk, "phase": sync.phase, "at": at, "lease": at + LEASE, "most": SIDE_BY_SIDE}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, asked)
        found = cursor.fetchone()
    return SyncChunk.objects.select_related("sync__corp").get(pk=found[0]) if found else None


def hold(chunk: SyncChunk, *, at: datetime) -> None:
    """The lease begins anew, for a chunk that takes long."""
    _ours(chunk).update(due_at=at + LEASE)


def keep(chunk: SyncChunk, found: Mapping[str, Any]) -> None:
    """What was read, until the phase concludes."""
    _ours(chunk).update(found=dict(found))


def done(chunk: SyncChunk, counters: Mapping[str, int]) -> None:
    """The chunk was read to its end."""
    _ours(chunk).update(state=SyncChunk.State.DONE, counters=dict(counters), errcode=None)


def later(chunk: SyncChunk, *, at: datetime, errcode: int | None = None) -> None:
    """The chunk waits until an instant, through no fault of its own: a quota is used up, or we were told to stop."""
    _ours(chunk).update(state=SyncChunk.State.WAITING, attempts=F("attempts") - 1, due_at=at, errcode=errcode)


def again(chunk: SyncChunk, *, at: datetime, errcode: int | None = None) -> None:
    """The chunk is tried again after a pause that grows, and fails after the last try."""
    if chunk.attempts >= MOST_TRIES:
        return fail(chunk, errcode=errcode)
    pause = min(FIRST_PAUSE * 2 ** (chunk.attempts - 1), LONGEST_PAUSE)
    _ours(chunk).update(state=SyncChunk.State.WAITING, due_at=at + pause, errcode=errcode)


def fail(chunk: SyncChunk, *, errcode: int | None = None) -> None:
    """The chunk cannot be read in this sync."""
    _ours(chunk).update(state=SyncChunk.State.FAILED, errcode=errcode)


def _ours(chunk: SyncChunk) -> Any:
    """The chunk, unless somebody else holds it by now."""
    return SyncChunk.objects.filter(pk=chunk.pk, claims=chunk.claims, state=SyncChunk.State.RUNNING)
