"""Buyers of marketplaces without a name are called by the marketplace and the end of their id, wherever they stand."""

from typing import Any

import pytest
from django.test import Client

from members import callings
from members.models import Member, Order
from tests.cast import NOW, Cast
from tests.orders.till import order, take

BUYER = {"marketplace": "AAHa0T1Wxyz5678", "app": "taobao"}
CALLED = "淘宝买家 ···5678"


@pytest.fixture
def buyer(cast: Cast) -> Member:
    take(order(buyer=BUYER, channel="taobao"))
    return Member.objects.get(pk=Order.objects.get().member_id)


def pages(client: Client, member: Member) -> list[str]:
    sale = f"/customers/orders/{Order.objects.get().public_id}/"
    return [client.get(place).content.decode() for place in ("/customers/", f"/customers/{member.public_id}/", sale)]


@pytest.mark.parametrize("name", ["ada", "ann", "rita", "ben"])
def test_she_is_called_so_on_every_page(cast: Cast, client: Client, buyer: Member, name: str) -> None:
    client.force_login(getattr(cast, name))
    assert [CALLED in page for page in pages(client, buyer)] == [True] * 3
    assert not any("AAHa0T1Wxyz5678" in page for page in pages(client, buyer))


def test_her_own_name_goes_first_once_it_is_told(cast: Cast, client: Client, buyer: Member) -> None:
    Member.objects.filter(pk=buyer.pk).update(name="林小姐")
    client.force_login(cast.ada)
    assert [(CALLED in page, "林小姐" in page) for page in pages(client, buyer)] == [(False, True)] * 3


def test_nobody_else_is_called_anything(cast: Cast, client: Client, buyer: Member) -> None:
    take(order("A2", buyer={"phone": "13800010001"}))
    client.force_login(cast.ada)
    page = client.get("/customers/").content.decode()
    assert page.count(CALLED) >= 1 and "买家 ···0001" not in page


def test_many_are_called_with_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    for n in range(5):
        take(order(f"A{n}", buyer={**BUYER, "marketplace": f"AAAA{n}"}), at=NOW)
    everybody = list(Member.objects.all())
    with django_assert_num_queries(1):
        callings.give(everybody)
    assert sorted(one.called[-1] for one in everybody) == list("01234")
