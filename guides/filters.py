from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from guides.models import Code, GroupChat, Guide, Posting, Relation
from members.filters import of_external_userid
from scrm import clock
from scrm.rest.filters import Filters, TimeFilter

PUBLIC_ID = _("public id")
GUIDE = _("userid or public id")


def named(*words: str) -> QuerySet:
    """The guides whom these words name: public ids or userids, in which case means nothing to WeCom."""
    lower = [word.lower() for word in words]
    return Guide.objects.annotate(lower=Lower("userid")).filter(Q(public_id__in=words) | Q(lower__in=lower))


class GuideFilters(Filters):
    userid = filters.CharFilter(method="by_userid")
    store = filters.CharFilter(method="by_store", help_text=PUBLIC_ID)

    class Meta:
        model = Guide
        fields = ["userid", "name", "status", "store"]

    def by_userid(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(pk__in=named(value).values("pk"))

    def by_store(self, rows: QuerySet, name: str, value: str) -> Any:
        seen = Posting.objects.visible_to(getattr(self.request, "user", None)).at(clock.now())
        return rows.filter(pk__in=seen.filter(store__public_id=value).values("guide"))


class RelationFilters(Filters):
    external_userid = filters.CharFilter(method="by_external_userid")
    member = filters.CharFilter("member__public_id", help_text=PUBLIC_ID)
    store = filters.CharFilter("store__public_id", help_text=PUBLIC_ID)
    code = filters.CharFilter("code__public_id", help_text=PUBLIC_ID)
    guide = filters.CharFilter(method="by_guide", help_text=GUIDE)
    state = filters.MultipleChoiceFilter(choices=Relation.State)
    added_from = TimeFilter("added_at", "gte")
    added_to = TimeFilter("added_at", "lt")
    ended_from = TimeFilter("ended_at", "gte")
    ended_to = TimeFilter("ended_at", "lt")

    class Meta:
        model = Relation
        fields: list[str] = []

    def by_external_userid(self, rows: QuerySet, name: str, value: str) -> Any:
        return of_external_userid(rows, "member", value)

    def by_guide(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(guide__in=named(value).values("pk"))


class CodeFilters(Filters):
    store = filters.CharFilter("store__public_id", help_text=PUBLIC_ID)
    guide = filters.CharFilter(method="by_guide", help_text=GUIDE)

    class Meta:
        model = Code
        fields = ["config_id", "state", "name", "kind", "store", "guide", "origin"]

    def by_guide(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(code_guides__guide__in=named(value).values("pk")).distinct()


class GroupFilters(Filters):
    store = filters.CharFilter("store__public_id", help_text=PUBLIC_ID)
    owner = filters.CharFilter(method="by_owner", help_text=GUIDE)
    dismissed = filters.BooleanFilter("dismissed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = GroupChat
        fields = ["chat_id", "name", "store", "owner", "dismissed"]

    def by_owner(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(owner__in=named(value).values("pk"))
