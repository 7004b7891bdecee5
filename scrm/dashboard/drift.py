"""The drift report's pages: where WeCom counts otherwise than we, for HQ and, of their own stores, for managers."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from guides import drifts
from guides.models import Drift
from scrm import clock
from scrm.audit import entries
from scrm.dashboard import differences
from scrm.dashboard.differences import Asked
from scrm.sheets import answers
from stores.access import Permission, demand
from stores.models import Store
from stores.scope import scope_of

ON_A_PAGE = 50
DAYS_COVERED = 7


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The differences that the viewer may see, and of how many guides WeCom's numbers are known."""
    demand(request.user, Permission.SEE_PEOPLE)
    told = _asked(request)
    found = Paginator(differences.rows(request.user, told), ON_A_PAGE).get_page(request.GET.get("page"))
    row: Any
    for row in found:
        row.ours, (row.said, row.advice) = differences.ours(row), differences.meaning(row)
    first = max(told.first, told.last - timedelta(days=DAYS_COVERED - 1))
    shown = {
        "page": found,
        "asked": told,
        "today": clock.day_of(clock.now()),
        "regions": differences.regions(request.user),
        "here": Store.objects.visible_to(request.user).filter(public_id=told.store).first() if told.store else None,
        "states": Drift.State.choices,
        "kinds": Drift.Kind.choices,
        "coverage": drifts.coverage(first, told.last) if scope_of(request.user).everything else [],
    }
    return render(request, "dashboard/drift.html", shown)


@login_required
@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The same as a file."""
    demand(request.user, Permission.SEE_PEOPLE)
    demand(request.user, Permission.EXPORT_NUMBERS)
    told = _asked(request)
    found = differences.rows(request.user, told)
    rows = min(found.count(), differences.MOST_ROWS)
    entries.record_export(request.user, "guides.drift", at=clock.now(), rows=rows, filters=told.told())
    name = f"drift-{told.first}-{told.last}"
    return answers.file(kind, name, _("Drift report"), differences.lines(found))


@login_required
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Takes the chosen differences for what they are."""
    demand(request.user, Permission.SEE_PEOPLE)
    demand(request.user, Permission.REPLAY_LETTERS)
    chosen = Drift.objects.visible_to(request.user).filter(public_id__in=request.POST.getlist("drift")[:ON_A_PAGE])
    taken = drifts.accept(chosen, by=request.user, at=clock.now())
    said = ngettext("%d difference is accepted as it is.", "%d differences are accepted as they are.", taken)
    messages.success(request, said % taken)
    query = urlencode(_asked(request).told())
    return redirect(f"{reverse('dashboard:drift')}?{query}")


def _asked(request: HttpRequest) -> Asked:
    return differences.asked(request.GET, today=clock.day_of(clock.now()))
