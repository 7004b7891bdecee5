"""Freight: paid besides the goods, shown, and counted nowhere, however and whenever it is given back."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from members.models import Order, Refund
from tests.api.conftest import Caller
from tests.api.conftest import calling as calling  # the fixture
from tests.cast import NOW, Cast
from tests.orders.till import NOON, order, refund, statuses, take

HOUR = timedelta(hours=1)
ROWS = [
    order(fen=10000, freight_fen=1000),
    refund("R1", fen=4000),
    refund("R2", fen=6600, at=NOON + HOUR),
    refund("R3", fen=400, at=NOON + 2 * HOUR),
    refund("R4", fen=1, at=NOON + 3 * HOUR),
]


def kept() -> dict[str, tuple[str, int, int]]:
    return {r.number: (str(r.state), r.paid_fen, r.freight_fen) for r in Refund.objects.all()}


def test_it_stands_beside_what_was_paid(cast: Cast) -> None:
    assert statuses(order(freight_fen=1000)) == ["created"]
    one = Order.objects.get()
    assert (one.paid_fen, one.freight_fen, one.net_fen) == (10000, 1000, 10000)
    assert statuses(order(freight_fen=1000)) == ["unchanged"] and statuses(order(freight_fen=800)) == ["updated"]
    assert Order.objects.get().freight_fen == 800


@pytest.mark.parametrize("said", [-1, "10", 1.5, True])
def test_odd_freight_is_refused(cast: Cast, said: Any) -> None:
    assert statuses(order(freight_fen=said)) == ["rejected"]


@pytest.mark.parametrize("rows", list(permutations(range(5)))[::17])
def test_goods_are_given_back_before_freight_in_any_order_of_arrival(cast: Cast, rows: tuple[int, ...]) -> None:
    for n in rows:
        take(ROWS[n])
    assert kept() == {
        "R1": ("counted", 4000, 0),
        "R2": ("counted", 6000, 600),
        "R3": ("freight", 400, 0),
        "R4": ("excess", 1, 0),
    }
    assert Order.objects.get().refunded_fen == 10000
    assert statuses(*ROWS) == ["unchanged"] * 4 + ["rejected"]


def test_all_of_it_back_at_once_is_no_more_than_was_paid(cast: Cast) -> None:
    assert statuses(order(freight_fen=1000), refund(fen=11000)) == ["created", "created"]
    assert kept() == {"R1": ("counted", 10000, 1000)} and Order.objects.get().net_fen == 0
    take(refund(fen=3000))
    assert kept() == {"R1": ("counted", 3000, 0)}


def test_freight_that_is_corrected_is_gone_through_again(cast: Cast) -> None:
    take(order(), refund(fen=10500))
    assert kept() == {"R1": ("excess", 10500, 0)}
    take(order(freight_fen=500))
    assert kept() == {"R1": ("counted", 10000, 500)}
    take(order(freight_fen=100))
    assert kept() == {"R1": ("excess", 10500, 0)}


def test_it_is_shown_on_the_page_and_told_by_the_api(cast: Cast, client: Client, calling: Caller) -> None:
    take(order(freight_fen=1234), refund(fen=11234, at=NOW))
    client.force_login(cast.ben)
    page = client.get(f"/customers/orders/{Order.objects.get().public_id}/").content.decode()
    assert page.count("12.34") == 2
    api = calling(cast.ada)
    assert api.get("/api/v1/orders/").json()["results"][0]["freight_fen"] == 1234
    assert api.get("/api/v1/refunds/").json()["results"][0]["freight_fen"] == 1234
