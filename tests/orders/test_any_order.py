"""Whatever comes first, is repeated or comes late: the same rows and the same sums."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from members.models import Order, OrderLine, Refund
from tests.cast import NOW, assemble
from tests.orders.till import order, refund, take

VERSIONS = 3


def _version(n: int) -> str:
    return (NOW - timedelta(hours=9 - n)).isoformat()


@st.composite
def histories(draw: Any) -> list[dict[str, Any]]:
    """What a source says of four orders and their refunds over time: each saying once, with its version."""
    rows: list[dict[str, Any]] = []
    for name in ("A1", "A2", "A3", "A4"):
        whole = draw(st.sampled_from(["", "A1", "A2"]).filter(lambda whole, name=name: whole != name))
        for version in range(draw(st.integers(1, VERSIONS))):
            said: dict[str, Any] = {"parent": whole} if whole and draw(st.booleans()) else {}
            said["store"] = draw(st.sampled_from(["S001", "S002", ""]))
            said["buyer"] = draw(st.sampled_from([{}, {"card": "C1"}, {"card": "C2"}]))
            rows.append(order(name, fen=draw(st.integers(0, 900)), updated_at=_version(version), **said))
    for name in ("R1", "R2", "R3"):
        for version in range(draw(st.integers(0, VERSIONS))):
            of = draw(st.sampled_from(["A1", "A2", "A3", "A4", "A9"]))
            at = NOW - timedelta(hours=draw(st.integers(1, 40)))
            rows.append(refund(name, of=of, fen=draw(st.integers(1, 600)), at=at, updated_at=_version(version)))
    return rows


def state() -> dict[str, Any]:
    """All that matters of orders and refunds, without ids that the database counted."""
    orders = Order.objects.order_by("number")
    refunds = Refund.objects.order_by("number").values_list(
        "number", "order_number", "order__number", "state", "paid_fen", "refunded_at", "version_at"
    )
    named = ("number", "parent__number", "store__code", "paid_fen", "refunded_fen", "units", "version_at")
    lines = OrderLine.objects.order_by("order__number", "position").values_list("order__number", "sku", "paid_fen")
    whose = [[card.value for card in one.member.identities.filter(kind="card")] if one.member else [] for one in orders]
    return {"orders": list(orders.values_list(*named)), "refunds": list(refunds), "lines": list(lines), "whose": whose}


def gmv() -> int:
    paid = sum(Order.objects.counted().values_list("paid_fen", flat=True))
    return paid - sum(Refund.objects.filter(state="counted").values_list("paid_fen", flat=True))


class AnyOrder(TestCase):
    def setUp(self) -> None:
        assemble()

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(histories(), st.randoms(use_true_random=False), st.integers(1, 4))
    def test_any_order_of_arrival_gives_the_same(self, rows: list[dict[str, Any]], chance: Any, size: int) -> None:
        found = []
        for _ in range(2):
            told = [*rows, *chance.sample(rows, len(rows) // 2)]
            chance.shuffle(told)
            with transaction.atomic():
                for start in range(0, len(told), size):
                    take(*told[start : start + size])
                self._sums_hold()
                found.append((state(), gmv()))
                transaction.set_rollback(True)
        assert found[0] == found[1]

    def _sums_hold(self) -> None:
        for one in Order.objects.prefetch_related("lines"):
            assert sum(line.paid_fen for line in one.lines.all()) == one.paid_fen
            circle = [one.pk, *one.parts.values_list("pk", flat=True)]
            back = sum(Refund.objects.filter(order__in=circle, state="counted").values_list("paid_fen", flat=True))
            assert one.refunded_fen == back
            assert one.parent_id or one.refunded_fen <= one.paid_fen
