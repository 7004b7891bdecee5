"""Tags put on or taken off many customers in WeCom: looked at part by part, paced, paused, gone on with, stopped.

Whoever begins one reaches the customers of the stores where a seat of hers may tag many, asked again at each part.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from pyroaring import BitMap

from members import sights, taggings
from members.models import Marking, Tag, TagRun
from scrm.audit import entries
from stores.access import Permission
from stores.models import Person, Store
from stores.scope import Scope, scope_of

State = TagRun.State
AT_ONCE = 1000
KEPT_READY = 2000  # wishes of a run that wait; the other persons are not looked at before


class Nobody(Exception):
    """None of these persons is somebody whom whoever asks may tag."""


class NotNow(Exception):
    """The run has ended, or is not in the state for this."""


@transaction.atomic
def begin(
    members: Collection[int],
    tag: Tag,
    *,
    puts_on: bool,
    name: str = "",
    by: Person | None,
    store: Store | None = None,
    at: datetime,
) -> TagRun:
    """A run over those of these persons whom `by` may tag; others are as if nobody had named them. Raises NotWeComs,
    Nobody."""
    if tag.kind != Tag.Kind.WECOM or tag.deleted_at:
        raise taggings.NotWeComs(tag.public_id)
    everybody = _within(by, members)
    if not everybody:
        raise Nobody
    store = store or _only_store(by)
    run = TagRun.objects.create(
        name=name,
        tag=tag,
        puts_on=puts_on,
        store=store,
        members=len(everybody),
        todo=everybody.serialize(),
        by=by,
        at=at,
    )
    entries.record("tagrun.begun", by=by, subject=run, store=store, at=at, rows=len(everybody), tag=tag.public_id)
    return run


def _within(by: Person | None, members: Collection[int]) -> BitMap:
    if by is None or scope_of(by, needs=Permission.TAG_MANY).everything:
        return BitMap(members)
    asked, found = sorted(members), BitMap()
    for start in range(0, len(asked), AT_ONCE):
        found |= BitMap(sights.among(by, asked[start : start + AT_ONCE], needs=Permission.TAG_MANY))
    return found


def _only_store(by: Person | None) -> Store | None:
    """The store of a seat that covers but one: its run is shown to all who may tag many there."""
    scope = scope_of(by, needs=Permission.TAG_MANY) if by else Scope()
    if len(scope.stores) != 1 or scope != Scope(stores=scope.stores):
        return None
    return Store.objects.filter(pk__in=scope.stores).first()


def pause(run: TagRun, *, by: Person | None, at: datetime) -> None:
    """WeCom is told of no more of it until it goes on; calls that are under way are made."""
    _turn(run, State.PAUSED, "paused", {State.RUNNING}, by=by, at=at)


def resume(run: TagRun, *, by: Person | None, at: datetime) -> None:
    _turn(run, State.RUNNING, "resumed", {State.PAUSED}, by=by, at=at)


@transaction.atomic
def stop(run: TagRun, *, by: Person | None, at: datetime) -> None:
    """Nobody more of it is tagged; who was, stays so."""
    _turn(run, State.STOPPED, "stopped", {State.RUNNING, State.PAUSED}, by=by, at=at)
    TagRun.objects.filter(pk=run.pk).update(todo=None, ended_at=at)
    left = Marking.objects.filter(run=run, state=Marking.State.WAITING)
    left.update(state=Marking.State.CANCELLED, settled_at=at)


@transaction.atomic
def _turn(
    run: TagRun, state: TagRun.State, verb: str, come_from: set[TagRun.State], *, by: Person | None, at: datetime
) -> None:
    if not TagRun.objects.filter(pk=run.pk, state__in=come_from).update(state=state):
        raise NotNow(run.public_id)
    run.state = state
    entries.record(f"tagrun.{verb}", by=by, subject=run, at=at)


def lane(at: datetime) -> int:
    """How many persons of runs were looked at, and wishes told to WeCom (a lane of the worker)."""
    running = TagRun.objects.filter(state=State.RUNNING).order_by("pk").values_list("pk", flat=True)
    return sum(_go_on(pk, at=at) for pk in list(running)) + taggings.ask(at)


@transaction.atomic
def _go_on(pk: int, *, at: datetime) -> int:
    """How many further persons of a run wait for WeCom now; a run of which nothing is left is done."""
    found = TagRun.objects.select_for_update(skip_locked=True, of=("self",)).select_related("tag__group", "by")
    run = found.filter(pk=pk, state=State.RUNNING).first()
    if run is None:
        return 0
    waiting = Marking.objects.filter(run=run, state=Marking.State.WAITING)
    if run.todo is None:
        return _conclude(run, at=at)
    if waiting[KEPT_READY:].exists():
        return 0
    if run.tag.deleted_at:
        stop(run, by=None, at=at)
        return 1
    left = BitMap.deserialize(bytes(run.todo))
    batch = list(left[:AT_ONCE])
    left -= BitMap(batch)
    told = taggings.mark(batch, run.tag, puts_on=run.puts_on, by=run.by, run=run.pk, at=at)
    TagRun.objects.filter(pk=pk).update(
        todo=left.serialize() if left else None,
        unreachable=F("unreachable") + told.unreachable,
        unchanged=F("unchanged") + told.unchanged,
    )
    return len(batch)


def _conclude(run: TagRun, *, at: datetime) -> int:
    open_ones = Marking.objects.filter(run=OuterRef("pk"), state__in=[Marking.State.WAITING, Marking.State.ASKED])
    ended = TagRun.objects.filter(~Exists(open_ones), pk=run.pk)
    return ended.update(state=State.DONE, ended_at=at)
