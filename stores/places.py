"""Opening, moving and handing over stores: the only writers of places and of their dated records."""

from datetime import date

from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from stores.models import Brand, Contract, Franchisee, Opening, Placement, Region, Store


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
