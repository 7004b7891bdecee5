"""What customers did, as files: pages seen, live rooms entered, services rated; told to the verb that the API tells."""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members import events
from members.eventkinds import KINDS
from members.models import Delivery
from members.orders import Verdict as Told
from scrm.imports import columns
from scrm.imports.columns import Column, Draft, Wrong, plain
from scrm.imports.kinds import sales
from scrm.imports.verdicts import Case

WORDS = {
    "page_viewed": ("浏览页面",),
    "product_viewed": ("浏览商品",),
    "cart_added": ("加入购物车",),
    "searched": ("搜索",),
    "live_entered": ("进入直播间",),
    "live_left": ("离开直播间",),
    "live_interacted": ("直播间互动",),
    "live_ordered": ("直播间下单",),
    "service_rated": ("服务评价",),
    "coupon_clicked": ("点开优惠券",),
    "link_clicked": ("点开链接",),
    "form_submitted": ("提交表单",),
    "app_opened": ("打开小程序",),
    "store_visited": ("到店",),
}
WHOLE = re.compile(r"-?\d{1,15}")
IDS = ("phone", "card", "unionid", "external_userid")


def details(text: str) -> dict[str, str]:
    """`page=首页; seconds=30`, each detail once."""
    found: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in re.split(r"[;；\n]", text))):
        key, equals, value = (plain(one) for one in part.partition("="))
        if not equals or not key or not value or key in found:
            raise Wrong("no_details", value=part[:20])
        found[key] = value
    return found


COLUMNS = (
    Column("number", _("number"), ("编号", "事件编号", "number"), sales.number, "E20260302-1",
           _("The number in the system that it comes from."), is_needed=True),
    Column("kind", _("kind"), ("类型", "事件", "行为", "kind"), columns.choice(WORDS), "浏览商品",
           _("Such as page_viewed, live_entered, service_rated."), is_needed=True),
    Column("at", _("at"), ("时间", "发生时间", "at"), sales.when, "2026-03-02 18:30:00", _("In Shanghai's time."),
           is_needed=True),
    Column("source", _("source"), ("来源", "来源系统", "source"), columns.code(), "mall",
           _("The system's code, as its rows name it in the API. Empty: file.")),
    Column("store", pgettext_lazy("of an order", "store"), ("门店编号", "门店编码", "门店", "store", "store code"),
           columns.code(), "S0012", _("The store's number; empty for what no store sold.")),
    Column("guide", _("guide"), ("导购", "导购账号", "guide"), columns.code(64), "zhangsan",
           _("The WeCom account of whom it concerns; a rating and a visit need one or a store.")),
    Column("phone", _("phone"), ("手机", "手机号", "会员手机", "phone", "mobile"), columns.phone, "13800010001",
           _("Of the customer; one of the four ids is needed.")),
    Column("card", _("member card"), ("会员卡号", "卡号", "card"), sales.number, "VIP000123", _("Of the customer.")),
    Column("unionid", "unionid", ("unionid", "UnionID"), sales.number, "o6_bmasdasdsad6_2sgVt7hMZOPfL",
           _("Of the customer.")),
    Column("external_userid", "external_userid", ("external_userid", "外部联系人ID"), sales.number,
           "wmqfasd1e1927831291723123109rAAA", _("Of the customer.")),
    Column("details", _("details"), ("详情", "明细", "details"), details, "sku=T01; name=明前龙井; seconds=30",
           _("What the kind takes, as key=value with semicolons between; the API's page lists it.")),
)  # fmt: skip


def _event(draft: Draft) -> dict[str, Any]:
    told: dict[str, Any] = {name: draft[name] for name in ("number", "kind", "store", "guide")}
    numbers = {one.key for one in KINDS[draft["kind"]].details if one.kind == "number"}
    payload = {
        key: int(value) if key in numbers and WHOLE.fullmatch(value) else value
        for key, value in (draft["details"] or {}).items()
    }
    buyer = {kind: draft[kind] for kind in IDS if draft[kind]}
    source = draft["source"] or sales.FILE
    return {**told, "source": source, "at": draft["at"].isoformat(), "buyer": buyer or None, "payload": payload}


def _take(rows: list[dict[str, Any]], case: Case) -> list[Told]:
    return sales.by_source(rows, case, events.take_in)


EVENTS = sales.kind(
    "events", _("Events"), _("What customers did: pages, live rooms, ratings, visits"), COLUMNS, _event, _take,
    lambda d: [("event", (d["source"], d["number"]))], Delivery.Kind.EVENTS,
)  # fmt: skip
