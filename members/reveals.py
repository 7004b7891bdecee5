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
from scrm.clock import day_of, day_span
from stores.models import Person


class TooMany(Exception):
    """This person has looked at as many numbers as one person may in a day."""


def reveal(identity: Identity, *, by: Any, at: datetime) -> str:
    """The id in full; raises TooMany, which sounds an alarm. The entry is written before anybody sees the number."""
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).only("pk").get(pk=by.pk)  # her looks at once are counted in turn
        if is_one_more := looked(by, at=at) < settings.REVEALS_PER_DAY:
            told: dict[str, Any] = {"customer": identity.member, "kind": identity.kind}
            entries.record("identity.revealed", by=by, subject=identity, at=at, **told)
    if not is_one_more:
        alarms.sound("reveals_many", by.username, at=at)
        raise TooMany
    return (identity.sealed or "") if identity.kind in BLIND else identity.value


def looked(by: Any, *, at: datetime) -> int:
    """How many she has looked at today."""
    begins, ends = day_span(day_of(at))
    return Entry.objects.filter(actor=by, verb="identity.revealed", at__gte=begins, at__lt=ends).count()


def handle(identity: Identity) -> str:
    """By what an address names this identity: nothing that says how many there are, or what it is."""
    return salted_hmac("members.identity", str(identity.pk)).hexdigest()[:16]
