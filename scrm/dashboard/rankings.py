"""The tables under a board: what a node consists of, sorted, page by page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import ExpressionWrapper, F, FloatField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guides.models import Code, Guide
from scrm.dashboard.kpis import BY_KEY, FLOWS, GROUPS, LEVELS, SALES, Kpi, Sums
from scrm.dashboard.models import Fill, GuideDay, NodeDay, SalesDay, StoreSpan
from scrm.dashboard.nodes import Kind, Node
from scrm.dashboard.periods import SPANS, Period, spans
from stores.models import Franchisee, Region

SIZE = 50
MOST = 20_000  # rows of an export
NONE: Mapping[int, Any] = {}
READ = {
    "growth": (*FLOWS, "live_at_start", "live"),
    "sales": (*FLOWS, *SALES, "live_at_start", *LEVELS),
}  # by group of numbers, what a list of stores reads for it

PARTS = {
    Kind.BRAND: ("regions", "stores", "franchisees"),
    Kind.REGION: ("stores",),
    Kind.FRANCHISEE: ("stores",),
    Kind.STORE: ("guides", "codes"),
}
TITLES = {
    "regions": _("Regions"),
    "stores": _("Stores"),
    "franchisees": _("Franchisees"),
    "guides": _("Guides"),
    "codes": _("Channel codes"),
}


@dataclass(frozen=True)
class Row:
    """A part of a node; `url` is empty where there is nothing to open."""

    name: str
    note: str
    url: str
    sums: Sums


@dataclass(frozen=True)
class Asked:
    """Which table, of which numbers, sorted by what, which page of it, and for which name."""

    part: str
    sort: str = "adds"
    rising: bool = False
    page: int = 1
    search: str = ""
    group: str = "growth"

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        return GROUPS[self.group][1]


@dataclass(frozen=True)
class Ranking:
    rows: list[Row]
    asked: Asked
    total: int
    size: int = SIZE

    @property
    def title(self) -> Any:
        return TITLES[self.asked.part]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


def asked(query: Any, node: Node) -> Asked:
    """What a page's query asks of a node's tables; what makes no sense is taken for the usual."""
    parts = PARTS[Kind(node.kind)]
    group = query.get("show") if query.get("show") in GROUPS else "growth"
    first, known = GROUPS[group][1][0].key, {kpi.key for kpi in GROUPS[group][1]}
    sort = query.get("sort", "")
    page = query.get("page", "")
    return Asked(
        group=group,
        part=query.get("part") if query.get("part") in parts else parts[0],
        sort=sort.lstrip("-") if sort.lstrip("-") in known or sort == "name" else first,
        rising=(sort in known) or sort == "name",
        page=int(page) if page.isdecimal() and 0 < int(page) < 10_000 else 1,
        search=query.get("q", "").replace("\0", "").strip()[:40],
    )


def children(node: Node, period: Period, asked: Asked, *, size: int = SIZE, group: str = "") -> Ranking:
    """A page of the parts that a node consists of; stores with the numbers of the group that is asked for."""
    if asked.part == "stores":
        return _stores(node, period, asked, size, READ[group or asked.group])
    if asked.part in ("regions", "franchisees"):
        return _paged(_nodes(node, period, asked.part), asked, size)
    return _paged(by_guide(node, period) if asked.part == "guides" else by_code(node, period), asked, size)


def everything(node: Node, period: Period, asked: Asked) -> Ranking:
    """The whole table with all numbers, for an export."""
    return children(node, period, replace(asked, page=1), size=MOST, group="sales")


def _paged(rows: Iterable[Row], asked: Asked, size: int) -> Ranking:
    found = sorted((row for row in rows if asked.search in row.name), key=_order(asked))
    start = (asked.page - 1) * size
    return Ranking(found[start : start + size], asked, len(found), size)


def _order(asked: Asked) -> Callable[[Row], Any]:
    """By the number that was asked for; what has none stands last."""
    if asked.sort == "name":
        return lambda row: row.name

    def place(row: Row) -> Any:
        value = BY_KEY[asked.sort].of(row.sums)
        return value is None, (value or 0) * (1 if asked.rising else -1), row.name

    return place


# --- regions and franchisees --------------------------------------------------------------------------------------


def _nodes(node: Node, period: Period, part: str) -> Iterable[Row]:
    kind, model = {"regions": (Kind.REGION, Region), "franchisees": (Kind.FRANCHISEE, Franchisee)}[part]
    kinds = [kind, Kind.UNPLACED] if kind == Kind.REGION else [kind]
    days = NodeDay.objects.filter(kind__in=kinds, day__range=(period.first, period.last))
    sums = {row["node_id"]: Sums.of(row) for row in _summed(days.values("node_id"), period)}
    for row in model.objects.all():  # type: ignore[attr-defined]
        yield Row(row.name, "", _board(row.public_id), sums.get(row.pk, Sums()))
    if 0 in sums and sums[0] != Sums():
        yield Row(str(_("Without a store")), "", "", sums[0])


def _summed(days: Any, period: Period) -> Any:
    return days.annotate(
        **{name: Sum(name) for name in (*FLOWS, *SALES)},
        live_at_start=Coalesce(Sum("live_at_start", filter=Q(day=period.first)), 0),
        **{name: Coalesce(Sum(name, filter=Q(day=period.last)), 0) for name in LEVELS},
    ).order_by()


# --- stores -------------------------------------------------------------------------------------------------------


def _stores(node: Node, period: Period, asked: Asked, size: int, names: Sequence[str]) -> Ranking:
    rows = _spans(node, period) if _is_spanned(node, period) else _store_days(node, period)
    if asked.search:
        rows = rows.filter(Q(store__name__icontains=asked.search) | Q(store__code__istartswith=asked.search))
    start = (asked.page - 1) * size
    says = {"name": F("store__name"), "city": F("store__city"), "node": F("store__public_id")}
    wanted = _sorted(rows, asked).values(*names, **says)
    found = [Row(row["name"], row["city"], _board(row["node"]), Sums.of(row)) for row in wanted[start : start + size]]
    return Ranking(found, asked, rows.count(), size)


def _is_spanned(node: Node, period: Period) -> bool:
    """Whether the sums of this period lie ready."""
    if period.key not in SPANS or node.kind not in (Kind.BRAND, Kind.REGION):
        return False
    filled = Fill.objects.values_list("last_day", flat=True).first()
    return filled is not None and spans(filled)[period.key] == period


def _spans(node: Node, period: Period) -> QuerySet[Any]:
    rows = StoreSpan.objects.filter(span=period.key)
    return rows if node.kind == Kind.BRAND else rows.filter(region=node.pk)


def _store_days(node: Node, period: Period) -> QuerySet[Any]:
    days = NodeDay.objects.filter(kind=Kind.STORE, day__range=(period.first, period.last))
    if node.kind != Kind.BRAND:
        days = days.filter(**{node.kind: node.pk})
    return _summed(days.values("store"), period)  # type: ignore[no-any-return]


def _sorted(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    by: Any = {
        "name": F("store__name"),
        "net_adds": F("adds") - F("losses") - F("drops"),
        "loss_rate": _over("losses", F("live_at_start") + F("adds")),
        "keep_7": _over("kept_7", F("kept_of")),
        "basket": _over("gmv", F("orders")),
        "member_share": _over("member_gmv", F("gmv")),
        "add_rate": _over("adds", F("orders")),
        "repurchase": _over("repeaters_365", F("buyers_365")),
        "upt": _over("units", F("orders")),
        "attach": _over("attached", F("orders")),
    }.get(asked.sort, F(asked.sort))
    if asked.sort in ("adds", "people_adds", "losses", "live", "name"):
        order = by.asc() if asked.rising else by.desc()
    else:
        by = ExpressionWrapper(by, output_field=FloatField())
        order = by.asc(nulls_last=True) if asked.rising else by.desc(nulls_last=True)
    return rows.order_by(order, "store_id")


def _over(part: str, whole: Any) -> Any:
    return Cast(F(part), FloatField()) / NullIf(Cast(whole, FloatField()), Value(0.0))


# --- guides and codes of a store ----------------------------------------------------------------------------------


def by_guide(node: Node, period: Period) -> Iterable[Row]:
    """The guides who had customers at a store or sold there."""
    return _work(
        node, period, "guide", Guide, lambda g: Row(str(g), g.position, _open("guide", g), Sums()), _sold(node, period)
    )


def _sold(node: Node, period: Period) -> dict[int, Any]:
    """By guide, what she sold at a store; somebody who is a guide of several corps is named once."""
    if (told := node.seen(period)) is None:
        return {}
    seen = SalesDay.objects.visible_to(node.viewer).filter(store=node.pk, day__range=(told.first, told.last))
    sums = {row["seller"]: row for row in seen.values("seller").annotate(**{name: Sum(name) for name in SALES})}
    sellers = Guide.objects.filter(person__in=[pk for pk in sums if pk]).order_by("-pk")
    guides = {person: guide for guide, person in sellers.values_list("pk", "person_id")}
    return {guides[seller]: row for seller, row in sums.items() if seller in guides}


def by_code(node: Node, period: Period) -> Iterable[Row]:
    """The codes of a store; what came without one stands in a row of its own."""
    return _work(node, period, "code", Code, lambda c: Row(c.name, "", _open("code", c), Sums()))


def _work(
    node: Node, period: Period, key: str, model: Any, say: Callable[[Any], Row], sold: Mapping[int, Any] = NONE
) -> Iterable[Row]:
    if (told := node.seen(period)) is None:
        return
    here = GuideDay.objects.filter(store=node.pk)
    seen = here.visible_to(node.viewer).filter(day__range=(told.first, told.last))
    flows = {row[key]: row for row in seen.values(key).annotate(**{name: Sum(name) for name in FLOWS})}
    change = F("adds") + F("moved_in") - F("losses") - F("drops") - F("moved_out")
    stand = (
        here.filter(day__lte=told.last)
        .values(key)
        .annotate(live=Sum(change), live_at_start=Coalesce(Sum(change, filter=Q(day__lt=told.first)), 0))
    )
    live = {row[key]: row for row in stand}
    known = model.objects.in_bulk([pk for pk in {*live, *sold} if pk])
    for pk in [*live, *(pk for pk in sold if pk not in live)]:
        standing = live.get(pk, {"live": 0, "live_at_start": 0})
        held = {"live": standing["live"], "live_at_start": standing["live_at_start"]}
        sums = Sums.of({**flows.get(pk, {}), **sold.get(pk, {}), **held})
        row = say(known[pk]) if pk in known else Row(str(_("Without a code")), "", "", Sums())
        if sums != Sums():
            yield Row(row.name, row.note, row.url, sums)


def _board(public_id: str) -> str:
    return reverse("dashboard:node", args=[public_id])


def _open(name: str, row: Any) -> str:
    return reverse(f"dashboard:{name}", args=[row.public_id])
