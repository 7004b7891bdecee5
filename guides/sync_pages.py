"""The sync of each corp: how far it is, what WeCom refused and what to do; the button that begins one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from guides import syncs
from guides.models import Sync
from scrm import clock
from scrm.wecom.models import Corp
from stores.access import Permission, demand

LAST = 10


@login_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Each corp with its last syncs; POST begins one, or says that a shorter list of WeCom's is right."""
    demand(request.user, Permission.SEE_LETTERS)
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_WECOM)
        _agree(request) if "phase" in request.POST else _begin(request)
        return redirect("syncs:page")
    corps: list[Any] = list(Corp.objects.order_by("pk"))
    for corp in corps:
        corp.last = list(_seen(request).filter(corp=corp)[:LAST])
    return render(request, "guides/syncs.html", {"corps": corps})


@login_required
@require_safe
def part(request: HttpRequest, public_id: str) -> HttpResponse:
    """One sync as it stands now, for the page that waits for it."""
    demand(request.user, Permission.SEE_LETTERS)
    sync = get_object_or_404(_seen(request), public_id=public_id)
    answer = render(request, "guides/_sync.html", {"sync": sync})
    if sync.state != Sync.State.RUNNING:
        answer["HX-Refresh"] = "true"  # what waited for its end stands elsewhere on the page
    return answer


def _begin(request: HttpRequest) -> None:
    """Who comes second sees the sync that runs."""
    corp = get_object_or_404(Corp, corp_id=request.POST.get("corp", "").replace("\0", ""))
    syncs.begin(corp, cause=Sync.Cause.BUTTON, by=request.user, at=clock.now())


def _agree(request: HttpRequest) -> None:
    sync = get_object_or_404(_seen(request), public_id=request.POST.get("sync", "").replace("\0", ""))
    try:
        syncs.agree(sync, request.POST["phase"], by=request.user, at=clock.now())
    except syncs.NothingToAgreeTo:
        messages.error(request, _("A later sync has answered this; look at its result."))
    else:
        messages.success(request, _("Noted. A new sync looks once more, and ends what WeCom still leaves out."))


def _seen(request: HttpRequest) -> Any:
    return Sync.objects.visible_to(request.user).select_related("corp", "by")
