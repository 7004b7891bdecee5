"""Pages about what was sold: orders, one order, a customer's orders, the catalogue with its stock."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Prefetch, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members import sights
from members.models import Order, OrderLine, Product, Refund, Stock
from members.views import seen
from scrm import clock
from scrm.audit import entries
from scrm.clock import SHANGHAI
from scrm.sheets import answers
from stores.access import Permission, demand
from stores.models import Store

ON_A_PAGE = 25
MOST = 50_000  # lines of one file
LINES = Prefetch("lines", OrderLine.objects.order_by("position"))


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """Orders of the viewer's stores, the latest told first."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    asked = {name: text for name, value in request.GET.items() if (text := str(value).strip()[:64])}
    rows = _narrowed(Order.objects.visible_to(request.user), asked)
    page = list(_below(rows, asked.get("after", "")).order_by("-pk")[: ON_A_PAGE + 1])
    more = page[ON_A_PAGE - 1].public_id if len(page) > ON_A_PAGE else ""
    shown = _with_buyers(request.user, page[:ON_A_PAGE])
    asked.pop("after", None)
    if shown:
        entries.record_read(request.user, "members.order", at=clock.now(), rows=len(shown), filters=asked)
    stores = Store.objects.visible_to(request.user).order_by("code")[:60]
    told = {"orders": shown, "next": more, "asked": asked, "channels": Order.Channel.choices, "stores": stores}
    part = "members/shop/_orders.html" if request.headers.get("HX-Target") == "orders" else "members/shop/orders.html"
    return render(request, part, told)


def _narrowed(rows: Any, asked: dict[str, str]) -> Any:
    """The rows that the filters leave; a number is looked for as a whole."""
    if number := asked.get("q"):
        given = Refund.objects.filter(number=number).values("order")
        rows = rows.filter(Q(number=number) | Q(public_id=number) | Q(pk__in=given))
    if channel := asked.get("channel"):
        rows = rows.filter(channel=channel)
    if store := asked.get("store"):
        rows = rows.filter(store__public_id=store)
    if day := _day(asked.get("day", "")):
        rows = rows.filter(paid_day=day)
    return rows.select_related("store", "member", "member__same_person_as", "seller", "source")


def _day(text: str) -> Any:
    try:
        return parse_date(text) if text else None
    except ValueError:
        return None


def _below(rows: Any, public_id: str) -> Any:
    if not public_id:
        return rows
    last = Order.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    return rows.filter(pk__lt=last) if last else rows.none()


def _with_buyers(viewer: Any, rows: list[Any]) -> list[Any]:
    """Each order with `buyer`, the person who bought by the name that the viewer's stores know."""
    roots = {one.member.same_person_as or one.member for one in rows if one.member and not one.member.erased_at}
    faces = sights.faces(viewer, list(roots))
    for one in rows:
        root = (one.member.same_person_as or one.member) if one.member else None
        one.buyer_root = root if root and not root.erased_at else None
        one.buyer_face = faces.get(root.pk, root) if root and one.buyer_root else None
    return rows


@login_required
@require_safe
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """One order with its goods, refunds and parts."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    rows = Order.objects.visible_to(request.user).select_related(
        "store", "member", "member__same_person_as", "seller", "source", "parent"
    )
    found = get_object_or_404(rows.prefetch_related(LINES), public_id=public_id)
    entries.record_read(request.user, found, at=clock.now())
    _with_buyers(request.user, [found])
    own = Order.objects.visible_to(request.user)
    whole = own.filter(pk=found.parent_id).first() if found.parent_id else None
    told = {
        "order": found,
        "refunds": Refund.objects.filter(order=found).prefetch_related("lines").order_by("refunded_at"),
        "parts": own.filter(parent=found).order_by("number"),
        "whole": whole,
        "corrections": found.corrections.filter(is_refund=False).order_by("-at")[:20],
    }
    return render(request, "members/shop/order.html", told)


@login_required
@require_safe
def of_customer(request: HttpRequest, public_id: str) -> HttpResponse:
    """What one customer bought in the viewer's stores; sums over the brand only where the viewer may read them."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight = seen(request, public_id)
    hers = Order.objects.filter(member__in=sight.circle, parent=None)
    visible = hers.visible_to(request.user)
    rows = list(visible.select_related("store", "seller").prefetch_related(LINES).order_by("-paid_at")[:50])
    entries.record_read(request.user, sight.root, at=clock.now(), rows=len(rows), page="orders")
    everywhere = bool(sights.summed(request.user, [sight.root.pk], at=clock.now()))
    sums = (hers if everywhere else visible).aggregate(n=Count("pk"), paid=Sum("paid_fen"), back=Sum("refunded_fen"))
    net = (sums["paid"] or 0) - (sums["back"] or 0)
    told = {"orders": rows, "n": sums["n"], "net": net, "back": sums["back"] or 0, "everywhere": everywhere}
    return render(request, "members/shop/_customer_orders.html", {**told, "sight": sight})


