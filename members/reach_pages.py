"""Pages about whom the brand can reach, and about the lists by which stores win the others back."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import activations, cards, persons, sights
from members.joins import invites
from members.models import Activation, Invite, Invitee, Member, ReachCount, Round
from members.reach import ROUND
from scrm import clock
from scrm.audit import entries
from scrm.clock import SHANGHAI
from scrm.sheets import answers
from stores.access import Permission, demand
from stores.models import Brand, CityTier, Store, Tier
from stores.scope import scope_of

ON_A_PAGE = 25
AT_ONCE = 50  # lists made by one press of a button
Kind = ReachCount.Kind


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """How many customers can be reached, by which way, in each place that the viewer sees."""
    demand(request.user, Permission.SEE_BOARDS)
    rows = ReachCount.objects.filter(day=ReachCount.objects.aggregate(day=Max("day"))["day"])
    scope = scope_of(request.user, needs=Permission.SEE_BOARDS)
    wide = rows if scope.everything else rows.filter(kind=Kind.REGION, region__in=scope.regions)
    stores = _stores(rows.filter(kind=Kind.STORE).visible_to(request.user), request)
    counted = Round.objects.filter(pk=ROUND).first()
    shown = {
        "brand": wide.filter(kind=Kind.BRAND).first() or (stores[0] if len(stores) == 1 else None),
        "regions": wide.filter(kind=Kind.REGION).select_related("region").order_by("-people"),
        "tiers": [(_tier(row.tier), row) for row in wide.filter(kind=Kind.TIER).order_by("tier")],
        "page": Paginator(stores, ON_A_PAGE).get_page(request.GET.get("page")),
        "all_tiers": Tier.choices,
        "as_of": counted and counted.at,
        "words": _usual_words(),
    }
    return render(request, "members/reach.html", shown)


def _stores(rows: QuerySet[ReachCount], request: HttpRequest) -> Any:
    if text := request.GET.get("q", "").strip()[:40]:
        rows = rows.filter(Q(store__name__icontains=text) | Q(store__code__iexact=text))
    if (tier := request.GET.get("tier", "")[:3]).isdecimal():
        cities = CityTier.objects.filter(tier=int(tier)).values_list("city", flat=True)
        rows = rows.filter(store__city__in=[name for city in cities for name in (city, f"{city}市")])
    missed = (F("by_phone") + F("by_nothing")).desc()
    return rows.select_related("store", "store__region").order_by(missed, "store__code")


def _tier(tier: int | None) -> str:
    return str(Tier(tier).label) if tier in Tier.values else _("no tier known")


def _usual_words() -> str:
    brand = Brand.objects.values_list("name", flat=True).first() or ""
    return _(
        "[%(brand)s] {store} invites you: add your own guide and never miss what is new. {link} Reply T to stop."
    ) % {"brand": brand}


@login_required
@require_http_methods(["GET", "POST"])
def lists(request: HttpRequest) -> HttpResponse:
    """The activation lists of the viewer's stores with what came of each; POST makes them for chosen stores."""
    demand(request.user, Permission.INVITE_CUSTOMERS)
    if request.method == "POST":
        _make(request)
        return redirect("members:activations")
    seen = Activation.objects.visible_to(request.user, needs=Permission.INVITE_CUSTOMERS).select_related(
        "store", "made_by"
    )
    page = Paginator(seen, ON_A_PAGE).get_page(request.GET.get("page"))
    funnels = activations.funnels(page, anywhere=_anywhere(request))
    return render(
        request, "members/activations.html", {"page": page, "rows": [(one, funnels.get(one.pk)) for one in page]}
    )


def _make(request: HttpRequest) -> None:
    hers = Store.objects.visible_to(request.user, needs=Permission.INVITE_CUSTOMERS)
    made, nobody = 0, 0
    for store in hers.filter(public_id__in=request.POST.getlist("store")[:AT_ONCE]):
        try:
            activations.make(store, words=request.POST.get("words", ""), by=request.user, at=clock.now())
            made += 1
        except activations.NobodyToInvite:
            nobody += 1
    if made:
        messages.success(request, _("%d lists were made.") % made)
    if nobody:
        said = _("%d stores have nobody to invite: no phone, no consent to marketing, or invited within 90 days.")
        messages.info(request, said % nobody)
    if not made and not nobody:
        messages.error(request, _("Choose at least one store."))


