"""Doors for machines: orders and refunds, the catalogue, and what lies in the stores."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members import deliveries, orders, products, sources
from members.models import Delivery, Member, Order, OrderLine, Product, Refund, RefundLine, Stock
from members.orders import Verdict
from members.shop.filters import OrderFilters, ProductFilters, RefundFilters, StockFilters
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import Door
from stores.access import Permission

MOST = 1000
CATALOGUE, STOCK = "catalogue", "stock"  # the sources of rows that name none


class LineTold(serializers.Serializer):
    sku = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=120, required=False)
    category = serializers.CharField(max_length=60, required=False)
    quantity = serializers.IntegerField(min_value=1)
    paid_fen = serializers.IntegerField(min_value=0)


class BuyerTold(serializers.Serializer):
    """Every id that the source knows of the buyer; none of them for somebody unknown."""

    phone = serializers.CharField(required=False)
    phone_verified = serializers.BooleanField(
        required=False, help_text=gettext_lazy("whether she proved that the phone is hers")
    )
    unionid = serializers.CharField(required=False)
    openid = serializers.CharField(required=False)
    external_userid = serializers.CharField(required=False)
    corp = serializers.CharField(
        required=False, help_text=gettext_lazy("the corp of the external_userid, where the brand has several")
    )
    card = serializers.CharField(required=False)
    marketplace = serializers.CharField(required=False, help_text=gettext_lazy("the marketplace's own member id"))
    app = serializers.CharField(required=False, help_text=gettext_lazy("the app of the openid, or the marketplace"))
    name = serializers.CharField(required=False)


class OrderTold(serializers.Serializer):
    """An order, or a refund of one (`kind`, `refund_of`); sums in fen."""

    source: Any = serializers.CharField(max_length=40, help_text=gettext_lazy("the code of the system that tells it"))
    number = serializers.CharField(max_length=64, help_text=gettext_lazy("the source's own; what comes again is known"))
    kind = serializers.ChoiceField(["order", "refund"], default="order")
    refund_of = serializers.CharField(required=False, help_text=gettext_lazy("of a refund: the order's number"))
    parent: Any = serializers.CharField(
        required=False, help_text=gettext_lazy("of a part of a split order: the whole's")
    )
    store = serializers.CharField(required=False, help_text=gettext_lazy("the store's number"))
    channel = serializers.CharField(required=False, max_length=20)
    paid_at = serializers.DateTimeField(help_text=gettext_lazy("of a refund: when the money was given back"))
    buyer = BuyerTold(required=False)
    guide = serializers.CharField(required=False, help_text=gettext_lazy("the userid of whoever sold"))
    paid_fen = serializers.IntegerField(
        help_text=gettext_lazy("what the lines sum up to; of a refund, what was given back")
    )
    freight_fen = serializers.IntegerField(
        required=False, min_value=0, help_text=gettext_lazy("what was paid for carrying the goods, besides paid_fen")
    )
    lines = LineTold(many=True, required=False)
    updated_at = serializers.DateTimeField(
        required=False, help_text=gettext_lazy("when the source last changed it; an older saying changes nothing")
    )


class OrdersTold(serializers.Serializer):
    orders = OrderTold(many=True)


class RowBecame(serializers.Serializer):
    index = serializers.IntegerField()
    status = serializers.ChoiceField(["created", "updated", "unchanged", "rejected"])
    id = serializers.CharField(required=False)
    error = serializers.CharField(required=False)


class RowsAnswered(serializers.Serializer):
    results = RowBecame(many=True)


def _told(data: Any, name: str) -> list[Any]:
    """The rows of a batch: at least none and at most a thousand."""
    rows = data.get(name) if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ValidationError({name: [_("A list of rows is needed.")]})
    if len(rows) > MOST:
        raise ValidationError({name: [_("At most %(n)d rows at once.") % {"n": MOST}]})
    return rows


def _answer(verdicts: Sequence[Verdict]) -> Response:
    results = []
    for verdict in verdicts:
        said: dict[str, Any] = {"index": verdict.index, "status": verdict.status}
        if verdict.id:
            said["id"] = verdict.id
        if verdict.error:
            said["error"] = verdict.error
        results.append(said)
    return Response({"results": results})


def take_orders(rows: Sequence[Any], *, by: Any, at: Any) -> list[Verdict]:
    """A verdict for each row; the rows of each source are one delivery of its."""
    answers: dict[int, Verdict] = {}
    of_source: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        code = row.get("source") if isinstance(row, dict) else None
        if isinstance(code, str) and code:
            of_source[code].append(index)
        else:
            why = f"source: {_('is missing')}" if isinstance(row, dict) else str(_("A row is an object with fields."))
            answers[index] = Verdict(index, "rejected", error=why)
    for code, indexes in sorted(of_source.items()):
        for verdict in _of_one_source(code, [rows[index] for index in indexes], by=by, at=at):
            index = indexes[verdict.index]
            answers[index] = Verdict(index, verdict.status, verdict.id, verdict.error)
    return [answers[index] for index in range(len(rows))]


def _of_one_source(code: str, rows: Sequence[Any], *, by: Any, at: Any) -> list[Verdict]:
    try:
        source = sources.named(code, at)
    except (sources.NotACode, sources.IsPaused) as why:
        said = "source: " + (_("is paused") if isinstance(why, sources.IsPaused) else _("is no code"))
        return [Verdict(index, "rejected", error=said) for index in range(len(rows))]
    verdicts = orders.take_in(source, rows, at=at, by=by)
    numbers = [str(row.get("number", ""))[:64] for row in rows]
    deliveries.record(source, Delivery.Kind.ORDERS, verdicts, at=at, by=by, numbers=numbers)
    return verdicts


class LineRow(serializers.ModelSerializer):
    class Meta:
        model = OrderLine
        fields = ["sku", "name", "category", "quantity", "paid_fen"]


class OrderRow(serializers.ModelSerializer):
    """An order; one that is part of a split order (`parent`) is no sale of its own."""

    id = serializers.CharField(source="public_id")
    source: Any = serializers.CharField(source="source.code")
    store = serializers.CharField(source="store.public_id", allow_null=True)
    store_code = serializers.CharField(source="store.code", allow_null=True)
    member = serializers.CharField(source="shown_member", allow_null=True)
    guide = serializers.CharField(source="seller_userid")
    parent: Any = serializers.CharField(source="parent.public_id", allow_null=True)
    net_fen = serializers.IntegerField()
    lines: Any = LineRow(many=True)

    class Meta:
        model = Order
        fields = [
            *["id", "source", "number", "parent", "channel", "store", "store_code", "member", "guide", "paid_at"],
            *["paid_fen", "refunded_fen", "net_fen", "freight_fen", "lines", "created_at", "changed_at"],
        ]

    def to_representation(self, order: Any) -> Any:
        member = order.member
        order.shown_member = self.context["faces"].get(member.pk) if member else None
        empty = {"store": None, "store_code": None, "parent": None}
        return empty | super().to_representation(order)


class Orders(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = gettext_lazy("Orders, newest first, as far as you see their stores. A guide sees what she sold.")
    queryset = Order.objects.select_related("source", "store", "member", "parent").prefetch_related(
        Prefetch("lines", OrderLine.objects.order_by("position"))
    )
    serializer_class = OrderRow
    filterset_class = OrderFilters
    reads = Permission.SEE_CUSTOMERS
    writes = Permission.SEND_DATA

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Buyers are named by the person's surviving member."""
        rows = args[0] if args else []
        found = rows if kwargs.get("many") else [rows] if rows else []
        kwargs["context"] = {**self.get_serializer_context(), "faces": _faces(found)}
        return self.get_serializer_class()(*args, **kwargs)

    @extend_schema(request=OrdersTold, responses=RowsAnswered)
    @action(detail=False, methods=["post"])
    @once
    def batch(self, request: Request) -> Response:
        """Orders and refunds as a source tells them: an answer for each row, and one bad row spoils no other."""
        rows = _told(request.data, "orders")
        by, at = request.user, clock.now()
        with transaction.atomic():
            verdicts = take_orders(rows, by=by, at=at)
            codes = (row.get("source") for row in rows if isinstance(row, dict))
            deliveries.note("order", verdicts, sources=codes, by=by, at=at)
        return _answer(verdicts)


