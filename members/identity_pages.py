"""The tab of a customer's page that says by which ids she is known, and shows one of them in full."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from members import identities, profiles, reveals, sights
from members.models import Identity, IdentityLink, Merge
from members.values import BLIND
from scrm import clock
from stores.access import Permission, demand


@login_required
@require_safe
def tab(request: HttpRequest, public_id: str) -> HttpResponse:
    """Her ids with who claims them, and the merges of her members."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight = _seen(request, public_id)
    profiles.opened(request.user, sight.root, at=clock.now())
    rows = [_row(one) for one in _ids(request, sight).select_related("corp").prefetch_related("links")]
    held = Merge.objects.visible_to(request.user).filter(loser__in=sight.circle, undone_at=None)
    shown = {"sight": sight, "rows": rows, "merges": held.select_related("loser", "winner", "by", "identity")}
    return render(request, "members/_identities.html", shown)


@login_required
@require_POST
def reveal(request: HttpRequest, public_id: str, handle: str) -> HttpResponse:
    """One number in full, for whoever may read it; nobody keeps the answer."""
    demand(request.user, Permission.REVEAL_PHONES)
    found = [one for one in _ids(request, _seen(request, public_id)) if reveals.handle(one) == handle]
    if not found:
        raise Http404
    shown: dict[str, Any] = {"handle": handle}
    try:
        shown["plain"] = reveals.reveal(found[0], by=request.user, at=clock.now())
    except reveals.TooMany:
        shown["too_many"] = True
    answer = render(request, "members/_revealed.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


def _seen(request: HttpRequest, public_id: str) -> sights.Sight:
    if sight := sights.open_(request.user, public_id):
        return sight
    raise Http404


def _ids(request: HttpRequest, sight: sights.Sight) -> Any:
    return Identity.objects.visible_to(request.user).filter(member__in=sight.circle).order_by("kind", "pk")


def _row(one: Any) -> dict[str, Any]:
    live: list[IdentityLink] = [link for link in one.links.all() if link.until is None]
    return {
        "kind": one.get_kind_display(),
        "shown": identities.shown(one),
        "scope": one.app or (one.corp.name if one.corp else ""),
        "handle": reveals.handle(one),
        "is_hidden": one.kind in BLIND,
        "is_verified": any(link.verified and link.member_id == one.member_id for link in live),
        "sources": sorted({link.source for link in live}),
        "others": len({link.member_id for link in live if link.member_id != one.member_id}),
    }
