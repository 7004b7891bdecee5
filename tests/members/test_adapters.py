"""Each adapter against payloads as its system writes them: canonical rows, exact fen, Beijing's time."""

from collections.abc import Iterator
from datetime import datetime
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from members.adapters import ADAPTERS, canon
from members.adapters.canon import NotUnderstood, Understood
from members.orders import rows
from tests.cast import NOW

RECORDED = Path(__file__).parents[1] / "corpus" / "sources"
MAP = {
    "number": "小票号",
    "paid_at": "交易时间",
    "store": "门店编号",
    "kind": "类型",
    "phone": "会员手机",
    "card": "会员卡号",
    "guide": "导购",
    "sku": "货号",
    "name": "品名",
    "category": "品类",
    "quantity": "数量",
    "amount": "实收金额",
}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def understood(adapter: str, file: str, **options: Any) -> Understood:
    return ADAPTERS[adapter].read((RECORDED / file).read_bytes(), MAP, options)


def test_a_wechat_shops_order_in_fen_without_its_freight() -> None:
    (row,) = understood("wechat_shop", "wechat_shop_order.json", app="wx1234", store="S001").rows
    assert row == {
        "kind": "order",
        "number": "3705115058471208928",
        "channel": "wechat_shop",
        "store": "S001",
        "paid_at": "2026-02-27T13:00:25+08:00",
        "updated_at": "2026-02-28T13:00:00+08:00",
        "buyer": {"unionid": "o6_bmasdasdsad6_2sgVtEXAMPLE", "openid": "oGk5y6KpIh7zOeQe1s2rEXAMPLE1", "app": "wx1234"},
        "paid_fen": 38880,
        "freight_fen": 1000,
        "lines": [
            {"sku": "SHOE-BLK-42", "name": "轻跑鞋 黑 42码", "category": "", "quantity": 1, "paid_fen": 34900},
            {"sku": "2342412", "name": "运动袜", "category": "", "quantity": 2, "paid_fen": 3980},
        ],
    }


def test_freight_that_a_wechat_shop_changed_is_the_one_that_was_paid() -> None:
    said = loads((RECORDED / "wechat_shop_order.json").read_bytes())
    said["order"]["order_detail"]["price_info"] |= {
        "order_price": 39380,
        "is_change_freight": True,
        "change_freight": 500,
    }
    (row,) = ADAPTERS["wechat_shop"].read(dumps(said).encode(), {}, {}).rows
    assert (row["paid_fen"], row["freight_fen"]) == (38880, 500)


def test_freight_stands_beside_the_goods_of_youzan_and_taobao() -> None:
    assert [understood("youzan", "youzan_trade.json").rows[0][name] for name in ("paid_fen", "freight_fen")] == [
        13914,
        600,
    ]
    (row,) = understood("taobao", "taobao_trade.json").rows
    assert (row["paid_fen"], row["freight_fen"]) == (24901, 1000)


def test_the_only_sub_order_of_a_taobao_trade_holds_its_freight_in_its_payment() -> None:
    one = {"oid": 1, "num_iid": 7, "title": "A", "num": 1, "price": "160.00", "discount_fee": "20.00"}
    orders = {"order": [{**one, "payment": "148.00", "divide_order_fee": "140.00"}]}
    paid = {"pay_time": "2018-09-28 10:00:00", "payment": "148.00", "post_fee": "8.00"}
    trade = {"tid": 1, "status": "TRADE_FINISHED", **paid, "orders": orders}
    (row,) = ADAPTERS["taobao"].read(dumps({"trade": trade}).encode(), {}, {}).rows
    assert (row["paid_fen"], row["freight_fen"], row["lines"][0]["paid_fen"]) == (14000, 800, 14000)


def test_without_an_app_an_openid_names_nobody() -> None:
    (row,) = understood("wechat_shop", "wechat_shop_order.json").rows
    assert row["buyer"] == {"unionid": "o6_bmasdasdsad6_2sgVtEXAMPLE"}


