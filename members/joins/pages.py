"""Pages for customers, without a sign-in: to register, and to look after what she allowed. Made for one thumb."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import consents, persons, phones, terms, values
from members.joins import invites, knocks, personal, phonecodes, registrations
from members.joins.forms import PhoneForm, RegisterForm, asked
from members.joins.invites import LinkIsOver
from members.joins.knocks import TooOften
from members.joins.registrations import Form
from members.models import Consent, DataRequest, Identity, IdentityLink, Invite, JoinForm, Member, Terms
from members.rights import requests
from scrm import clock
from scrm.audit.requests import address_of
from stores.models import Brand, Franchisee

CHANGEABLE = list(terms.ASKED)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The registration page, and what she typed into it."""
    now = clock.now()
    try:
        invite, holds = invites.opened(token, at=now), terms.present(at=now)
    except LinkIsOver:
        return _closed(request)
    if holds is None:
        return _closed(request)
    form = _form(request.POST if request.method == "POST" else None, holds, now)
    if request.method != "POST" or not form.is_valid():
        return _asked(request, invite, form, holds, status=400 if form.errors else 200)
    try:
        member = _registered(request, invite, holds, form, now)
    except TooOften:
        return _too_often(request, invite, form, holds)
    except LinkIsOver:
        return _closed(request)
    if member is None:
        form.add_error("code", _("This is not the code that we sent, or its ten minutes are over."))
        return _asked(request, invite, form, holds, status=400)
    return redirect(reverse("personal", args=[personal.token(member)]) + "?new=1")


@never_cache
@sensitive_post_parameters()
@require_POST
def code(request: HttpRequest, token: str) -> HttpResponse:
    """Sends a code to the phone that she typed, whoever's it is; the page comes back as it was."""
    now = clock.now()
    try:
        invite, holds = invites.opened(token, at=now), terms.present(at=now)
    except LinkIsOver:
        return _closed(request)
    if holds is None or not phonecodes.are_sent():
        return _closed(request)
    form, phone = _form(request.POST, holds, now), PhoneForm(request.POST)
    if not phone.is_valid():
        return _asked(request, invite, form, holds, errors=phone.errors, status=400)
    number = phone.cleaned_data["phone"]
    try:
        knocks.knock({"code": number, "codes_a_day": number, "codes_of_address": address_of(request)}, at=now)
    except TooOften:
        return _too_often(request, invite, form, holds)
    sent = phonecodes.send(number, at=now)
    return _asked(request, invite, form, holds, errors={}, sent=sent, failed=not sent)


@never_cache
@require_safe
def mine(request: HttpRequest, token: str) -> HttpResponse:
    """Her own page: what she allows, and how to take it back."""
    member = personal.owner(token)
    if member is None:
        return _closed(request)
    now = clock.now()
    shown = {"token": token, "is_new": "new" in request.GET, "done": request.GET.get("done", "")}
    shown["kinds"] = [(k, k.label) for k in DataRequest.Kind if k != DataRequest.Kind.RESTRICT]
    return render(request, "members/joins/mine.html", {**shown, "rows": _rows(member, now), **_house()})


@never_cache
@require_POST
def change(request: HttpRequest, token: str) -> HttpResponse:
    """She takes back one thing or everything, or allows one thing, in one step."""
    member = personal.owner(token)
    if member is None:
        return _closed(request)
    now, purpose = clock.now(), request.POST.get("purpose", "")
    evidence: dict[str, Any] = {"at": now, "source": Consent.Source.FORM, "evidence": "personal page"}
    holds = terms.present(at=now)
    if request.POST.get("do") == "withdraw":
        consents.withdraw(member, [purpose] if purpose in CHANGEABLE else [], **evidence)
    elif request.POST.get("do") == "allow" and holds and purpose in holds.purposes and purpose in CHANGEABLE:
        consents.give(member, [purpose], terms=holds.version, **evidence)
    else:
        return _closed(request)
    return redirect(reverse("personal", args=[token]) + "?done=1")


