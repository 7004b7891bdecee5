"""Sessions of browsers: where they are kept, how one begins, and how one, or all of a person's, end.

A signed-in session is a row with its person, so she sees where she is signed in and a deleted row is an ended session.
Whoever raises a person's epoch ends all her sessions, since each request compares it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from scrm import clock
from scrm.audit import entries
from stores import devices
from stores.models import ApiToken, Person, Role, Session

log = structlog.get_logger()
LONGEST = timedelta(hours=12)  # a working day
NOBODYS = timedelta(hours=1)  # while somebody is signing in
TOUCH = timedelta(minutes=1)
LOOKED_AT_EVERY = timedelta(seconds=5)
BACKEND = "stores.backends.SeatBackend"


class SessionStore(DatabaseSession):
    """Django's sessions in the database, as rows that say whose they are; a visit keeps one alive.

    The row holds a fingerprint of the key that the browser has: a copy of the database opens nobody's session.
    """

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def _get_session_from_db(self) -> Any:
        now, key = clock.now(), self.session_key or ""
        self.row = Session.objects.filter(session_key=kept(key), expire_date__gt=now).first()
        if self.row is None:
            self._session_key = None
        elif self.row.person_id and now - self.row.seen_at > TOUCH:
            self.row.seen_at, self.row.expire_date = now, ends_at(self.row, now)
            Session.objects.filter(pk=self.row.pk).update(seen_at=now, expire_date=self.row.expire_date)
        return self.row

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=kept(session_key)).exists()

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            Session.objects.filter(session_key=kept(key)).delete()

    def create_model_instance(self, data: Any) -> Session:
        """The row of this session with what is now in it; it began when its person signed in."""
        now, key = clock.now(), kept(self._get_or_create_session_key())  # type: ignore[attr-defined]
        row = self.row if self.row and self.row.session_key == key else Session(session_key=key, began_at=now)
        person = int(data["_auth_user_id"]) if data.get("_auth_user_id") else None
        if row.person_id != person:
            row.person_id, row.began_at = person, now
        row.way, row.device, row.lasts_the_day = data.get("way", ""), data.get("device", ""), bool(data.get("day"))
        row.session_data, row.seen_at = self.encode(data), now
        row.expire_date = now + NOBODYS if person is None else ends_at(row, now)
        self.row = row
        return row


def kept(key: str) -> str:
    """The fingerprint under which a session is kept."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:40]


def ends_at(row: Session, now: datetime) -> datetime:
    """When a session ends if nobody comes any more; in any case after a working day."""
    idle = LONGEST if row.lasts_the_day else timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    return min(now + idle, row.began_at + LONGEST)


def begin(request: HttpRequest, person: Person, *, way: str, at: datetime) -> None:
    """She is signed in, in a session with a new key."""
    login(request, person, backend=BACKEND)
    at_brand = person.seats.at(at).filter(role__in=Role.at_brand()).exists()  # type: ignore[attr-defined]
    request.session["day"] = not at_brand and way in {Session.Way.WECOM, Session.Way.QR}
    request.session["way"], request.session["device"] = str(way), devices.name_of(request)
    entries.record_sign_in(person, how=str(way), at=at)
    log.info("sessions.began", person=person.public_id, way=str(way))


def of(person: Person, *, at: datetime) -> Any:
    """Her sessions that are open, the latest seen first."""
    return Session.objects.filter(person=person, expire_date__gt=at).order_by("-seen_at")


def end(person: Person, marks: Iterable[str], *, by: Any, at: datetime) -> int:
    """How many of her sessions (by their public ids) ended."""
    n, _each = Session.objects.filter(person=person, public_id__in=[one for one in marks if one.isprintable()]).delete()
    if n:
        entries.record("person.sessions_ended", by=by, subject=person, at=at, sessions=n)
    return n


@transaction.atomic
def end_all(people: Iterable[int], *, at: datetime) -> None:
    """Every session and API token of these people ends with their next request."""
    wanted = sorted(set(people))
    n = Person.objects.filter(pk__in=wanted).update(access_epoch=F("access_epoch") + 1)
    sessions, _each = Session.objects.filter(person__in=wanted).delete()
    tokens, _each = ApiToken.objects.filter(person__in=wanted).delete()
    log.info("sessions.ended", people=n, sessions=sessions, tokens=tokens, at=at.isoformat())


@transaction.atomic
def shut_out(people: Iterable[int], *, at: datetime) -> None:
    """These people left or were disabled: they are out at once and do not come in again by any door."""
    inside = list(Person.objects.filter(pk__in=set(people), is_active=True).values_list("pk", flat=True))
    if inside:
        Person.objects.filter(pk__in=inside).update(is_active=False, shut_out_at=at)
        end_all(inside, at=at)


@transaction.atomic
def let_back(people: Iterable[int]) -> None:
    """Those whom only WeCom had shut out may sign in again; whom HQ made inactive stays so."""
    Person.objects.filter(pk__in=set(people), shut_out_at__isnull=False).update(is_active=True, shut_out_at=None)


def is_in(person: Person) -> bool:
    """Whether nothing has ended what she opened since this request began."""
    return Person.objects.filter(pk=person.pk, is_active=True, access_epoch=person.access_epoch).exists()


def while_in(person: Person, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts of a file that is being sent, until what she opened is ended; looked at every few seconds."""
    looked_at = clock.now()
    for part in parts:
        if clock.now() - looked_at > LOOKED_AT_EVERY:
            if not is_in(person):
                log.info("sessions.file_cut_off", person=person.public_id)
                return
            looked_at = clock.now()
        yield part


def forget_old(at: datetime) -> int:
    """How many sessions were over and are gone now."""
    n, _each = Session.objects.filter(expire_date__lt=at).delete()
    return n