@login_required
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """The catalogue by SKU, with what lies in the stores that the viewer sees."""
    demand(request.user, Permission.SEE_STORES)
    asked = {name: text for name, value in request.GET.items() if (text := str(value).strip()[:64])}
    rows = _goods(asked)
    if after := asked.get("after"):
        rows = rows.filter(sku__gt=after)
    page = list(rows[: ON_A_PAGE + 1])
    more = page[ON_A_PAGE - 1].sku if len(page) > ON_A_PAGE else ""
    shown = page[:ON_A_PAGE]
    seen_stock = Stock.objects.visible_to(request.user).filter(product__in=[one.pk for one in shown])
    sums = seen_stock.values("product").annotate(n=Sum("quantity"), stores=Count("pk", filter=Q(quantity__gt=0)))
    lying = {row["product"]: row for row in sums}
    for one in shown:
        one.lying = lying.get(one.pk)
    told = {"products": shown, "next": more, "asked": asked}
    part = "members/shop/_products.html" if request.headers.get("HX-Target") == "products" else None
    return render(request, part or "members/shop/products.html", told)


def _goods(asked: dict[str, str]) -> Any:
    rows = Product.objects.order_by("sku")
    if text := asked.get("q"):
        rows = rows.filter(Q(sku__istartswith=text) | Q(name__icontains=text) | Q(category=text))
    return rows


@login_required
@require_safe
def product(request: HttpRequest, public_id: str) -> HttpResponse:
    """One product, and how many of it each store has."""
    demand(request.user, Permission.SEE_STORES)
    found = get_object_or_404(Product, public_id=public_id)
    rows = Stock.objects.visible_to(request.user).filter(product=found).select_related("store")
    if text := request.GET.get("q", "").strip()[:40]:
        rows = rows.filter(Q(store__name__icontains=text) | Q(store__code__istartswith=text))
    return render(request, "members/shop/product.html", {"product": found, "stock": rows.order_by("-quantity")[:200]})


@login_required
@require_safe
def products_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The catalogue, or the stock of the viewer's stores, as CSV or Excel in which no cell runs."""
    demand(request.user, Permission.SEE_STORES)
    demand(request.user, Permission.EXPORT_NUMBERS)
    at, what = clock.now(), "stock" if request.GET.get("what") == "stock" else "products"
    lines = list(_stock_lines(request.user) if what == "stock" else _product_lines(request.GET.get("q", "").strip()))
    filters = {"q": request.GET.get("q", ""), "what": what}
    model = "members.stock" if what == "stock" else "members.product"
    entries.record_export(request.user, model, at=at, rows=len(lines) - 1, filters=filters, format=kind)
    return answers.file(kind, f"{what}-{clock.day_of(at)}", _("Products"), lines)


def _product_lines(text: str) -> Iterator[list[Any]]:
    yield ["SKU", _("Name"), _("Category"), _("Price (yuan)"), _("On sale")]
    for one in _goods({"q": text} if text else {})[:MOST]:
        price = "" if one.price_fen is None else one.price_fen / 100
        yield [one.sku, one.name, one.category, price, _("yes") if one.is_on_sale else _("no")]


def _stock_lines(viewer: Any) -> Iterator[list[Any]]:
    yield ["SKU", _("Name"), _("Store"), _("Quantity"), _("As of")]
    rows = Stock.objects.visible_to(viewer).select_related("product", "store").order_by("product__sku", "store__code")
    for one in rows[:MOST]:
        at = f"{one.told_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        yield [one.product.sku, one.product.name, one.store.code, one.quantity, at]
