"""Coming in: where somebody wanted to go, what is asked beside a password, and when the door opens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from scrm.audit import entries
from stores import attempts, devices, factors, sessions
from stores.models import Person, Session

WAITING = "arrival"
WAITS_FOR = timedelta(minutes=10)


class Unknown(Exception):
    """Name and password do not belong together, or she left."""


class SecondQuestion(Exception):
    """The password is right, and it is not enough."""

    def __init__(self, person: Person) -> None:
        super().__init__(person.pk)
        self.person = person


class NeedsCode(SecondQuestion):
    """Her second factor's code is missing or wrong."""


class MustEnrol(SecondQuestion):
    """She must set up a second factor before she may use it."""


@dataclass(frozen=True)
class Arrival:
    """Somebody whose password was right, in front of the second question."""

    person: Person
    onward: str


def onward_of(request: HttpRequest) -> str:
    """Where she wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    here = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(wanted, here, require_https=request.is_secure())
    path = urlsplit(wanted).path if is_ours else ""
    if path.startswith("/") and not path.startswith((reverse("login"), reverse("admin:login"))):
        return wanted
    return reverse("admin:index") if request.path.startswith("/admin/") else resolve_url("dashboard:home")


def allowed(person: Any, onward: str) -> str:
    """Where she goes now that she is in: home, where she may not enter the admin."""
    wants_admin = urlsplit(onward).path.startswith(reverse("admin:index"))
    return resolve_url("dashboard:home") if wants_admin and not person.is_staff else onward


def by_password(request: HttpRequest, *, username: str, password: str, otp: str = "", at: datetime) -> Person:
    """Whose password this is, her second factor included; raises Unknown, NeedsCode, MustEnrol or MustWait."""
    person: Any = authenticate(request, username=username, password=password)
    if person is None:
        raise Unknown
    if factors.is_on(person):
        if not otp:
            raise NeedsCode(person)
        try:
            with_code(request, person, otp, at=at)
        except factors.WrongCode:
            raise NeedsCode(person) from None
    elif factors.is_demanded(person, at=at):
        raise MustEnrol(person)
    found: Person = person
    return found


def with_code(request: HttpRequest, person: Person, said: str, *, at: datetime) -> None:
    """Takes a code of hers; raises WrongCode or MustWait."""
    attempt = attempts.begin(devices.who(request, f"code of {person.public_id}"), at=at)
    try:
        factors.check(person, said, at=at)
    except factors.WrongCode:
        entries.record_failed_sign_in(person, how="code", at=at)
        raise
    attempts.succeeded(attempt)


def enrolled(request: HttpRequest, person: Person, code: str, *, at: datetime) -> list[str]:
    """The recovery codes of somebody whose app knows the secret; raises WrongCode or MustWait."""
    attempt = attempts.begin(devices.who(request, f"code of {person.public_id}"), at=at)
    codes = factors.confirm(person, code, at=at)
    attempts.succeeded(attempt)
    return codes


def wait(request: HttpRequest, person: Person, *, onward: str, at: datetime) -> None:
    """Her password was right; the next page of this browser asks the second question."""
    request.session.cycle_key()
    request.session[WAITING] = {
        "person": person.pk,
        "hash": person.get_session_auth_hash(),
        "onward": onward,
        "until": (at + WAITS_FOR).timestamp(),
    }


def waiting(request: HttpRequest, *, at: datetime) -> Arrival | None:
    """Who waits in this browser, unless she left, has another password since, or took too long."""
    said = request.session.get(WAITING)
    if not said or said["until"] < at.timestamp():
        return None
    person = Person.objects.filter(pk=said["person"], is_active=True).first()
    if person is None or person.get_session_auth_hash() != said["hash"]:
        return None
    return Arrival(person, said["onward"])


def enter(request: HttpRequest, person: Person, *, way: Session.Way, at: datetime) -> None:
    """She is in."""
    request.session.pop(WAITING, None)
    sessions.begin(request, person, way=way, at=at)
