"""有赞 (Youzan): trades as `youzan.trade.get` answers (`full_order_info`, `refund_order`), and its messages, whose
`msg` is the same in percent encoding; refunds also by themselves, as the message of a granted refund tells them.

Amounts are yuan in texts, times Beijing's. Freight (`post_fee`) is no goods. Phones that Youzan masks or encrypts name
nobody; `outer_user_id` is an openid of the shop's app. Of a split sale each part names its whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from members.adapters import canon
from members.adapters.canon import Adapter, NotUnderstood, Options, Row, Understood

UNPAID = {"WAIT_BUYER_PAY", "TRADE_NO_CREATE_PAY", "WAIT_PAY"}
PAID = {
    "TRADE_PAID",
    "WAIT_CONFIRM",
    "WAIT_GROUP",
    "WAIT_SELLER_SEND_GOODS",
    "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_BUYER_SIGNED",
    "TRADE_SUCCESS",
    "TRADE_CLOSED",
}
GRANTED = {"60", "SUCCESS", "REFUND_SUCCESS"}
OPEN = {
    "1",
    "10",
    "20",
    "30",
    "40",
    "50",
    "WAIT_SELLER_AGREE",
    "SELLER_REFUSE_BUYER",
    "WAIT_BUYER_RETURN_GOODS",
    "WAIT_SELLER_CONFIRM_GOODS",
    "SELLER_NOT_RECEIVE",
    "CLOSED",
}


def read(payload: bytes, fields: Mapping[str, Any], options: Options) -> Understood:
    return canon.each(_things(canon.json_of(payload)), lambda thing: _rows(thing, options), _number)


def _things(said: Any) -> Sequence[Any]:
    if isinstance(said, dict) and isinstance(said.get("msg"), str):
        said = canon.json_of(unquote(said["msg"]).encode())
    for name in ("response", "data"):
        said = said.get(name, said) if isinstance(said, dict) else said
    if isinstance(said, dict) and isinstance(said.get("full_order_info_list"), list):
        return said["full_order_info_list"]  # type: ignore[no-any-return]
    return said if isinstance(said, list) else [said]


def _number(thing: Any) -> str:
    return str(thing.get("refund_id") or thing["full_order_info"]["order_info"]["tid"])


def _rows(thing: Any, options: Options) -> list[Row]:
    if "full_order_info" not in thing and "refund_id" in thing:
        return _refund(thing, thing["tid"], thing.get("update_time") or thing.get("modified"))
    info = thing["full_order_info"]
    sale = info["order_info"]
    if sale["status"] in UNPAID or not sale.get("pay_time"):
        return []
    if sale["status"] not in PAID:
        raise NotUnderstood(say("the status of this order is unknown"))
    refunds = thing.get("refund_order") or info.get("refund_order") or []
    at = sale.get("update_time") or sale["pay_time"]
    return [_order(info, sale, options)] + [row for one in refunds for row in _refund(one, sale["tid"], at)]


def _order(info: Mapping[str, Any], sale: Mapping[str, Any], options: Options) -> Row:
    pay = info["pay_info"]
    freight = canon.fen(pay.get("post_fee") or "0", "post_fee")
    goods = canon.fen(pay["payment"], "payment") - freight
    stores = options.get("stores") or {}
    return canon.order(
        sale["tid"],
        parent=(sale.get("order_extra") or {}).get("parent_order_no"),
        channel="youzan",
        store=stores.get(str(sale.get("node_kdt_id") or "")) or options.get("store"),
        paid_at=canon.moment(sale["pay_time"], "pay_time"),
        updated_at=canon.moment(sale["update_time"], "update_time") if sale.get("update_time") else None,
        buyer=_buyer(info.get("buyer_info") or {}, options),
        paid_fen=goods,
        freight_fen=freight or None,
        lines=canon.lines([_goods(one) for one in info["orders"]], goods),
    )


def _goods(one: Mapping[str, Any]) -> tuple[str, str, str, int, int]:
    sku = str(one.get("outer_sku_id") or one.get("outer_item_id") or one.get("sku_id") or one["item_id"])
    count = canon.whole(one["num"], "num")
    return sku, str(one.get("title") or ""), "", count, canon.fen(one["payment"], "orders.payment")


def _buyer(said: Mapping[str, Any], options: Options) -> Row:
    app = options.get("app")
    openid = said.get("outer_user_id") if app else ""
    own = said.get("yz_open_id") if not openid else ""
    known = canon.buyer(
        unionid=said.get("union_id"), openid=openid, phone=canon.phone(said.get("buyer_phone")), marketplace=own
    )
    return {**known, "app": app if openid else "youzan"} if openid or own else known


def _refund(said: Mapping[str, Any], tid: Any, at: Any) -> list[Row]:
    state = str(said.get("refund_state", said.get("status", "SUCCESS")))
    if state in OPEN:
        return []
    if state not in GRANTED:
        raise NotUnderstood(say("the status of this refund is unknown"))
    return [
        canon.refund(
            said["refund_id"],
            refund_of=str(tid),
            paid_at=canon.moment(said.get("refund_time") or said.get("modified") or at, "refund time"),
            paid_fen=canon.fen(said.get("refund_fee", said.get("refunded_fee")), "refund_fee"),
        )
    ]


ADAPTER = Adapter(
    "youzan",
    _("Youzan (有赞)"),
    read,
    options={
        "app": _("app id of the official account or mini-program whose openids Youzan tells"),
        "stores": _("our store's number for each kdt_id"),
        "store": _("our store's number, if one"),
    },
)
