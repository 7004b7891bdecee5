from typing import Any

from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from members import identities
from members.models import Member, Tag
from scrm.rest.filters import Filters, TimeFilter


def of_external_userid(rows: QuerySet, path: str, value: str) -> Any:
    """The rows whose member (at `path`) is known by this external_userid."""
    return rows.filter(**{f"{path}__in": identities.external(value)})


class MemberFilters(Filters):
    external_userid = filters.CharFilter(method="by_external_userid")
    unionid = filters.CharFilter(method="by_id")
    phone = filters.CharFilter(method="by_id", help_text=_("the whole number"))
    card = filters.CharFilter(method="by_id", help_text=_("the whole number"))
    openid = filters.CharFilter(method="by_id")
    include = filters.CharFilter(
        method="leave",
        help_text=_("what rows tell besides: tags, fields, or both with a comma"),
        validators=[RegexValidator(r"^(tags|fields)(,(tags|fields))?$")],
    )
    created_from = TimeFilter("known_at", "gte")
    created_to = TimeFilter("known_at", "lt")

    class Meta:
        model = Member
        fields = [
            *("external_userid", "unionid", "phone", "card", "openid", "gender", "created_from", "created_to"),
            "include",
        ]

    def leave(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows

    def by_id(self, rows: QuerySet, name: str, value: str) -> Any:
        return rows.filter(pk__in=identities.known_by(name, value))

    def by_external_userid(self, rows: QuerySet, name: str, value: str) -> Any:
        return of_external_userid(rows, "pk", value)


class TagFilters(Filters):
    group = filters.CharFilter("group__public_id", help_text=_("public id"))
    group_name = filters.CharFilter("group__name")

    class Meta:
        model = Tag
        fields = ["tag_id", "kind", "name", "group", "group_name"]
