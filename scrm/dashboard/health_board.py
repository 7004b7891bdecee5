"""The data-health board: each number with its threshold, its query and its way to the details; for HQ."""

from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from members import pulses
from members.models import Source
from scrm import clock
from scrm.dashboard import health
from scrm.imports.models import Import
from stores.access import Permission, demand
from stores.scope import scope_of

NEWEST_FILES = 10
NEEDS = {
    "members:sources": Permission.MANAGE_SOURCES,
    "members:customers": Permission.SEE_CUSTOMERS,
    "members:reviews": Permission.MERGE_MEMBERS,
    "members:duplicates": Permission.MERGE_MEMBERS,
    "dashboard:trace": Permission.SEE_LETTERS,
}


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What was taken last; nothing is counted while somebody waits."""
    demand(request.user, Permission.SEE_LETTERS)
    if not scope_of(request.user).everything:
        raise PermissionDenied
    rows = health.readings()
    sources = pulses.of(list(Source.objects.visible_to(request.user).select_related("owner")[:500]), at=clock.now())
    for row in rows:
        row.link = _link(request.user, row.measure.link)
    shown = {
        "shelves": [(label, list(found)) for label, found in groupby(rows, key=lambda row: str(row.measure.shelf))],
        "is_taken": any(row.gauge for row in rows),
        "sources": [one for one in sources if one.week_rows or one.source.expected_every],
        "files": _files(request.user),
        "may_open": request.user.may(Permission.MANAGE_SOURCES),  # type: ignore[union-attr]
    }
    return render(request, "dashboard/health.html", shown)


def _link(viewer: Any, name: str) -> str:
    return reverse(name) if name and viewer.may(NEEDS[name]) else ""


def _files(viewer: Any) -> list[Any]:
    """The newest files that were brought in, each with how many of its lines were taken."""
    found = Import.objects.visible_to(viewer).filter(state=Import.State.APPLIED).order_by("-at")[:NEWEST_FILES]
    files = list(found)
    for one in files:
        one.lines = sum(one.counts.values())  # type: ignore[attr-defined]
        one.refused = one.counts.get("rejected", 0)  # type: ignore[attr-defined]
        one.taken = one.lines - one.refused  # type: ignore[attr-defined]
    return files
