from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from guides.filters import named
from guides.models import Relation, RelationFact
from scrm.dashboard import eyes
from scrm.rest.filters import Filters, TimeFilter
from scrm.wecom.models import Corp, Letter

PUBLIC_ID = _("public id")


class LetterFilters(Filters):
    """What a letter is about is known from the fact that it told; those that told none are found by external_userid."""

    external_userid = filters.CharFilter(method="by_external_userid")
    member = filters.CharFilter(method="by_member", help_text=PUBLIC_ID)
    guide = filters.CharFilter(method="by_guide", help_text=_("userid or public id"))
    code = filters.CharFilter(method="by_code", help_text=PUBLIC_ID)
    store = filters.CharFilter(method="by_store", help_text=PUBLIC_ID)
    state = filters.MultipleChoiceFilter(choices=Letter.State)
    welcome = filters.MultipleChoiceFilter(choices=Letter.Welcome)
    since = TimeFilter("received_at", "gte")
    until = TimeFilter("received_at", "lt")

    class Meta:
        model = Letter
        fields = ["event", "change_type"]

    def by_external_userid(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(corp__in=Corp.objects.values("pk"), stream=value, event="change_external_contact")

    def by_member(self, rows: QuerySet, name: str, value: str) -> Any:
        return _telling(rows, RelationFact.objects.filter(member__public_id=value))

    def by_guide(self, rows: QuerySet, name: str, value: str) -> Any:
        return _telling(rows, RelationFact.objects.filter(guide__in=named(value).values("pk")))

    def by_code(self, rows: QuerySet, name: str, value: str) -> Any:
        return _telling(rows, RelationFact.objects.filter(code__public_id=value))

    def by_store(self, rows: QuerySet, name: str, value: str) -> Any:
        return _telling(rows, eyes.facts_within(Relation.objects.filter(store__public_id=value)))


def _telling(rows: QuerySet, facts: QuerySet) -> Any:
    """The letters that told these facts."""
    return rows.filter(pk__in=facts.filter(letter_id__isnull=False).values("letter_id"))
