"""Codes by which she shows that a phone is hers: the only writer of codes. The brand's own SMS gateway sends them."""

import secrets
from datetime import datetime, timedelta

import requests
import structlog
from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from members.models import PhoneCode
from scrm import outbound
from scrm.sealed import digest

log = structlog.get_logger()
LASTS = timedelta(minutes=10)
TRIES = 5
TIMEOUT = (3.05, 5)


def are_sent() -> bool:
    """Whether there is an outlet; without one phones stay unverified."""
    return bool(settings.SMS_OUTLET_URL)


def send(phone: str, *, at: datetime) -> bool:
    """Sends a fresh code to a phone in its normal form; an older one counts no more. False where the gateway fails."""
    code = f"{secrets.randbelow(10**6):06}"
    PhoneCode.objects.filter(phone=_key(phone), used_at=None, expires_at__gt=at).update(expires_at=at)
    PhoneCode.objects.create(phone=_key(phone), code=_key(f"{phone} {code}"), at=at, expires_at=at + LASTS)
    text = _("Your code is %(code)s. It holds for ten minutes; give it to nobody.") % {"code": code}
    return _post({"phone": phone, "code": code, "text": text})


def is_right(phone: str, code: str, *, at: datetime) -> bool:
    """Whether this is the code that was sent to the phone; a code opens once, and after five tries not at all."""
    sent = PhoneCode.objects.filter(phone=_key(phone), used_at=None, expires_at__gt=at).order_by("-id").first()
    if sent is None:
        return False
    this = PhoneCode.objects.filter(pk=sent.pk, used_at=None)
    if not this.filter(tries__lt=TRIES).update(tries=F("tries") + 1):
        return False
    said = _key(f"{phone} {''.join(code.split())}")
    return secrets.compare_digest(bytes(sent.code), said) and bool(this.update(used_at=at))


def _key(text: str) -> bytes:
    return digest(text, "phone codes")


def _post(told: dict[str, str]) -> bool:
    head = {"Authorization": f"Bearer {settings.SMS_OUTLET_TOKEN}"} if settings.SMS_OUTLET_TOKEN else {}
    try:
        with outbound.session() as line:
            line.post(settings.SMS_OUTLET_URL, json=told, headers=head, timeout=TIMEOUT).raise_for_status()
    except requests.RequestException as wrong:
        log.warning("join.code.not_sent", error=type(wrong).__name__)
        return False
    return True
