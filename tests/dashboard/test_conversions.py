"""From buyers to members with consent: people counted once at each place, the same as a naive count."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import consents, recognitions
from members.models import Member, Order
from members.recognitions import Told
from scrm import clock
from scrm.dashboard import boards, conversions
from scrm.dashboard.models import Conversion
from stores.models import Store
from tests.cast import NOW, Cast, after
from tests.orders.till import order, refund, take

TODAY = clock.day_of(NOW)


def phone(n: int) -> str:
    return f"1376450{n:04}"


def buy(cast: Cast, who: int | None, store: str, days_ago: int, number: str, **more: Any) -> None:
    told = {"buyer": {"phone": phone(who)}} if who is not None else {}
    take(order(number, store=store, at=NOW - timedelta(days=days_ago), **told, **more))


def member(n: int) -> Member:
    (found,) = recognitions.find([Told((("phone", "", phone(n)),))])
    return Member.objects.get(pk=found)


def register(n: int, *, allows: str = "marketing_1v1") -> None:
    Member.objects.filter(pk=member(n).pk).update(registered_at=NOW)
    consents.give(member(n), [allows], terms="v1", at=NOW, source="form")


def counts(cast: Cast, viewer: Any, public_id: str, span: str = "days_30") -> tuple[int, int, int]:
    told, _day = conversions.read(boards.node_for(viewer, public_id), span)
    return told.buyers, told.registered, told.members


@pytest.mark.django_db
def test_a_person_is_one_buyer_at_each_place_however_often_she_buys(cast: Cast) -> None:
    for n, store in enumerate(["S001", "S001", "S002", "S003"]):
        buy(cast, 1, store, n, f"A{n}")
    buy(cast, 2, "S001", 3, "B1")
    buy(cast, None, "S001", 3, "C1")
    register(1)
    conversions.fill(TODAY)
    assert counts(cast, cast.ada, cast.brand.public_id) == (2, 1, 1)
    assert counts(cast, cast.ada, cast.east.public_id) == (2, 1, 1)
    assert counts(cast, cast.ada, cast.nanjing_road.public_id) == (2, 1, 1)
    assert counts(cast, cast.ada, cast.fangs.public_id) == (1, 1, 1)
    told, _day = conversions.read(boards.node_for(cast.ada, cast.nanjing_road.public_id), "days_30")
    assert (told.orders, told.nameless, told.rate) == (4, 1, 0.5)


@pytest.mark.django_db
def test_only_a_consent_to_be_reached_makes_a_member_of_a_buyer(cast: Cast) -> None:
    for n in range(4):
        buy(cast, n, "S001", 1, f"A{n}")
    register(0)
    register(1, allows="service")
    register(2)
    consents.withdraw(member(2), at=NOW, source="form")
    conversions.fill(TODAY)
    assert counts(cast, cast.ada, cast.nanjing_road.public_id) == (4, 3, 1)


@pytest.mark.django_db
def test_spans_end_and_what_was_given_back_was_not_bought(cast: Cast) -> None:
    buy(cast, 1, "S001", 40, "A1")
    buy(cast, 2, "S001", 8, "A2")
    take(order("A3", buyer={"phone": phone(3)}), refund("R3", of="A3"))
    conversions.fill(TODAY)
    spans = {span: counts(cast, cast.ada, cast.nanjing_road.public_id, span)[0] for span in conversions.SPANS}
    full = Order.objects.get(number="A3").refunded_fen == Order.objects.get(number="A3").paid_fen
    assert spans == {"days_7": 1 - full, "days_30": 2 - full, "days_90": 3 - full, "days_365": 3 - full}


@pytest.mark.django_db
def test_two_members_that_are_one_person_are_one_buyer(cast: Cast) -> None:
    buy(cast, 1, "S001", 1, "A1")
    buy(cast, 2, "S001", 1, "A2")
    register(2)
    Member.objects.filter(pk=member(2).pk).update(same_person_as=member(1))
    consents.give(member(2), ["marketing_1v1"], terms="v1", at=NOW, source="form")
    conversions.fill(TODAY)
    assert counts(cast, cast.ada, cast.nanjing_road.public_id) == (1, 1, 1)


SHOPS = ["S001", "S002", "S003", None]
BOUGHT = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(SHOPS), st.integers(0, 100)), max_size=12)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BOUGHT, st.sets(st.integers(0, 4)), st.sets(st.integers(0, 4)))
def test_it_is_what_a_naive_count_says(cast: Cast, bought: list, registered: set[int], willing: set[int]) -> None:
    Order.objects.all().delete()
    people = [Member.objects.create(created_at=NOW, registered_at=NOW if n in registered else None) for n in range(5)]
    for n in willing:
        consents.give(people[n], ["marketing_group"], terms="v1", at=NOW, source="form")
    take(*(order(f"{n}", store=shop, at=NOW - timedelta(days=ago)) for n, (_, shop, ago) in enumerate(bought)))
    for n, (who, _shop, _ago) in enumerate(bought):
        Order.objects.filter(number=str(n)).update(member=people[who])
    conversions.fill(TODAY)
    codes = dict(Store.objects.values_list("pk", "code"))
    for span, days in conversions.SPANS.items():
        for store, code in codes.items():
            buyers = {who for who, shop, ago in bought if shop == code and ago < days}
            row = Conversion.objects.filter(kind="store", node_id=store, span=span).first()
            told = (row.buyers, row.registered, row.members) if row else (0, 0, 0)
            assert told == (len(buyers), len(buyers & registered), len(buyers & registered & willing))
        everybody = {who for who, _shop, ago in bought if ago < days}
        brand = Conversion.objects.filter(kind="brand", span=span).first()
        assert (brand.buyers if brand else 0) == len(everybody)


@pytest.mark.django_db
def test_a_fill_twice_is_one(cast: Cast) -> None:
    buy(cast, 1, "S001", 1, "A1")
    assert conversions.fill(TODAY) == conversions.fill(TODAY) == Conversion.objects.count()
    assert conversions.fill_due(at=NOW) and not conversions.fill_due(at=after(hours=5))
    assert conversions.fill_due(at=after(hours=7))


@pytest.mark.django_db
def test_a_franchisee_reads_the_days_that_are_his(cast: Cast) -> None:
    from stores.models import Contract

    Contract.objects.filter(store=cast.fangs_first).update(starts_on=TODAY - timedelta(days=5))
    buy(cast, 1, "S003", 10, "A1")
    buy(cast, 2, "S003", 1, "A2")
    conversions.fill(TODAY)
    assert counts(cast, cast.ada, cast.fangs_first.public_id)[0] == 2
    assert counts(cast, cast.fang, cast.fangs_first.public_id)[0] == 1
    assert counts(cast, cast.fang, cast.fangs.public_id)[0] == 1


VIEWERS = {"ada": 200, "ann": 200, "rita": 404, "ben": 404, "fang": 200, "cai": 403, "gu": 403, "ivy": 404, "eve": 403}


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "status"), VIEWERS.items())
def test_each_sees_his_own_places(cast: Cast, client: Client, who: str, status: int) -> None:
    buy(cast, 1, "S003", 1, "A1")
    conversions.fill(TODAY)
    client.force_login(getattr(cast, who))
    assert client.get(f"/dashboard/conversion/?node={cast.fangs.public_id}").status_code == status
    assert client.get("/dashboard/conversion/").status_code == (403 if status == 403 else 200)


@pytest.mark.django_db
def test_the_page_lists_stores_and_the_file_is_inert(cast: Cast, client: Client) -> None:
    Store.objects.filter(pk=cast.nanjing_road.pk).update(name="=1+1店")
    buy(cast, 1, "S001", 1, "A1")
    register(1)
    conversions.fill(date(2026, 3, 2))
    client.force_login(cast.ada)
    page = client.get("/dashboard/conversion/?part=stores&q=1%2B1").content.decode()
    assert "=1+1店" in page and "100.0%" in page
    told = client.get("/dashboard/conversion/table.csv?part=stores").getvalue().decode()
    assert "'=1+1店,1,0,1,1,1,1.0" in told
    assert client.get("/dashboard/conversion/?span=x&part=y&sort=z&page=99999").status_code == 200


@pytest.mark.django_db
def test_without_orders_the_page_says_what_to_do(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert 'class="notice"' in client.get("/dashboard/conversion/").content.decode()
