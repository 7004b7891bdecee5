"""Doors for machines: the customers."""

from typing import Any

from django.db.models import Prefetch
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from members.filters import MemberFilters
from members.models import Identity, Member
from scrm.rest.doors import Door
from stores.access import Permission
from stores.scope import scope_of

EXTERNAL = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID).order_by("pk")


class MemberRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    external_userids = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(
        source="known_at", help_text=_("since when she is known; below HQ, at stores that you see")
    )

    merged_into = serializers.SerializerMethodField(
        help_text=_("the surviving customer of a merged one, for HQ; below HQ null")
    )

    class Meta:
        model = Member
        fields = ["id", "name", "avatar", "gender", "external_userids", "created_at", "merged_into"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_external_userids(self, member: Any) -> list[str]:
        return [identity.value for identity in member.external]

    def get_merged_into(self, member: Any) -> str | None:
        """Who else she is may be other stores' doing."""
        return member.same_person_as.public_id if member.same_person_as and self._is_hq else None

    @cached_property
    def _is_hq(self) -> bool:
        return scope_of(self.context["request"].user).everything


class Members(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Customers, newest first. A guide sees those of her own relations.")
    queryset = Member.objects.select_related("same_person_as").prefetch_related(
        Prefetch("identities", EXTERNAL, to_attr="external")
    )
    serializer_class = MemberRow
    filterset_class = MemberFilters
    reads = Permission.SEE_CUSTOMERS

    def get_queryset(self) -> Any:
        return super().get_queryset().since_known_to(self.request.user)
