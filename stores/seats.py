"""Giving and taking seats: the only writer of seats."""

from datetime import datetime
from typing import Any

from django.db import transaction

from scrm.audit import entries
from stores.models import Person, Role, Seat


@transaction.atomic
def give(person: Person, role: Role | str, *, at: datetime, by: Any = None, **place: Any) -> Seat:
    """The person's open seat of this role at this place (region=, franchisee= or store=), given once."""
    seat, is_new = Seat.objects.get_or_create(
        person=person, role=role, ends_at=None, **place, defaults={"starts_at": at}
    )
    if is_new:
        entries.record("seat.given", by=by, subject=person, at=at, role=str(role))
    return seat


@transaction.atomic
def take(seat: Seat, *, at: datetime, by: Any = None) -> None:
    """The seat ends; it stays in the book."""
    if seat.ends_at is None:
        seat.ends_at = at
        seat.save(update_fields=["ends_at"])
        entries.record("seat.taken", by=by, subject=seat.person, at=at, role=seat.role)
