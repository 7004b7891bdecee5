"""Files that people bring: the only writer of imports. Small ones are worked on at once, large ones by the worker."""

import hashlib
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction

from scrm.audit import entries
from scrm.imports import judging, reading
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportFile, ImportRow
from scrm.imports.verdicts import Case, Kind
from scrm.sealed import open_sealed, seal
from scrm.sheets.rows import Unreadable

log = structlog.get_logger()
AT_ONCE = 200_000  # bytes: as much as a page may take to answer
LINES_AT_ONCE = 1000
TRIES = 3
PLACE = "imports_importfile.content"
State = Import.State
AT_WORK = [State.PREVIEWING, State.APPLYING]


class NotNow(Exception):
    """The import is in a state in which this cannot be done."""


@transaction.atomic
def take(kind: Kind, content: bytes, *, file_name: str, by: Any, at: datetime) -> Import:
    """A new import of this file, whose lines are still to be read."""
    digest = hashlib.sha256(content).digest()
    upload = Import.objects.create(
        kind=kind.name, file_name=file_name[-120:], digest=digest, size=len(content), by=by, at=at
    )
    if len(content) > settings.IMPORT_BYTES:
        _refuse(upload, Unreadable("too_large", limit=settings.IMPORT_BYTES >> 20))
    else:
        ImportFile.objects.create(upload=upload, content=seal(content, PLACE))
    entries.record("import.uploaded", by=by, subject=upload, at=at, file=kind.name, size=len(content))
    return upload


@transaction.atomic
def choose(upload: Import, *, makes: set[str], by: Any, at: datetime) -> Import:
    """The lines are judged anew, with names that nobody knows made, or not."""
    upload = _held(upload, State.PREVIEWED)
    upload.options = {f"make_{what}": True for what in sorted(makes)}
    return _put(upload, State.PREVIEWING)


@transaction.atomic
def apply(upload: Import, *, by: Any, at: datetime) -> Import:
    """The import is to be brought in."""
    upload = _held(upload, State.PREVIEWED)
    upload.by = by
    return _put(upload, State.APPLYING)


@transaction.atomic
def discard(upload: Import, *, by: Any, at: datetime) -> None:
    """Nothing comes of the import, and its lines are gone."""
    upload = _held(upload, State.PREVIEWED, State.FAILED)
    _put(upload, State.DISCARDED)
    _forget(upload, at=at)
    entries.record("import.discarded", by=by, subject=upload, at=at)


def _held(upload: Import, *states: str) -> Import:
    held = Import.objects.select_for_update(of=("self",)).select_related("by").get(pk=upload.pk)
    if held.state not in states:
        raise NotNow(held.state)
    return held


def _put(upload: Import, state: str) -> Import:
    upload.state, upload.tries, upload.problem = state, 0, {}
    upload.save()
    return upload


def is_small(upload: Import) -> bool:
    return upload.size <= AT_ONCE and upload.found.get("lines", 0) <= LINES_AT_ONCE


def lane(at: datetime) -> int:
    """How many imports were read or brought in (a lane of the worker)."""
    waiting = Import.objects.filter(state__in=AT_WORK).order_by("id")
    return sum(work_on(upload, at=at) for upload in waiting[:20])


def work_on(upload: Import, *, at: datetime) -> bool:
    """Whether the import came to an end of its present state; not if somebody else works on it.

    1. A try is counted and committed, so that a file that kills its worker does so three times and no more.
    2. The row is locked and the work done in one transaction: whoever is killed in it has done nothing.
    """
    if not _count_a_try(upload):
        return False
    try:
        with transaction.atomic():
            held = Import.objects.select_for_update(of=("self",), skip_locked=True).select_related("by")
            mine = held.filter(pk=upload.pk, state__in=AT_WORK).first()
            if mine is None:
                return False
            _work(mine, at=at)
    except (IntegrityError, Unreadable) as why:
        _give_up(upload, why)
    except DatabaseError:
        if upload.tries + 1 >= TRIES:
            _give_up(upload, Unreadable("kept_failing"))
        raise
    return True


def _count_a_try(upload: Import) -> bool:
    with transaction.atomic():
        held = Import.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=upload.pk).first()
        if held is None or not held.is_at_work:
            return False
        if held.tries >= TRIES:
            _refuse(held, Unreadable("kept_failing"))
            return False
        held.tries += 1
        held.save(update_fields=["tries"])
    return True


def _work(upload: Import, *, at: datetime) -> None:
    kind = KINDS[upload.kind]
    case = Case(upload, at, upload.by)
    if upload.state == State.APPLYING:
        judging.bring_in(upload, kind, case)
        upload.state, upload.applied_at = State.APPLIED, at
    else:
        if content := ImportFile.objects.filter(upload=upload).first():
            upload.found = reading.read(upload, open_sealed(bytes(content.content), PLACE), kind)
            content.delete()  # its lines are all that is kept of it
        judging.preview(upload, kind, case)
        upload.state, upload.previewed_at = State.PREVIEWED, at
    upload.tries, upload.problem = 0, {}
    upload.save()
    log.info("imports.worked_on", upload=upload.pk, kind=kind.name, state=str(upload.state), **upload.counts)


def _give_up(upload: Import, why: Exception) -> None:
    """The import failed and did nothing. What changed meanwhile can be looked at again."""
    with transaction.atomic():
        held = Import.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        if isinstance(why, Unreadable):
            _refuse(held, why)
        else:
            again = State.PREVIEWED if held.state == State.APPLYING else State.FAILED
            held.problem = {"code": "changed_meanwhile"}
            held.state, held.tries = again, 0
            held.save()
    log.info("imports.given_up", upload=upload.pk, problem=held.problem.get("code"))


def _refuse(upload: Import, why: Unreadable) -> None:
    upload.state, upload.problem = State.FAILED, {"code": why.code, **why.where}
    upload.save()
    ImportFile.objects.filter(upload=upload).delete()


def _forget(upload: Import, *, at: datetime) -> None:
    ImportFile.objects.filter(upload=upload).delete()
    ImportRow.objects.filter(upload=upload).delete()
    Import.objects.filter(pk=upload.pk).update(forgotten_at=at)


def forget(*, before: datetime, at: datetime) -> int:
    """How many imports lost their lines, since they were uploaded long ago; what they came to stays."""
    old = Import.objects.filter(at__lt=before, forgotten_at=None).exclude(state__in=AT_WORK).order_by("id")
    for upload in old:
        with transaction.atomic():
            if upload.state == State.PREVIEWED:
                Import.objects.filter(pk=upload.pk).update(state=State.DISCARDED)
            _forget(upload, at=at)
    return len(old)