def test_a_list_of_orders_leaves_out_unpaid_and_refuses_unknown_ones() -> None:
    found = understood("wechat_shop", "wechat_shop_list.json", app="wx1234")
    assert found.left_out == 1
    assert found.refused == [
        ("3705115058471208931", "the status of this order is unknown"),
        ("3705115058471208932", "price_info is missing"),
    ]


def test_of_a_present_the_giver_is_the_buyer_and_lines_sum_up() -> None:
    (row,) = understood("wechat_shop", "wechat_shop_list.json", app="wx1234").rows
    assert row["buyer"] == {"unionid": "uGIVEREXAMPLE", "openid": "oGIVEREXAMPLE", "app": "wx1234"}
    assert (row["paid_fen"], row["lines"][0]["paid_fen"]) == (29600, 29600)


def test_a_granted_after_sale_is_a_refund() -> None:
    (row,) = understood("wechat_shop", "wechat_shop_aftersale.json").rows
    assert (row["kind"], row["number"], row["refund_of"]) == ("refund", "2000000000123", "3705115058471208928")
    assert (row["paid_fen"], row["paid_at"]) == (1990, "2026-02-28T14:03:20+08:00")


def test_an_after_sale_that_is_not_granted_is_none() -> None:
    payload = (RECORDED / "wechat_shop_aftersale.json").read_bytes()
    waiting = payload.replace(b"MERCHANT_REFUND_SUCCESS", b"MERCHANT_PROCESSING")
    strange = payload.replace(b"MERCHANT_REFUND_SUCCESS", b"SOMETHING_NEW")
    read = ADAPTERS["wechat_shop"].read
    assert (read(waiting, {}, {}).rows, read(waiting, {}, {}).left_out) == ([], 1)
    assert read(strange, {}, {}).refused == [("2000000000123", "the status of this refund is unknown")]


def test_a_youzan_trade_with_its_refunds() -> None:
    found = understood("youzan", "youzan_trade.json", app="wxyz", stores={"134529034": "S009"})
    order, refund = found.rows
    assert (order["paid_fen"], [line["paid_fen"] for line in order["lines"]]) == (13914, [9304, 4610])
    assert (order["store"], order["paid_at"]) == ("S009", "2026-03-01T14:37:23+08:00")
    assert order["buyer"] == {"openid": "oY0DB6wvFtW40hAL-EXAMPLE", "app": "wxyz"}
    assert refund == {
        "kind": "refund",
        "number": "202603020900000001",
        "refund_of": "E20260302143713093806201",
        "paid_at": "2026-03-02T09:00:00+08:00",
        "paid_fen": 4610,
    }


def test_a_split_youzan_trade_names_its_whole_and_one_bad_part_spoils_no_other() -> None:
    found = understood("youzan", "youzan_split.json")
    assert [(row["number"], row.get("parent"), row["paid_fen"]) for row in found.rows] == [
        ("E1", None, 10001),
        ("E1-2", "E1", 6667),
    ]
    assert [line["paid_fen"] for line in found.rows[1]["lines"]] == [3334, 3333]
    assert found.left_out == 1
    assert [number for number, _why in found.refused] == ["E1-1", "E3", ""]


def test_masked_phones_name_nobody_and_whole_ones_do() -> None:
    whole, part = understood("youzan", "youzan_split.json").rows
    assert whole["buyer"] == {"marketplace": "yzBuyerEXAMPLE", "app": "youzan"}
    assert part["buyer"]["phone"] == "13800138001"


def test_a_youzan_message_says_the_same_in_percent_encoding() -> None:
    from urllib.parse import quote

    told = loads((RECORDED / "youzan_trade.json").read_bytes())["data"]
    message = dumps({"type": "trade_TradeSuccess", "kdt_id": 1, "msg": quote(dumps(told))}).encode()
    assert ADAPTERS["youzan"].read(message, {}, {}).rows == understood("youzan", "youzan_trade.json").rows


