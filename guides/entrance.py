"""The door for people whom WeCom knows: to WeCom and back, inside its client or by a QR code on the web."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from guides import comers
from guides.comers import Reason, TurnedAway
from scrm import clock
from scrm.audit import entries
from scrm.wecom.models import App, Corp
from stores import arrivals, devices
from stores.models import Person, Session

log = structlog.get_logger()
ASKED = "asked"  # in the session: what we asked WeCom, by state
ASKED_FOR = timedelta(minutes=10)
AT_ONCE = 5  # windows in which one browser may be on its way
CORP_COOKIE = "corp"

# What somebody reads who is not let in: what happened, what to do about it, and the HTTP status.
WORDS: dict[Reason, tuple[Any, Any, int]] = {
    Reason.STALE: (
        _("This sign-in is over"),
        _("It was used already or took longer than five minutes. Start again."),
        400,
    ),
    Reason.REFUSED: (_("You did not allow it"), _("Nothing was opened. Start again, or sign in with a password."), 403),
    Reason.STRANGER: (
        _("You are not a member of this company"),
        _("WeCom knows you as a customer or as somebody of another company. Sign in with your work account in WeCom."),
        403,
    ),
    Reason.NOT_SEEN: (
        _("The app may not see you"),
        _("Ask HQ to add you or your department to the app’s visible range in WeCom’s console, then start again."),
        403,
    ),
    Reason.SHUT_OUT: (
        _("Your access is closed"),
        _("Your account is disabled here or in WeCom. If that is a mistake, ask HQ."),
        403,
    ),
    Reason.LATER: (
        _("WeCom does not answer just now"),
        _("Nothing is wrong with your account. Try again in a minute."),
        503,
    ),
    Reason.DOMAIN: (
        _("WeCom does not know this address"),
        _("An administrator adds it, with its port, to the app’s trusted domains and callback domains in WeCom."),
        502,
    ),
    Reason.SETUP: (
        _("Sign-in by WeCom is not set up"),
        _("Tell an administrator the number below; the doctor’s page says what is missing."),
        502,
    ),
}


@never_cache
@require_safe
def to_wecom(request: HttpRequest) -> HttpResponse:
    """On to WeCom, which asks nobody anything inside its client, and elsewhere shows a QR code."""
    onward = arrivals.onward_of(request)
    if request.user.is_authenticated:
        return redirect(onward)
    corps = list(Corp.objects.filter(apps__isnull=False).distinct().order_by("pk"))
    corp = _corp(request, corps)
    if corp is None and len(corps) > 1:
        return render(request, "guides/which_corp.html", {"corps": corps, "query": _without_corp(request)})
    app = comers.app_of(corp) if corp else None
    if app is None:
        return _turned_away(request, TurnedAway(Reason.SETUP), onward)
    by_qr = "qr" in request.GET or not devices.is_wecom(request)
    state = _ask(request, app, onward, by_qr=by_qr, at=clock.now())
    return redirect(comers.address(app, back=_back_address(request), state=state, by_qr=by_qr))


@never_cache
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Back from WeCom, with a code of whoever looks at this browser."""
    now, asked = clock.now(), _asked(request, clock.now())
    if asked is None:
        if request.user.is_authenticated:  # the back button, or a second click
            return redirect("dashboard:home")
        return _turned_away(request, TurnedAway(Reason.STALE), resolve_url("dashboard:home"))
    try:
        person = comers.recognise(_app(asked), _code(request), at=now)
    except TurnedAway as turned:
        return _turned_away(request, turned, asked["onward"])
    arrivals.enter(request, person, way=Session.Way.QR if asked["qr"] else Session.Way.WECOM, at=now)
    return _let_in(request, person, asked, now)


def _corp(request: HttpRequest, corps: list[Corp]) -> Corp | None:
    """The corp that is meant: the only one, the one of the link, or the one of last time."""
    if len(corps) == 1:
        return corps[0]
    wanted = request.GET.get("corp") or request.COOKIES.get(CORP_COOKIE)
    return next((corp for corp in corps if corp.corp_id == wanted), None)


def _without_corp(request: HttpRequest) -> str:
    return urlencode({name: str(value) for name, value in request.GET.items() if name in {"next", "qr"}})


def _back_address(request: HttpRequest) -> str:
    """Our address as WeCom shall lead back to it; in production always https."""
    address = request.build_absolute_uri(reverse("wecom_back"))
    return address.replace("http://", "https://", 1) if settings.PRODUCTION else address


def _ask(request: HttpRequest, app: App, onward: str, *, by_qr: bool, at: datetime) -> str:
    """A state that only this browser can bring back, once."""
    state = secrets.token_hex(16)
    open_ = request.session.get(ASKED, {})
    latest = dict(list(open_.items())[-(AT_ONCE - 1) :])
    said = {"app": app.pk, "onward": onward, "qr": by_qr, "until": (at + ASKED_FOR).timestamp()}
    request.session[ASKED] = {**latest, state: said}
    return state


def _asked(request: HttpRequest, now: datetime) -> dict[str, Any] | None:
    """What this browser had asked with the state that comes back; it is used up by that."""
    open_ = request.session.get(ASKED, {})
    states = request.GET.getlist("state")
    said: dict[str, Any] | None = open_.pop(states[0], None) if len(states) == 1 else None
    if said is None:
        return None
    if open_:
        request.session[ASKED] = open_
    else:
        del request.session[ASKED]
    return said if said["until"] >= now.timestamp() else None


def _app(asked: dict[str, Any]) -> App:
    app = App.objects.select_related("corp").filter(pk=asked["app"]).first()
    if app is None:
        raise TurnedAway(Reason.SETUP)
    return app


def _code(request: HttpRequest) -> str:
    """The one code of the address; nobody who refuses has one."""
    codes = request.GET.getlist("code")
    if not codes or codes == [""]:
        raise TurnedAway(Reason.REFUSED)
    code = codes[0]
    if len(codes) > 1 or len(code) > comers.LONGEST_CODE or not (code.isascii() and code.isprintable()):
        raise TurnedAway(Reason.STALE)
    return code


def _let_in(request: HttpRequest, person: Person, asked: dict[str, Any], now: datetime) -> HttpResponse:
    """Where she wanted to go; who has no seat yet sees on her account page that she has none."""
    has_seat = person.seats.at(now).exists()  # type: ignore[attr-defined]
    answer = redirect(arrivals.allowed(person, asked["onward"]) if has_seat else "account")
    corp = _app(asked).corp.corp_id
    answer.set_cookie(CORP_COOKIE, corp, devices.REMEMBERED_FOR, secure=settings.SESSION_COOKIE_SECURE, httponly=True)
    return answer


def _turned_away(request: HttpRequest, turned: TurnedAway, onward: str) -> HttpResponse:
    """The page that says why, and what to do."""
    title, remedy, status = WORDS[turned.reason]
    if turned.person:
        entries.record_failed_sign_in(turned.person, how="wecom", at=clock.now(), reason=str(turned.reason))
    log.info("sign_in.turned_away", reason=str(turned.reason), errcode=turned.errcode)
    qr = {} if devices.is_wecom(request) else {"qr": "1"}
    again = f"{reverse('wecom_sign_in')}?{urlencode({**qr, 'next': onward})}"
    said = {"title": title, "remedy": remedy, "errcode": turned.errcode, "again": again, "next": onward}
    return render(request, "guides/turned_away.html", said, status=status)
