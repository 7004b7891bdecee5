"""Syncs: everything that WeCom knows of a corp is brought in, phase by phase and chunk by chunk.

1. A phase is planned: WeCom (or our own rows) say what there is to read, in chunks.
2. Its chunks are read side by side. A refusal for a while makes a chunk due later; a killed worker gives it back.
3. When all were read, the phase concludes. When one could not be, it does not: a partial pass ends nothing.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from django.db import IntegrityError, connection, transaction

from guides import adoptions, chunks, groups, phases
from guides.models import Sync, SyncChunk
from scrm import clock
from scrm.audit import alarms, entries
from scrm.wecom.errors import BackOff, Refused, Retry, TokenRefused
from scrm.wecom.models import Corp

log = structlog.get_logger()
State, Step = Sync.State, Sync.Step
PLAN_WITHIN = timedelta(minutes=2)
SPELL = timedelta(seconds=20)  # so long a lane reads before it looks whether the worker is to stop
KEPT_FOR = timedelta(days=60)
LONGEST = "SET LOCAL statement_timeout = '15min'"  # of a conclusion, which is over a whole brand

Now = Callable[[], datetime]


class Phase(Protocol):
    """One kind of thing that a sync brings in."""

    name: str

    def plan(self, sync: Sync, at: datetime) -> Sequence[Mapping[str, Any]]:
        """What the chunks are of, as JSON; may ask WeCom. Raises Refused."""

    def read(self, chunk: SyncChunk, at: datetime) -> Mapping[str, int]:
        """Reads one chunk, as often as need be with the same outcome, and says what it counted. Raises Refused."""

    def finish(self, sync: Sync, at: datetime) -> Mapping[str, Any] | None:
        """What follows from all chunks together, in one transaction that asks WeCom nothing; more counts, if any."""


PHASES: tuple[Phase, ...] = (
    phases.Roster(),
    phases.Tags(),
    phases.Customers(),
    groups.Groups(),
    adoptions.Codes(),
)


class NothingToAgreeTo(Exception):
    """This phase of this sync did not shrink, or a later sync has answered the question."""


def begin(corp: Corp, *, cause: str, at: datetime, by: Any = None, wait: timedelta = timedelta()) -> Sync:
    """The corp's running sync, begun now if there was none."""
    if running := Sync.objects.filter(corp=corp, state=State.RUNNING).first():
        return running
    person = by if getattr(by, "pk", None) else None
    try:
        with transaction.atomic():
            Sync.objects.filter(corp=corp, finished_at__lt=at - KEPT_FOR).delete()
            sync = Sync.objects.create(
                corp=corp,
                by=person,
                cause=cause,
                phase=PHASES[0].name,
                phase_began_at=at + wait,
                started_at=at,
                due_at=at + wait,
            )
            entries.record("sync.begun", by=by, subject=sync, at=at, corp=corp.corp_id, cause=cause)
    except IntegrityError:  # somebody else began it just now
        return Sync.objects.get(corp=corp, state=State.RUNNING)
    log.info("guides.sync.begun", sync=sync.public_id, corp=corp.pk, cause=cause)
    return sync


def begin_all(*, at: datetime, apart: timedelta) -> None:
    """A nightly sync of each corp, so far apart from each other: WeCom counts the calls of one address too."""
    for n, corp in enumerate(Corp.objects.filter(apps__isnull=False).distinct().order_by("pk")):
        begin(corp, cause=Sync.Cause.NIGHTLY, at=at, wait=n * apart)


def lane(at: datetime, *, threads: int = chunks.SIDE_BY_SIDE) -> int:
    """How many steps running syncs went on by (a lane of the worker)."""
    now = clock.ticking(at)
    running = Sync.objects.filter(state=State.RUNNING, due_at__lte=at).select_related("corp").order_by("due_at")
    return sum(go_on(sync, now, threads=threads) for sync in running)


def go_on(sync: Sync, now: Now, *, threads: int = chunks.SIDE_BY_SIDE, stop: threading.Event | None = None) -> int:
    """How many steps this sync went on by; after a spell it comes back even if there is more to do."""
    sync.refresh_from_db()
    if sync.state != State.RUNNING:
        return 0
    if sync.step == Step.PLAN:
        return _plan(sync, now)
    if sync.step == Step.READ:
        return _read_side_by_side(sync, now, threads, stop or threading.Event()) + _all_read(sync, now())
    try:
        return _finish(sync, now())
    except Exception as error:
        log.error("guides.sync.not_concluded", sync=sync.public_id, phase=sync.phase, error=type(error).__name__)
        return _step_again(sync, None, now())


