"""Opening, moving and handing over stores: the only writers of places and of their dated records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from stores.models import Brand, Contract, Franchisee, Opening, Placement, Region, Store

BATCH = 2000


class NotOnThatDay(Exception):
    """A dated record would begin before the one that it follows."""


@transaction.atomic
def open_store(region: Region, *, code: str, name: str, on: date, **fields: object) -> Store:
    """A new store of a region, open from a day on."""
    store = Store.objects.create(region=region, code=code, name=name, **fields)
    Placement.objects.create(store=store, region=region, starts_on=on)
    Opening.objects.create(store=store, starts_on=on)
    return store


@transaction.atomic
def close_store(store: Store, *, on: date) -> None:
    """The store is not open on this day nor after."""
    _end(Opening.objects.filter(store=store), on=on)


@transaction.atomic
def move_store(store: Store, *, to: Region, on: date) -> None:
    """From this day on the store's numbers roll up to another region."""
    _end(Placement.objects.filter(store=store), on=on)
    Placement.objects.create(store=store, region=to, starts_on=on)
    Store.objects.filter(pk=store.pk).update(region=to)
    store.region = to


@transaction.atomic
def sign_contract(store: Store, *, franchisee: Franchisee, on: date) -> Contract:
    """From this day on the franchisee runs the store; the contract before ends."""
    _end(Contract.objects.filter(store=store), on=on)
    Store.objects.filter(pk=store.pk).update(kind=Store.Kind.FRANCHISE)
    return Contract.objects.create(store=store, franchisee=franchisee, starts_on=on)


@transaction.atomic
def end_contract(store: Store, *, on: date) -> None:
    """From this day on HQ runs the store itself."""
    _end(Contract.objects.filter(store=store), on=on)
    Store.objects.filter(pk=store.pk).update(kind=Store.Kind.DIRECT)


def _end(records: object, *, on: date) -> None:
    open_ones = records.filter(ends_on=None)  # type: ignore[attr-defined]
    if open_ones.filter(starts_on__gt=on).exists():
        raise NotOnThatDay(on)
    open_ones.filter(starts_on__lt=on).update(ends_on=on)
    open_ones.filter(Q(starts_on=on)).delete()  # it would hold for no day


def the_brand(name: str = "") -> Brand:
    """The one brand of this deployment, made when there is none."""
    return Brand.objects.first() or Brand.objects.create(name=name or "品牌")


def settle(store: Store, *, on: date) -> None:
    """The store's region and kind become what its dated records say of this day."""
    is_franchised = Contract.objects.filter(store=store).on(on).exists()
    store.kind = Store.Kind.FRANCHISE if is_franchised else Store.Kind.DIRECT
    if placement := Placement.objects.filter(store=store).on(on).first():
        store.region_id = placement.region_id
    Store.objects.filter(pk=store.pk).update(kind=store.kind, region=store.region_id)


def settle_all(*, on: date) -> int:
    """How many stores changed region or kind with the day, since a record that was dated ahead begins or ends."""
    placed = Placement.objects.filter(store=OuterRef("pk")).on(on).values("region")[:1]  # type: ignore[attr-defined]
    held = Exists(Contract.objects.filter(store=OuterRef("pk")).on(on))  # type: ignore[attr-defined]
    stores = Store.objects.annotate(
        placed=Coalesce(Subquery(placed), F("region"), output_field=BigIntegerField()), held=held
    )
    turned = stores.filter(
        ~Q(region_id=F("placed")) | Q(held=True, kind=Store.Kind.DIRECT) | Q(held=False, kind=Store.Kind.FRANCHISE)
    )
    changed = list(turned)
    for store in changed:
        settle(store, on=on)
    return len(changed)


@dataclass(frozen=True, slots=True)
class Plan:
    """A store to be opened."""

    code: str
    name: str
    region: Region
    opens_on: date
    closes_on: date | None = None
    city: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A franchisee's right over a store that is to be signed, or to end elsewhere than it does (`contract`)."""

    store_id: int
    franchisee: Franchisee
    starts_on: date
    ends_on: date | None = None
    contract: Contract | None = None


def make_regions(names: Iterable[str]) -> list[Region]:
    """New regions of the brand, whose names are their codes too."""
    brand = the_brand()
    return Region.objects.bulk_create([Region(brand=brand, code=name[:40], name=name[:60]) for name in names])


