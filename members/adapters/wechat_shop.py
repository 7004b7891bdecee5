"""微信小店 (WeChat shop): an order or an after-sale as `channels/ec/order/get` and `channels/ec/aftersale/
getaftersaleorder` answer, alone, in their envelope (`order`, `after_sale_order`) or many in a list.

Amounts are fen, times Unix seconds. `order_price` is what she paid with freight and after all discounts; freight that
the shop changed afterwards stands in `change_freight`. A line's `real_price` is the sum of its pieces. Of a present the
buyer is the giver, who paid. Telephones of the address belong to whoever receives, and are not used.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from members.adapters import canon
from members.adapters.canon import Adapter, NotUnderstood, Options, Row, Understood

UNPAID = {10, 12, 13, 250}  # to be paid, to be accepted as a present, being formed, cancelled before it was paid
PAID = {20, 21, 30, 100, 200}  # to be sent, partly sent, sent, done, everything given back
GRANTED = {"MERCHANT_REFUND_SUCCESS", "MERCHANT_RETURN_SUCCESS", "PLATFORM_REFUND_SUCCESS"}
OPEN = {
    "USER_CANCELD",
    "MERCHANT_PROCESSING",
    "MERCHANT_REJECT_REFUND",
    "MERCHANT_REJECT_RETURN",
    "USER_WAIT_RETURN",
    "RETURN_CLOSED",
    "MERCHANT_WAIT_RECEIPT",
    "MERCHANT_OVERDUE_REFUND",
    "PLATFORM_REFUNDING",
    "PLATFORM_REFUND_FAIL",
    "USER_WAIT_CONFIRM",
    "MERCHANT_REFUND_RETRY_FAIL",
    "MERCHANT_FAIL",
    "USER_WAIT_CONFIRM_UPDATE",
    "USER_WAIT_HANDLE_MERCHANT_AFTER_SALE",
}


def read(payload: bytes, fields: Mapping[str, Any], options: Options) -> Understood:
    return canon.each(_things(canon.json_of(payload)), lambda thing: _rows(thing, options), _number)


def _things(said: Any) -> Sequence[Any]:
    for name in ("order_list", "orders", "after_sale_order_list"):
        if isinstance(said, dict) and isinstance(said.get(name), list):
            return said[name]  # type: ignore[no-any-return]
    return said if isinstance(said, list) else [said]


def _number(thing: Any) -> str:
    inner = thing.get("after_sale_order") or thing.get("order") or thing
    return str(inner.get("after_sale_order_id") or inner.get("order_id") or "")


def _rows(thing: Any, options: Options) -> list[Row]:
    thing = thing.get("after_sale_order") or thing.get("order") or thing
    return _refund(thing) if "after_sale_order_id" in thing else _order(thing, options)


def _order(said: Mapping[str, Any], options: Options) -> list[Row]:
    status = said["status"]
    if status in UNPAID:
        return []
    if status not in PAID:
        raise NotUnderstood(say("the status of this order is unknown"))
    detail = said["order_detail"]
    price = detail["price_info"]
    freight = canon.whole(price.get("change_freight" if price.get("is_change_freight") else "freight") or 0, "freight")
    goods = canon.whole(price["order_price"], "order_price") - freight
    return [
        canon.order(
            said["order_id"],
            channel="wechat_shop",
            store=options.get("store"),
            paid_at=canon.moment(detail["pay_info"].get("pay_time"), "pay_time"),
            updated_at=canon.moment(said["update_time"], "update_time") if said.get("update_time") else None,
            buyer=_buyer(said, options),
            paid_fen=goods,
            freight_fen=freight or None,
            lines=canon.lines([_goods(one) for one in detail["product_infos"]], goods),
        )
    ]


def _goods(one: Mapping[str, Any]) -> tuple[str, str, str, int, int]:
    sku = str(one.get("sku_code") or one.get("out_sku_id") or one.get("sku_id") or one["product_id"])
    count = canon.whole(one["sku_cnt"], "sku_cnt")
    paid = one.get("real_price")
    fen = canon.whole(one["sale_price"], "sale_price") * count if paid is None else canon.whole(paid, "real_price")
    return sku, str(one.get("title") or ""), "", count, fen


def _buyer(said: Mapping[str, Any], options: Options) -> Row:
    giver = "present_giver_" if said.get("is_present") else ""
    app, openid = options.get("app"), said.get(f"{giver}openid")
    known = canon.buyer(unionid=said.get(f"{giver}unionid"), openid=openid if app else "")
    return {**known, "app": app} if "openid" in known else known


def _refund(said: Mapping[str, Any]) -> list[Row]:
    status = said["status"]
    if status in OPEN:
        return []
    if status not in GRANTED:
        raise NotUnderstood(say("the status of this refund is unknown"))
    paid = canon.whole(said["refund_info"]["amount"], "amount")
    back = said.get("product_info") or {}
    sku = back.get("sku_code") or back.get("sku_id") or back.get("product_id")
    goods = [(str(sku), "", "", max(1, canon.whole(back.get("count") or 1, "count")), paid)] if sku else []
    return [
        canon.refund(
            said["after_sale_order_id"],
            refund_of=str(said["order_id"]),
            paid_at=canon.moment(said.get("complete_time") or said["update_time"], "update_time"),
            paid_fen=paid,
            lines=canon.lines(goods, paid),
        )
    ]


ADAPTER = Adapter(
    "wechat_shop",
    _("WeChat shop (微信小店)"),
    read,
    options={"app": _("app id of the shop, under which its openids count"), "store": _("our store's number, if one")},
)
