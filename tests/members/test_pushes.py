"""Pushes: kept word for word, applied once, tried again, parked after eight tries, replayed by hand."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from members import pushes, sources
from members.models import Delivery, Order, Push, Refund, Source
from scrm import sealed
from scrm.audit.models import Alarm, Entry
from tests.cast import NOW, Cast

RECORDED = Path(__file__).parents[1] / "corpus" / "sources"
ORDER = (RECORDED / "wechat_shop_order.json").read_bytes()
AFTER_SALE = (RECORDED / "wechat_shop_aftersale.json").read_bytes()


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def shop(cast: Cast) -> Source:
    options = {"app": "wx1234", "store": cast.nanjing_road.code}
    return sources.register("wxshop", by=cast.ada, at=NOW, kind="adapter", adapter="wechat_shop", options=options)


def test_a_push_is_kept_word_for_word_and_sealed(shop: Source) -> None:
    push = pushes.keep(shop, ORDER, at=NOW)
    assert push is not None
    assert b"oGk5y6" not in bytes(push.body)
    assert sealed.open_sealed(bytes(push.body), pushes.PLACE) == ORDER


def test_a_push_becomes_an_order_and_its_delivery(cast: Cast, shop: Source) -> None:
    pushes.keep(shop, ORDER, at=NOW)
    assert pushes.lane(NOW) == 1
    order = Order.objects.get()
    assert (order.paid_fen, order.store, order.channel) == (38880, cast.nanjing_road, "wechat_shop")
    delivery = Delivery.objects.get()
    assert (delivery.door, delivery.rows, delivery.created) == ("push", 1, 1)
    assert (Push.objects.get().state, Push.objects.get().delivery) == ("applied", delivery)


def test_the_same_push_twice_is_one_order(shop: Source) -> None:
    assert pushes.keep(shop, ORDER, at=NOW)
    assert pushes.keep(shop, ORDER, at=NOW) is None
    assert pushes.lane(NOW) == 1
    assert pushes.keep(shop, ORDER, at=NOW) is None
    assert pushes.lane(NOW) == 0
    assert Order.objects.count() == 1


@pytest.mark.parametrize("told", [(ORDER, AFTER_SALE), (AFTER_SALE, ORDER)])
def test_a_refund_finds_its_order_in_any_order(shop: Source, told: tuple[bytes, bytes]) -> None:
    for n, body in enumerate(told):
        pushes.keep(shop, body, at=NOW + timedelta(seconds=n))
        pushes.lane(NOW + timedelta(seconds=n))
    assert Order.objects.get().refunded_fen == 1990
    assert Refund.objects.get().order == Order.objects.get()


def test_a_later_word_about_a_number_follows_the_earlier_one(shop: Source) -> None:
    changed = ORDER.replace(b"1772254800", b"1772254900").replace(b'"order_price": 39880', b'"order_price": 39780')
    pushes.keep(shop, ORDER, at=NOW)
    pushes.keep(shop, changed, at=NOW)
    assert pushes.lane(NOW) == 2
    assert Order.objects.get().paid_fen == 38780
    assert [d.rejected for d in Delivery.objects.all()] == [0, 0]


def test_what_nobody_can_read_is_parked_at_once_and_ends_when_replayed(cast: Cast, shop: Source) -> None:
    pushes.keep(shop, b"no json", at=NOW)
    pushes.lane(NOW)
    push = Push.objects.get()
    assert (push.state, push.last_error) == ("parked", "NotUnderstood: the payload is no JSON")
    alarm = Alarm.objects.get(kind="push_parked", cleared_at=None)
    assert alarm.subject == str(push.pk)
    assert pushes.replay([push], by=cast.ada, at=NOW) == 1
    assert not Alarm.objects.filter(kind="push_parked", cleared_at=None).exists()
    assert Entry.objects.filter(verb="push.replay").exists()


def test_what_fails_is_tried_eight_times_then_parked(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_said: Any) -> None:
        raise ValueError("secret 13800138000")

    monkeypatch.setattr(pushes.orders, "take_in", broken)
    pushes.keep(shop, ORDER, at=NOW)
    at = NOW
    for _try in range(8):
        assert pushes.lane(at) == 1
        at += timedelta(minutes=11)
    push = Push.objects.get()
    assert (push.state, push.attempts) == ("parked", 8)
    assert "13800138000" not in push.last_error


def test_a_bad_push_spoils_no_other_of_its_batch(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = pushes.orders.take_in

    def picky(source: Source, rows: Any, **said: Any) -> Any:
        if any(row["kind"] == "refund" for row in rows):
            raise ValueError
        return taken(source, rows, **said)

    monkeypatch.setattr(pushes.orders, "take_in", picky)
    for body in (ORDER, AFTER_SALE, b"{"):
        pushes.keep(shop, body, at=NOW)
    pushes.lane(NOW)
    assert list(Push.objects.order_by("pk").values_list("state", flat=True)) == ["applied", "waiting", "parked"]


def test_what_an_adapter_refuses_is_counted_with_its_reason(shop: Source) -> None:
    pushes.keep(shop, (RECORDED / "wechat_shop_list.json").read_bytes(), at=NOW)
    pushes.lane(NOW)
    delivery = Delivery.objects.get()
    assert (delivery.rows, delivery.created, delivery.rejected) == (3, 1, 2)
    assert delivery.reasons == {"the status of this order is unknown": 1, "price_info is missing": 1}


def test_a_paused_sources_pushes_wait(cast: Cast, shop: Source) -> None:
    sources.set_state(shop, Source.State.PAUSED, by=cast.ada, at=NOW)
    pushes.keep(shop, ORDER, at=NOW)
    assert pushes.lane(NOW) == 0
    sources.set_state(shop, Source.State.LIVE, by=cast.ada, at=NOW)
    assert pushes.lane(NOW) == 1


def test_without_an_adapter_a_push_is_parked_until_one_is_chosen(cast: Cast) -> None:
    source = sources.named("plain", NOW)
    pushes.keep(source, ORDER, at=NOW)
    pushes.lane(NOW)
    assert Push.objects.get().state == "parked"
    sources.change(source, by=cast.ada, at=NOW, adapter="wechat_shop")
    pushes.replay(list(Push.objects.all()), by=cast.ada, at=NOW)
    assert pushes.lane(NOW) == 1
    assert Push.objects.get().state == "applied"
