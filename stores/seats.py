"""Giving and taking seats: the only writer of seats."""

from collections.abc import Iterable, Sequence
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
def give_many(wanted: Sequence[Seat], *, at: datetime, by: Any = None) -> None:
    """Opens these seats, each of which is to be held from now on; those that are held already stay as they are."""
    for seat in wanted:
        seat.starts_at = at
    Seat.objects.bulk_create(wanted, ignore_conflicts=True)
    for seat in wanted:  # an entry each: who was given what is asked by person
        entries.record("seat.given", by=by, subject=seat.person, at=at, role=seat.role)


@transaction.atomic
def take(seat: Seat, *, at: datetime, by: Any = None) -> None:
    """The seat ends; it stays in the book."""
    if seat.ends_at is None:
        seat.ends_at = at
        seat.save(update_fields=["ends_at"])
        entries.record("seat.taken", by=by, subject=seat.person, at=at, role=seat.role)


@transaction.atomic
def open_many(wanted: Iterable[tuple[int, str, int]], *, at: datetime) -> None:
    """Opens seats at stores: (person, role, store) each, set-based; open ones stay as they are."""
    Seat.objects.bulk_create(
        [Seat(person_id=person, role=role, store_id=store, starts_at=at) for person, role, store in wanted],
        ignore_conflicts=True,
    )


@transaction.atomic
def close(places: Iterable[tuple[int, int]], *, at: datetime) -> int:
    """How many open seats ended: those of guides and managers, (person, store) each."""
    wanted = set(places)
    held = Seat.objects.filter(
        person__in={person for person, _store in wanted},
        store__in={store for _person, store in wanted},
        role__in=[Role.GUIDE, Role.STORE_MANAGER],
        ends_at=None,
    )
    ending = [seat.pk for seat in held if (seat.person_id, seat.store_id) in wanted]
    return Seat.objects.filter(pk__in=ending).update(ends_at=at)
