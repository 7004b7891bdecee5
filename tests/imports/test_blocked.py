"""What says nothing about who somebody is joins nobody in a file either."""

import pytest

from members import blocks, endings, identities
from members.models import Identity, Member, MemberTag, Order
from tests.cast import NOW
from tests.imports.conftest import Desk, came_to, said
from tests.imports.test_members import HEAD, NO_WORD, YES

pytestmark = pytest.mark.django_db
SHOP, TRIAL, HERS = "13764501893", "13800138000", "13764501894"


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """The phone of Nanjing Road is blocked; somebody bore it before anybody knew."""
    told = identities.Told((("card", "", "T1"), ("phone", "", SHOP)), "前台")
    assert identities.recognise([told], source="pos", at=NOW) != [None]
    blocks.put("phone", SHOP, reason="store", by=desk.cast.ada, at=NOW)
    return desk


@pytest.mark.parametrize("number", [SHOP, TRIAL])
def test_a_member_of_before_comes_with_her_card_and_without_the_shops_phone(shop: Desk, number: str) -> None:
    upload = shop.bring("members", [HEAD, ["兰", number, "VIP1", "", "", *YES]])
    lan = Member.objects.get(name="兰")
    assert came_to(upload) == ["created"] and "标识黑名单" in said(upload, 2)
    assert list(lan.identities.values_list("kind", flat=True)) == ["card"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [SHOP, TRIAL])
def test_who_has_nothing_else_is_not_brought_in(shop: Desk, number: str) -> None:
    upload = shop.bring("members", [HEAD, ["兰", number, "", "", "", *NO_WORD]])
    assert came_to(upload) == ["rejected"] and number not in said(upload, 2)
    assert not Member.objects.filter(name="兰").exists()


def test_what_hq_lets_count_counts(shop: Desk) -> None:
    blocks.put("phone", TRIAL, reason="other", blocks=False, by=shop.cast.ada, at=NOW)
    assert came_to(shop.bring("members", [HEAD, ["兰", TRIAL, "", "", "", *NO_WORD]])) == ["created"]


def test_a_tag_reaches_nobody_by_the_shops_phone(shop: Desk) -> None:
    upload = shop.bring("labels", [["手机号", "打标签"], [SHOP, "爱喝茶"]])
    assert came_to(upload) == ["rejected"] and not MemberTag.objects.exists()


def test_an_order_with_the_shops_phone_is_nobodys(shop: Desk) -> None:
    head = ["单号", "来源", "门店编号", "支付时间", "实付金额", "手机号"]
    shop.bring("orders", [head, ["n1", "pos", "S001", "2026-03-01 10:00", "10.00", SHOP]])
    assert [one.member for one in Order.objects.all()] == [None]


def test_a_number_that_is_hers_no_longer_does_not_come_back(desk: Desk) -> None:
    file = [HEAD, ["兰", HERS, "VIP1", "", "", *NO_WORD]]
    desk.bring("members", file)
    one = Identity.objects.get(kind="phone")
    endings.end(one, [Member.objects.get()], why="recycled", since=NOW.date(), by=desk.cast.ada, at=NOW)
    upload = desk.bring("members", file)
    assert came_to(upload) == ["unchanged"] and "不再属于" in said(upload, 2)
    assert identities.anybody(HERS) == set()
