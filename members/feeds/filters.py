from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from members import persons
from members.eventkinds import KINDS
from members.models import Event, Member, Source
from scrm.rest.filters import Filters, TimeFilter


class SourceFilters(Filters):
    class Meta:
        model = Source
        fields = ["code", "kind", "state"]


class EventFilters(Filters):
    source = filters.CharFilter("source__code")
    kind = filters.ChoiceFilter(choices=[(name, name) for name in KINDS])
    store = filters.CharFilter(method="by_store", help_text=_("public id or number"))
    member = filters.CharFilter(method="by_member", help_text=_("public id; all members of the same person count"))
    at_from = TimeFilter("at", "gte")
    at_to = TimeFilter("at", "lt")

    class Meta:
        model = Event
        fields = ["source", "number", "kind", "store", "member", "at_from", "at_to"]

    def by_store(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(store__public_id=value) | rows.filter(store__code=value)

    def by_member(self, rows: QuerySet, name: str, value: str) -> Any:
        """What the person did, with whichever of her members it was born."""
        named = Member.objects.filter(public_id=value).values_list("pk", flat=True).first()
        return rows.filter(member__in=persons.all_of(named)) if named else rows.none()
