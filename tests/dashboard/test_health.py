"""The data's health: each number beside a naive count of the same, its colour, its pace and who may look."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from members import deliveries, identities, merges, orders, pushes, sources
from members.identities import Told
from members.models import Delivery, Identity, Member, Order, Push, Review
from scrm.dashboard import health, measures
from scrm.dashboard.models import Gauge
from scrm.wecom.models import Letter
from tests.cast import NOW, Cast

URL = "/dashboard/data-health/"


def order(number: str, **said: Any) -> dict[str, Any]:
    told = {"number": number, "paid_at": (NOW - timedelta(hours=2)).isoformat(), "paid_fen": 100, "channel": "youzan"}
    return told | said


@pytest.fixture
def brand(cast: Cast) -> Cast:
    """Some customers, some of them one person, some erased; orders whole and in parts; rows good and bad."""
    people = [
        Told(ids=(("phone", "", "+8613812340001"),), name="梅", verified=frozenset({"phone"})),
        Told(ids=(("unionid", "", "u" * 28),), name="兰"),
        Told(ids=(("openid", "wx", "o1"),)),
        Told(ids=(("card", "", "C1"),), name="花"),
    ]
    first, second, third, fourth = identities.recognise(people, source="test", at=NOW)
    merges.merge(Member.objects.get(pk=first), [Member.objects.get(pk=second)], by=cast.ada, reason="the same", at=NOW)
    Member.objects.filter(pk=fourth).update(erased_at=NOW)
    Review.objects.create(low_id=first, high_id=third, why=Review.Why.values[0], at=NOW)
    shop = sources.register("shop", by=cast.ada, at=NOW, owner=cast.otto, expected_every=timedelta(hours=1))
    late = sources.register("late", by=cast.ada, at=NOW - timedelta(days=1), expected_every=timedelta(hours=1))
    line = [{"sku": "A", "quantity": 1, "paid_fen": 100}]
    rows = [
        order("1", buyer={"unionid": "u" * 28}, store=cast.nanjing_road.code, lines=line),
        order("2", lines=line),
        order("2-1", parent="2"),
        order("3", buyer={"phone": "12"}),
    ]
    deliveries.record(shop, "orders", orders.take_in(shop, rows, at=NOW, by=cast.ada), at=NOW)
    pushes.keep(late, b"?", at=NOW)
    pushes.lane(NOW)
    return cast


def number(key: str) -> tuple[int, int | None]:
    health.take([measures.MEASURES[key]], at=NOW)
    gauge = Gauge.objects.get(key=key)
    return gauge.part, gauge.whole


def persons() -> dict[int, list[Member]]:
    found: dict[int, list[Member]] = {}
    for member in Member.objects.all():
        found.setdefault(member.same_person_as_id or member.pk, []).append(member)  # type: ignore[attr-defined]
    return {root: some for root, some in found.items() if not Member.objects.get(pk=root).erased_at}


@pytest.mark.parametrize("kind", ["phone", "unionid"])
def test_persons_known_by_an_id(brand: Cast, kind: str) -> None:
    naive = [
        any(Identity.objects.filter(member=member, kind=kind).exists() for member in some)
        for some in persons().values()
    ]
    assert number(f"members_{kind}") == (sum(naive), len(naive))
    assert sum(naive) == 1, "the merged one's id is her person's"


def test_persons_with_a_name(brand: Cast) -> None:
    naive = [bool(Member.objects.get(pk=root).name) for root in persons()]
    assert number("members_name") == (sum(naive), len(naive))


@pytest.mark.parametrize(
    ("key", "has"),
    [
        ("orders_member", lambda one: one.member_id),
        ("orders_store", lambda one: one.store_id),
        ("orders_sku", lambda one: one.lines.exists()),
    ],
)
def test_orders_that_say_who_where_and_what(brand: Cast, key: str, has: Any) -> None:
    naive = [bool(has(one)) for one in Order.objects.filter(parent=None)]
    assert number(key) == (sum(naive), len(naive))
    assert len(naive) == 2


def test_orders_of_other_weeks_do_not_count(brand: Cast) -> None:
    Order.objects.filter(number="1").update(paid_day=NOW.date() - timedelta(days=8))
    assert number("orders_member") == (0, 1)


def test_rows_refused_and_phones_that_are_none(brand: Cast) -> None:
    told = list(Delivery.objects.all())
    assert number("rows_refused") == (sum(d.rejected for d in told), sum(d.rows for d in told)) == (1, 4)
    assert number("phones_invalid") == (1, 4)


def test_members_that_are_or_may_be_the_same(brand: Cast) -> None:
    naive = list(Member.objects.filter(erased_at=None))
    assert number("members_merged") == (sum(bool(m.same_person_as_id) for m in naive), len(naive))  # type: ignore[attr-defined]
    assert number("members_suspected") == (2, len(persons()))


def test_sources_on_time_and_with_somebody_responsible(brand: Cast) -> None:
    assert number("sources_fresh") == (1, 2)
    assert number("sources_owned") == (1, 2)


def test_what_waits_and_what_is_parked(brand: Cast) -> None:
    assert Push.objects.filter(state="parked").count() == 1
    assert number("parked") == (1, None)
    assert number("callback_oldest") == (0, None)


def test_the_lag_is_that_of_the_slowest_twentieth(cast: Cast) -> None:
    at = NOW - timedelta(minutes=30)
    letters = [
        Letter(
            receiver=cast.receiver, corp=cast.corp, digest=bytes([seconds]) * 32, body=b"", stream="s", shard=0,
            event="e", state="applied", happened_at=at, received_at=at, due_at=at,
            handled_at=at + timedelta(seconds=seconds),
        )
        for seconds in range(1, 21)
    ]  # fmt: skip
    Letter.objects.bulk_create(letters)
    assert number("callback_lag") == (19_000, None)


def test_taking_twice_gives_the_same_and_only_what_is_due_is_taken(brand: Cast) -> None:
    assert health.take_due(at=NOW) == len(measures.MEASURES)
    before = list(Gauge.objects.order_by("key").values_list("key", "part", "whole"))
    assert health.take_due(at=NOW) == 0
    soon = health.take_due(at=NOW + timedelta(minutes=5))
    assert 0 < soon < len(measures.MEASURES)
    health.take(measures.MEASURES.values(), at=NOW)
    assert list(Gauge.objects.order_by("key").values_list("key", "part", "whole")) == before


def test_a_number_that_cannot_be_taken_spoils_no_other(db: None) -> None:
    broken = measures.Measure("broken", "", "", "", "SELECT nothing", 1, 1)
    assert health.take([broken, measures.MEASURES["parked"]], at=NOW) == 1


@pytest.mark.parametrize(
    ("key", "value", "colour"),
    [
        ("members_phone", 60, "good"), ("members_phone", 59.9, "fair"), ("members_phone", 29.9, "bad"),
        ("rows_refused", 1, "good"), ("rows_refused", 1.1, "fair"), ("rows_refused", 5.1, "bad"),
        ("rows_refused", None, "none"),
    ],
)  # fmt: skip
def test_the_colour_follows_the_threshold(key: str, value: float | None, colour: str) -> None:
    assert measures.MEASURES[key].colour(value) == colour


def test_the_board_is_hqs_and_counts_nothing_itself(brand: Cast, client: Client) -> None:
    health.take_due(at=NOW)
    for person in (brand.ada, brand.otto, brand.paula, brand.ann):
        client.force_login(person)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(URL)
        assert page.status_code == 200, person.username
        assert not [q for q in asked if "members_identity" in q["sql"] or "members_order" in q["sql"]]
    assert page.content.decode().count("gauge-") == len(measures.MEASURES)
    for person in (brand.rita, brand.ben, brand.fang, brand.cai, brand.ivy, brand.eve):
        client.force_login(person)
        assert client.get(URL).status_code == 403, person.username


def test_an_empty_board_says_what_to_do(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert "gauge-" not in client.get(URL).content.decode()
