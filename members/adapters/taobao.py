"""淘宝/天猫 (Taobao, Tmall): trades as `taobao.trade.fullinfo.get` answers, or the `jdp_response` of a pushed one.

Amounts are yuan in texts, times Beijing's. Taobao masks names and telephones and changes what stands for them: a buyer
is known by Taobao's own open uid alone, never by her telephone. A trade's `payment` is what she paid with `post_fee`.
Each sub-order is a line; `divide_order_fee` is its share of what was paid for goods, while its own `payment` holds the
freight where it is the only one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from members.adapters import canon
from members.adapters.canon import Adapter, NotUnderstood, Options, Row, Understood

UNPAID = {"WAIT_BUYER_PAY", "TRADE_NO_CREATE_PAY", "PAY_PENDING", "TRADE_CLOSED_BY_TAOBAO"}
PAID = {
    "WAIT_SELLER_SEND_GOODS",
    "SELLER_CONSIGNED_PART",
    "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_BUYER_SIGNED",
    "TRADE_FINISHED",
    "TRADE_CLOSED",
    "PAID_FORBID_CONSIGN",
}
GRANTED = {"SUCCESS"}
NOT_GRANTED = {
    "NO_REFUND",
    "WAIT_SELLER_AGREE",
    "WAIT_BUYER_RETURN_GOODS",
    "WAIT_SELLER_CONFIRM_GOODS",
    "SELLER_REFUSE_BUYER",
    "CLOSED",
}


def read(payload: bytes, fields: Mapping[str, Any], options: Options) -> Understood:
    return canon.each(
        _things(canon.json_of(payload)), lambda thing: _rows(thing, options), lambda t: t.get("refund_id") or t["tid"]
    )


def _things(said: Any) -> Sequence[Any]:
    if isinstance(said, dict) and isinstance(said.get("jdp_response"), str):
        said = canon.json_of(said["jdp_response"].encode())
    for name in ("trade_fullinfo_get_response", "refund_get_response", "trade", "refund"):
        said = said.get(name, said) if isinstance(said, dict) else said
    return said if isinstance(said, list) else [said]


def _rows(said: Any, options: Options) -> list[Row]:
    if "refund_id" in said and "orders" not in said:
        return _refund(said, said["tid"])
    if said["status"] in UNPAID or not said.get("pay_time"):
        return []
    if said["status"] not in PAID:
        raise NotUnderstood(say("the status of this order is unknown"))
    freight = canon.fen(said.get("post_fee") or "0", "post_fee")
    goods = canon.fen(said["payment"], "payment") - freight
    return [
        canon.order(
            said["tid"],
            channel=options.get("channel") or "taobao",
            store=options.get("store"),
            paid_at=canon.moment(said["pay_time"], "pay_time"),
            updated_at=canon.moment(said["modified"], "modified") if said.get("modified") else None,
            buyer=_buyer(said),
            paid_fen=goods,
            freight_fen=freight or None,
            lines=canon.lines([_goods(one) for one in said["orders"]["order"]], goods),
        )
    ]


def _buyer(said: Mapping[str, Any]) -> Row:
    known = canon.buyer(marketplace=said.get("buyer_open_uid") or said.get("ouid"))
    return {**known, "app": "taobao"} if known else {}


def _goods(one: Mapping[str, Any]) -> tuple[str, str, str, int, int]:
    sku = str(one.get("outer_sku_id") or one.get("outer_iid") or one.get("sku_id") or one["num_iid"])
    paid = one.get("divide_order_fee") or one["payment"]
    return sku, str(one.get("title") or ""), "", canon.whole(one["num"], "num"), canon.fen(paid, "divide_order_fee")


def _refund(said: Mapping[str, Any], tid: Any) -> list[Row]:
    if said["status"] in NOT_GRANTED:
        return []
    if said["status"] not in GRANTED:
        raise NotUnderstood(say("the status of this refund is unknown"))
    return [
        canon.refund(
            said["refund_id"],
            refund_of=str(tid),
            paid_at=canon.moment(said.get("end_time") or said["modified"], "modified"),
            paid_fen=canon.fen(said["refund_fee"], "refund_fee"),
        )
    ]


ADAPTER = Adapter(
    "taobao",
    _("Taobao and Tmall (淘宝、天猫)"),
    read,
    options={"channel": _("taobao or tmall"), "store": _("our store's number, if one")},
)
