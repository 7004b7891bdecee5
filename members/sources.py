"""The registry of sources: the only writer of sources. A code that nobody knows is noted on its first use."""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from members.models import Source
from members.models.sources import CODE
from scrm.audit import entries

GOOD = re.compile(CODE)
CHANGEABLE = ("name", "kind", "adapter", "owner", "fields", "options", "expected_every", "error_percent")


class NotACode(Exception):
    """A source's code is 1 to 40 letters, digits or . : _ - without spaces."""


class IsPaused(Exception):
    """Nothing is taken from this source until it is set live again."""


def named(code: str, at: datetime) -> Source:
    """The source of this code, made on its first use; raises NotACode and IsPaused."""
    source = known([code], at).get(code)
    if source is None:
        raise NotACode
    if not source.is_live:
        raise IsPaused
    return source


def of_code(code: str) -> Source | None:
    """The source of this code, if there is one; none is made."""
    return Source.objects.filter(code=code).first() if GOOD.fullmatch(code) else None


def known(codes: Iterable[str], at: datetime) -> dict[str, Source]:
    """The sources of these codes, paused ones too; those that are no codes are left out."""
    asked = {code for code in codes if GOOD.fullmatch(code)}
    found = {source.code: source for source in Source.objects.filter(code__in=asked)}
    if missing := sorted(asked - set(found)):
        made = [Source(code=code, name=code, created_at=at) for code in missing]
        Source.objects.bulk_create(made, ignore_conflicts=True)
        found |= {source.code: source for source in Source.objects.filter(code__in=missing)}
    return found


@transaction.atomic
def register(code: str, *, by: Any, at: datetime, **said: Any) -> Source:
    """A new source, or one that had made itself known, with what is to be known of it."""
    if not GOOD.fullmatch(code):
        raise NotACode
    source = known([code], at)[code]
    return change(source, by=by, at=at, **said)


@transaction.atomic
def change(source: Source, *, by: Any, at: datetime, **said: Any) -> Source:
    """The source with these facts; the audit book tells which changed, from what to what."""
    source = Source.objects.select_for_update().get(pk=source.pk)
    before = {name: _told(getattr(source, name)) for name in CHANGEABLE}
    for name in set(said) & set(CHANGEABLE):
        setattr(source, name, said[name])
    after = {name: _told(getattr(source, name)) for name in CHANGEABLE}
    if changed := {name: [before[name], after[name]] for name in CHANGEABLE if before[name] != after[name]}:
        source.save(update_fields=list(changed))
        entries.record("source.changed", by=by, subject=source, at=at, changed=changed)
    return source


def _told(value: Any) -> Any:
    if value is None or isinstance(value, str | int | dict | list):
        return value
    return getattr(value, "public_id", None) or str(value)


@transaction.atomic
def set_state(source: Source, state: Source.State, *, by: Any, at: datetime) -> Source:
    """Live or paused: a paused source's rows are refused, its pushes kept."""
    if Source.objects.filter(pk=source.pk).exclude(state=state).update(state=state):
        entries.record(f"source.{state.value}", by=by, subject=source, at=at)
    source.state = state
    return source


@transaction.atomic
def take_secret(source: Source, secret: str, *, by: Any, at: datetime) -> None:
    """The secret under which the source's system signs by itself; the one before is worthless from now on."""
    source.secret = secret
    source.save(update_fields=["secret"])
    entries.record("source.secret_taken", by=by, subject=source, at=at)


@transaction.atomic
def new_secret(source: Source, *, by: Any, at: datetime) -> str:
    """A new secret for signed pushes, told this once; the one before is worthless from now on."""
    secret = secrets.token_urlsafe(32)
    source.secret = secret
    source.save(update_fields=["secret"])
    entries.record("source.secret_made", by=by, subject=source, at=at)
    return secret