def make_franchisees(names: Iterable[str]) -> list[Franchisee]:
    """New franchisees of the brand, who run no store yet."""
    brand = the_brand()
    return Franchisee.objects.bulk_create([Franchisee(brand=brand, name=name) for name in names])


@transaction.atomic
def open_many(plans: Sequence[Plan]) -> list[Store]:
    """The new stores, in order."""
    stores = Store.objects.bulk_create(
        [Store(region=p.region, code=p.code, name=p.name, city=p.city, address=p.address) for p in plans], BATCH
    )
    paired = list(zip(stores, plans, strict=True))
    Placement.objects.bulk_create([Placement(store=s, region=p.region, starts_on=p.opens_on) for s, p in paired], BATCH)
    Opening.objects.bulk_create([Opening(store=s, starts_on=p.opens_on, ends_on=p.closes_on) for s, p in paired], BATCH)
    return stores


@transaction.atomic
def write_many(stores: Sequence[Store], fields: Sequence[str]) -> None:
    """These fields of the stores are what they say; neither their region nor their kind."""
    Store.objects.bulk_update(stores, [name for name in fields if name not in ("region", "kind")], BATCH)


@transaction.atomic
def move_many(told: Sequence[tuple[Store, Region]], *, on: date) -> None:
    """From this day on the stores stand in these regions; what was dated ahead is gone."""
    ids = [store.pk for store, _region in told]
    Placement.objects.filter(store__in=ids, starts_on__gte=on).delete()
    Placement.objects.filter(store__in=ids).filter(Q(ends_on=None) | Q(ends_on__gt=on)).update(ends_on=on)
    Placement.objects.bulk_create([Placement(store=s, region=r, starts_on=on) for s, r in told], BATCH)
    for store, region in told:
        store.region = region
    Store.objects.bulk_update([store for store, _region in told], ["region"], BATCH)


@transaction.atomic
def correct_openings(told: Sequence[Opening]) -> None:
    """These openings last as they say now; where a store stood reaches back to its first day."""
    Opening.objects.bulk_update(told, ["starts_on", "ends_on"], BATCH)
    since = {opening.store_id: opening.starts_on for opening in told}
    first: dict[int, Placement] = {}
    for placement in Placement.objects.filter(store__in=since).order_by("-starts_on"):
        first[placement.store_id] = placement
    early = [p for p in first.values() if p.starts_on > since[p.store_id]]
    for placement in early:
        placement.starts_on = since[placement.store_id]
    Placement.objects.bulk_update(early, ["starts_on"], BATCH)


@transaction.atomic
def sign_many(terms: Sequence[Term], *, on: date) -> None:
    """Contracts as these terms say; one that runs when another begins ends there; kinds are right on this day."""
    kept = [term.contract for term in terms if term.contract]
    for term in terms:
        if term.contract:
            term.contract.ends_on = term.ends_on
    Contract.objects.bulk_update(kept, ["ends_on"], BATCH)
    new = [term for term in terms if not term.contract]
    begins = {term.store_id: term.starts_on for term in sorted(new, key=lambda t: t.starts_on, reverse=True)}
    running = list(Contract.objects.filter(store__in=begins, ends_on=None))
    cut = [contract for contract in running if contract.starts_on < begins[contract.store_id]]
    for contract in cut:
        contract.ends_on = begins[contract.store_id]
    Contract.objects.bulk_update(cut, ["ends_on"], BATCH)
    Contract.objects.bulk_create(
        [Contract(store_id=t.store_id, franchisee=t.franchisee, starts_on=t.starts_on, ends_on=t.ends_on) for t in new],
        BATCH,
    )
    _know_kinds({term.store_id for term in terms}, on=on)


def _know_kinds(stores: Iterable[int], *, on: date) -> None:
    held = Contract.objects.on(on).filter(store__in=list(stores)).values("store")  # type: ignore[attr-defined]
    Store.objects.filter(pk__in=held).update(kind=Store.Kind.FRANCHISE)
    Store.objects.filter(pk__in=list(stores)).exclude(pk__in=held).update(kind=Store.Kind.DIRECT)


def name_legally(franchisees: Sequence[Franchisee]) -> None:
    """The legal names of these franchisees are what they say."""
    Franchisee.objects.bulk_update(franchisees, ["legal_name"], BATCH)
