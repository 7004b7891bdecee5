"""Doors for machines: guides, their relations, their codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from guides import codes
from guides.filters import CodeFilters, GroupFilters, GuideFilters, RelationFilters, named
from guides.models import Code, CodeGuide, GroupChat, Guide, Posting, Relation
from members.models import Identity, Tag
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import Door
from stores.access import Permission
from stores.models import Store

Words = serializers.ListField
PublicIds = extend_schema_field(serializers.ListField(child=serializers.CharField()))


class GuideRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    stores = serializers.SerializerMethodField()

    class Meta:
        model = Guide
        fields = ["id", "userid", "name", "position", "status", "stores", "left_at"]

    @PublicIds
    def get_stores(self, guide: Any) -> list[str]:
        return [posting.store.public_id for posting in guide.present_postings]


class Guides(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Guides with the stores where they work now, as far as you may see those.")
    queryset = Guide.objects.all()
    serializer_class = GuideRow
    filterset_class = GuideFilters
    reads = Permission.SEE_PEOPLE

    def get_queryset(self) -> Any:
        postings = Posting.objects.visible_to(self.request.user).at(clock.now()).select_related("store").order_by("pk")
        return super().get_queryset().prefetch_related(Prefetch("postings", postings, to_attr="present_postings"))


class RelationRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    guide = serializers.CharField(source="guide.userid", help_text=_("the guide's userid"))
    member = serializers.CharField(source="member.public_id")
    external_userid = serializers.CharField(allow_null=True)
    store = serializers.CharField(source="store.public_id", allow_null=True)
    code = serializers.CharField(source="code.public_id", allow_null=True)

    class Meta:
        model = Relation
        fields = [
            *["id", "guide", "member", "external_userid", "store", "code", "state", "epoch"],
            *["opened_at", "added_at", "ended_at", "by_transfer"],
        ]

    def to_representation(self, relation: Any) -> Any:
        return {"store": None, "code": None} | super().to_representation(relation)


def with_external_userid(relations: QuerySet) -> QuerySet:
    """Relations that know how the guide's corp calls their member."""
    known = Identity.objects.filter(
        kind=Identity.Kind.EXTERNAL_USERID, member=OuterRef("member"), corp=OuterRef("guide__corp")
    )
    return relations.annotate(external_userid=Subquery(known.order_by("pk").values("value")[:1]))


