"""Audience packs: asked for by one, decided by another, downloaded while the link lasts."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import Audience, Consent, Pack
from members.segments import packs
from members.segments.pages import freezing, listing
from members.segments.pages.forms import PackForm
from scrm import clock
from scrm.sheets import answers
from stores.access import Permission, demand

ON_A_PAGE = 50


def _demand(request: HttpRequest) -> None:
    """Who asks for packs, and who decides about them, looks at them."""
    listing.demand_hq(request)
    if not request.user.permissions & {Permission.EXPORT_CUSTOMERS, Permission.APPROVE}:  # type: ignore[union-attr]
        raise PermissionDenied(Permission.EXPORT_CUSTOMERS)


def _seen(request: HttpRequest, public_id: str) -> Pack:
    _demand(request)
    found = Pack.objects.visible_to(request.user).select_related("audience__segment", "asked_by", "decided_by")
    return get_object_or_404(found, public_id=public_id)


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """The packs, newest first; those that wait for a decision stand above."""
    _demand(request)
    at = clock.now()
    found = Pack.objects.visible_to(request.user).select_related("audience", "asked_by").order_by("-pk")
    last = Pack.objects.filter(public_id=request.GET.get("after", "")).values_list("pk", flat=True).first()
    shown = list((found.filter(pk__lt=last) if last else found)[: ON_A_PAGE + 1])
    for one in shown:
        one.words = words(one, at=at)  # type: ignore[attr-defined]
    following = shown[ON_A_PAGE - 1].public_id if len(shown) > ON_A_PAGE else ""
    large = Audience.objects.visible_to(request.user).filter(size__gte=settings.PACK_LEAST).defer("body")
    ready = large.filter(purpose=Consent.Purpose.AD_MATCH)
    context = {"packs": shown[:ON_A_PAGE], "next": following, "ready": ready.order_by("-pk")[:20]}
    return render(request, "members/segments/packs.html", context)


def words(pack: Pack, *, at: Any) -> tuple[str, str]:
    """How a pack stands, as a class and in words."""
    if pack.ended_at:
        return "off", _("ended")
    if pack.state == Pack.State.REFUSED:
        return "bad", pack.get_state_display()
    if at >= pack.expires_at:
        return "off", _("expired")
    return ("" if pack.state == Pack.State.APPROVED else "waits"), pack.get_state_display()


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, public_id: str) -> HttpResponse:
    """A pack of a frozen audience is asked for."""
    demand(request.user, Permission.EXPORT_CUSTOMERS)
    audience = freezing.seen(request, public_id)
    form = PackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            pack = packs.ask(audience, **form.cleaned_data, by=request.user, at=clock.now())
        except packs.CannotBe as why:
            form.add_error(None, str(why))
        else:
            messages.success(request, _("Asked for. Somebody who may approve has to agree; you cannot do it yourself."))
            return redirect("members:pack", pack.public_id)
    shown = {"audience": audience, "form": form, "least": settings.PACK_LEAST}
    return render(request, "members/segments/pack_new.html", shown, status=400 if form.errors else 200)


@login_required
@require_safe
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One pack: what for, who decided, who took it; and how many it would hold at this moment."""
    pack, at = _seen(request, public_id), clock.now()
    if request.GET.get("part") == "now":  # asks the consent of a whole audience, so the page does not wait for it
        now = packs.contents(pack, at=at)
        told = {"now": now, "left_out": freezing.reasons(now.left_out), "as_of": at}
        return render(request, "members/segments/_pack_now.html", told)
    shown = {
        "pack": pack,
        "words": words(pack, at=at),
        "is_open": packs.is_open(pack, at=at),
        "is_waiting": pack.state == Pack.State.ASKED and not pack.ended_at and at < pack.expires_at,
        "is_hers": pack.asked_by_id == request.user.pk,
        "downloads": [(one, freezing.reasons(one.left_out)) for one in _downloads(pack)],
    }
    return render(request, "members/segments/pack.html", shown)


def _downloads(pack: Pack) -> Any:
    return pack.downloads.select_related("by").defer("members")[:20]  # type: ignore[attr-defined]


@login_required
@require_POST
def decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Yes or no, by somebody who did not ask."""
    demand(request.user, Permission.APPROVE)
    pack = _seen(request, public_id)
    approve, answer = request.POST.get("answer") == "yes", request.POST.get("why", "").strip()
    try:
        packs.decide(pack, approve=approve, by=request.user, at=clock.now(), answer=answer)
    except packs.IsYours:
        messages.error(request, _("You asked for this pack yourself: somebody else has to decide."))
    except packs.NotNow:
        messages.error(request, _("This pack was decided about or has ended meanwhile."))
    return redirect("members:pack", public_id)


@login_required
@require_POST
def end(request: HttpRequest, public_id: str) -> HttpResponse:
    """The link is dead from now on."""
    pack = _seen(request, public_id)
    packs.end(pack, by=request.user, at=clock.now())
    messages.success(request, _("The pack has ended; nobody can download it any more."))
    return redirect("members:pack", public_id)


@login_required
@require_POST
def file(request: HttpRequest, public_id: str) -> HttpResponse | StreamingHttpResponse:
    """The hashed ids. A download is written into the book, so it is no link that a browser follows by itself."""
    demand(request.user, Permission.EXPORT_CUSTOMERS)
    pack = _seen(request, public_id)
    try:
        taken, lines = packs.take(pack, by=request.user, at=clock.now())
    except packs.NotNow:
        messages.error(request, _("This pack cannot be downloaded: it is not approved, or its time is over."))
    except packs.CannotBe as why:
        messages.error(request, str(why))
    else:
        return answers.written(packs.name_of(taken), lines, length=packs.length(taken))
    return redirect("members:pack", public_id)
