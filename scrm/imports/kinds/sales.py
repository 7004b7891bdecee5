"""Orders and refunds, the catalogue and stock, as files: each line is told to the verb that the API tells.

What a line would come to is found out by doing it and taking it back, so that the preview judges as the import does.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members import deliveries, orders, products, sources
from members.models import Delivery
from members.orders import Verdict as Told
from scrm.clock import SHANGHAI
from scrm.imports import columns
from scrm.imports.columns import EXCELS_FIRST_DAY, Column, Draft, Wrong, plain
from scrm.imports.models import Import
from scrm.imports.verdicts import Case, Claim, Kind, Outcome, Verdict, good, refused
from stores.access import Permission

FILE = "file"  # the source of lines that name none
YUAN = re.compile(r"[¥￥]?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,2})0*)?元?")
WHEN = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?(?:\.0+)?")
SERIAL = re.compile(r"\d{5}(\.\d+)?")
GOODS = re.compile(
    r"(?P<sku>[^|×*=]+)(?:\|(?P<name>[^|×*=]*))?(?:\|(?P<category>[^|×*=]*))?[×*xX](?P<n>\d{1,7})=(?P<fen>.+)"
)
KINDS = {"order": ("订单", "销售", "销售单"), "refund": ("退款", "退货", "退款单")}
Take = Callable[[list[dict[str, Any]], Case], list[Told]]


def yuan(text: str) -> int:
    """Money as fen."""
    said = plain(text).replace(" ", "")
    found = YUAN.fullmatch(said)
    if not found:
        raise Wrong("no_money", value=said[:20])
    return int(found[1].replace(",", "")) * 100 + int((found[2] or "0").ljust(2, "0"))


def when(text: str) -> datetime:
    """An instant in Shanghai."""
    said = plain(text)
    try:
        if SERIAL.fullmatch(said):
            moment = datetime.combine(EXCELS_FIRST_DAY, datetime.min.time()) + timedelta(days=float(said))
            return (moment + timedelta(milliseconds=500)).replace(microsecond=0, tzinfo=SHANGHAI)
        if parts := WHEN.fullmatch(said):
            return datetime(*(int(part or 0) for part in parts.groups()), tzinfo=SHANGHAI)  # type: ignore[arg-type, misc]
        found = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise Wrong("no_date", value=said[:20]) from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def whole(text: str) -> int:
    said = plain(text).removesuffix(".0")
    if not re.fullmatch(r"\d{1,9}", said):
        raise Wrong("no_number", value=said[:20])
    return int(said)


def goods(text: str) -> list[dict[str, Any]]:
    """`T01|明前龙井|绿茶×2=396.00`, several of them with semicolons between."""
    found = []
    for part in filter(None, (one.strip() for one in re.split(r"[;；\n]", plain(text)))):
        told = GOODS.fullmatch(part)
        if not told:
            raise Wrong("no_goods", value=part[:20])
        names = {key: (told[key] or "").strip() for key in ("sku", "name", "category")}
        found.append({**names, "quantity": int(told["n"]), "paid_fen": yuan(told["fen"])})
    return found


def number(text: str) -> str:
    said = plain(text)
    if columns.SHORTENED.fullmatch(said):
        raise Wrong("shortened", value=said)
    if len(said) > 64:
        raise Wrong("too_long")
    return said


ORDER_COLUMNS = (
    Column("number", _("number"), ("单号", "订单号", "订单编号", "退款单号", "number", "order number"), number,
           "202603020001", _("The number in the system that it comes from."), is_needed=True),
    Column("kind", _("kind"), ("类型", "单据类型", "kind"), columns.choice(KINDS), "订单", _("Empty: an order.")),
    Column("refund_of", _("refund of"), ("原单号", "原订单号", "refund of"), number, "202603010007",
           _("Of a refund: the number of its order.")),
    Column("source", _("source"), ("来源", "来源系统", "source"), columns.code(), "pos",
           _("The system's code, as its rows name it in the API. Empty: file.")),
    Column("store", pgettext_lazy("of an order", "store"), ("门店编号", "门店编码", "门店", "store", "store code"),
           columns.code(), "S0012", _("The store's number; empty for what no store sold.")),
    Column("channel", _("channel"), ("渠道", "销售渠道", "channel"), columns.words(20), "store",
           _("Such as store, mini_program, tmall, jd, douyin.")),
    Column("paid_at", _("paid at"), ("支付时间", "付款时间", "下单时间", "退款时间", "paid at"),
           when, "2026-03-02 18:30:00",
           _("Of a refund: when the money was given back."), is_needed=True),
    Column("paid", _("paid (yuan)"), ("实付金额", "实付", "金额", "退款金额", "paid"), yuan, "157.00",
           _("In yuan. The goods sum up to it."), is_needed=True),
    Column("freight", _("freight (yuan)"), ("运费", "邮费", "freight"), yuan, "10.00",
           _("Paid besides the goods; may be empty. It counts nowhere.")),
    Column("phone", _("phone"), ("手机", "手机号", "会员手机", "买家手机", "phone", "mobile"),
           columns.phone, "13800010001",
           _("Of the buyer; may be empty.")),
    Column("card", _("member card"), ("会员卡号", "卡号", "card"),
           number, "VIP000123", _("Of the buyer; may be empty.")),
    Column("guide", _("guide"), ("导购", "导购账号", "guide"), columns.code(64), "zhangsan",
           _("The WeCom account of whoever sold.")),
    Column("goods", _("goods"), ("商品", "商品明细", "goods"), goods, "T01|明前龙井|绿茶×1=99.00;C02|茶杯|茶具×2=58.00",
           _("SKU|name|category×quantity=yuan, with semicolons between.")),
)  # fmt: skip
PRODUCT_COLUMNS = (
    Column("sku", "SKU", ("SKU", "商品编码", "货号", "sku"), number, "T01", _("Known by it."), is_needed=True),
    Column("name", _("name"), ("商品名称", "名称", "name"), columns.words(120), "明前龙井", _("As customers read it."),
           is_needed=True),
    Column("category", _("category"), ("品类", "分类", "类目", "category"),
           columns.words(60), "绿茶", _("May be empty.")),
    Column("price", _("price (yuan)"), ("售价", "价格", "吊牌价", "price"),
           yuan, "198.00", _("In yuan; may be empty.")),
    Column("is_on_sale", _("on sale"), ("在售", "上架", "on sale"), columns.yes_or_no, "是", _("Empty: yes.")),
)  # fmt: skip
STOCK_COLUMNS = (
    Column("sku", "SKU", ("SKU", "商品编码", "货号", "sku"), number, "T01", _("Of the catalogue."), is_needed=True),
    Column("store", pgettext_lazy("of an order", "store"), ("门店编号", "门店编码", "门店", "store", "store code"),
           columns.code(), "S0012", _("The store's number."), is_needed=True),
    Column("quantity", _("quantity"), ("库存", "数量", "库存数量", "quantity"), whole, "12", _("A whole number."),
           is_needed=True),
    Column("at", _("counted at"), ("盘点时间", "更新时间", "counted at"), when, "2026-03-02 21:00", _("Empty: now.")),
)  # fmt: skip


def _order(draft: Draft) -> dict[str, Any]:
    buyer = {kind: draft[kind] for kind in ("phone", "card") if draft[kind]}
    told: dict[str, Any] = {name: draft[name] for name in ("number", "kind", "refund_of", "store", "channel", "guide")}
    return {
        **told,
        "source": draft["source"] or FILE,
        "paid_at": draft["paid_at"].isoformat(),
        "paid_fen": draft["paid"],
        "freight_fen": draft["freight"],
        "buyer": buyer or None,
        "lines": draft["goods"],
    }


def _product(draft: Draft) -> dict[str, Any]:
    told = {name: draft[name] for name in ("sku", "name", "category")}
    on_sale = draft["is_on_sale"]
    return {**told, "price_fen": draft["price"], "is_on_sale": True if on_sale is None else on_sale}


def _count(draft: Draft) -> dict[str, Any]:
    at = draft["at"].isoformat() if draft["at"] else None
    return {"sku": draft["sku"], "store": draft["store"], "quantity": draft["quantity"], "at": at}


def by_source(rows: list[dict[str, Any]], case: Case, take_in: Callable[..., Sequence[Any]]) -> list[Told]:
    """The answer to each row, as the verb gives it for the rows of each source by itself."""
    answers: dict[int, Told] = {}
    for code in sorted({row["source"] for row in rows}):
        places = [n for n, row in enumerate(rows) if row["source"] == code]
        try:
            source = sources.named(code, case.at)
        except (sources.NotACode, sources.IsPaused):
            answers |= {n: Told(n, "rejected", error=f"source: {code}") for n in places}
            continue
        told = take_in(source, [rows[n] for n in places], at=case.at, by=case.by)
        given = (Told(n, one.status, getattr(one, "id", ""), one.error) for n, one in zip(places, told, strict=True))
        answers |= dict(zip(places, given, strict=True))
    return [answers[n] for n in range(len(rows))]


def _take_orders(rows: list[dict[str, Any]], case: Case) -> list[Told]:
    return by_source(rows, case, orders.take_in)


def _take_products(rows: list[dict[str, Any]], case: Case) -> list[Told]:
    return products.take_in(rows, at=case.at, by=case.by)


def _take_stock(rows: list[dict[str, Any]], case: Case) -> list[Told]:
    return products.count_stock(rows, at=case.at, by=case.by)


def _judge(drafts: Sequence[Draft], case: Case, told: Callable[[Draft], dict[str, Any]], take: Take) -> list[Verdict]:
    """The verdict of each line, by doing all of them and taking that back."""
    asked = good(drafts)
    rows = [told(draft) for draft in asked]
    with transaction.atomic():
        answers = take(rows, case)
        transaction.set_rollback(True)
    found = {}
    for draft, row, answer in zip(asked, rows, answers, strict=True):
        verdict = found[draft.number] = Verdict(draft.number, answer.status, act=row)
        if answer.status == Outcome.REJECTED:
            verdict.refuse("refused", why=answer.error)
            verdict.act = None
        elif answer.status != Outcome.CREATED:
            verdict.thing = answer.id
    verdicts = [found.get(draft.number) or refused(draft) or Verdict(draft.number) for draft in drafts]
    if case.upload.state == Import.State.APPLYING:
        named = {draft.number: draft["source"] or FILE for draft in drafts}
        case.memory.setdefault("told", []).extend((named[v.number], v) for v in verdicts)
    return verdicts


def _bring_in(verdicts: Sequence[Verdict], case: Case, take: Take) -> None:
    for verdict, answer in zip(verdicts, take([v.act for v in verdicts], case), strict=True):
        verdict.thing = answer.id
        if answer.status == Outcome.REJECTED:
            verdict.outcome = Outcome.REJECTED
            verdict.refuse("refused", why=answer.error)


def _deliver(case: Case, kind: str) -> None:
    """What the file delivered, for each source that it names."""
    told = case.memory.pop("told", [])
    for code in sorted({code for code, _verdict in told}):
        answers = [
            Told(n, verdict.outcome, error=str(verdict.problems[0].get("why") or verdict.problems[0]["code"])
                 if verdict.problems else "")
            for n, (of, verdict) in enumerate(told) if of == code
        ]  # fmt: skip
        if source := sources.known([code], case.at).get(code):
            deliveries.record(source, kind, answers, at=case.at, by=case.by, door=Delivery.Door.FILE)


def kind(
    name: str, title: Any, about: Any, known: tuple[Column, ...], told: Callable[[Draft], dict[str, Any]], take: Take,
    alone: Callable[[Draft], Iterable[Claim]], delivery: str,
) -> Kind:  # fmt: skip
    """A kind whose lines are told to a verb, and what they come to to the source's deliveries."""
    return Kind(
        name, title, about, Permission.IMPORT, known,
        judge=lambda drafts, case: _judge(drafts, case, told, take),
        bring_in=lambda verdicts, case: _bring_in(verdicts, case, take),
        alone=alone, finish=lambda case: _deliver(case, delivery),
    )  # fmt: skip


ORDERS = kind(
    "orders", _("Orders and refunds"), _("Number, store, sum, goods and who bought"), ORDER_COLUMNS, _order,
    _take_orders, lambda d: [("order", (d["source"], d["kind"] == "refund", d["number"]))], Delivery.Kind.ORDERS,
)  # fmt: skip
PRODUCTS = kind(
    "products", _("Products"), _("The catalogue by SKU, with categories and prices"), PRODUCT_COLUMNS, _product,
    _take_products, lambda d: [("sku", d["sku"])], Delivery.Kind.PRODUCTS,
)  # fmt: skip
STOCK = kind(
    "stock", _("Stock of stores"), _("How many of a product each store has"), STOCK_COLUMNS, _count,
    _take_stock, lambda d: [("stock", (d["sku"], d["store"]))], Delivery.Kind.PRODUCTS,
)  # fmt: skip
