"""A masked id in full, one at a time: each look stands in the audit book, and one person has so many a day."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from members.models import Identity
from members.values import BLIND
from scrm.audit import alarms, entries
from scrm.audit.models import Entry
from scrm.clock import day_of, start_of


class TooMany(Exception):
    """This person has looked at as many numbers as one person may in a day."""


def reveal(identity: Identity, *, by: Any, at: datetime) -> str:
    """The id in full; raises TooMany, which sounds an alarm. The entry is written before anybody sees the number."""
    if looked(by, at=at) >= settings.REVEALS_PER_DAY:
        alarms.sound("reveals_many", by.username, at=at)
        raise TooMany
    with transaction.atomic():
        entries.record(
            "identity.revealed", by=by, subject=identity, at=at, customer=identity.member, kind=identity.kind
        )
    return (identity.sealed or "") if identity.kind in BLIND else identity.value


def looked(by: Any, *, at: datetime) -> int:
    """How many she has looked at today."""
    today = start_of(day_of(at))
    return Entry.objects.filter(actor=by, verb="identity.revealed", at__gte=today, at__lte=at).count()


def handle(identity: Identity) -> str:
    """By what an address names this identity: nothing that says how many there are, or what it is."""
    return salted_hmac("members.identity", str(identity.pk)).hexdigest()[:16]
