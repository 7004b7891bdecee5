"""Orders as a till tells them: new, again, changed, wrong."""

from datetime import date, timedelta

import pytest

from members.models import Correction, Identity, Member, Order, OrderLine
from tests.cast import MEI, NOW, Cast, after
from tests.orders.till import PHONE, errors, order, refund, statuses, take


def test_a_new_order_is_kept_with_its_lines(cast: Cast) -> None:
    (verdict,) = take(order(guide="cai"))
    kept = Order.objects.get(public_id=verdict.id)
    assert (verdict.status, kept.number, kept.store, kept.seller) == ("created", "A1", cast.nanjing_road, cast.cai)
    assert (kept.paid_fen, kept.units, kept.categories, kept.paid_day) == (10000, 3, 2, date(2026, 3, 2))
    assert list(kept.lines.values_list("sku", "quantity", "paid_fen")) == [("T01", 1, 3333), ("C02", 2, 6667)]


def test_the_same_batch_twice_changes_nothing(cast: Cast) -> None:
    batch = [order("A1", buyer={"phone": PHONE}), order("A2"), refund(of="A1")]
    take(*batch)
    before = list(Order.objects.order_by("pk").values())
    assert statuses(*batch, at=after(hours=1)) == ["unchanged"] * 3
    assert list(Order.objects.order_by("pk").values()) == before


def test_an_order_that_its_till_corrects_is_updated_and_its_old_day_noted(cast: Cast) -> None:
    take(order())
    assert statuses(order(fen=8000, at=NOW - timedelta(days=3)), at=after(hours=1)) == ["updated"]
    kept = Order.objects.get()
    assert (kept.paid_fen, kept.paid_day, kept.lines.count()) == (8000, date(2026, 2, 27), 2)
    assert list(Correction.objects.values_list("day", "paid_fen")) == [(date(2026, 3, 2), 10000)]


def test_what_an_older_version_says_changes_nothing(cast: Cast) -> None:
    take(order(fen=9000, updated_at="2026-03-02T12:00:00+08:00"))
    assert statuses(order(fen=10000, updated_at="2026-03-02T11:00:00+08:00")) == ["unchanged"]
    assert Order.objects.get().paid_fen == 9000


def test_of_two_rows_about_one_number_the_last_counts(cast: Cast) -> None:
    verdicts = take(order(fen=1000), order("A2"), order(fen=2000))
    assert [verdict.status for verdict in verdicts] == ["rejected", "created", "created"]
    assert "2" in verdicts[0].error and Order.objects.get(number="A1").paid_fen == 2000
    assert statuses(order("A3"), order("A3")) == ["unchanged", "created"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"number": ""}, "number"),
        ({"number": "x" * 65}, "number"),
        ({"number": "a\0b"}, "number"),
        ({"number": "\ud800"}, "number"),
        ({"kind": "gift"}, "kind"),
        ({"store": "S999"}, "store"),
        ({"channel": "x y"}, "channel"),
        ({"channel": 7}, "channel"),
        ({"paid_at": "yesterday"}, "paid_at"),
        ({"paid_at": "1999-12-31T00:00:00+08:00"}, "paid_at"),
        ({"paid_at": "2026-03-03T12:00:00+08:00"}, "paid_at"),
        ({"paid_at": None}, "paid_at"),
        ({"paid_at": "0001-01-01T00:00:00+23:59"}, "paid_at"),
        ({"paid_fen": -1}, "paid_fen"),
        ({"paid_fen": 10**14}, "paid_fen"),
        ({"paid_fen": 2**63}, "paid_fen"),
        ({"paid_fen": "100"}, "paid_fen"),
        ({"paid_fen": 99.5}, "paid_fen"),
        ({"paid_fen": True}, "paid_fen"),
        ({"paid_fen": 9999}, "paid_fen"),
        ({"lines": "T01"}, "lines"),
        ({"lines": [7]}, "lines[0]"),
        ({"lines": []}, "paid_fen"),
        ({"lines": [{"sku": "T01", "paid_fen": 10000}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "T01", "quantity": 0, "paid_fen": 10000}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "T01", "quantity": 1, "paid_fen": -5}]}, "lines[0].paid_fen"),
        ({"lines": [{"sku": "", "quantity": 1, "paid_fen": 10000}]}, "lines[0].sku"),
        ({"lines": [{"sku": "T", "quantity": 1, "paid_fen": 0}] * 501}, "lines"),
        ({"buyer": {"phone": "12"}}, "buyer.phone"),
        ({"buyer": {"card": 7}}, "buyer.card"),
        ({"buyer": {"marketplace": "b77"}}, "buyer.app"),
        ({"buyer": "Mei"}, "buyer"),
        ({"parent": "A1"}, "parent"),
        ({"updated_at": "soon"}, "updated_at"),
    ],
)
def test_a_bad_row_is_refused_by_its_field_and_spoils_no_other(cast: Cast, said: dict, field: str) -> None:
    good, bad = take(order("A2"), order(**said))
    assert (good.status, bad.status) == ("created", "rejected")
    assert bad.error.startswith(f"{field}: ")
    assert Order.objects.count() == 1