def _faces(found: Sequence[Any]) -> dict[int, str]:
    merged = {order.member.same_person_as_id for order in found if order.member and order.member.same_person_as_id}
    roots = dict(Member.objects.filter(pk__in=merged).values_list("pk", "public_id")) if merged else {}
    return {
        order.member.pk: roots.get(order.member.same_person_as_id, order.member.public_id)
        for order in found
        if order.member and not order.member.erased_at
    }


class RefundLineRow(serializers.ModelSerializer):
    class Meta:
        model = RefundLine
        fields = ["sku", "quantity", "paid_fen"]


class RefundRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    source: Any = serializers.CharField(source="source.code")
    order = serializers.CharField(source="order.public_id", allow_null=True)
    refund_of = serializers.CharField(source="order_number")
    lines: Any = RefundLineRow(many=True)

    class Meta:
        model = Refund
        fields = [
            *("id", "source", "number", "refund_of", "order", "state", "refunded_at"),
            *("paid_fen", "freight_fen", "lines"),
        ]

    def to_representation(self, refund: Any) -> Any:
        return {"order": None} | super().to_representation(refund)


class Refunds(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = gettext_lazy("Refunds, newest first. One whose order has not come yet waits, and HQ alone sees it.")
    queryset = Refund.objects.select_related("source", "order").prefetch_related(
        Prefetch("lines", RefundLine.objects.order_by("position"))
    )
    serializer_class = RefundRow
    filterset_class = RefundFilters
    reads = Permission.SEE_CUSTOMERS


class ProductTold(serializers.Serializer):
    sku = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=120)
    category = serializers.CharField(max_length=60, required=False)
    price_fen = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    is_on_sale = serializers.BooleanField(default=True)


