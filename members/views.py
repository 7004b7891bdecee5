"""Pages about customers: who they are, and what happened with each."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from members import profiles, shelves, sights, tabs, timelines
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """The customers whom the viewer may see, newest first."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    page = shelves.page(request.user, request.GET, at=clock.now())
    if page.cards:
        told = {name: value for name, value in request.GET.items() if name != "after"}
        entries.record_read(request.user, "members.member", at=clock.now(), rows=len(page.cards), filters=told)
    part = "members/_cards.html" if request.headers.get("HX-Target") == "cards" else "members/customers.html"
    return render(request, part, {"page": page})


@login_required
@require_safe
def profile(request: HttpRequest, public_id: str) -> HttpResponse:
    """One customer at a glance, with the tabs of all who know something of her."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight = seen(request, public_id)
    if sight.root.public_id != public_id:
        return redirect("members:customer", sight.root.public_id)
    profiles.opened(request.user, sight.root, at=clock.now())
    shown = {"sight": sight, "glance": profiles.glance(request.user, sight, at=clock.now())}
    open_to = tabs.of(request.user)
    told = {**shown, "tabs": open_to, "open": tabs.chosen(open_to, request.GET.get("tab", ""))}
    return render(request, "members/customer.html", told)


@login_required
@require_safe
def timeline(request: HttpRequest, public_id: str) -> HttpResponse:
    """A part of a customer's story."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight = seen(request, public_id)
    profiles.opened(request.user, sight.root, at=clock.now())
    kinds = [kind for kind in request.GET.getlist("kind") if kind in timelines.KINDS]
    page = timelines.read(request.user, sight.circle, before=mark(request.GET.get("before", "")), kinds=kinds)
    offered = {"kinds": timelines.kinds(request.user), "chosen": kinds}
    shown = {"page": page, "sight": sight, **offered, "more": "before" in request.GET}
    return render(request, "members/_timeline.html", shown)


def seen(request: HttpRequest, public_id: str) -> sights.Sight:
    """The person whom the address names, or the 404 of one who never was."""
    if sight := sights.open_(request.user, public_id):
        return sight
    raise Http404


def mark(text: str) -> Any:
    """A mark as `timelines.Page.next` writes it; None for anything else."""
    when, _space, key = text.partition(" ")
    try:
        at: datetime | None = parse_datetime(when)
    except ValueError:
        return None
    return (at, key) if at and at.tzinfo else None
