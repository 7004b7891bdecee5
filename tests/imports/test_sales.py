"""Orders, products and stock as files: an answer for each line, the same file twice, bad files."""

from typing import Any

import pytest

from members.models import Delivery, Order, Product, Refund, Stock
from scrm.imports import uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import
from tests.cast import NOW, Cast

HEAD = "单号,类型,原单号,来源,门店编号,渠道,支付时间,实付金额,手机号,导购,商品明细"
GOOD = [
    "A1,订单,,pos,S001,store,2026-03-01 18:30,157.00,13800010001,cai,T01|龙井|绿茶×1=99.00;C02|茶杯|茶具×2=58.00",
    "A2,,,pos,,tmall,2026-03-01,88,,,",
    "R1,退款,A1,pos,,,2026-03-02 10:00,58.00,,,",
]


def brought(cast: Cast, kind: str, text: str | bytes, *, apply: bool = True) -> Import:
    content = text if isinstance(text, bytes) else text.encode()
    upload = uploads.take(KINDS[kind], content, file_name=f"{kind}.csv", by=cast.ada, at=NOW)
    uploads.lane(NOW)
    upload.refresh_from_db()
    if apply and upload.state == Import.State.PREVIEWED:
        uploads.apply(upload, by=cast.ada, at=NOW)
        uploads.lane(NOW)
        upload.refresh_from_db()
    return upload


def counts(upload: Import) -> dict[str, int]:
    return {name: n for name, n in upload.counts.items() if n}


def test_a_file_of_orders_comes_in_and_again_changes_nothing(cast: Cast) -> None:
    text = "\n".join([HEAD, *GOOD])
    assert counts(brought(cast, "orders", text)) == {"created": 3}
    kept = Order.objects.get(number="A1")
    assert (kept.paid_fen, kept.refunded_fen, kept.units, kept.seller) == (15700, 5800, 3, cast.cai)
    assert counts(brought(cast, "orders", text)) == {"unchanged": 3}
    assert list(Delivery.objects.values_list("door", "created", "unchanged")) == [("file", 0, 3), ("file", 3, 0)]


def test_a_preview_writes_nothing(cast: Cast) -> None:
    upload = brought(cast, "orders", "\n".join([HEAD, *GOOD]), apply=False)
    assert counts(upload) == {"created": 3}
    assert not Order.objects.exists() and not Refund.objects.exists()


@pytest.mark.parametrize(
    "line",
    [
        "B1,,,pos,S999,,2026-03-01,10,,,",
        "B1,,,pos,S001,,2026-03-01,=1+1,,,",
        "B1,,,pos,S001,,2026-03-01,-5,,,",
        "B1,,,pos,S001,,soon,10,,,",
        "B1,,,pos,S001,,2099-01-01,10,,,",
        "B1,,,pos,S001,,2026-03-01,10,12,,",
        "B1,,,pos,S001,,2026-03-01,10,,,T01×1=9",
        "B1,,,pos,S001,,2026-03-01,10,,,T01",
        "1.2E+15,,,pos,S001,,2026-03-01,10,,,",
        "B1,退款,,pos,,,2026-03-01,10,,,",
        ",,,pos,S001,,2026-03-01,10,,,",
    ],
)
def test_a_bad_line_is_refused_and_spoils_no_other(cast: Cast, line: str) -> None:
    assert counts(brought(cast, "orders", "\n".join([HEAD, GOOD[0], line]))) == {"created": 1, "rejected": 1}
    assert Order.objects.count() == 1


def test_lines_that_contradict_each_other_are_both_refused(cast: Cast) -> None:
    other = GOOD[1].replace("88", "99")
    assert counts(brought(cast, "orders", "\n".join([HEAD, GOOD[1], other]))) == {"rejected": 2}


def test_a_file_in_the_encoding_of_old_tills_is_read(cast: Cast) -> None:
    assert counts(brought(cast, "orders", "\r\n".join([HEAD, *GOOD]).encode("gb18030"))) == {"created": 3}


def test_catalogue_and_stock_come_as_files(cast: Cast) -> None:
    goods = "SKU,商品名称,品类,售价,在售\nT01,=龙井,绿茶,198,是\nT02,碧螺春,绿茶,-1,是\n"
    assert counts(brought(cast, "products", goods)) == {"rejected": 2}  # a formula, and no price
    goods = "SKU,商品名称,品类,售价,在售\nT01,龙井,绿茶,198,是\n"
    brought(cast, "products", goods)
    assert Product.objects.get(sku="T01").price_fen == 19800
    stock = "SKU,门店编号,库存\nT01,S001,5\nT01,S999,5\nT9,S001,1\nT01,S002,x\n"
    assert counts(brought(cast, "stock", stock)) == {"created": 1, "rejected": 3}
    assert Stock.objects.get().quantity == 5


def test_only_who_may_import_sees_the_kinds(cast: Cast, client: Any) -> None:
    client.force_login(cast.ben)
    assert client.get("/imports/").status_code == 403
