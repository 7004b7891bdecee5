"""Doors for machines: the customers."""

from typing import Any

from django.db.models import Prefetch
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from members import fields, persons, walks, wearings
from members.filters import MemberFilters
from members.models import Identity, Member
from scrm import clock
from scrm.rest.doors import Door
from stores.access import Permission
from stores.scope import scope_of

EXTERNAL = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID).order_by("pk")


class TagOfHers(serializers.Serializer):
    tag = serializers.CharField(source="tag.public_id")
    name = serializers.CharField(source="tag.name")
    group_name = serializers.CharField(source="tag.group.name")
    kind = serializers.CharField(source="tag.kind")
    score = serializers.IntegerField(allow_null=True)


class MemberRow(serializers.ModelSerializer):
    """A customer; `tags` and `fields` of the whole person, as far as you read them, where `include` asks for them."""

    id = serializers.CharField(source="public_id")
    external_userids = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(
        source="known_at", help_text=_("since when she is known; below HQ, at stores that you see")
    )

    merged_into = serializers.SerializerMethodField(
        help_text=_("the surviving customer of a merged one, for HQ; below HQ null")
    )

    tags = serializers.SerializerMethodField(help_text=_("only with include=tags"))
    fields = serializers.SerializerMethodField(  # type: ignore[assignment]
        method_name="get_own_fields", help_text=_("only with include=fields: what they say of her, by key")
    )

    class Meta:
        model = Member
        fields = ["id", "name", "avatar", "gender", "external_userids", "created_at", "merged_into", "tags", "fields"]

    def to_representation(self, member: Any) -> Any:
        for name in {"tags", "fields"} - self.context["view"].included:
            self.fields.pop(name, None)  # type: ignore[attr-defined]
        return super().to_representation(member)

    @extend_schema_field(TagOfHers(many=True))
    def get_tags(self, member: Any) -> Any:
        return TagOfHers(self.context["view"].worn[member.same_person_as_id or member.pk], many=True).data

    @extend_schema_field(dict)
    def get_own_fields(self, member: Any) -> dict[str, Any]:
        hers = self.context["view"].filled[member.same_person_as_id or member.pk]
        return {one.field.key: None if one.value is None else fields.plain(one.value) for one in hers}

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

    def paginate_queryset(self, queryset: Any) -> Any:
        """Who covers many stores is not told of all of hers for the sake of a page: the list is walked down."""
        viewer = self.request.user
        share = walks.share_walked(viewer)
        if not share:
            return super().paginate_queryset(queryset)
        everybody = self.filter_queryset(Members.queryset.filter(erased_at=None).since_known_to(viewer))
        down: Any = walks.Walk(everybody, viewer, share)
        return super().paginate_queryset(down)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        self.shown = args[0] if kwargs.get("many") else args[:1]
        return super().get_serializer(*args, **kwargs)

    @cached_property
    def included(self) -> set[str]:
        return set(self.request.query_params.get("include", "").split(","))

    @cached_property
    def circles(self) -> dict[int, list[int]]:
        return persons.circle([one.pk for one in self.shown])

    @cached_property
    def worn(self) -> dict[int, list[wearings.Worn]]:
        return wearings.of_many(self.request.user, self.circles, at=clock.now())

    @cached_property
    def filled(self) -> dict[int, list[wearings.Filled]]:
        return wearings.filled_many(self.request.user, self.circles, at=clock.now())
