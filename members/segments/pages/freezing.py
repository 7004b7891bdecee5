"""Frozen audiences: made of a segment for one purpose, looked at, compared."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from members.models import Audience, Consent
from members.segments import audiences, scopes
from members.segments.pages import listing
from scrm import clock
from stores.access import Permission, demand

ON_A_PAGE = 50
REASONS: dict[str, Any] = {
    "no_consent": gettext_lazy("do not allow it"),
    "erased": gettext_lazy("erased"),
    "merged": gettext_lazy("the same person twice"),
    "no_id": gettext_lazy("no such id is known"),
}
PURPOSES = [
    Consent.Purpose.MARKETING_1V1,
    Consent.Purpose.MARKETING_GROUP,
    Consent.Purpose.SERVICE,
    Consent.Purpose.AD_MATCH,
]


def reasons(told: dict[str, int]) -> list[tuple[str, int]]:
    """Those who were left out, in words."""
    return [(str(REASONS.get(reason, reason)), n) for reason, n in told.items() if n]


def seen(request: HttpRequest, public_id: str) -> Audience:
    demand(request.user, Permission.SEE_SEGMENTS)
    listing.demand_hq(request)
    found = Audience.objects.visible_to(request.user).select_related("segment", "version", "by")
    return get_object_or_404(found, public_id=public_id)


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """The audiences, newest first."""
    demand(request.user, Permission.SEE_SEGMENTS)
    listing.demand_hq(request)
    found = Audience.objects.visible_to(request.user).select_related("segment", "by").defer("body").order_by("-pk")
    last = Audience.objects.filter(public_id=request.GET.get("after", "")).values_list("pk", flat=True).first()
    shown = list((found.filter(pk__lt=last) if last else found)[: ON_A_PAGE + 1])
    following = shown[ON_A_PAGE - 1].public_id if len(shown) > ON_A_PAGE else ""
    for one in shown:
        one.left_out_count = one.planned - one.size  # type: ignore[attr-defined]
    return render(request, "members/segments/audiences.html", {"audiences": shown[:ON_A_PAGE], "next": following})


@login_required
@require_http_methods(["GET", "POST"])
def freeze(request: HttpRequest, public_id: str) -> HttpResponse:
    """How many an audience would hold by purpose, and the deed itself."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    one, at = listing.seen(request, public_id), clock.now()
    purpose = request.POST.get("purpose") or request.GET.get("purpose") or PURPOSES[0]
    purpose = purpose if purpose in PURPOSES else PURPOSES[0]
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:80] or f"{one.name} {at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
        try:
            made = audiences.freeze(one, purpose, at, by=request.user, name=name)
        except audiences.NotCounted:
            messages.error(request, _("The segment is not counted yet; try again in a moment."))
            return redirect("members:segment", public_id)
        return redirect("members:audience", made.public_id)
    allowed, left_out = audiences.preview(one, purpose, at=at)
    shown = {
        "segment": one,
        "purposes": [(p.value, p.label) for p in PURPOSES],
        "purpose": purpose,
        "size": len(allowed),
        "left_out": reasons(left_out),
        "planned": len(allowed) + sum(left_out.values()),
        "as_of": at,
    }
    return render(request, "members/segments/freeze.html", shown)


@login_required
@require_safe
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One audience: how many of whom, what for; beside another one if it is named."""
    one = seen(request, public_id)
    others = Audience.objects.visible_to(request.user).exclude(pk=one.pk).defer("body").order_by("-pk")[:100]
    beside = request.GET.get("beside", "")
    shown: dict[str, Any] = {"audience": one, "left_out": reasons(one.suppressed), "others": others, "beside": beside}
    if beside:
        shown["compared"] = _compared(one, seen(request, beside))
    may = request.user.permissions  # type: ignore[union-attr]
    if Permission.EXPORT_CUSTOMERS in may or Permission.APPROVE in may:
        shown["packs"] = one.packs.select_related("asked_by")[:20]  # type: ignore[attr-defined]
    if one.size < settings.PACK_LEAST:
        shown["too_few"] = _("An audience pack holds at least %(n)s people.") % {"n": settings.PACK_LEAST}
    return render(request, "members/segments/audience.html", shown)


def _compared(one: Audience, other: Audience) -> dict[str, Any]:
    """How many are in both, in the one alone, in the other alone."""
    mine, theirs = audiences.members(one), audiences.members(other)
    both = mine.intersection_cardinality(theirs)
    return {"other": other, "both": both, "mine": len(mine) - both, "theirs": len(theirs) - both}


@login_required
@require_safe
def people(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who is in the audience."""
    one, at = seen(request, public_id), clock.now()
    who = scopes.within(request.user, audiences.members(one), at=at)
    return listing.listed(request, who, at=at, title=_("In the audience"), audience=one, about={"audience": public_id})
