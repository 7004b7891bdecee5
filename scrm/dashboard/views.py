"""The boards' pages: parse the question, fetch what the viewer may see, read one board."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from guides.models import Code, Guide
from scrm import clock
from scrm.dashboard import boards, charts, exports, rankings
from scrm.dashboard.kpis import KPIS, tiles
from scrm.dashboard.periods import SPANS, USUAL, Period, WrongPeriod, asked, spans
from stores.access import Permission, demand


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The viewer's first board, or her own numbers where she has none."""
    viewer: Any = request.user
    if not viewer.may(Permission.SEE_BOARDS):
        demand(viewer, Permission.SEE_OWN_NUMBERS)
        return redirect("dashboard:me")
    found = boards.home_of(viewer)
    if found is None:
        raise PermissionDenied
    query = request.GET.urlencode()
    return redirect(reverse("dashboard:node", args=[found.public_id]) + (f"?{query}" if query else ""))


@login_required
@require_GET
def node(request: HttpRequest, public_id: str) -> HttpResponse:
    demand(request.user, Permission.SEE_BOARDS)
    found = boards.node_for(request.user, public_id)
    period, trouble = _period(request)
    table = rankings.children(found, period, rankings.asked(request.GET, found))
    page = {"node": found, "title": found.name, "period": period, "table": table, "kpis": KPIS, "parts": _parts(found)}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "dashboard/_table.html", page)
    growth = boards.growth(found, period.first, period.last)
    above = {"homes": boards.homes_of(request.user), "trail": boards.trail(found)}
    return render(request, "dashboard/node.html", {**page, **above, **_picture(growth, period), **_picker(trouble)})


@login_required
@require_GET
def node_csv(request: HttpRequest, public_id: str) -> HttpResponse:
    return _exported(request, public_id, "csv")


@login_required
@require_GET
def node_xlsx(request: HttpRequest, public_id: str) -> HttpResponse:
    return _exported(request, public_id, "xlsx")


@login_required
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """A guide's own numbers."""
    demand(request.user, Permission.SEE_OWN_NUMBERS)
    return _of_guide(request, Guide.objects.filter(person=request.user.pk).first())


@login_required
@require_GET
def guide(request: HttpRequest, public_id: str) -> HttpResponse:
    demand(request.user, Permission.SEE_BOARDS)
    found = Guide.objects.visible_to(request.user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return _of_guide(request, found)


@login_required
@require_GET
def code(request: HttpRequest, public_id: str) -> HttpResponse:
    viewer: Any = request.user
    if not viewer.may(Permission.SEE_OWN_NUMBERS):
        demand(viewer, Permission.SEE_BOARDS)
    found = Code.objects.visible_to(viewer).select_related("store").filter(public_id=public_id).first()
    if found is None:
        raise Http404
    period, trouble = _period(request)
    growth = boards.growth_of_code(found, period.first, period.last, viewer=viewer)
    page = {"code": found, "title": found.name, "period": period, **_picker(trouble)}
    return render(request, "dashboard/code.html", {**page, **_picture(growth, period)})


def _of_guide(request: HttpRequest, found: Guide | None) -> HttpResponse:
    period, trouble = _period(request)
    page = {"guide": found, "title": str(found or request.user), "period": period, **_picker(trouble)}
    if found is not None:
        growth = boards.growth_of_guide(found, period.first, period.last, viewer=request.user)
        page |= _picture(growth, period)
    return render(request, "dashboard/guide.html", page)


def _exported(request: HttpRequest, public_id: str, kind: str) -> HttpResponse:
    demand(request.user, Permission.SEE_BOARDS)
    demand(request.user, Permission.EXPORT_NUMBERS)
    found = boards.node_for(request.user, public_id)
    period, _trouble = _period(request)
    table = rankings.everything(found, period, rankings.asked(request.GET, found))
    exports.note(table, found, period, kind=kind, by=request.user, at=clock.now())
    write = {"csv": exports.as_csv, "xlsx": exports.as_xlsx}[kind]
    return write(table, found, period, as_of=boards.as_of())


def _period(request: HttpRequest) -> tuple[Period, str]:
    """The period of the page, and what was wrong with the one that was asked for."""
    today = clock.day_of(clock.now())
    try:
        return asked(request.GET, today=today), ""
    except WrongPeriod as wrong:
        return spans(today)[USUAL], str(wrong)


def _picker(trouble: str) -> dict[str, Any]:
    return {"spans": SPANS, "trouble": trouble, "today": clock.day_of(clock.now())}


def _parts(found: boards.Node) -> list[tuple[str, Any]]:
    return [(part, rankings.TITLES[part]) for part in rankings.PARTS[rankings.Kind(found.kind)]]


def _picture(growth: boards.Growth, period: Period) -> dict[str, Any]:
    return {
        "growth": growth,
        "tiles": tiles(growth.totals, growth.before),
        "chart": charts.trend(growth, period),
        "as_of": boards.as_of(),
    }