@never_cache
@sensitive_post_parameters()
@require_POST
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """She asks for a copy, a correction or to be forgotten; with her whole phone number it is known that it is she."""
    member = personal.owner(token)
    kind = request.POST.get("kind", "")
    if member is None or kind not in DataRequest.Kind.values:
        return _closed(request)
    now = clock.now()
    try:
        knocks.knock({"data": member.public_id, "codes_of_address": address_of(request)}, at=now)
        note = request.POST.get("note", "").replace("\0", "")
        made = requests.ask(member, kind, way=DataRequest.Way.PAGE, note=note, at=now)
        if _is_hers(member, request.POST.get("phone", "")):
            requests.verify(made, proof=DataRequest.Proof.HER_LINK, by=None, at=now)
    except TooOften:
        return redirect(reverse("personal", args=[token]) + "?done=later")
    except requests.AlreadyAsked:
        pass  # the same answer: it is being worked on
    return redirect(reverse("personal", args=[token]) + "?done=asked")


def _is_hers(member: Member, phone: str) -> bool:
    try:
        wanted = values.indexes(Identity.Kind.PHONE, phones.normalised(phone))
    except phones.NotAPhone:
        return False
    circle = persons.all_of(member.pk)
    hers = Identity.objects.filter(member__in=circle, kind=Identity.Kind.PHONE, value__in=wanted)
    shown = IdentityLink.objects.filter(identity=OuterRef("pk"), member__in=circle, verified=True, until=None)
    # Who became known by typing a phone on our page, without a code, has only said herself that it is hers.
    told_before = Q(member__registered_at=None) | Q(member__created_at__lt=F("member__registered_at"))
    return hers.filter(told_before | Q(Exists(shown))).exists()


def _registered(request: HttpRequest, invite: Invite, holds: Terms, form: RegisterForm, now: datetime) -> Member | None:
    """The member, or None where the code was wrong. What fell into the trap is answered and forgotten."""
    told = form.cleaned_data
    knocks.knock({"phone": told["phone"], "address": address_of(request), "link": invite.public_id}, at=now)
    if told["trap"]:
        raise TooOften
    said = told.get("code", "")
    verified = bool(said) and phonecodes.is_right(told["phone"], said, at=now)
    if said and not verified:
        return None
    answers = {"name": told.get("name", ""), "birthday": told.get("birthday")}
    what = Form(told["phone"], verified, **answers, fields=form.answers(), allows=form.allows, asked=form.was_asked)
    return registrations.register(what, through=invite, terms=holds, at=now)


def _form(data: Any, holds: Terms, now: datetime) -> RegisterForm:
    return RegisterForm(data, terms=holds, page=page_of(now), today=clock.day_of(now))


def page_of(now: datetime) -> JoinForm:
    """What the brand's page asks; the usual things until HQ says otherwise."""
    return JoinForm.objects.order_by("pk").first() or JoinForm(changed_at=now)


def _asked(
    request: HttpRequest,
    invite: Invite,
    form: RegisterForm,
    holds: Terms,
    *,
    errors: Any = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    choices = [
        (p, Consent.Purpose(p).label, text, bool(form.data.get(f"allows_{p}"))) for p, text in asked(holds).items()
    ]
    shown = {
        "invite": invite,
        "token": invites.token(invite),
        "form": form,
        "errors": form.errors if errors is None else errors,
        "terms": holds,
        "choices": choices,
        "page": page_of(clock.now()),
        "by_code": phonecodes.are_sent(),
        **_house(),
        **more,
    }
    return render(request, "members/joins/join.html", shown, status=status)


def _too_often(request: HttpRequest, invite: Invite, form: RegisterForm, holds: Terms) -> HttpResponse:
    return _asked(request, invite, form, holds, errors={}, too_often=True, status=429)


def _closed(request: HttpRequest) -> HttpResponse:
    """The same page for a link that is over and for one that never was."""
    return render(request, "members/joins/closed.html", _house(), status=404)


def _house() -> dict[str, Any]:
    return {"brand": Brand.objects.order_by("pk").first()}


def _rows(member: Member, now: datetime) -> list[dict[str, Any]]:
    """Each purpose with its present state and text, the brand's first."""
    said, holds = consents.present(member, at=now), terms.present(at=now)
    texts = holds.purposes if holds else {}
    houses = {h.pk: h for h in Franchisee.objects.filter(pk__in={c for _p, c in said if c})}
    keys = [*((p, None) for p in CHANGEABLE if p in texts or (p, None) in said), *(k for k in said if k[1])]
    return [
        {
            "purpose": p,
            "label": Consent.Purpose(p).label,
            "house": houses.get(c) if c else None,
            "text": texts.get(p, "") if c is None else "",
            "state": said.get((p, c), ""),
            "given": said.get((p, c)) == Consent.State.GIVEN,
            "can_allow": c is None and p in texts,
        }
        for p, c in keys
    ]
