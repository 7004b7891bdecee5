"""Ending what somebody opened: sessions of browsers and API tokens. Nothing else raises a person's epoch."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F

from stores.models import ApiToken, Person

log = structlog.get_logger()


@transaction.atomic
def end_all(people: Iterable[int], *, at: datetime) -> None:
    """Every session and API token of these people ends with their next request."""
    wanted = sorted(set(people))
    n = Person.objects.filter(pk__in=wanted).update(access_epoch=F("access_epoch") + 1)
    tokens, _each = ApiToken.objects.filter(person__in=wanted).delete()
    log.info("sessions.ended", people=n, tokens=tokens, at=at.isoformat())


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
