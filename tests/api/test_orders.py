"""Orders, refunds, products and stock through the API."""

from typing import Any

import pytest

from members.models import Delivery, Order, Product, Stock
from scrm.audit.models import Entry
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import Cast
from tests.orders.till import PHONE, order, refund, take

BATCH = "/api/v1/orders/batch/"
ORDERS = "/api/v1/orders/"


def sent(api: Any, *rows: Any, **headers: Any) -> Any:
    return api.post(BATCH, {"orders": list(rows)}, **headers)


def test_each_row_gets_its_answer(cast: Cast, calling: Caller) -> None:
    answer = sent(calling(cast.ada), order("A1"), order("A2", store="S999"), refund(of="A1"), {"number": "A3"}, 7)
    first, foreign, back, nameless, nothing = answer.json()["results"]
    assert answer.status_code == 200 and [first["index"], nothing["index"]] == [0, 4]
    assert (first["status"], back["status"]) == ("created", "created") and first["id"].startswith("o_")
    assert foreign["status"] == "rejected" and foreign["error"].startswith("store: ") and "id" not in foreign
    assert nameless["error"].startswith("source: ") and nothing["status"] == "rejected"


def test_the_reader_hears_in_her_language(cast: Cast, calling: Caller) -> None:
    said = [
        sent(calling(cast.ada), order(paid_fen=-1), headers={"accept-language": tongue}).json()["results"][0]["error"]
        for tongue in ("zh-hans", "en")
    ]
    assert said[0] != said[1] and said[1] == "paid_fen: is below 0"


def test_a_key_is_answered_once(cast: Cast, calling: Caller) -> None:
    api, key = calling(cast.ada), {"Idempotency-Key": "till-7-0001"}
    first = sent(api, order(), headers=key)
    again = sent(api, order(), headers=key)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert sent(api, order("A2"), headers=key).status_code == 422


def test_each_source_s_rows_are_a_delivery(cast: Cast, calling: Caller) -> None:
    sent(calling(cast.ada), order("A1"), order("A1", source="shop"), order("A2", store="S9", source="shop"))
    found = Delivery.objects.order_by("source__code").values_list("source__code", "rows", "created", "rejected")
    assert list(found) == [("pos", 1, 1, 0), ("shop", 2, 1, 1)]


def test_a_batch_is_one_entry_of_the_book(cast: Cast, calling: Caller) -> None:
    api, key = calling(cast.ada), {"Idempotency-Key": "till-7-0002"}
    rows = [order("A1"), order("A1", source="shop"), order("A2", store="S999"), {"source": "no code"}]
    for _time in range(2):  # told again under its key it is not done again
        sent(api, *rows, headers=key)
    one = Entry.objects.get(verb="order.sent")
    assert (one.actor_id, one.rows) == (cast.ada.pk, 4)
    assert one.detail == {"sources": ["pos", "shop"], "created": 2, "rejected": 2}


@pytest.mark.parametrize("body", [{}, {"orders": {}}, {"orders": [{}] * 1001}, []])
def test_a_body_that_is_no_batch_is_refused(cast: Cast, calling: Caller, body: Any) -> None:
    is_problem(calling(cast.ada).post(BATCH, body), 400)


@pytest.mark.parametrize("name", ["ann", "paula", "rita", "fang", "ben", "cai", "ivy", "eve"])
def test_only_who_may_send_data_does(cast: Cast, calling: Caller, name: str) -> None:
    is_problem(sent(calling(getattr(cast, name)), order()), 403)
    assert not Order.objects.exists()


def test_orders_are_seen_where_they_were_sold(cast: Cast, calling: Caller) -> None:
    take(order("A1", guide="cai"), order("A2", guide="ben"), order("B1", store="S003"), order("C1", store=""))
    seen = {
        name: sorted(row["number"] for row in calling(getattr(cast, name)).get(ORDERS).json()["results"])
        for name in ("ada", "ann", "rita", "fang", "ben", "cai", "gu")
    }
    everything = ["A1", "A2", "B1", "C1"]
    assert seen["ada"] == seen["ann"] == everything
    assert (seen["rita"], seen["ben"], seen["cai"]) == (["A1", "A2"], ["A1", "A2"], ["A1"])
    assert (seen["fang"], seen["gu"]) == (["B1"], [])