class Relations(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Guides and their customers, newest first: one row from each add to its end. A guide sees her own.")
    queryset = with_external_userid(
        Relation.objects.filter(member__erased_at=None).select_related("guide", "member", "store", "code")
    )
    serializer_class = RelationRow
    filterset_class = RelationFilters
    reads = Permission.SEE_CUSTOMERS


class CodeRow(serializers.ModelSerializer):
    """A code; `guides` are userids, of a store's code those of whom WeCom was told."""

    id = serializers.CharField(source="public_id")
    store = serializers.CharField(source="store.public_id")
    guides = serializers.SerializerMethodField(help_text=_("userids; of a store's code those of whom WeCom was told"))
    tags: Any = serializers.SlugRelatedField("public_id", many=True, read_only=True)
    is_pushed = serializers.SerializerMethodField(help_text=_("whether WeCom has the code as it stands here"))

    class Meta:
        model = Code
        fields = [
            *["id", "config_id", "state", "name", "kind", "store", "guides", "skip_verify", "remark", "tags", "qr_url"],
            *["is_pushed", "trouble", "origin", "hands_off", "created_at"],
        ]

    @PublicIds
    def get_guides(self, code: Code) -> list[str]:
        if code.kind == Code.Kind.STORE:
            return list(code.pushed_users)
        return [stand.guide.userid for stand in code.code_guides.all()]

    def get_is_pushed(self, code: Code) -> bool:
        return code.wanted == code.pushed


class Visible(serializers.SlugRelatedField):
    """A public id of something that the caller may see; all others are equally unknown."""

    def __init__(self, model: Any, **kwargs: Any) -> None:
        self.model = model
        super().__init__("public_id", queryset=model.objects.all(), **kwargs)

    def get_queryset(self) -> Any:
        return self.model.objects.visible_to(self.context["request"].user, needs=self.context["view"].needed or "")


class CodeChange(serializers.ModelSerializer):
    """What may be said of a code later; guides by public id or userid."""

    guides = Words(
        child=serializers.CharField(max_length=64),
        max_length=codes.MOST_GUIDES,
        required=False,
        help_text=_("public ids or userids"),
    )
    tags = Words(child=serializers.CharField(max_length=24), max_length=100, required=False)

    class Meta:
        model = Code
        fields = ["name", "guides", "skip_verify", "remark", "tags"]

    def validate_guides(self, words: list[str]) -> list[Guide]:
        seen = Guide.objects.visible_to(self.context["request"].user)
        found = list(seen.filter(pk__in=named(*words).values("pk")))
        known = {guide.public_id for guide in found} | {guide.userid.lower() for guide in found}
        _all_known(words, known | {word for word in words if word.lower() in known})
        return found

    def validate_tags(self, words: list[str]) -> list[Tag]:
        found = list(Tag.objects.filter(kind=Tag.Kind.WECOM, public_id__in=words, deleted_at=None))
        _all_known(words, {tag.public_id for tag in found})
        return found


class CodeWish(CodeChange):
    """What a new code shall be."""

    store = Visible(Store)

    class Meta:
        model = Code
        fields = ["store", "kind", "name", "guides", "skip_verify", "remark", "tags"]


def _all_known(words: list[str], known: set[str]) -> None:
    if unknown := [word for word in words if word not in known]:
        raise serializers.ValidationError([_("Unknown: %s") % word for word in unknown])


@contextmanager
def refusals() -> Iterator[None]:
    """What the verbs say cannot be is the caller's mistake."""
    try:
        yield
    except codes.CannotBe as why:
        raise serializers.ValidationError({"non_field_errors": [str(why)]}) from why


class Codes(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Channel codes, newest first. WeCom hears of each change a moment later; is_pushed tells when it did.")
    queryset = (
        Code.objects.alive()
        .select_related("store")
        .prefetch_related("tags", Prefetch("code_guides", CodeGuide.objects.select_related("guide").order_by("pk")))
    )
    serializer_class = CodeRow
    filterset_class = CodeFilters
    reads = Permission.SEE_CODES
    writes = Permission.MANAGE_CODES

    @extend_schema(request=CodeWish, responses={201: CodeRow})
    @once
    def create(self, request: Request) -> Response:
        wish = CodeWish(data=request.data, context=self.get_serializer_context())
        wish.is_valid(raise_exception=True)
        with refusals():
            code = codes.create(**wish.validated_data, by=request.user, at=clock.now())
        return self._answer(code, status.HTTP_201_CREATED)

    @extend_schema(request=CodeChange, responses=CodeRow)
    @once
    def partial_update(self, request: Request, id: str) -> Response:
        code = self.get_object()
        said = CodeChange(data=request.data, partial=True, context=self.get_serializer_context())
        said.is_valid(raise_exception=True)
        with refusals():
            code = codes.change(code, **said.validated_data, by=request.user, at=clock.now())
        return self._answer(code)

    @extend_schema(responses={204: None})
    @once
    def destroy(self, request: Request, id: str) -> Response:
        with refusals():
            codes.delete(self.get_object(), by=request.user, at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, code: Code, status: int = status.HTTP_200_OK) -> Response:
        return Response(CodeRow(self.get_queryset().get(pk=code.pk)).data, status=status)


class GroupRow(serializers.ModelSerializer):
    """A customer group chat; `owner` is a userid."""

    id = serializers.CharField(source="public_id")
    owner = serializers.CharField(source="owner.userid", allow_null=True, help_text=_("the guide's userid"))
    store = serializers.CharField(source="store.public_id", allow_null=True)

    class Meta:
        model = GroupChat
        fields = ["id", "chat_id", "name", "owner", "store", "customers", "staff", "changed_at", "dismissed_at"]

    def to_representation(self, chat: Any) -> Any:
        return {"owner": None, "store": None} | super().to_representation(chat)


class Groups(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Customer group chats with how many are in them, newest first.")
    queryset = GroupChat.objects.select_related("owner", "store")
    serializer_class = GroupRow
    filterset_class = GroupFilters
    reads = Permission.SEE_CUSTOMERS
