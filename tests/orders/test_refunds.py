"""Refunds: in part, late, again, too much."""

from datetime import date, timedelta

from members.models import Correction, Order, Refund
from tests.cast import NOW, Cast
from tests.orders.till import NOON, order, refund, statuses, take

STATES = Refund.State
HOUR = timedelta(hours=1)


def states() -> dict[str, str]:
    return dict(Refund.objects.values_list("number", "state"))


def test_a_part_of_an_order_is_given_back(cast: Cast) -> None:
    lines = [{"sku": "C02", "quantity": 1, "paid_fen": 4000}]
    assert statuses(order(), refund(lines=lines)) == ["created", "created"]
    kept = Order.objects.get()
    assert (kept.refunded_fen, kept.net_fen, Refund.objects.get().order) == (4000, 6000, kept)
    assert Refund.objects.get().lines.values_list("sku", "paid_fen").get() == ("C02", 4000)


def test_a_refund_that_comes_before_its_order_waits_for_it(cast: Cast) -> None:
    assert statuses(refund()) == ["created"]
    assert Refund.objects.get().order is None
    assert statuses(refund()) == ["unchanged"]
    take(order())
    assert (Refund.objects.get().state, Order.objects.get().refunded_fen) == (STATES.COUNTED, 4000)


def test_more_than_was_paid_is_refused(cast: Cast) -> None:
    take(order(), refund("R1", fen=7000))
    (verdict,) = take(refund("R2", fen=3001, at=NOON + HOUR))
    assert verdict.status == "rejected" and verdict.error.startswith("paid_fen: ")
    assert statuses(refund("R3", fen=3000, at=NOON + 2 * HOUR)) == ["created"]
    assert Order.objects.get().refunded_fen == 10000
    assert statuses(refund("R2", fen=3001, at=NOON + HOUR)) == ["rejected"]


def test_what_was_too_much_counts_when_the_order_is_corrected(cast: Cast) -> None:
    take(order(fen=3000), refund(fen=4000))
    assert states() == {"R1": STATES.EXCESS}
    take(order(fen=5000))
    assert (states(), Order.objects.get().refunded_fen) == ({"R1": STATES.COUNTED}, 4000)


def test_a_late_order_that_paid_less_leaves_the_excess_out(cast: Cast) -> None:
    take(refund("R1", fen=3000), refund("R2", fen=3000, at=NOON + HOUR))
    take(order(fen=5000))
    assert states() == {"R1": STATES.COUNTED, "R2": STATES.EXCESS}


def test_a_refund_that_is_corrected_moves_its_sum_and_day(cast: Cast) -> None:
    take(order(), refund(fen=1000, at=NOW - timedelta(days=1)))
    assert statuses(refund(fen=2000)) == ["updated"]
    assert Order.objects.get().refunded_fen == 2000
    assert Correction.objects.values_list("day", "is_refund").get() == (date(2026, 3, 1), True)


def test_a_refund_that_names_another_order_leaves_the_first(cast: Cast) -> None:
    take(order("A1"), order("A2"), refund(of="A1"))
    take(refund(of="A2"))
    assert list(Order.objects.order_by("number").values_list("refunded_fen", flat=True)) == [0, 4000]


def test_parts_and_their_whole_give_back_no_more_than_the_whole(cast: Cast) -> None:
    take(order("A1"), order("A1-1", fen=6000, parent="A1"), order("A1-2", fen=4000, parent="A1"))
    take(refund("R1", of="A1-1", fen=6000), refund("R2", of="A1", fen=4000, at=NOON + HOUR))
    assert statuses(refund("R3", of="A1-2", fen=1, at=NOON + 2 * HOUR)) == ["rejected"]
    sums = dict(Order.objects.values_list("number", "refunded_fen"))
    assert sums == {"A1": 10000, "A1-1": 6000, "A1-2": 0}


def test_a_refund_names_its_order_and_a_sum(cast: Cast) -> None:
    verdicts = take(refund(of=""), refund("R2", fen=0), refund("R3", fen=-1))
    assert [verdict.error.split(":")[0] for verdict in verdicts] == ["refund_of", "paid_fen", "paid_fen"]
