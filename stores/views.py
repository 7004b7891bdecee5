"""Pages for signing in, and the account page of everybody."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.views import LogoutView
from django.core.exceptions import BadRequest, PermissionDenied
from django.forms import CharField, Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from scrm import clock
from scrm.audit import entries
from scrm.wecom.models import Corp
from stores import arrivals, devices, factors, sessions, tokens
from stores.attempts import MustWait
from stores.models import Brand, Session

NAME_OF_A_TOKEN = 60


class SignOut(LogoutView):
    """The way out, for pages and the admin alike."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            entries.record("person.signed_out", by=request.user, subject=request.user, at=clock.now())
        return super().post(request, *args, **kwargs)  # type: ignore[return-value]


class Credentials(Form):
    username = UsernameField(max_length=64)
    password = CharField(max_length=200, strip=False)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The door for everybody: by WeCom, by QR code, with a password."""
    onward = arrivals.onward_of(request)
    if request.user.is_authenticated:
        if arrivals.allowed(request.user, onward) != onward:  # the admin sent her here, and would again
            raise PermissionDenied(onward)
        return redirect(onward)
    if request.method == "POST":
        return _password(request, onward)
    if devices.is_wecom(request) and not request.GET.keys() & {"out", "by"} and Corp.objects.exists():
        return redirect(f"{reverse('wecom_sign_in')}?{urlencode({'next': onward})}")
    return _door(request, onward)


def _password(request: HttpRequest, onward: str) -> HttpResponse:
    form, now = Credentials(request.POST), clock.now()
    if not form.is_valid():
        return _door(request, onward, wrong=True)
    try:
        person = arrivals.by_password(request, **form.cleaned_data, at=now)
    except arrivals.Unknown:
        return _door(request, onward, wrong=True)
    except MustWait as wait:
        return _door(request, onward, wait=wait)
    except arrivals.SecondQuestion as asked:
        arrivals.wait(request, asked.person, onward=onward, at=now)
        return redirect("second_factor" if isinstance(asked, arrivals.NeedsCode) else "enrol")
    arrivals.enter(request, person, way=Session.Way.PASSWORD, at=now)
    return devices.remember(request, redirect(arrivals.allowed(person, onward)), form.cleaned_data["username"])


def _door(request: HttpRequest, onward: str, *, wrong: bool = False, wait: MustWait | None = None) -> HttpResponse:
    """The page with all ways in."""
    said = {
        "next": onward,
        "wrong": wrong,
        "wait": told(wait) if wait else "",
        "username": request.POST.get("username", "")[:64],
        "out": "out" in request.GET,
        "by_wecom": Corp.objects.exists(),
        "in_wecom": devices.is_wecom(request),
    }
    return _waits(render(request, "login.html", said, status=429 if wait else 200), wait)


def told(wait: MustWait) -> str:
    """How long to wait, in words."""
    if wait.seconds < 60:
        return ngettext("Try again in %(n)d second.", "Try again in %(n)d seconds.", wait.seconds) % {"n": wait.seconds}
    return ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", wait.minutes) % {"n": wait.minutes}


def _waits(response: HttpResponse, wait: MustWait | None) -> HttpResponse:
    if wait:
        response["Retry-After"] = str(wait.seconds)
    return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The code of her app, after the right password."""
    now = clock.now()
    arrival = arrivals.waiting(request, at=now)
    if arrival is None:
        return redirect("login")
    if request.method != "POST":
        return render(request, "stores/second_factor.html", {})
    try:
        arrivals.with_code(request, arrival.person, request.POST.get("code", "")[:40], at=now)
    except factors.WrongCode:
        return render(request, "stores/second_factor.html", {"wrong": True})
    except MustWait as wait:
        return _waits(render(request, "stores/second_factor.html", {"wait": told(wait)}, status=429), wait)
    arrivals.enter(request, arrival.person, way=Session.Way.SECOND_FACTOR, at=now)
    onward = arrivals.allowed(arrival.person, arrival.onward)
    return devices.remember(request, redirect(onward), arrival.person.username)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Setting up the app, for whoever may not sign in without it."""
    now = clock.now()
    arrival = arrivals.waiting(request, at=now)
    if arrival is None or factors.is_on(arrival.person):
        return redirect("login")
    codes, page = _set_up(request, arrival.person, now)
    if not codes:
        return page
    _end_what_a_password_opened(arrival.person, now)
    arrivals.enter(request, arrival.person, way=Session.Way.SECOND_FACTOR, at=now)
    page = render(request, "stores/recovery_codes.html", {"codes": codes, "onward": arrival.onward})
    return devices.remember(request, page, arrival.person.username)


def _set_up(request: HttpRequest, person: Any, now: datetime) -> tuple[list[str], HttpResponse]:
    """Her recovery codes once the first code was right; until then the page that asks for it."""
    wrong, wait = False, None
    if request.method == "POST":
        try:
            return arrivals.enrolled(request, person, request.POST.get("code", "")[:40], at=now), HttpResponse()
        except factors.WrongCode:
            wrong = True
        except MustWait as must:
            wait = must
    factor = factors.start(person, at=now)
    said = {"picture": factors.picture(factor), "secret": factors.spaced(factor), "wrong": wrong, "person": person}
    said["wait"] = told(wait) if wait else ""
    return [], _waits(render(request, "stores/enrol.html", said, status=429 if wait else 200), wait)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Setting up the app, from the account page."""
    person: Any = request.user
    if factors.is_on(person) or not person.has_usable_password():
        return redirect("account")
    now = clock.now()
    codes, page = _set_up(request, person, now)
    if not codes:
        return page
    _end_what_a_password_opened(person, now)
    sessions.begin(request, person, way=Session.Way.SECOND_FACTOR, at=now)
    return render(request, "stores/recovery_codes.html", {"codes": codes, "onward": reverse("account")})


