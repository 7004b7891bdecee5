"""The page of guides who are not ready: by store, with the remedy, and as a file."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from guides import codes, readiness
from guides.models import Guide, Posting
from guides.readiness import Reason
from scrm import clock
from scrm.audit import entries
from scrm.sheets import answers
from stores.access import Permission, demand
from stores.models import Store

ON_A_PAGE = 50
STORES_SHOWN = 200


@login_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Who is not ready in the viewer's stores; POST puts one whom WeCom refused back into her codes."""
    demand(request.user, Permission.SEE_PEOPLE)
    if request.method == "POST":
        return _try_again(request)
    everybody = readiness.unready(request.user)
    store = Store.objects.visible_to(request.user).filter(public_id=request.GET.get("store", "")).first()
    reason = request.GET.get("reason", "")
    found = _chosen(everybody, store, reason)
    pages = Paginator(_in_order(found), ON_A_PAGE).get_page(request.GET.get("page"))
    shown = {
        "rows": list(readiness.described(pages)),
        "page": pages,
        "counts": readiness.counted(everybody.filter(store=store) if store else everybody),
        "stores": list(readiness.by_store(everybody)[:STORES_SHOWN]),
        "here": store,
        "reason": reason if reason in Reason.values else "",
        "unseen": list(readiness.unplaced(request.user)[:ON_A_PAGE]) if not (store or reason) else [],
    }
    return render(request, "guides/readiness.html", shown)


@login_required
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same as CSV for spreadsheets."""
    demand(request.user, Permission.SEE_PEOPLE)
    demand(request.user, Permission.EXPORT_NUMBERS)
    store = Store.objects.visible_to(request.user).filter(public_id=request.GET.get("store", "")).first()
    found = _in_order(_chosen(readiness.unready(request.user), store, request.GET.get("reason", "")))
    lines = list(_lines(found))
    filters = {"store": request.GET.get("store", ""), "reason": request.GET.get("reason", "")}
    entries.record_export(request.user, "guides.guide", at=clock.now(), rows=len(lines) - 1, filters=filters)
    return answers.csv("readiness", lines)


def _chosen(found: Any, store: Store | None, reason: str) -> QuerySet[Posting]:
    found = found.filter(store=store) if store else found
    return found.filter(reason=reason) if reason in Reason.values else found


def _in_order(found: QuerySet[Posting]) -> QuerySet[Posting]:
    return found.select_related("guide", "store").order_by("store__code", "guide__name", "pk")


def _lines(found: QuerySet[Posting]) -> Iterator[list[str]]:
    head = [_("Store number"), _("Store"), _("guide"), "userid", _("staff number")]
    yield [*head, _("Why"), _("Code"), _("What to do"), _("Who")]
    for row in readiness.described(found.iterator(chunk_size=2000)):
        yield _cells(row)


def _cells(row: dict[str, Any]) -> list[str]:
    guide, store, remedy = row["guide"], row["store"], row["remedy"]
    why = [row["reason"].label, row["errcode"], remedy.act, remedy.who]
    return [str(cell) for cell in (store.code, store.name, guide, guide.userid, guide.staff_number, *why)]


def _try_again(request: HttpRequest) -> HttpResponse:
    demand(request.user, Permission.MANAGE_CODES)
    guide = get_object_or_404(Guide.objects.visible_to(request.user), public_id=request.POST.get("guide", ""))
    tried = codes.try_again(Guide.objects.filter(pk=guide.pk), at=clock.now())
    if tried:
        entries.record("guide.tried_again", by=request.user, subject=guide, at=clock.now())
    messages.success(
        request, ngettext("%d guide stands in her codes again.", "%d guides stand in their codes again.", tried) % tried
    )
    return redirect(request.get_full_path())
