"""The desk for orders, products and stock: to look at; sources and files write them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from members.models import Order, OrderLine, Product, Refund, Stock
from members.templatetags.money import yuan
from stores.desks import ReadOnly, ScopedAdmin, ScopedInline


class LineInline(ReadOnly, ScopedInline):
    model = OrderLine
    fields = ("sku", "name", "category", "quantity", "paid_fen")
    ordering = ("position",)


class RefundInline(ReadOnly, ScopedInline):
    model = Refund
    fields = ("number", "refunded_at", "paid_fen", "state")
    ordering = ("refunded_at",)


@admin.register(Order)
class OrderAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator
    show_full_result_count = False
    list_display = ("number", "channel", "store", "paid_at", "shown_paid", "seller")
    list_select_related = ("store", "seller")
    search_fields = ("=number",)
    search_help_text = _("Whole number of an order or a refund")
    ordering = ("-id",)
    fields: Any = (
        *("number", "source", "parent_number", "channel", "store", "seller", "paid_at", "shown_paid"),
        *("refunded_fen", "units", "version_at", "created_at", "changed_at"),
    )
    readonly_fields = ("shown_paid",)
    inlines = (LineInline, RefundInline)

    @display(description=_("Paid"), ordering="paid_fen")
    def shown_paid(self, order: Order) -> str:
        return yuan(order.paid_fen)


class StockInline(ReadOnly, ScopedInline):
    model = Stock
    fields = ("store", "quantity", "told_at")
    ordering = ("-quantity",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("store")


@admin.register(Product)
class ProductAdmin(ReadOnly, ScopedAdmin):
    list_display = ("name", "sku", "category", "shown_price", "is_on_sale")
    search_fields = ("sku", "name")
    ordering = ("sku",)
    fields: Any = ("name", "sku", "category", "shown_price", "is_on_sale", "created_at", "changed_at")
    readonly_fields = ("shown_price",)

    @display(description=_("Price"), ordering="price_fen")
    def shown_price(self, product: Product) -> str:
        return yuan(product.price_fen) or "—"