def _phase(name: str) -> Phase:
    return next(phase for phase in PHASES if phase.name == name)


def _plan(sync: Sync, now: Now) -> int:
    at = now()
    free = Sync.objects.filter(pk=sync.pk, step=Step.PLAN, phase=sync.phase, due_at__lte=at)
    if not free.update(due_at=at + PLAN_WITHIN):
        return 0
    try:
        payloads = _phase(sync.phase).plan(sync, at)
    except BackOff as refused:
        Sync.objects.filter(pk=sync.pk).update(due_at=refused.until)
    except (Retry, TokenRefused) as refused:
        _step_again(sync, refused.errcode, now())
    except Refused as refused:
        _close_phase(sync, "refused", at=now(), errcode=refused.errcode)
    else:
        with transaction.atomic():
            chunks.plan(sync, sync.phase, payloads, at=now())
            Sync.objects.filter(pk=sync.pk).update(step=Step.READ, attempts=0, due_at=now())
            log.info("guides.sync.phase_planned", sync=sync.public_id, phase=sync.phase, chunks=len(payloads))
    return 1


def _step_again(sync: Sync, errcode: int | None, at: datetime) -> int:
    """The step is tried again after a pause that grows; after the last try the phase ends without it."""
    if sync.attempts + 1 >= chunks.MOST_TRIES:
        return _close_phase(sync, "refused" if sync.step == Step.PLAN else "partial", at=at, errcode=errcode)
    pause = min(chunks.FIRST_PAUSE * 2**sync.attempts, chunks.LONGEST_PAUSE)
    return Sync.objects.filter(pk=sync.pk).update(attempts=sync.attempts + 1, due_at=at + pause)


def _read_side_by_side(sync: Sync, now: Now, threads: int, stop: threading.Event) -> int:
    """How many chunks were read within a spell."""
    until = now() + SPELL
    if threads <= 1:
        return _read_some(sync, now, until, stop)
    with ThreadPoolExecutor(threads, thread_name_prefix="sync") as pool:
        spells = [pool.submit(_in_a_thread, sync, now, until, stop) for _ in range(threads)]
        try:
            return sum(spell.result() for spell in spells)
        except BaseException:
            stop.set()  # the others end with the chunk that they hold
            raise


def _in_a_thread(sync: Sync, now: Now, until: datetime, stop: threading.Event) -> int:
    try:
        return _read_some(sync, now, until, stop)
    finally:
        connection.close()


def _read_some(sync: Sync, now: Now, until: datetime, stop: threading.Event) -> int:
    read = 0
    while not stop.is_set() and now() < until and (chunk := chunks.claim(sync, at=now())):
        read_chunk(chunk, now)
        read += 1
    return read


def read_chunk(chunk: SyncChunk, now: Now) -> None:
    """Reads a claimed chunk, and writes down what became of it."""
    try:
        counters = _phase(chunk.phase).read(chunk, now())
    except BackOff as refused:
        chunks.later(chunk, at=max(refused.until, now()), errcode=refused.errcode)
    except (Retry, TokenRefused) as refused:
        chunks.again(chunk, at=now(), errcode=refused.errcode)
    except Refused as refused:
        chunks.fail(chunk, errcode=refused.errcode)
    except Exception as error:
        log.error("guides.sync.chunk_failed", sync=chunk.sync_id, chunk=chunk.pk, error=type(error).__name__)
        chunks.again(chunk, at=now())
    except BaseException:
        chunks.later(chunk, at=now())
        raise
    else:
        chunks.done(chunk, counters)


def _all_read(sync: Sync, at: datetime) -> int:
    """Goes on to the conclusion once no chunk is left; a phase with a failed chunk has none."""
    of_phase = SyncChunk.objects.filter(sync=sync, phase=sync.phase)
    if of_phase.filter(state__in=chunks.OPEN).exists():
        return 0
    failed = of_phase.filter(state=SyncChunk.State.FAILED)
    if not failed.exists():
        return Sync.objects.filter(pk=sync.pk, phase=sync.phase, step=Step.READ).update(step=Step.FINISH)
    errcode = failed.values_list("errcode", flat=True).order_by("errcode").first()
    is_all = failed.count() == of_phase.count()
    return _close_phase(sync, "refused" if is_all else "partial", at=at, errcode=errcode)