def test_a_foreign_order_is_as_unknown_as_none(cast: Cast, calling: Caller) -> None:
    (verdict,) = take(order(store="S003"))
    api = calling(cast.ben)
    foreign, none = api.get(f"{ORDERS}{verdict.id}/"), api.get(f"{ORDERS}o_nobodyknowsthis/")
    assert foreign.status_code == 404 and foreign.content == none.content


def test_an_order_tells_its_lines_and_buyer_and_is_noted(cast: Cast, calling: Caller) -> None:
    (verdict, _) = take(order(buyer={"phone": PHONE}, guide="cai"), refund())
    row = calling(cast.ben).get(f"{ORDERS}{verdict.id}/").json()
    assert (row["store_code"], row["guide"], row["net_fen"], len(row["lines"])) == ("S001", "cai", 6000, 2)
    assert row["member"] == Order.objects.get().member.public_id
    assert Entry.objects.filter(actor_id=cast.ben.pk, subject_id=verdict.id).exists()


def test_orders_are_filtered(cast: Cast, calling: Caller) -> None:
    take(order("A1", buyer={"phone": PHONE}), order("A2", store="S002", channel="jd"))
    member = Order.objects.get(number="A1").member.public_id
    asked = ["source=pos", "number=A1", "store=S001", f"member={member}", "channel=store", "paid_from=2026-03-02"]
    api = calling(cast.ada)
    found = [[row["number"] for row in api.get(f"{ORDERS}?{query}").json()["results"]] for query in asked]
    assert found == [["A2", "A1"], ["A1"], ["A1"], ["A1"], ["A1"], ["A2", "A1"]]
    assert api.get(f"{ORDERS}?paid_to=2026-03-01").json()["results"] == []
    is_problem(api.get(f"{ORDERS}?colour=red"), 400)


def test_a_page_of_orders_asks_a_fixed_number_of_questions(
    cast: Cast, calling: Caller, django_assert_max_num_queries: Any
) -> None:
    take(*[order(f"A{n}", buyer={"card": f"C{n}"}) for n in range(30)])
    with django_assert_max_num_queries(12):
        assert len(calling(cast.ada).get(ORDERS).json()["results"]) == 30


def test_refunds_are_seen_with_their_orders(cast: Cast, calling: Caller) -> None:
    take(order("A1"), refund("R1"), refund("R2", of="A9"))
    assert [row["number"] for row in calling(cast.ben).get("/api/v1/refunds/").json()["results"]] == ["R1"]
    everything = calling(cast.ada).get("/api/v1/refunds/").json()["results"]
    assert [(row["number"], row["state"]) for row in everything] == [("R2", "waiting"), ("R1", "counted")]


def test_products_and_stock_come_and_are_read(cast: Cast, calling: Caller) -> None:
    api = calling(cast.ada)
    tea = {"sku": "T01", "name": "明前龙井", "category": "绿茶", "price_fen": 19800}
    (made,) = api.post("/api/v1/products/batch/", {"products": [tea]}).json()["results"]
    counts = [{"sku": "T01", "store": code, "quantity": 3} for code in ("S001", "S003", "S999")]
    told = api.post("/api/v1/stock/batch/", {"stock": counts}).json()["results"]
    assert [row["status"] for row in told] == ["created", "created", "rejected"]
    assert (Product.objects.count(), Stock.objects.count()) == (1, 2)
    here = calling(cast.ben).get(f"/api/v1/products/{made['id']}/stock/").json()["results"]
    assert [(row["store_code"], row["quantity"]) for row in here] == [("S001", 3)]
    assert Delivery.objects.filter(kind="products").count() == 2


def test_a_catalogue_is_the_whole_brand_s_but_few_write_it(cast: Cast, calling: Caller) -> None:
    calling(cast.ada).post("/api/v1/products/batch/", {"products": [{"sku": "T01", "name": "茶"}]})
    assert len(calling(cast.cai).get("/api/v1/products/?sku=T01").json()["results"]) == 1
    assert calling(cast.eve).get("/api/v1/products/").status_code == 403
    is_problem(calling(cast.ben).post("/api/v1/products/batch/", {"products": []}), 403)
    is_problem(calling(cast.ben).post("/api/v1/stock/batch/", {"stock": []}), 403)
