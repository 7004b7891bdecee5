"""Exclusive groups: which segment comes first, who is meant by several, and that nobody is in two."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members.models import ExclusiveGroup, Segment
from members.segments import definitions, exclusives
from members.segments.pages import editing, listing
from scrm import clock
from stores.access import Permission, demand

SHADES = 6
CHOICES = 200


@login_required
@require_http_methods(["GET", "POST"])
def shelf(request: HttpRequest) -> HttpResponse:
    """The groups; a new one by its name."""
    demand(request.user, Permission.SEE_SEGMENTS)
    listing.demand_hq(request)
    problem, name = "", request.POST.get("name", "").strip()[:60]
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_SEGMENTS)
        try:
            if name:
                made = editing.make_group(name, by=request.user, at=clock.now())
                return redirect("members:exclusive_group", made.public_id)
            problem = _("Give it a name.")
        except editing.NameTaken:
            problem = _("Another group has this name.")
    living = Count("segments", filter=Q(segments__archived_at=None))
    groups = ExclusiveGroup.objects.visible_to(request.user).annotate(living=living)[:CHOICES]
    shown = {"groups": groups, "problem": problem, "name": name}
    return render(request, "members/segments/groups.html", shown, status=400 if problem else 200)


@login_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One group: its segments by priority, with whom each rule means and who is left for it."""
    demand(request.user, Permission.SEE_SEGMENTS)
    listing.demand_hq(request)
    group = get_object_or_404(ExclusiveGroup.objects.visible_to(request.user), public_id=public_id)
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_SEGMENTS)
        return _arranged(request, group)
    at = clock.now()
    told = exclusives.overlap(group, at=at)
    free = Segment.objects.visible_to(request.user).live().filter(group=None)[:CHOICES]
    shown = {"group": group, "ranks": _ranks(told), "matrix": _matrix(told), "told": told, "free": free, "as_of": at}
    return render(request, "members/segments/group.html", shown)


def _ranks(told: exclusives.Overlap) -> list[dict[str, Any]]:
    """Each segment with how many its rule means, how many of them are its own, and how many went to one before it."""
    return [
        {"segment": one, "meant": told.meant[n][n], "inside": told.inside[n][n], "is_last": n + 1 == len(told.segments)}
        for n, one in enumerate(told.segments)
    ]


def _matrix(told: exclusives.Overlap) -> list[tuple[Segment, list[dict[str, Any]]]]:
    """By pairs, how many people both rules mean; on the diagonal, all whom a rule means."""
    most = max((n for k, line in enumerate(told.meant) for j, n in enumerate(line) if j != k), default=0)
    return [
        (
            one,
            [
                {"n": n, "is_self": j == k, "part": -(-SHADES * n // most) if most and j != k else 0}
                for j, n in enumerate(told.meant[k])
            ],
        )
        for k, one in enumerate(told.segments)
    ]


def _arranged(request: HttpRequest, group: ExclusiveGroup) -> HttpResponse:
    """A segment comes in, moves up or down, or goes."""
    deed, _colon, public_id = request.POST.get("do", "").partition(":")
    public_id = public_id or request.POST.get("segment", "")
    one = get_object_or_404(Segment.objects.visible_to(request.user).live(), public_id=public_id)
    ranked = list(group.segments.live().order_by("priority", "pk"))  # type: ignore[attr-defined]
    at, by = clock.now(), request.user
    try:
        if deed == "out":
            definitions.arrange(one, group=None, priority=one.priority, by=by, at=at)
        else:
            editing.put_in_order(group, _moved(ranked, one, deed), by=by, at=at)
    except definitions.Circle as why:
        words = _("That is not possible: these segments would have to be counted before themselves: %s") % why
        messages.error(request, words)
    else:
        messages.success(request, _("Done; the segments are being counted anew."))
    return redirect("members:exclusive_group", group.public_id)


def _moved(ranked: list[Segment], one: Segment, deed: str) -> list[Segment]:
    place = next((n for n, other in enumerate(ranked) if other.pk == one.pk), len(ranked))
    if place == len(ranked):
        return [*ranked, one]
    step = {"up": -1, "down": 1}.get(deed, 0)
    ranked.insert(max(0, place + step), ranked.pop(place))
    return ranked
