"""The second factor: codes of an authenticator app, and recovery codes for the day on which the phone is lost.

The only writer of second factors and recovery codes.
"""

import hmac
from datetime import datetime, timedelta
from typing import Any

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from scrm.audit import entries
from scrm.ids import ALPHABET, new_id
from scrm.sealed import digest
from stores import sessions
from stores.models import Person, RecoveryCode, Role, SecondFactor

STEP = 30
DRIFT = (0, -1, 1)  # steps by which her phone's clock may be off
SHOWN_FOR = timedelta(minutes=10)
CODES = 10
CODE_LENGTH = 10
ISSUER = "Zhanggui"


class WrongCode(Exception):
    """Neither the present code of her app nor an unused recovery code."""


class IsOn(Exception):
    """She has a second factor already."""


def is_on(person: Person) -> bool:
    return SecondFactor.objects.filter(person=person, confirmed_at__isnull=False).exists()


def is_demanded(person: Person, *, at: datetime) -> bool:
    """Whether she may not sign in with a password alone."""
    if settings.SECOND_FACTOR != "required":
        return False
    return bool(person.seats.at(at).filter(role__in=Role.at_brand()).exists())  # type: ignore[attr-defined]


@transaction.atomic
def start(person: Person, *, at: datetime) -> SecondFactor:
    """A secret for her app to learn, the same for some minutes; it does not count before she confirms it.

    Raises IsOn: the secret that counts is never shown again.
    """
    fresh = {"secret": pyotp.random_base32(), "made_at": at}
    factor, _is_new = SecondFactor.objects.select_for_update().get_or_create(person=person, defaults=fresh)
    if factor.confirmed_at:
        raise IsOn
    if at - factor.made_at > SHOWN_FOR:
        factor.secret, factor.made_at = fresh["secret"], at
        factor.save(update_fields=["secret", "made_at"])
    return factor


def uri(factor: SecondFactor) -> str:
    """What the QR code says to her app."""
    return _app(factor).provisioning_uri(name=factor.person.username, issuer_name=ISSUER)


def picture(factor: SecondFactor) -> str:
    """The QR code as a data URI."""
    return segno.make_qr(uri(factor), error="m").svg_data_uri(scale=4, border=4, dark="#000", light="#fff")


def spaced(factor: SecondFactor) -> str:
    """The secret for somebody who types it: in groups of four."""
    secret = str(factor.secret)
    return " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))


@transaction.atomic
def confirm(person: Person, code: str, *, at: datetime) -> list[str]:
    """Her app knows the secret: it counts from now on, and these are her recovery codes. Raises WrongCode."""
    factor = SecondFactor.objects.select_for_update().filter(person=person, confirmed_at=None).first()
    if factor is None or not _takes(factor, code, at):
        raise WrongCode
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=at)
    entries.record("person.second_factor_on", by=person, subject=person, at=at)
    return _new_codes(person)


@transaction.atomic
def check(person: Person, said: str, *, at: datetime) -> None:
    """Takes a code of her app or a recovery code, each once; raises WrongCode."""
    factor = SecondFactor.objects.select_for_update().filter(person=person, confirmed_at__isnull=False).first()
    if factor is None or not (_takes(factor, said, at) or _takes_recovery(person, said, at)):
        raise WrongCode


@transaction.atomic
def renew_codes(person: Person, *, at: datetime) -> list[str]:
    """Ten new recovery codes; the old ones are worth nothing."""
    entries.record("person.recovery_codes_made", by=person, subject=person, at=at)
    return _new_codes(person)


@transaction.atomic
def remove(person: Person, *, by: Any, at: datetime) -> None:
    """She has no second factor any more; every session and token of hers ends."""
    SecondFactor.objects.filter(person=person).delete()
    RecoveryCode.objects.filter(person=person).delete()
    entries.record("person.second_factor_off", by=by, subject=person, at=at)
    sessions.end_all([person.pk], at=at)


def codes_left(person: Person) -> int:
    return RecoveryCode.objects.filter(person=person, used_at=None).count()


def _app(factor: SecondFactor) -> pyotp.TOTP:
    """What her phone computes, computed here."""
    return pyotp.TOTP(str(factor.secret))


def _takes(factor: SecondFactor, said: str, at: datetime) -> bool:
    """Whether this is a code of her app that nobody has used; a code of before it counts no more."""
    code = "".join(said.split())
    if not (code.isascii() and code.isdecimal()):
        return False
    now = int(at.timestamp()) // STEP
    app = _app(factor)
    right = [now + off for off in DRIFT if hmac.compare_digest(app.generate_otp(now + off), code)]
    fresh = [step for step in right if step > factor.last_step]
    if not fresh:
        return False
    return bool(SecondFactor.objects.filter(pk=factor.pk, last_step__lt=fresh[0]).update(last_step=fresh[0]))


def _takes_recovery(person: Person, said: str, at: datetime) -> bool:
    code = "".join(c for c in said.lower() if c in ALPHABET)
    if len(code) != CODE_LENGTH:
        return False
    unused = RecoveryCode.objects.filter(Q(used_at=None), person=person, digest=_fingerprint(person, code))
    taken = bool(unused.update(used_at=at))
    if taken:
        entries.record("person.recovery_code_used", by=person, subject=person, at=at, left=codes_left(person))
    return taken


def _new_codes(person: Person) -> list[str]:
    codes = [new_id(length=CODE_LENGTH) for _ in range(CODES)]
    RecoveryCode.objects.filter(person=person).delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(person=person, digest=_fingerprint(person, c)) for c in codes])
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _fingerprint(person: Person, code: str) -> bytes:
    return digest(f"{person.pk} {code}", "recovery code")