def _finish(sync: Sync, at: datetime) -> int:
    """Concludes the phase, with what follows from it, in one transaction."""
    with transaction.atomic():
        held = Sync.objects.select_for_update(skip_locked=True, of=("self",)).select_related("corp")
        here = held.filter(pk=sync.pk, step=Step.FINISH, phase=sync.phase, state=State.RUNNING).first()
        if here is None:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(LONGEST)
        return _close_phase(here, "done", at=at, more=_phase(here.phase).finish(here, at))


@transaction.atomic
def _close_phase(
    sync: Sync, state: str, *, at: datetime, errcode: int | None = None, more: Mapping[str, Any] | None = None
) -> int:
    """The phase ends as `state` says, and the next one begins."""
    here = Sync.objects.select_for_update().get(pk=sync.pk)
    if here.phase != sync.phase or here.state != State.RUNNING:
        return 0  # somebody else was faster
    told = {**counted(here, here.phase), "state": state, "errcode": errcode, **(more or {})}
    here.counters[here.phase] = {**told, "began_at": here.phase_began_at.isoformat(), "ended_at": at.isoformat()}
    SyncChunk.objects.filter(sync=here, phase=here.phase, found__isnull=False).update(found=None)
    names = [phase.name for phase in PHASES]
    following = names[names.index(here.phase) + 1 :]
    if following:
        here.phase, here.step, here.due_at, here.attempts, here.phase_began_at = following[0], Step.PLAN, at, 0, at
    else:
        here.state, here.finished_at = _outcome(here), at
    here.save()
    log.info("guides.sync.phase_closed", sync=here.public_id, phase=sync.phase, outcome=state, errcode=errcode)
    if not following:
        _tell(here, at=at)
    return 1


def _outcome(sync: Sync) -> str:
    states = {told["state"] for told in sync.counters.values()}
    if states == {"done"}:
        return State.DONE
    return State.REFUSED if states == {"refused"} else State.PARTIAL


def _tell(sync: Sync, *, at: datetime) -> None:
    """A sync that could not read everything is an alarm, which the next complete one ends."""
    if sync.state == State.DONE:
        alarms.end("sync_incomplete", sync.corp.corp_id, at=at)
    else:
        worst = {name: told["errcode"] for name, told in sync.counters.items() if told["state"] != "done"}
        alarms.sound("sync_incomplete", sync.corp.corp_id, at=at, phases=worst)
    log.info("guides.sync.ended", sync=sync.public_id, outcome=sync.state)


COUNTED = """
SELECT key, sum(value::bigint)::bigint FROM guides_syncchunk, jsonb_each_text(counters)
WHERE sync_id = %s AND phase = %s AND state = 'done' GROUP BY key
"""


def counted(sync: Sync, phase: str) -> dict[str, int]:
    """What the chunks of a phase counted up to now, and how many of them are done."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [sync.pk, phase])
        sums = dict(cursor.fetchall())
    of_phase = SyncChunk.objects.filter(sync=sync, phase=phase)
    return {"chunks": of_phase.count(), "chunks_done": of_phase.filter(state=SyncChunk.State.DONE).count(), **sums}


def last_refusal(sync: Sync) -> int | None:
    """What WeCom refused a chunk of the present phase with, that is to be read again."""
    waiting = SyncChunk.objects.filter(
        sync=sync, phase=sync.phase, state=SyncChunk.State.WAITING, errcode__isnull=False
    )
    return waiting.values_list("errcode", flat=True).order_by("-due_at").first()


@transaction.atomic
def agree(sync: Sync, phase: str, *, by: Any, at: datetime) -> Sync:
    """A person says that WeCom's shorter list is right: a new sync may end as many. Raises NothingToAgreeTo."""
    missing = sync.counters.get(phase, {}).get("shrunk")
    if not missing or Sync.objects.filter(corp=sync.corp_id, pk__gt=sync.pk, state=State.DONE).exists():
        raise NothingToAgreeTo(phase)
    fresh = begin(sync.corp, cause=Sync.Cause.BUTTON, by=by, at=at)
    fresh.allowed = {**fresh.allowed, phase: missing}
    fresh.save(update_fields=["allowed"])
    entries.record("sync.agreed", by=by, subject=fresh, at=at, phase=phase, missing=missing)
    return fresh