@pytest.mark.parametrize("row", [None, 7, "order", [], {}])
def test_what_is_no_row_is_refused(cast: Cast, row: object) -> None:
    assert statuses(row) == ["rejected"]


def test_an_unmatched_buyer_becomes_a_member_without_a_relation(cast: Cast) -> None:
    take(order("A1", buyer={"phone": PHONE, "name": "王梅"}), order("A2", buyer={"phone": "+86 138 0001 0001"}))
    one, other = Order.objects.order_by("number")
    assert one.member_id and one.member_id == other.member_id
    assert Member.objects.get().relations.count() == 0


def test_an_order_of_nobody_keeps_no_member(cast: Cast) -> None:
    take(order(buyer={}), order("A2", buyer=None))
    assert set(Order.objects.values_list("member", flat=True)) == {None} and not Member.objects.exists()


def test_a_known_customer_is_found_by_what_the_till_knows(cast: Cast) -> None:
    take(order(buyer={"card": "vip 001"}), order("A2", buyer={"card": "VIP001"}))
    assert Member.objects.count() == 1 and Identity.objects.get(kind="card").member.orders.count() == 2


def test_a_guide_s_customer_is_found_by_her_external_userid(cast: Cast) -> None:
    cast.add(MEI, "cai")
    take(order("A1", buyer={"external_userid": MEI}), order("A2", buyer={"external_userid": MEI, "corp": "wwnobody"}))
    assert Order.objects.get(number="A1").member == cast.member(MEI)
    assert Order.objects.get(number="A2").member is None  # of a corp that is not ours


def test_an_order_whose_buyer_changes_is_recognised_anew(cast: Cast) -> None:
    take(order(buyer={"card": "C1"}))
    first = Order.objects.get().member_id
    assert statuses(order(buyer={"card": "C2"})) == ["updated"]
    assert Order.objects.get().member_id != first
    assert statuses(order()) == ["updated"] and Order.objects.get().member_id is None


def test_a_guide_who_comes_to_be_known_later_gets_her_sale(cast: Cast) -> None:
    take(order(guide="nina"))
    assert Order.objects.get().seller is None
    guide = cast.guide("cai")
    type(guide).objects.filter(pk=guide.pk).update(userid="Nina")
    assert statuses(order(guide="nina")) == ["updated"] and Order.objects.get().seller == cast.cai


def test_a_store_out_of_scope_is_as_unknown_as_one_that_is_not(cast: Cast) -> None:
    seen, foreign, unknown, none = errors(
        order("A1"), order("A2", store="S003"), order("A3", store="S999"), order("A4", store=""), by=cast.ben
    )
    assert seen.startswith("store") and foreign.replace("S003", "S999") == unknown and none.startswith("store")


def test_numbers_are_the_source_s_own(cast: Cast) -> None:
    assert statuses(order()) + statuses(order(), source="shop") == ["created", "created"]


def test_texts_are_kept_as_people_read_them(cast: Cast) -> None:
    line = {"sku": "T\t1", "name": " =cmd|'/c calc'!A1\u3000茶\u200b", "category": "", "quantity": 1, "paid_fen": 5}
    assert statuses(order(lines=[line], fen=5)) == ["created"]
    assert OrderLine.objects.values_list("sku", "name").get() == ("T 1", "=cmd|'/c calc'!A1 茶")


def test_a_split_order_counts_once_whatever_comes_first(cast: Cast) -> None:
    parts = [order("A1-1", fen=6000, parent="A1"), order("A1-2", fen=4000, parent="A1")]
    take(*parts)
    assert Order.objects.counted().count() == 2  # nobody has told the whole yet
    take(order("A1"))
    assert list(Order.objects.counted().values_list("number", flat=True)) == ["A1"]
    assert statuses(order("A1-2", fen=4000)) == ["updated"]  # no part any more
    assert set(Order.objects.counted().values_list("number", flat=True)) == {"A1", "A1-2"}