def _end_what_a_password_opened(person: Any, now: datetime) -> None:
    """Her sessions and tokens of before; whoever knew her password may have some of them."""
    sessions.end_all([person.pk], at=now)
    person.refresh_from_db()


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, how I sign in, where I am signed in, which tokens speak for me."""
    if request.method == "POST":
        deed = DEEDS.get(request.POST.get("do", ""))
        if deed is None:
            raise BadRequest("no such deed")
        return deed(request, request.user, clock.now())
    return _account(request)


def _account(request: HttpRequest, **more: Any) -> HttpResponse:
    person, now = request.user, clock.now()
    assert not person.is_anonymous
    here = request.session.row  # type: ignore[attr-defined]
    seats = person.seats.at(now).select_related("region", "franchisee", "store").order_by("pk")
    said = {
        "seats": list(seats),
        "brand": Brand.objects.first(),
        "has_password": person.has_usable_password(),
        "factor_on": factors.is_on(person),
        "factor_demanded": factors.is_demanded(person, at=now),
        "codes_left": factors.codes_left(person),
        "sessions": list(sessions.of(person, at=now)),
        "here": here.public_id if here else "",
        "tokens": list(tokens.of(person, at=now)),
        **more,
    }
    return render(request, "stores/account.html", said, status=more.get("status", 200))


def _end_session(request: HttpRequest, person: Any, now: datetime) -> HttpResponse:
    if sessions.end(person, [request.POST.get("session", "")], by=person, at=now):
        messages.success(request, _("That device is signed out."))
    return redirect("account")


def _end_others(request: HttpRequest, person: Any, now: datetime) -> HttpResponse:
    here = request.session.row  # type: ignore[attr-defined]
    others = [one.public_id for one in sessions.of(person, at=now) if one != here]
    sessions.end(person, others, by=person, at=now)
    messages.success(request, _("All other devices are signed out."))
    return redirect("account")


def _make_token(request: HttpRequest, person: Any, now: datetime) -> HttpResponse:
    """The token is on this page and nowhere afterwards."""
    name = "".join(c for c in request.POST.get("name", "") if c.isprintable()).strip()[:NAME_OF_A_TOKEN]
    if not name:
        messages.error(request, _("Give the token a name, so that you know later what uses it."))
        return redirect("account")
    return _account(request, fresh_token=tokens.make(person, name=name, at=now))


def _revoke_token(request: HttpRequest, person: Any, now: datetime) -> HttpResponse:
    if tokens.revoke(person, request.POST.get("token", ""), by=person, at=now):
        messages.success(request, _("The token is revoked; what used it has no access any more."))
    return redirect("account")


def _new_codes(request: HttpRequest, person: Any, now: datetime) -> HttpResponse:
    """New recovery codes, for whoever still has the app or one of the old ones."""
    if refusal := _unproven(request, person, now):
        return refusal
    codes = factors.renew_codes(person, at=now)
    return render(request, "stores/recovery_codes.html", {"codes": codes, "onward": reverse("account")})


def _factor_off(request: HttpRequest, person: Any, now: datetime) -> HttpResponse:
    """The second factor goes, and with it every other session; whoever needs one sets up a new one at once."""
    if refusal := _unproven(request, person, now):
        return refusal
    factors.remove(person, by=person, at=now)
    person.refresh_from_db()
    if factors.is_demanded(person, at=now):
        return redirect("login")
    sessions.begin(request, person, way=Session.Way.PASSWORD, at=now)
    messages.success(request, _("The second factor is off."))
    return redirect("account")


def _unproven(request: HttpRequest, person: Any, now: datetime) -> HttpResponse | None:
    """What to answer when the code that came with a deed is not hers."""
    if not factors.is_on(person):
        return redirect("account")
    try:
        arrivals.with_code(request, person, request.POST.get("code", "")[:40], at=now)
    except factors.WrongCode:
        messages.error(request, _("That code is wrong or was used already."))
        return redirect("account")
    except MustWait as wait:
        messages.error(request, _("Too many wrong codes.") + told(wait))
        return redirect("account")
    return None


Deed = Callable[[HttpRequest, Any, datetime], HttpResponse]
DEEDS: dict[str, Deed] = {
    "end_session": _end_session,
    "end_others": _end_others,
    "make_token": _make_token,
    "revoke_token": _revoke_token,
    "new_codes": _new_codes,
    "factor_off": _factor_off,
}