@login_required
@require_safe
def activation(request: HttpRequest, public_id: str) -> HttpResponse:
    """One list: whom to invite and why, to be worked off or printed."""
    demand(request.user, Permission.INVITE_CUSTOMERS)
    one = _one(request, public_id)
    page = Paginator(_invitees(request.user, one), ON_A_PAGE).get_page(request.GET.get("page"))
    rows = list(zip(page, _cards(request.user, page), strict=True))
    entries.record_read(request.user, "members.invitee", at=clock.now(), rows=len(rows), store=one.store)
    funnel = activations.funnels([one], anywhere=_anywhere(request)).get(one.pk)
    shown = {"one": one, "page": page, "rows": rows, "funnel": funnel}
    return render(request, "members/activation.html", {**shown, "words": _filled(request, one)})


@login_required
@require_safe
def activation_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The list as an Excel file for the store; phones stay masked."""
    demand(request.user, Permission.INVITE_CUSTOMERS)
    one = _one(request, public_id)
    entries.record_export(request.user, "members.invitee", at=clock.now(), rows=one.people, store=one.store)
    return answers.excel(f"activation-{one.public_id}", _("Activation"), _lines(request, one))


@login_required
@require_POST
def link(request: HttpRequest, public_id: str) -> HttpResponse:
    """Makes the registration link that a store's words lead to."""
    demand(request.user, Permission.INVITE_CUSTOMERS)
    one = _one(request, public_id)
    if _invite(one.store) is None:
        invites.make(one.store, by=request.user, at=clock.now(), name=_("Activation"))
    return redirect("members:activation", public_id)


def _one(request: HttpRequest, public_id: str) -> Activation:
    seen = Activation.objects.visible_to(request.user, needs=Permission.INVITE_CUSTOMERS)
    return get_object_or_404(seen.select_related("store", "made_by"), public_id=public_id)


def _anywhere(request: HttpRequest) -> bool:
    """Whether the viewer hears what came of a list in other stores too."""
    return not sights.is_of_franchisee(request.user, at=clock.now())


def _invitees(viewer: Any, one: Activation) -> QuerySet[Invitee]:
    """Those of the list whom the viewer sees: another house may have made it when the store was its own."""
    rows = Invitee.objects.filter(activation=one, member__erased_at=None).select_related("member").order_by("pk")
    circles = persons.circle(rows.values_list("member", flat=True))
    seen = sights.met(viewer, (member for circle in circles.values() for member in circle))
    roots = [root for root, circle in circles.items() if not seen.isdisjoint(circle)]
    return rows.filter(Q(member__in=roots) | Q(member__same_person_as__in=roots))


def _cards(viewer: Any, rows: Any) -> list[cards.Card]:
    roots = Member.objects.in_bulk([row.member.same_person_as_id or row.member_id for row in rows])
    return cards.of(viewer, [roots[row.member.same_person_as_id or row.member_id] for row in rows], at=clock.now())


def _lines(request: HttpRequest, one: Activation) -> Iterator[list[Any]]:
    words = _filled(request, one)
    yield [_("Name"), _("Phone"), _("Reason"), _("Last order"), _("Text message"), _("Done")]
    rows = list(_invitees(request.user, one))
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        for row, card in zip(part, _cards(request.user, part), strict=True):
            last = f"{card.last_order.astimezone(SHANGHAI):%Y-%m-%d}" if card.last_order else ""
            yield [card.face.name, card.phone, str(row.get_reason_display()), last, words, ""]


def _filled(request: HttpRequest, one: Activation) -> str:
    invite = _invite(one.store)
    address = request.build_absolute_uri(reverse("join", args=[invites.token(invite)])) if invite else ""
    return one.words.replace("{store}", one.store.name).replace("{link}", address)


def _invite(store: Store) -> Invite | None:
    """A link of the store's own that still opens the registration page."""
    lasting = Invite.objects.filter(store=store, person=None, member=None, ended_at=None, expires_at=None)
    return lasting.order_by("pk").first()
