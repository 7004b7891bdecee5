"""The tab of a customer's page that says by which ids she is known, shows one in full, and ends what is not hers."""

from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from members import endings, identities, profiles, reveals, sights
from members.models import Identity, IdentityLink, Member, Merge
from members.values import BLIND
from scrm import clock
from stores.access import Permission, demand


@login_required
@require_safe
def tab(request: HttpRequest, public_id: str) -> HttpResponse:
    """Her ids with who claims them, what was hers before, and the merges of her members."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    return _shown(request, _seen(request, public_id))


@login_required
@require_POST
def reveal(request: HttpRequest, public_id: str, handle: str) -> HttpResponse:
    """One number in full, for whoever may read it; nobody keeps the answer."""
    demand(request.user, Permission.REVEAL_PHONES)
    shown: dict[str, Any] = {"handle": handle}
    try:
        one = _named(_ids(request, _seen(request, public_id)), handle)
        shown["plain"] = reveals.reveal(one, by=request.user, at=clock.now())
    except reveals.TooMany:
        shown["too_many"] = True
    answer = render(request, "members/_revealed.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
@require_POST
def end(request: HttpRequest, public_id: str, handle: str) -> HttpResponse:
    """HQ says that an id is hers no longer since a day, and why."""
    demand(request.user, Permission.MERGE_MEMBERS)
    sight, now = _seen(request, public_id), clock.now()
    since, why = _day(request.POST.get("since", "")), request.POST.get("why", "")
    if since is None or since > clock.day_of(now) or why not in IdentityLink.Ending.values:
        return _shown(request, sight, wrong=_("A day that is over, and a reason."))
    one = _named(_claimed(sight), handle)
    try:
        endings.end(one, _whose(request, sight, one), why=why, since=since, by=request.user, at=now)
    except endings.NotHers:
        return _shown(request, sight, wrong=_("This id is not hers any more, or it is one that stays."))
    return _shown(request, _seen(request, public_id), saved=True)


@login_required
@require_POST
def renew(request: HttpRequest, public_id: str, handle: str) -> HttpResponse:
    """HQ takes that word back."""
    demand(request.user, Permission.MERGE_MEMBERS)
    sight = _seen(request, public_id)
    one = _named(Identity.objects.filter(links__in=_over(sight)).distinct(), handle)
    try:
        endings.take_back(one, Member.objects.filter(pk__in=sight.circle), by=request.user, at=clock.now())
    except endings.NotHers:
        return _shown(request, sight, wrong=_("Somebody else was faster."))
    return _shown(request, _seen(request, public_id), saved=True)


def _shown(request: HttpRequest, sight: sights.Sight, **more: Any) -> HttpResponse:
    profiles.opened(request.user, sight.root, at=clock.now())
    may_end = request.user.may(Permission.MERGE_MEMBERS)  # type: ignore[union-attr]
    known = (
        (_claimed(sight) if may_end else _ids(request, sight)).select_related("corp", "member").order_by("kind", "pk")
    )
    held = Merge.objects.visible_to(request.user).filter(loser__in=sight.circle, undone_at=None)
    shown = {
        "sight": sight,
        "rows": [_row(one, sight, may_end) for one in known.prefetch_related("links__member")],
        "over": _over(sight).select_related("identity", "member", "ended_by") if may_end else [],
        "merges": held.select_related("loser", "winner", "by", "identity"),
        "today": clock.day_of(clock.now()),
        "reasons": IdentityLink.Ending.choices,
    }
    shown["over"] = [(link, identities.shown(link.identity), reveals.handle(link.identity)) for link in shown["over"]]
    return render(request, "members/_identities.html", {**shown, **more})


def _seen(request: HttpRequest, public_id: str) -> sights.Sight:
    if sight := sights.open_(request.user, public_id):
        return sight
    raise Http404


def _ids(request: HttpRequest, sight: sights.Sight) -> Any:
    return sights.ids(request.user, sight.circle, at=clock.now())


def _claimed(sight: sights.Sight) -> Any:
    """What she bears or claims, also where somebody else bears it: for HQ."""
    live = IdentityLink.objects.filter(member__in=sight.circle, until=None).values("identity")
    return Identity.objects.filter(Q(member__in=sight.circle) | Q(pk__in=live))


def _over(sight: sights.Sight) -> Any:
    """What was hers until HQ ended it."""
    told = IdentityLink.objects.filter(member__in=sight.circle, until__isnull=False)
    return told.exclude(ended_for="").order_by("-ended_at", "pk")


def _named(ids: Any, handle: str) -> Identity:
    if found := [one for one in ids if reveals.handle(one) == handle]:
        return found[0]
    raise Http404


def _whose(request: HttpRequest, sight: sights.Sight, one: Identity) -> list[Member]:
    """Of which of her members it is said; of all who claim it where none is named."""
    hers = Member.objects.filter(pk__in=endings.claimants(one) & set(sight.circle)).order_by("pk")
    named = request.POST.get("whose", "")
    return list(hers.filter(public_id=named) if named else hers)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _row(one: Any, sight: sights.Sight, may_end: bool) -> dict[str, Any]:
    live: list[IdentityLink] = [link for link in one.links.all() if link.until is None]
    claimants = {link.member_id: link.member for link in live} | ({one.member_id: one.member} if one.member else {})
    hers = [claimants[pk] for pk in sight.circle if pk in claimants]
    return {
        "kind": one.get_kind_display(),
        "shown": identities.shown(one),
        "scope": one.app or (one.corp.name if one.corp else ""),
        "handle": reveals.handle(one),
        "is_hidden": one.kind in BLIND,
        "is_verified": any(link.verified and link.member_id in sight.circle for link in live),
        "is_borne": one.member_id in sight.circle,
        "sources": sorted({link.source for link in live} - {endings.BORNE}),
        "others": len(claimants) - len(hers),
        "hers": hers if may_end and one.kind in endings.KINDS else [],
    }
