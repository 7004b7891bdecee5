"""Finding entries among millions: every question goes by an index, newest first."""

import ipaddress
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter, TextFilter

from scrm import clock
from scrm.audit import kinds

PEOPLE = 200  # of so many who are called alike, entries are sought
# Postgres has no "skip scan" over partitions: each step seeks the next value, so a million entries of one cost nothing.
NEXT = """
WITH RECURSIVE seen(value) AS (
    (SELECT {0} FROM audit_entry ORDER BY {0} LIMIT 1)
    UNION ALL
    SELECT (SELECT {0} FROM audit_entry WHERE {0} > seen.value ORDER BY {0} LIMIT 1)
    FROM seen WHERE seen.value IS NOT NULL
) SELECT value FROM seen WHERE value <> ''
"""


def found(entries: QuerySet, word: str) -> QuerySet:
    """The entries about what somebody typed: an id, an address, or a person."""
    word = word.strip()
    if not word:
        return entries
    if address := _address(word):
        return entries.filter(address=address)
    if word.startswith("m_"):
        return entries.filter(customer=word)
    about = Q(kind__in=values("kind"), subject_id=word)
    if word.startswith("s_"):
        return entries.filter(Q(store=word) | about)
    return entries.filter(about) if entries.filter(about).exists() else entries.filter(actor__in=people(word))


def people(word: str) -> list[int]:
    """Who is called or signs in like this."""
    alike = get_user_model()._default_manager.filter(Q(name__icontains=word) | Q(username__iexact=word))
    return list(alike.values_list("pk", flat=True)[:PEOPLE])


def values(column: str) -> list[str]:
    """Each verb or kind that the book knows."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT.format(column))
        return [value for (value,) in cursor.fetchall()]


def _address(word: str) -> str | None:
    try:
        return str(ipaddress.ip_address(word))
    except ValueError:
        return None


class Exactly(TextFilter):
    """A column that is what somebody typed."""

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        value = (self.value() or "").strip()
        return queryset.filter(**{self.parameter_name or "": value}) if value else queryset


class OfCustomer(Exactly):
    title = _("customer")
    parameter_name = "customer"


class OfStore(Exactly):
    title = _("store")
    parameter_name = "store"


class OfThing(Exactly):
    title = _("thing")
    parameter_name = "subject_id"

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        asked = super().queryset(request, queryset)
        return asked if asked is queryset else asked.filter(kind__in=values("kind"))


class FromAddress(Exactly):
    title = _("address")
    parameter_name = "address"

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        value = (self.value() or "").strip()
        address = _address(value)
        return queryset.filter(address=address) if address else queryset.none() if value else queryset


class ByPerson(TextFilter):
    title = _("who")
    parameter_name = "who"

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        value = (self.value() or "").strip()
        return queryset.filter(actor__in=people(value)) if value else queryset


class Did(DropdownFilter):
    title = _("did")
    parameter_name = "verb"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(verb, kinds.sentence(verb)) for verb in values("verb")]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        return queryset.filter(verb=self.value()) if self.value() else queryset


class OfKind(DropdownFilter):
    title = _("kind of thing")
    parameter_name = "kind"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kinds.thing(kind)) for kind in values("kind")]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class Days(RangeDateFilter):
    """From one Shanghai day to another, both in full."""

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        if first := self._day("from"):
            queryset = queryset.filter(at__gte=clock.day_span(first)[0])
        if last := self._day("to"):
            queryset = queryset.filter(at__lt=clock.day_span(last)[1])
        return queryset

    def _day(self, end: str) -> date | None:
        try:
            day = parse_date(str(self.used_parameters.get(f"{self.parameter_name}_{end}") or ""))
            return day if day and clock.day_span(day) else None
        except (ValueError, OverflowError):  # no day, or one at the end of the calendar
            return None


FILTERS = (ByPerson, Did, OfKind, OfThing, OfCustomer, OfStore, FromAddress, ("at", Days))
