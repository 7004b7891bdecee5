"""The boards' pages: parse the question, fetch what the viewer may see, read one board."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from guides.models import Code, Guide
from scrm import clock
from scrm.audit import entries
from scrm.dashboard import boards, charts, exports, finds, rankings, traces
from scrm.dashboard.kpis import GROUPS, SOLD, tiles
from scrm.dashboard.periods import SPANS, USUAL, Period, WrongPeriod, asked, spans
from scrm.wecom import inbox
from scrm.wecom.models import Letter
from stores.access import Permission, demand

LONGEST_QUESTION = 64
ONE_DAY = timedelta(days=1)
FIRST_DAY = date(2010, 1, 1)  # before WeCom


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
    page = {"node": found, "title": found.name, "period": period, "table": table, "parts": _parts(found)}
    page |= {"kpis": table.asked.kpis, "groups": GROUPS}
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


@login_required
@require_safe
def trace(request: HttpRequest) -> HttpResponse:
    """What happened to this scan? Asks whom or what is meant; a text that means one thing leads there at once."""
    viewer: Any = request.user
    demand(viewer, Permission.SEE_CUSTOMERS)
    text = request.GET.get("q", "").strip()[:LONGEST_QUESTION]
    hits = finds.find(viewer, text) if text else finds.Hits()
    if len(found := hits.all()) == 1:
        return redirect(f"dashboard:trace_{found[0]._meta.model_name}", found[0].public_id)
    told = traces.of_stream(viewer, text) if text and not found else []
    latest = [] if text else finds.latest(viewer, clock.day_of(clock.now()))
    if rows := len(hits.members) + len(told) + len(latest):
        entries.record_read(viewer, "members.member", at=clock.now(), rows=rows, filters={"q": text})
    shown = {"q": text, "hits": hits, "stories": told, "found": found, "latest": latest}
    return render(request, "dashboard/trace.html", shown)


@login_required
@require_safe
def trace_member(request: HttpRequest, public_id: str) -> HttpResponse:
    """The stories of a customer's letters, as far as the viewer sees the relations that they are about."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    member = get_object_or_404(finds.members_of(request.user), public_id=public_id)
    told = traces.of_member(request.user, member)
    entries.record_read(request.user, member, at=clock.now(), rows=len(told), page="trace")
    return render(request, "dashboard/trace_member.html", {"member": member, "stories": told})


@login_required
@require_safe
def trace_code(request: HttpRequest, public_id: str) -> HttpResponse:
    """A day's letters of a code."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    demand(request.user, Permission.SEE_CODES)
    found = get_object_or_404(finds.codes_of(request.user), public_id=public_id)
    return _traced_day(request, found, traces.of_code)


@login_required
@require_safe
def trace_guide(request: HttpRequest, public_id: str) -> HttpResponse:
    """A day's letters of a guide."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    found = get_object_or_404(finds.guides_of(request.user), public_id=public_id)
    return _traced_day(request, found, traces.of_guide)


@login_required
@require_POST
def trace_replay(request: HttpRequest, id: int) -> HttpResponse:
    """A letter that was set aside waits again."""
    demand(request.user, Permission.REPLAY_LETTERS)
    letter = get_object_or_404(Letter.objects.filter(state__in=traces.SET_ASIDE_STATES), pk=id)
    inbox.replay([letter], by=request.user, at=clock.now())
    messages.success(request, _("It is worked in again; look here in a few seconds."))
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe and back.startswith("/") else "dashboard:trace")


def _traced_day(request: HttpRequest, found: Any, read: Callable[..., traces.Day]) -> HttpResponse:
    today = clock.day_of(clock.now())
    day = min(_parsed_day(request.GET.get("day", "")) or today, today)
    told = read(request.user, found, day)
    if told.stories:
        entries.record_read(request.user, found, at=clock.now(), rows=len(told.stories), page="trace")
    days = {"day": day, "before": day - ONE_DAY, "after": day + ONE_DAY if day < today else None, "today": today}
    return render(request, "dashboard/trace_day.html", {"subject": found, "told": told, **days})


def _parsed_day(text: str) -> date | None:
    try:
        return max(parse_date(text) or FIRST_DAY, FIRST_DAY) if text else None
    except ValueError:
        return None


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
        "sold": tiles(growth.totals, growth.before, SOLD) if growth.totals.orders or growth.totals.gmv else [],
        "chart": charts.trend(growth, period),
        "as_of": boards.as_of(),
    }