def test_a_taobao_buyer_is_known_by_taobaos_own_id_alone() -> None:
    (row,) = understood("taobao", "taobao_trade.json", channel="tmall").rows
    assert row["buyer"] == {"marketplace": "AAHa0T1WABCDEFGEXAMPLE", "app": "taobao"}
    assert (row["channel"], row["paid_fen"]) == ("tmall", 24901)
    assert [(line["sku"], line["paid_fen"]) for line in row["lines"]] == [("COAT-M", 22950), ("888", 1951)]
    (refund,) = understood("taobao", "taobao_refund.json").rows
    assert (refund["refund_of"], refund["paid_fen"]) == ("2600000000000000001", 1951)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_tills_file_in_every_encoding(encoding: str) -> None:
    payload = (RECORDED / "pos.csv").read_text("utf-8").encode(encoding)
    found = ADAPTERS["pos"].read(payload, MAP, {})
    assert [(row["kind"], row["number"], row["paid_fen"]) for row in found.rows] == [
        ("order", "T0001", 149890),
        ("order", "T0002", 10),
        ("refund", "T0001-R", 9995),
    ]
    assert found.refused == [("T0003", "amount is no amount")]


def test_a_tills_ticket_as_we_take_it() -> None:
    first, second, refund = understood("pos", "pos.csv", stores={"S001": "NJ01"}).rows
    assert (first["store"], first["guide"], first["paid_at"]) == ("NJ01", "cai", "2026-03-01T10:05:00+08:00")
    assert first["buyer"] == {"phone": "13800138001", "card": "VIP-1001"}
    assert [line["sku"] for line in first["lines"]] == ["A-1", "A-2"]
    assert "buyer" not in second
    assert (refund["refund_of"], refund["lines"][0]["quantity"]) == ("T0001", 1)


def test_a_file_without_the_maps_columns_is_refused_whole() -> None:
    for payload, said in ((b"a,b\n1,2\n", "no line of the file"), (b"", "cannot be read: empty")):
        with pytest.raises(NotUnderstood, match=said):
            ADAPTERS["pos"].read(payload, MAP, {})
    with pytest.raises(NotUnderstood, match="no column for amount"):
        ADAPTERS["pos"].read(b"x", {**MAP, "amount": ""}, {})


@pytest.mark.parametrize("name", ["wechat_shop", "youzan", "taobao"])
@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b'["x"]', b"{}", b"[{}]", b"null", b"[" * 100_000])
def test_nonsense_is_refused_and_breaks_nothing(name: str, payload: bytes) -> None:
    try:
        found = ADAPTERS[name].read(payload, {}, {})
    except NotUnderstood:
        return
    assert not found.rows
    assert found.refused


@pytest.mark.parametrize(
    ("adapter", "file"),
    [
        ("wechat_shop", "wechat_shop_order.json"),
        ("wechat_shop", "wechat_shop_list.json"),
        ("wechat_shop", "wechat_shop_aftersale.json"),
        ("youzan", "youzan_trade.json"),
        ("youzan", "youzan_split.json"),
        ("taobao", "taobao_trade.json"),
        ("taobao", "taobao_refund.json"),
        ("pos", "pos.csv"),
    ],
)
def test_every_row_is_one_that_orders_are_taken_in_by(adapter: str, file: str) -> None:
    found = understood(adapter, file, app="wx1", store="S001")
    assert found.rows
    for index, row in enumerate(found.rows):
        told = rows.read(index, row, at=NOW)
        assert isinstance(told.at, datetime)


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("1,234.50", 123450),
        ("¥0.1", 10),
        ("（3.20）", -320),
        ("-3.2", -320),
        ("(3.20)", -320),
        ("12", 1200),
        ("", None),
        ("1e2", None),
        ("0.001", None),
    ],
)
def test_yuan_become_fen_exactly(written: str, fen: int | None) -> None:
    if fen is None:
        with pytest.raises(NotUnderstood):
            canon.fen(written, "amount")
    else:
        assert canon.fen(written, "amount") == fen


@given(st.integers(0, 10**13))
def test_no_amount_loses_a_fen(fen: int) -> None:
    assert canon.fen(f"{fen // 100}.{fen % 100:02d}", "amount") == fen


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_shares_sum_up_to_the_total_and_none_is_owed(total: int, parts: list[int]) -> None:
    shares = canon.shared(total, parts)
    assert sum(shares) == total
    assert min(shares) >= 0
    assert sum(parts) != total or shares == parts
