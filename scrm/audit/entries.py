"""The audit book: who read, exported or changed what, when and from where. Names and phones never stand in it.

`by` is a person, or a word that names the part of the system which acted (`"sync"`). `customer` and `store` are public
ids or rows that have one. Each call is one INSERT.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from scrm.audit import visits
from scrm.audit.models import Entry

HIDDEN = "…"
FREE_TEXT = {"q", "query", "search", "term", "name", "phone", "mobile", "keyword", "card"}
TOKEN = re.compile(r"[\w.:+-]{1,64}", re.ASCII)
PHONE = re.compile(r"\+?\d{7,15}")


def record(
    verb: str,
    *,
    by: Any,
    subject: models.Model | None = None,
    at: datetime,
    customer: Any = None,
    store: Any = None,
    rows: int | None = None,
    **detail: Any,
) -> Entry:
    """The audit row of one act; it commits with the act itself."""
    return _write(
        verb,
        by=by,
        kind=subject._meta.label_lower if subject else "",
        subject_id=_id(subject),
        at=at,
        customer=_id(customer) or _customer_of(subject),
        store=_id(store),
        rows=rows,
        detail=detail,
    )


def record_read(
    by: Any,
    what: models.Model | str,
    *,
    at: datetime,
    rows: int | None = None,
    filters: Mapping[str, Any] | None = None,
    customer: Any = None,
    store: Any = None,
    **detail: Any,
) -> Entry:
    """Somebody saw a customer's data: one thing, or a list (`"members.member"`, so many rows, by these filters)."""
    return _looked("read", by, what, at, rows, filters, customer, store, detail)


def record_export(
    by: Any,
    what: models.Model | str,
    *,
    at: datetime,
    rows: int,
    filters: Mapping[str, Any] | None = None,
    customer: Any = None,
    store: Any = None,
    **detail: Any,
) -> Entry:
    """Somebody took data away as a file: what, how many rows, found by which filters."""
    return _looked("exported", by, what, at, rows, filters, customer, store, detail)


def record_sign_in(by: Any, *, how: str, at: datetime) -> Entry:
    """Somebody signed in: by `password`, `wecom`, `qr`, `token` …"""
    return record("person.signed_in", by=by, subject=by, at=at, how=how)


def record_failed_sign_in(person: Any | None, *, how: str, at: datetime, **detail: Any) -> Entry:
    """Somebody failed to sign in as this person, or as nobody we know; what was typed is never kept."""
    return record("person.sign_in_failed", by=None, subject=person, at=at, how=how, **detail)


def record_refusal(by: Any, *, page: str, method: str, at: datetime) -> Entry:
    """Somebody asked for what her seats do not allow."""
    return record("page.refused", by=by, at=at, page=page, method=method)


def told(filters: Mapping[str, Any]) -> dict[str, str]:
    """Filters as the book may keep them: ids, days and choices in full; of free text only that there was one."""
    return {
        str(name)[:64]: _harmless(str(name), str(value)) for name, value in filters.items() if value not in ("", None)
    }


def _harmless(name: str, value: str) -> str:
    free = name.rpartition("__")[2] in FREE_TEXT or name.partition("__")[0] in FREE_TEXT
    return value if TOKEN.fullmatch(value) and not free and not PHONE.fullmatch(value) else HIDDEN


def _looked(
    did: str,
    by: Any,
    what: models.Model | str,
    at: datetime,
    rows: int | None,
    filters: Mapping[str, Any] | None,
    customer: Any,
    store: Any,
    detail: dict[str, Any],
) -> Entry:
    subject = None if isinstance(what, str) else what
    kind = what if isinstance(what, str) else what._meta.label_lower
    return _write(
        f"{kind.rpartition('.')[2]}.{did}",
        by=by,
        kind=kind,
        subject_id=_id(subject),
        at=at,
        customer=_id(customer) or _customer_of(subject),
        store=_id(store),
        rows=rows,
        detail={**detail, "filters": told(filters)} if filters else detail,
    )


def _write(verb: str, *, by: Any, **columns: Any) -> Entry:
    system = by[:32] if isinstance(by, str) else ""
    actor = None if isinstance(by, str) else getattr(by, "pk", None)
    return Entry.objects.create(
        actor_id=actor, system=system, verb=verb, address=visits.address(), request_id=visits.request_id(), **columns
    )


def _id(thing: Any) -> str:
    """A public id: of a row, or as it was given."""
    if thing is None or isinstance(thing, str):
        return thing or ""
    return str(getattr(thing, "public_id", thing.pk))


def _customer_of(subject: models.Model | None) -> str:
    """The customer whom a thing is about: itself, or its `member`."""
    if subject is None or subject._meta.label_lower == "members.member":
        return _id(subject)
    return _id(getattr(subject, "member", None)) if getattr(subject, "member_id", None) else ""