class ProductsTold(serializers.Serializer):
    products = ProductTold(many=True)


class ProductRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Product
        fields = ["id", "sku", "name", "category", "price_fen", "is_on_sale", "changed_at"]


class StockTold(serializers.Serializer):
    sku = serializers.CharField(max_length=64)
    store = serializers.CharField(max_length=40, help_text=gettext_lazy("the store's number"))
    quantity = serializers.IntegerField(min_value=0)
    at = serializers.DateTimeField(required=False, help_text=gettext_lazy("when it was counted; now if left out"))


class StocksTold(serializers.Serializer):
    stock = StockTold(many=True)


class StockRow(serializers.ModelSerializer):
    sku = serializers.CharField(source="product.sku")
    product = serializers.CharField(source="product.public_id")
    store = serializers.CharField(source="store.public_id")
    store_code = serializers.CharField(source="store.code")

    class Meta:
        model = Stock
        fields = ["product", "sku", "store", "store_code", "quantity", "told_at"]


def _took(request: Request, name: str, what: str, code: str, verb: Any) -> Response:
    rows, at = _told(request.data, name), clock.now()
    with transaction.atomic():
        verdicts = verb(rows, at=at, by=request.user)
        skus = [str(row.get("sku", ""))[:64] if isinstance(row, dict) else "" for row in rows]
        source = sources.known([code], at)[code]
        deliveries.record(source, Delivery.Kind.PRODUCTS, verdicts, at=at, by=request.user, numbers=skus)
        deliveries.note(what, verdicts, sources=[code], by=request.user, at=at)
    return _answer(verdicts)


class Products(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = gettext_lazy("The catalogue, newest first.")
    queryset = Product.objects.all()
    serializer_class = ProductRow
    filterset_class = ProductFilters
    reads = Permission.SEE_STORES
    writes = Permission.SEND_DATA

    @extend_schema(request=ProductsTold, responses=RowsAnswered)
    @action(detail=False, methods=["post"])
    @once
    def batch(self, request: Request) -> Response:
        """Products by their SKU, new and changed ones alike."""
        return _took(request, "products", "product", CATALOGUE, products.take_in)

    @extend_schema(responses=StockRow(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def stock(self, request: Request, id: str) -> Response:
        """How many each store has, as far as you see it."""
        product = self.get_object()
        rows = Stock.objects.visible_to(request.user, needs=self.reads).filter(product=product)
        page = self.paginate_queryset(rows.select_related("product", "store"))
        return self.get_paginated_response(StockRow(page, many=True).data)


class Stocks(mixins.ListModelMixin, Door):
    says = gettext_lazy("What lies in the stores that you see.")
    queryset = Stock.objects.select_related("product", "store")
    serializer_class = StockRow
    filterset_class = StockFilters
    reads = Permission.SEE_STORES
    writes = Permission.SEND_DATA

    @extend_schema(request=StocksTold, responses=RowsAnswered)
    @action(detail=False, methods=["post"])
    @once
    def batch(self, request: Request) -> Response:
        """How many of a product a store has; the newest count stands."""
        return _took(request, "stock", "stock", STOCK, products.count_stock)
