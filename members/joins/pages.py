"""Pages for customers, without a sign-in: to register, and to look after what she allowed. Made for one thumb."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import consents, terms
from members.joins import invites, knocks, personal, phonecodes, registrations
from members.joins.forms import PhoneForm, RegisterForm, asked
from members.joins.invites import LinkIsOver
from members.joins.knocks import TooOften
from members.joins.personal import Holder
from members.joins.registrations import Form
from members.models import Consent, DataRequest, Invite, JoinForm, Terms
from members.rights import requests
from scrm import clock
from scrm.audit.requests import address_of
from stores.models import Brand, Franchisee

CHANGEABLE = list(terms.ASKED)
NO_CODE_OF_OURS = gettext_lazy("This is not the code that we sent, or its ten minutes are over.")


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
        holder = _registered(request, invite, holds, form, now)
    except TooOften:
        return _too_often(request, invite, form, holds)
    except LinkIsOver:
        return _closed(request)
    if holder is None:
        form.add_error("code", NO_CODE_OF_OURS)
        return _asked(request, invite, form, holds, status=400)
    return redirect(_page_of(holder) + "?new=1")


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
    holder = personal.holder(token)
    return _mine(request, holder, token) if holder else _closed(request)


@never_cache
@sensitive_post_parameters()
@require_POST
def show(request: HttpRequest, token: str) -> HttpResponse:
    """She shows that it is she: a code goes to a phone that is known to be hers, and comes back."""
    holder, now = personal.holder(token), clock.now()
    if holder is None or not phonecodes.are_sent():
        return _closed(request)
    form, said = PhoneForm(request.POST), request.POST.get("code", "").strip()
    if not form.is_valid():
        return _mine(request, holder, token, errors=form.errors, status=400)
    number = form.cleaned_data["phone"]
    if not said:
        return _sent(request, holder, token, number, now)
    if not (personal.is_hers(holder.member, number) and phonecodes.is_right(number, said, at=now)):
        return _mine(request, holder, token, sent=True, errors={"code": [NO_CODE_OF_OURS]}, status=400)
    return redirect(_page_of(registrations.show(holder, number, at=now)) + "?done=shown")


def _sent(request: HttpRequest, holder: Holder, token: str, number: str, now: datetime) -> HttpResponse:
    """The same answer for her phone and for any other: so nobody learns here which phone is hers."""
    at_home = {"code": number, "codes_a_day": number, "codes_of_address": address_of(request)}
    try:
        knocks.knock(at_home, at=now)
    except TooOften:
        return _mine(request, holder, token, done="later", status=429)
    if personal.is_hers(holder.member, number) and not phonecodes.send(number, at=now):
        return _mine(request, holder, token, failed=True)
    return _mine(request, holder, token, sent=True)


@never_cache
@require_POST
def change(request: HttpRequest, token: str) -> HttpResponse:
    """She takes back one thing or everything, or allows one thing, in one step."""
    holder = personal.holder(token)
    if holder is None:
        return _closed(request)
    now, purpose, do = clock.now(), request.POST.get("purpose", ""), request.POST.get("do")
    heard = registrations.heard(holder, "personal page")
    holds = terms.present(at=now)
    if do == "withdraw":
        consents.withdraw(holder.member, [purpose] if purpose in CHANGEABLE else [], at=now, **heard)
    elif do == "allow" and holds and purpose in holds.purposes and purpose in CHANGEABLE:
        if not holder.may_give(purpose):
            return redirect(reverse("personal", args=[token]) + "?done=who")
        consents.give(holder.member, [purpose], terms=holds.version, at=now, **heard)
    else:
        return _closed(request)
    return redirect(reverse("personal", args=[token]) + "?done=1")


@never_cache
@sensitive_post_parameters()
@require_POST
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """She asks for a copy, a correction or to be forgotten. It is verified at once only where it is known that it is
    she, by what she holds and her whole phone number; else HQ asks back."""
    holder = personal.holder(token)
    kind = request.POST.get("kind", "")
    if holder is None or kind not in DataRequest.Kind.values:
        return _closed(request)
    now = clock.now()
    try:
        knocks.knock({"data": holder.member.public_id, "codes_of_address": address_of(request)}, at=now)
        _hear(holder, kind, request.POST, now)
    except TooOften:
        return redirect(reverse("personal", args=[token]) + "?done=later")
    return redirect(reverse("personal", args=[token]) + "?done=asked")


def _hear(holder: Holder, kind: str, told: Any, now: datetime) -> None:
    """Asked again by who shows that it is she, a request that waits for just that waits no longer."""
    made: DataRequest | None
    try:
        made = requests.ask(
            holder.member, kind, way=DataRequest.Way.PAGE, note=told.get("note", ""), at=now, link=holder.link
        )
    except requests.AlreadyAsked:
        made = requests.waiting(holder.member, kind)
    if made and holder.is_she and personal.is_hers(holder.member, told.get("phone", "")):
        proof = DataRequest.Proof.PHONE_CODE if holder.is_shown else DataRequest.Proof.HER_LINK
        requests.verify(made, proof=proof, by=None, at=now)


def _registered(request: HttpRequest, invite: Invite, holds: Terms, form: RegisterForm, now: datetime) -> Holder | None:
    """Who registered, or None where the code was wrong. What fell into the trap is answered and forgotten."""
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
        "home": reverse("join", args=[invites.token(invite)]),  # this page may be the answer to a form
        "form": form,
        "errors": form.errors if errors is None else errors,
        "terms": holds,
        "choices": choices,
        "page": page_of(clock.now()),
        **_codes(),
        **_house(),
        **more,
    }
    return render(request, "members/joins/join.html", shown, status=status)


def _page_of(holder: Holder) -> str:
    return reverse("personal", args=[personal.token(holder.member, link=holder.link, is_shown=holder.is_shown)])


def _mine(
    request: HttpRequest, holder: Holder, token: str, *, status: int = 200, done: str = "", **more: Any
) -> HttpResponse:
    shown = {
        "token": token,
        "home": reverse("personal", args=[token]),
        "holder": holder,
        "is_new": "new" in request.GET,
        "done": done or request.GET.get("done", ""),
        "kinds": [(k, k.label) for k in DataRequest.Kind if k != DataRequest.Kind.RESTRICT],
        "rows": _rows(holder, clock.now()),
        "said": request.POST,
        **_codes(),
        **_house(),
        **more,
    }
    return render(request, "members/joins/mine.html", shown, status=status)


def _codes() -> dict[str, Any]:
    """Whether codes are sent; and where the demo's can be read, whose phones are a page of the sandbox."""
    read_at = settings.SMS_OUTLET_URL if settings.PROFILE == "demo" else ""
    return {"by_code": phonecodes.are_sent(), "codes_are_read_at": read_at}


def _too_often(request: HttpRequest, invite: Invite, form: RegisterForm, holds: Terms) -> HttpResponse:
    return _asked(request, invite, form, holds, errors={}, too_often=True, status=429)


def _closed(request: HttpRequest) -> HttpResponse:
    """The same page for a link that is over and for one that never was."""
    return render(request, "members/joins/closed.html", _house(), status=404)


def _house() -> dict[str, Any]:
    return {"brand": Brand.objects.order_by("pk").first()}


def _rows(holder: Holder, now: datetime) -> list[dict[str, Any]]:
    """Each purpose with its present state and text, the brand's first."""
    said, holds = consents.present(holder.member, at=now), terms.present(at=now)
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
            "can_allow": c is None and p in texts and holder.may_give(p),
            "needs_code": c is None and p in texts and not holder.may_give(p),
        }
        for p, c in keys
    ]
