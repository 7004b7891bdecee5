"""The tab of a customer's page on which staff see what she allows, write down what she says, or take it back."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from members import consents, profiles, sights, terms
from members.joins import desks, invites
from members.models import Consent, DataRequest, Terms
from members.rights import requests
from members.sights import Sight
from scrm import clock
from stores.access import Permission, demand
from stores.models import Franchisee, Store
from stores.scope import scope_of

HISTORY = 40
LONGEST = 200  # characters of what a guide notes as proof


@login_required
@require_safe
def tab(request: HttpRequest, public_id: str) -> HttpResponse:
    """What she allows, and the words of which it comes."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight = _seen(request, public_id)
    profiles.opened(request.user, sight.root, at=clock.now())
    return _shown(request, sight)


@login_required
@require_POST
def say(request: HttpRequest, public_id: str) -> HttpResponse:
    """She said something to whoever is signed in: she allows, or takes back."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    demand(request.user, Permission.RECORD_CONSENT)
    sight, now = _seen(request, public_id), clock.now()
    holds = terms.present(at=now)
    purposes = [p for p in request.POST.getlist("purpose") if p in Consent.Purpose.values]
    proof = request.POST.get("proof", "").replace("\0", "").strip()[:LONGEST]
    told: dict[str, Any] = {"at": now, "source": _source(request), "evidence": proof, "by": request.user}
    if request.POST.get("do") == "withdraw":
        consents.withdraw(sight.root, purposes, **told)
        return _shown(request, sight, done=_("Taken back. Nothing more is planned for it from now on."))
    purposes = [p for p in purposes if p in _sayable(request.user, holds, now)]
    if holds is None or not purposes or not proof:
        return _shown(request, sight, wrong=_("Tick what she allows, and say by what you know it."), status=400)
    consents.give(sight.root, purposes, terms=holds.version, **told)
    return _shown(request, sight, done=_("Written down."))


@login_required
@require_POST
def invite(request: HttpRequest, public_id: str) -> HttpResponse:
    """A link to the registration page for this customer alone."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    demand(request.user, Permission.RECORD_CONSENT)
    sight = _seen(request, public_id)
    made = invites.make_for(sight.root, store=_store(request), by=request.user, at=clock.now())
    address = desks.address_of(request, made)
    return _shown(request, sight, address=address, qr=invites.picture(address))


@login_required
@require_POST
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """She asks about her data in a store or in WeCom; HQ hears of it."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    demand(request.user, Permission.RECORD_CONSENT)
    sight, kind = _seen(request, public_id), request.POST.get("kind", "")
    if kind not in DataRequest.Kind.values:
        raise BadRequest
    try:
        requests.ask(sight.root, kind, way=DataRequest.Way.STORE, by=request.user, at=clock.now())
    except requests.AlreadyAsked:
        return _shown(request, sight, wrong=_("She asked for the same and waits for the answer."), status=409)
    return _shown(request, sight, done=_("Written down. HQ answers her within the term."))


def _sayable(viewer: Any, holds: Terms | None, now: datetime) -> list[Consent.Purpose]:
    """What the viewer may write down that she allows: that franchisees hear of her is not theirs to say."""
    named = [p for p in Consent.Purpose if holds and p in holds.purposes]
    return [p for p in named if p != Consent.Purpose.SHARE_FRANCHISEE or not sights.is_of_franchisee(viewer, at=now)]


def _store(request: HttpRequest) -> Store | None:
    """The one store in which the viewer works, if it is one."""
    scope = scope_of(request.user)
    stores = list(scope.work | scope.stores)
    return Store.objects.get(pk=stores[0]) if len(stores) == 1 else None


def _source(request: HttpRequest) -> str:
    return Consent.Source.HQ if scope_of(request.user).everything else Consent.Source.GUIDE


def _seen(request: HttpRequest, public_id: str) -> Sight:
    if sight := sights.open_(request.user, public_id):
        return sight
    raise Http404


def _shown(request: HttpRequest, sight: Sight, *, status: int = 200, **more: Any) -> HttpResponse:
    now, viewer = clock.now(), request.user
    holds: Terms | None = terms.present(at=now)
    said = consents.present(sight.root, at=now)
    told = Consent.objects.visible_to(viewer).filter(member__in=sight.circle).select_related("controller", "by")
    serves = not said.get((Consent.Purpose.SERVICE, None)) and sight.root.pk in consents.allows(
        [sight.root.pk], Consent.Purpose.SERVICE, at=now
    )
    shown = {
        "sight": sight,
        "rows": [(p, p.label, said.get((p, None), "")) for p in Consent.Purpose],
        "houses": _houses(viewer, said),
        "by_her_add": serves,
        "terms": holds,
        "choices": _sayable(viewer, holds, now),
        "history": told.order_by("-at", "-id")[:HISTORY],
        "kinds": DataRequest.Kind.choices,
        "may_prove": scope_of(viewer).everything,
        "may_say": viewer.may(Permission.RECORD_CONSENT),  # type: ignore[union-attr]
        **more,
    }
    return render(request, "members/joins/_consents.html", shown, status=status)


def _houses(viewer: Any, said: dict[tuple[str, int | None], str]) -> list[tuple[Franchisee, Any, str]]:
    """What she said of houses by name: below HQ, of the viewer's own alone."""
    scope = scope_of(viewer)
    keys = {c for _p, c in said if c and (scope.everything or c in scope.franchisees)}
    named = Franchisee.objects.in_bulk(keys)
    return [(named[c], Consent.Purpose(p).label, state) for (p, c), state in said.items() if c in named]
