from datetime import date

import pytest
from django.db import IntegrityError, transaction

from stores import places, seats
from stores.models import Contract, Opening, Placement, Role, Seat, Store
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def test_a_moved_store_stands_in_each_region_on_its_own_days(cast: Cast) -> None:
    places.move_store(cast.nanjing_road, to=cast.south, on=MARCH)
    spells = Placement.objects.filter(store=cast.nanjing_road).order_by("starts_on")
    assert [(p.region, p.ends_on) for p in spells] == [(cast.east, MARCH), (cast.south, None)]
    assert Store.objects.get(pk=cast.nanjing_road.pk).region == cast.south


def test_a_closed_store_may_open_again_and_the_days_between_are_known(cast: Cast) -> None:
    places.close_store(cast.nanjing_road, on=MARCH)
    Opening.objects.create(store=cast.nanjing_road, starts_on=APRIL)
    assert not Opening.objects.filter(store=cast.nanjing_road).on(date(2026, 3, 15)).exists()


def test_a_contract_ends_where_the_next_begins(cast: Cast) -> None:
    places.sign_contract(cast.fangs_first, franchisee=cast.fangs, on=MARCH)
    assert list(Contract.objects.filter(store=cast.fangs_first).order_by("starts_on").values_list("ends_on")) == [
        (MARCH,),
        (None,),
    ]


def test_no_contract_begins_before_the_one_that_it_follows(cast: Cast) -> None:
    with pytest.raises(places.NotOnThatDay):
        places.sign_contract(cast.fangs_first, franchisee=cast.fangs, on=date(2025, 1, 1))


def test_the_database_itself_refuses_two_owners_of_one_day(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="a_store_has_one_franchisee_at_a_time"), transaction.atomic():
        Contract.objects.create(store=cast.fangs_first, franchisee=cast.fangs, starts_on=MARCH)


def test_a_seat_is_given_once_and_stands_where_its_role_does(cast: Cast) -> None:
    seats.give(cast.eve, Role.STORE_MANAGER, store=cast.xujiahui, at=NOW)
    seats.give(cast.eve, Role.STORE_MANAGER, store=cast.xujiahui, at=NOW)
    assert Seat.objects.filter(person=cast.eve).count() == 1
    with pytest.raises(IntegrityError, match="a_seat_stands_where_its_role_does"), transaction.atomic():
        seats.give(cast.eve, Role.HQ_ADMIN, store=cast.xujiahui, at=NOW)


def test_what_was_dated_ahead_begins_on_its_day(cast: Cast) -> None:
    Placement.objects.filter(store=cast.xujiahui).update(ends_on=APRIL)
    Placement.objects.create(store=cast.xujiahui, region=cast.south, starts_on=APRIL)
    Contract.objects.create(store=cast.xujiahui, franchisee=cast.fangs, starts_on=APRIL)
    assert places.settle_all(on=MARCH) == 0
    assert places.settle_all(on=APRIL) == 1 and places.settle_all(on=APRIL) == 0
    store = Store.objects.get(pk=cast.xujiahui.pk)
    assert (store.region, store.kind) == (cast.south, Store.Kind.FRANCHISE)
