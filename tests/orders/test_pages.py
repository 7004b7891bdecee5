"""What was sold, as pages and files: each viewer reads her own stores' rows, and no cell runs."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from members import products
from members.models import Order
from scrm.audit.models import Entry
from tests.cast import MEI, NOW, Cast
from tests.orders import till

pytestmark = pytest.mark.django_db
GOODS = ({"sku": "T01", "name": "=龙井", "category": "绿茶", "price_fen": 19800}, {"sku": "C02", "name": "茶杯"})
STOCK = ({"sku": "T01", "store": "S001", "quantity": 7}, {"sku": "T01", "store": "S002", "quantity": 5})


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """Cai sold to Mei at Nanjing Road, who gave a part back, and bought at Fang's."""
    cast.add(MEI, "cai")
    mei = {"external_userid": MEI}
    here, there = till.order("A1", buyer=mei, guide="cai"), till.order("B1", fen=7700, store="S003", buyer=mei)
    assert till.statuses(here, till.refund(fen=4000), there) == ["created"] * 3
    return cast


@pytest.fixture
def goods(cast: Cast) -> Cast:
    products.take_in(GOODS, at=NOW, by=None)
    products.count_stock(STOCK, at=NOW, by=cast.ada)
    return cast


def page(client: Client, path: str, **asked: Any) -> str:
    answer = client.get(f"/customers/{path}", asked)
    assert answer.status_code == 200, path
    return answer.getvalue().decode()


@pytest.mark.parametrize(
    ("who", "numbers"), [("ada", {"A1", "B1"}), ("ben", {"A1"}), ("cai", {"A1"}), ("fang", {"B1"}), ("dong", set())]
)
def test_each_reads_what_her_stores_sold(sold: Cast, client: Client, who: str, numbers: set[str]) -> None:
    client.force_login(getattr(sold, who))
    shown = client.get("/customers/orders/").context["orders"]
    assert {one.number for one in shown} == numbers
    for one in Order.objects.all():
        answer = client.get(f"/customers/orders/{one.public_id}/")
        assert answer.status_code == (200 if one.number in numbers else 404)


def test_an_order_tells_its_goods_and_what_was_given_back(sold: Cast, client: Client) -> None:
    client.force_login(sold.ben)
    told = page(client, f"orders/{Order.objects.get(number='A1').public_id}/")
    assert "明前龙井" in told and "60.00" in told and "R1" in told
    assert Entry.objects.filter(verb="order.read", actor=sold.ben).count() == 1


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [({"q": "R1"}, ["A1"]), ({"q": "A"}, []), ({"store": "own"}, ["A1"]), ({"day": "2026-03-01"}, [])],
)
def test_orders_are_narrowed(sold: Cast, client: Client, asked: dict[str, str], numbers: list[str]) -> None:
    client.force_login(sold.ada)
    asked = {name: sold.nanjing_road.public_id if text == "own" else text for name, text in asked.items()}
    shown = client.get("/customers/orders/", asked).context["orders"]
    assert [one.number for one in shown] == numbers


def test_pages_of_orders_neither_repeat_nor_lose(cast: Cast, client: Client) -> None:
    till.take(*(till.order(f"N{n:02}") for n in range(53)))
    client.force_login(cast.ada)
    found, after = [], ""
    while True:
        told = client.get("/customers/orders/", {"after": after}).context
        found += [one.number for one in told["orders"]]
        if not (after := told["next"]):
            break
    assert sorted(found) == [f"N{n:02}" for n in range(53)]


def test_below_hq_her_sum_is_of_ones_own_stores(sold: Cast, client: Client) -> None:
    mei = sold.member(MEI).public_id
    for who, n, sum_ in (("ada", 2, "137.00"), ("fang", 1, "77.00")):
        client.force_login(getattr(sold, who))
        told = client.get(f"/customers/{mei}/orders/")
        assert told.context["n"] == n and sum_ in told.content.decode()
    client.force_login(sold.dong)
    assert client.get(f"/customers/{mei}/orders/").status_code == 404


def test_stock_is_that_of_the_viewers_stores(goods: Cast, client: Client) -> None:
    for who, n in (("ada", 12), ("ben", 7)):
        client.force_login(getattr(goods, who))
        shown = {one.sku: one.lying for one in client.get("/customers/products/").context["products"]}
        assert shown["T01"]["n"] == n and shown["C02"] is None


def test_the_catalogue_as_files_runs_nothing(goods: Cast, client: Client) -> None:
    client.force_login(goods.ada)
    assert "T01,'=龙井,绿茶,198.0" in page(client, "products/products.csv")
    book = client.get("/customers/products/products.xlsx", {"what": "stock"}).getvalue()
    rows = list(load_workbook(BytesIO(book)).active.iter_rows(min_row=2))
    assert [(row[1].value, row[1].data_type, row[3].value) for row in rows] == [("=龙井", "s", 7), ("=龙井", "s", 5)]
    assert set(Entry.objects.filter(verb__endswith=".exported").values_list("verb", "rows")) == {
        ("product.exported", 2),
        ("stock.exported", 2),
    }
