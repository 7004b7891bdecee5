"""The board on which one sees how many buyers became members who allow to be spoken to, place by place."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import F, FloatField
from django.db.models.functions import Cast, NullIf
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from scrm import clock
from scrm.audit import entries
from scrm.dashboard import boards, conversions
from scrm.dashboard.conversions import SPANS, USUAL, Counts
from scrm.dashboard.models import Conversion
from scrm.dashboard.nodes import Kind, Node
from scrm.sheets import answers
from stores.access import Permission, demand

SIZE, MOST = 50, 20_000
TITLES = {
    "regions": gettext_lazy("Regions"),
    "stores": gettext_lazy("Stores"),
    "franchisees": gettext_lazy("Franchisees"),
}
PARTS: dict[str, tuple[str, ...]] = {
    Kind.BRAND: ("regions", "stores", "franchisees"),
    Kind.REGION: ("stores",),
    Kind.FRANCHISEE: ("stores",),
}
SORTS = ("members", "buyers", "registered", "orders", "nameless", "rate")
SPAN_NAMES = {
    "days_7": gettext_lazy("Last 7 days"),
    "days_30": gettext_lazy("Last 30 days"),
    "days_90": gettext_lazy("Last 90 days"),
    "days_365": gettext_lazy("Last 365 days"),
}


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    node, span, counts, day = _read(request)
    shown: dict[str, Any] = {"node": node, "span": span, "counts": counts, "day": day, "spans": SPAN_NAMES}
    if day:
        part, sort = _part(request, node), _sort(request)
        first = _number(request) - 1
        rows = list(_rows(request, node, part, span, day, sort)[first * SIZE : (first + 1) * SIZE + 1]) if part else []
        shown |= {"part": part, "parts": [(p, TITLES[p]) for p in PARTS.get(node.kind, ())], "sort": sort}
        shown |= {"rows": _told(rows[:SIZE]), "page": first + 1, "more": len(rows) > SIZE}
        shown |= {"period": conversions.period(span, day), "homes": boards.homes_of(request.user)}
    return render(request, "dashboard/conversion.html", shown)


@login_required
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole table as CSV."""
    demand(request.user, Permission.EXPORT_NUMBERS)
    node, span, counts, day = _read(request)
    part = _part(request, node)
    rows = list(_rows(request, node, part, span, day, _sort(request))[:MOST]) if day and part else []
    viewer: Any = request.user
    told: dict[str, Any] = {"node": node.public_id, "table": part, "span": span, "rows": len(rows)}
    entries.record("numbers.exported", by=viewer, subject=viewer, at=clock.now(), kind="csv", **told)
    return answers.csv(f"conversion-{node.public_id}-{span}-{day}", _lines(node, counts, rows))


def _read(request: HttpRequest) -> tuple[Node, str, Counts, Any]:
    demand(request.user, Permission.SEE_BOARDS)
    said = request.GET.get("node", "")
    node = boards.node_for(request.user, said) if said else boards.home_of(request.user)
    if node is None:
        node = boards.node_for(request.user, "")  # 404
    span = request.GET.get("span", "")
    span = span if span in SPANS else USUAL
    return node, span, *conversions.read(node, span)


def _rows(request: HttpRequest, node: Node, part: str, span: str, day: Any, sort: str) -> Any:
    rate = Cast("members", FloatField()) / NullIf(Cast("buyers", FloatField()), 0.0)
    rows = conversions.parts(node, part, span, day).annotate(rate=rate)
    if q := " ".join(request.GET.get("q", "").split())[:40]:
        name = {"regions": "region__name", "stores": "store__name", "franchisees": "franchisee__name"}[part]
        rows = rows.filter(**{f"{name}__icontains": q.replace("\0", "")})
    order = F(sort)
    falls = order.asc(nulls_last=True) if request.GET.get("up") else order.desc(nulls_last=True)
    return rows.order_by(falls, "node_id")


def _told(rows: list[Conversion]) -> list[dict[str, Any]]:
    return [{"name": str(_place(row)), "id": _place(row).public_id, "counts": Counts.of(row)} for row in rows]


def _place(row: Conversion) -> Any:
    return row.store or (row.region if row.kind == "region" else row.franchisee)


def _lines(node: Node, counts: Counts, rows: list[Conversion]) -> Iterator[list[Any]]:
    heads = [
        _("Orders"),
        _("Orders without a name"),
        _("Buyers"),
        _("Registered"),
        _("Members with consent"),
        _("Rate"),
    ]
    yield [_("Name"), *heads]
    for name, one in [(node.name, counts), *((str(_place(row)), Counts.of(row)) for row in rows)]:
        rate = "" if one.rate is None else round(one.rate, 4)
        yield [name, one.orders, one.nameless, one.buyers, one.registered, one.members, rate]


def _part(request: HttpRequest, node: Node) -> str:
    there = PARTS.get(node.kind, ())
    said = request.GET.get("part", "")
    return said if said in there else next(iter(there), "")


def _sort(request: HttpRequest) -> str:
    said = request.GET.get("sort", "")
    return said if said in SORTS else "buyers"


def _number(request: HttpRequest) -> int:
    said = request.GET.get("page", "")
    return min(max(int(said), 1), 400) if said.isdecimal() and len(said) < 6 else 1
