"""Where guides work when: the only writer of postings, and with them of guides' seats."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from guides.models import Code, Guide, Posting
from stores import seats
from stores.models import Role, Store


@dataclass(frozen=True)
class Book:
    """The postings of some guides: (from, until, store), oldest first."""

    by_guide: dict[int, list[tuple[datetime, datetime | None, int]]]

    def store_at(self, guide: int, instant: datetime) -> int | None:
        """The one store at which a guide worked; None when she worked at several, or we know of none.

        Before her first posting that we know of it is the store of that one: the roster may have been read after her
        first customers came.
        """
        told = self.by_guide.get(guide, [])
        there = {store for starts, ends, store in told if starts <= instant and (ends is None or instant < ends)}
        if not there and told and instant < told[0][0]:
            there = {store for starts, _ends, store in told if starts == told[0][0]}
        return there.pop() if len(there) == 1 else None

    def spans(self, guide: int) -> Iterator[tuple[datetime | None, datetime | None, int]]:
        """The same for all time: from, until (closed-open; None: for ever) and the store, where there is one."""
        told = self.by_guide.get(guide, [])
        cuts = sorted({instant for starts, ends, _store in told for instant in (starts, ends) if instant})
        starts: datetime | None
        for starts, ends in zip([None, *cuts], [*cuts, None], strict=True):
            inside = starts or (cuts[0] - timedelta(seconds=1) if cuts else None)
            if inside and (store := self.store_at(guide, inside)):
                yield starts, ends, store


def book_of(guides: Iterable[int]) -> Book:
    book: dict[int, list[tuple[datetime, datetime | None, int]]] = defaultdict(list)
    rows = Posting.objects.filter(guide__in=list(guides)).order_by("starts_at")
    for guide, starts, ends, store in rows.values_list("guide_id", "starts_at", "ends_at", "store_id"):
        book[guide].append((starts, ends, store))
    return Book(book)


def stores_of_codes(codes: Iterable[int]) -> dict[int, int]:
    return dict(Code.objects.filter(pk__in=list(codes)).values_list("pk", "store_id"))


@transaction.atomic
def post(guide: Guide, *, to: Store, at: datetime, is_manager: bool = False) -> Posting:
    """The guide's posting at the store, begun now unless she works there already; her seat opens with it."""
    places = dict(guide.postings.filter(ends_at=None).values_list("store_id", "is_manager"))
    settle({guide.pk: {**places, to.pk: is_manager}}, at=at)
    return guide.postings.get(store=to, ends_at=None)


@transaction.atomic
def employ(guide: Guide, *, person: Any, at: datetime) -> None:
    """The guide signs in as this person from now on, or as nobody; the seats of her postings go with her."""
    held = list(guide.postings.filter(ends_at=None))
    if guide.person_id:
        seats.close({(guide.person_id, posting.store_id) for posting in held}, at=at)
    guide.person = person
    guide.save(update_fields=["person"])
    _open_seats(held, at=at)


@transaction.atomic
def recall(posting: Posting, *, at: datetime) -> None:
    """The guide works there no longer; her seat there ends with it."""
    if posting.ends_at is None:
        _end([posting], at=at)


@transaction.atomic
def settle(
    wanted: Mapping[int, Mapping[int, bool]], *, at: datetime, among: AbstractSet[int] | None = None
) -> tuple[list[int], set[int]]:
    """Makes these guides' postings what is wanted: guide → store → whether she manages it.

    Who wants knows only the stores `among` which she may be; postings elsewhere stay. Returns the guides with a new
    posting, and the stores where anything changed.
    """
    held = Posting.objects.filter(guide__in=list(wanted), ends_at=None).select_related("guide", "store")
    present = {(p.guide_id, p.store_id): p for p in held}
    asked = {(guide, store): leads for guide, places in wanted.items() for store, leads in places.items()}
    left = [p for key, p in present.items() if key not in asked and (among is None or p.store_id in among)]
    ended = left + [p for key, p in present.items() if key in asked and p.is_manager != asked[key]]
    _end(ended, at=at)
    fresh = [
        Posting(guide_id=guide, store_id=store, is_manager=leads, starts_at=at)
        for (guide, store), leads in asked.items()
        if (guide, store) not in present or present[guide, store].is_manager != leads
    ]
    Posting.objects.bulk_create(fresh)
    _open_seats(fresh, at=at)
    return sorted({p.guide_id for p in fresh}), {p.store_id for p in [*ended, *fresh]}


@dataclass(slots=True)
class Booking:
    """A posting of the past or of now that is to be written down: a new one, or what `held` is to be instead."""

    guide_id: int
    store_id: int
    is_manager: bool
    starts_at: datetime
    ends_at: datetime | None = None
    held: Posting | None = None
    cuts: Posting | None = None  # the one that ends where this begins


@transaction.atomic
def book(told: Sequence[Booking], *, at: datetime) -> None:
    """The postings as these bookings say; seats stand open where postings do."""
    for one in (one for one in told if one.cuts):
        one.cuts.ends_at = one.starts_at  # type: ignore[union-attr]
    for one in (one for one in told if one.held):
        one.held.starts_at, one.held.ends_at = one.starts_at, one.ends_at  # type: ignore[union-attr]
    changed = [p for one in told for p in (one.cuts, one.held) if p is not None]
    Posting.objects.bulk_update(changed, ["starts_at", "ends_at"], batch_size=2000)
    _close_seats([p for p in changed if p.ends_at], at=at)
    fresh = Posting.objects.bulk_create(
        [
            Posting(
                guide_id=one.guide_id,
                store_id=one.store_id,
                is_manager=one.is_manager,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in told
            if one.held is None
        ],
        batch_size=2000,
    )
    _open_seats([p for p in fresh if p.ends_at is None], at=at)


@transaction.atomic
def end_all(guides: Iterable[int], *, at: datetime) -> set[int]:
    """The stores where these guides worked until now."""
    held = list(Posting.objects.filter(guide__in=list(guides), ends_at=None).select_related("guide"))
    _end(held, at=at)
    return {p.store_id for p in held}


def _end(ended: Sequence[Posting], *, at: datetime) -> None:
    for posting in ended:
        posting.ends_at = max(at, posting.starts_at)
    Posting.objects.bulk_update(ended, ["ends_at"], batch_size=2000)
    _close_seats(ended, at=at)


def _close_seats(ended: Sequence[Posting], *, at: datetime) -> None:
    seats.close({(p.guide.person_id, p.store_id) for p in ended if p.guide.person_id}, at=at)


def _open_seats(fresh: Sequence[Posting], *, at: datetime) -> None:
    people = dict(Guide.objects.filter(pk__in={p.guide_id for p in fresh}).values_list("pk", "person_id"))
    seats.open_many(
        [
            (people[p.guide_id], Role.STORE_MANAGER if p.is_manager else Role.GUIDE, p.store_id)
            for p in fresh
            if people[p.guide_id]
        ],
        at=at,
    )
