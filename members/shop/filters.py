from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from members.models import Member, Order, Product, Refund, Stock
from scrm.rest.filters import Filters, TimeFilter


class OrderFilters(Filters):
    source = filters.CharFilter("source__code")
    parent = filters.CharFilter("parent__public_id", help_text=_("public id of the whole of a split order"))
    store = filters.CharFilter(method="by_store", help_text=_("public id or number"))
    member = filters.CharFilter(method="by_member", help_text=_("public id; all members of the same person count"))
    guide = filters.CharFilter("seller_userid", help_text=_("userid as the source wrote it"))
    paid_from = TimeFilter("paid_at", "gte")
    paid_to = TimeFilter("paid_at", "lt")

    class Meta:
        model = Order
        fields = ["source", "number", "parent", "store", "member", "guide", "channel", "paid_from", "paid_to"]
        filter_overrides: Any = {}

    channel = filters.CharFilter("channel")

    def by_store(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(store__public_id=value) | rows.filter(store__code=value)

    def by_member(self, rows: QuerySet, name: str, value: str) -> Any:
        """What the person bought, with whichever of her members it was born."""
        named = Member.objects.filter(public_id=value).values_list("pk", "same_person_as").first()
        root = (named[1] or named[0]) if named else None
        same = Member.objects.filter(same_person_as=root).values("pk") if root else Member.objects.none()
        return rows.filter(member=root) | rows.filter(member__in=same) if root else rows.none()


class RefundFilters(Filters):
    source = filters.CharFilter("source__code")
    order = filters.CharFilter("order__public_id", help_text=_("public id"))
    refunded_from = TimeFilter("refunded_at", "gte")
    refunded_to = TimeFilter("refunded_at", "lt")

    class Meta:
        model = Refund
        fields = ["source", "number", "order", "order_number", "state", "refunded_from", "refunded_to"]


class ProductFilters(Filters):
    changed_from = TimeFilter("changed_at", "gte")

    class Meta:
        model = Product
        fields = ["sku", "category", "is_on_sale", "changed_from"]


class StockFilters(Filters):
    product = filters.CharFilter("product__public_id", help_text=_("public id"))
    sku = filters.CharFilter("product__sku")
    store = filters.CharFilter(method="by_store", help_text=_("public id or number"))

    class Meta:
        model = Stock
        fields = ["product", "sku", "store"]

    def by_store(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(store__public_id=value) | rows.filter(store__code=value)
