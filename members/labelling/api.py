"""Doors for machines: tags and their groups, fields, and which of them customers bear."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members import fields, labels, sights, tagchanges, taggings, tags, wearings
from members.filters import TagFilters
from members.labelling import customer, sentences
from members.models import Tag, TagChange, TagGroup
from members.tagchanges import CannotBe
from members.taglives import InUse
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import Door
from scrm.rest.problems import Conflict
from scrm.wecom.models import Corp
from stores.access import Permission

MOST = 1000
COUNTS = ("customers", "uses", "used_at", "counted_at")


class TagRow(serializers.ModelSerializer):
    """A tag with its group. `tag_id` is WeCom's; tags of our own have none. Counts are of the whole brand, and null for
    franchisees' seats."""

    id = serializers.CharField(source="public_id")
    group = serializers.CharField(source="group.public_id")
    group_name = serializers.CharField(source="group.name")
    made_elsewhere = serializers.BooleanField(source="is_foreign")
    customers = serializers.IntegerField(source="hits", help_text=gettext_lazy("as counted in the night"))

    class Meta:
        model = Tag
        fields = [
            *("id", "tag_id", "kind", "name", "says", "rank", "group", "group_name"),
            *("made_elsewhere", "customers", "uses", "used_at", "counted_at"),
        ]

    def to_representation(self, tag: Any) -> Any:
        row = super().to_representation(tag)
        return row if self.context.get("counts", True) else {**row, **dict.fromkeys(COUNTS)}


class NewTag(serializers.Serializer):
    group = serializers.CharField(max_length=24, help_text=gettext_lazy("public id of a group"))
    name = serializers.CharField(max_length=60)
    says = serializers.CharField(max_length=300, required=False, default="")


class TagEdit(serializers.Serializer):
    name = serializers.CharField(max_length=60, required=False)
    says = serializers.CharField(max_length=300, required=False, allow_blank=True)
    rank = serializers.IntegerField(required=False, min_value=0, max_value=(1 << 31) - 1)


class ChangeRow(serializers.ModelSerializer):
    """What WeCom is being asked for; the library shows it once WeCom has done it."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = TagChange
        fields = ["id", "kind", "wanted", "state", "errcode", "at", "settled_at"]


class Told(serializers.Serializer):
    """One customer, or some, and what is put on and taken off."""

    member = serializers.CharField(max_length=24)
    put_on = serializers.ListField(child=serializers.CharField(max_length=24), required=False, default=list)
    take_off = serializers.ListField(child=serializers.CharField(max_length=24), required=False, default=list)


class Batch(serializers.Serializer):
    rows = Told(many=True)


class TagBecame(serializers.Serializer):
    index = serializers.IntegerField()
    status = serializers.ChoiceField(["updated", "waiting", "unchanged", "rejected"])
    error = serializers.CharField(required=False)


class TagsAnswered(serializers.Serializer):
    results = TagBecame(many=True)


def asked(change: TagChange | None) -> Response:
    """202: WeCom is asked; or there was nothing to ask for."""
    if change is None:
        return Response(status=status.HTTP_204_NO_CONTENT)
    return Response(ChangeRow(change).data, status=status.HTTP_202_ACCEPTED)


class Says(Door):
    """What a verb cannot do, as the problem that it is."""

    @property
    def now(self) -> dict[str, Any]:
        """Who does it, and when."""
        return {"by": self.request.user, "at": clock.now()}

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, CannotBe | fields.Wrong):
            exc = ValidationError({"detail": [sentences.why(exc)]})
        elif isinstance(exc, InUse):
            exc = Conflict(sentences.why(exc))
        return super().handle_exception(exc)


class Tags(mixins.ListModelMixin, mixins.RetrieveModelMixin, Says):
    says = gettext_lazy("Tags that live: WeCom's, our own, and those that a rule puts on.")
    queryset = Tag.objects.filter(deleted_at=None, group__deleted_at=None).select_related("group__corp")
    serializer_class = TagRow
    filterset_class = TagFilters
    reads = Permission.SEE_CODES
    writes = Permission.MANAGE_TAGS

    def get_serializer_context(self) -> dict[str, Any]:
        hears = not sights.is_of_franchisee(self.request.user, at=clock.now())
        return {**super().get_serializer_context(), "counts": hears}

    @property
    def needed(self) -> Any:
        return Permission.TAG_CUSTOMERS if self.action == "batch" else super().needed

    @extend_schema(request=NewTag, responses={201: TagRow, 202: ChangeRow})
    @once
    def create(self, request: Request) -> Response:
        """A new tag: in a group of ours at once; in WeCom's WeCom is asked for it."""
        new = NewTag(data=request.data)
        new.is_valid(raise_exception=True)
        said = new.validated_data
        group = TagGroup.objects.filter(public_id=said["group"], deleted_at=None).select_related("corp").first()
        if group is None:
            raise ValidationError({"group": [_("There is no such group.")]})
        if group.corp:
            names = [said["name"]]
            return asked(tagchanges.create(group.corp, names, group=group, **self.now))
        made = labels.tag(group, said["name"], says=said["says"], **self.now)
        return Response(TagRow(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=TagEdit, responses={200: TagRow, 202: ChangeRow})
    @once
    def partial_update(self, request: Request, id: str) -> Response:
        """Another name, meaning or place."""
        tag, edit = self.get_object(), TagEdit(data=request.data)
        edit.is_valid(raise_exception=True)
        said = dict(edit.validated_data)
        if tag.group.corp:
            said.pop("says", None)
            return asked(tagchanges.edit(tag, **self.now, **said))
        labels.change(tag, **self.now, **said)
        return Response(TagRow(self.get_object()).data)

    @extend_schema(responses={202: ChangeRow, 204: None})
    @once
    def destroy(self, request: Request, id: str) -> Response:
        """The tag goes, unless something uses it (409)."""
        tag = self.get_object()
        if tag.group.corp:
            return asked(tagchanges.delete(tag, **self.now))
        labels.delete(tag, **self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=Batch, responses=TagsAnswered)
    @action(detail=False, methods=["post"])
    @once
    def batch(self, request: Request) -> Response:
        """Puts tags on customers and takes them off: an answer for each row, and one bad row spoils no other."""
        told = request.data.get("rows") if isinstance(request.data, dict) else None
        if not isinstance(told, list) or len(told) > MOST:
            raise ValidationError({"rows": [_("A list of at most %(n)d rows is needed.") % {"n": MOST}]})
        with transaction.atomic():
            found = [{"index": n, **_one(request.user, row)} for n, row in enumerate(told)]
        return Response({"results": found})


def _one(viewer: Any, row: Any) -> dict[str, str]:
    told = Told(data=row if isinstance(row, dict) else {})
    if not told.is_valid():
        return {"status": "rejected", "error": _("A row names a member, and tags to put on or to take off.")}
    said = told.validated_data
    sight = sights.open_(viewer, said["member"])
    if sight is None:
        return {"status": "rejected", "error": _("There is no such customer.")}
    try:
        return {"status": mark(viewer, sight, said["put_on"], said["take_off"])}
    except ValidationError as error:
        return {"status": "rejected", "error": str(error.detail[0] if isinstance(error.detail, list) else error.detail)}


def mark(viewer: Any, sight: sights.Sight, put_on: Iterable[str], take_off: Iterable[str]) -> str:
    """`updated`, `waiting` for WeCom, or `unchanged`; raises ValidationError."""
    came: set[str] = set()
    for on, ids in ((True, list(put_on)), (False, list(take_off))):
        found = {tag.public_id: tag for tag in Tag.objects.select_related("group").filter(public_id__in=ids)}
        for one in ids:
            tag = found.get(one)
            if tag is None or tag.deleted_at:
                raise ValidationError([_("There is no such tag: %(id)s") % {"id": one}])
            came.add(_mark(viewer, sight, tag, on=on))
    return next((word for word in ("waiting", "updated") if word in came), "unchanged")


def _mark(viewer: Any, sight: sights.Sight, tag: Tag, *, on: bool) -> str:
    at = clock.now()
    if tag.kind == Tag.Kind.WECOM:
        told = taggings.mark([sight.root.pk], tag, puts_on=on, by=viewer, at=at)
        if told.unreachable:
            raise ValidationError([_("Nobody of yours is her friend at WeCom, so it has no place there.")])
        return "waiting" if told.waiting else "unchanged"
    if tag.kind == Tag.Kind.RULE:
        raise ValidationError([_("This tag is not put on by hand.")])
    if on:
        try:
            store = wearings.place_of(viewer, sight.circle)
        except LookupError:
            raise ValidationError([_("None of your stores knows her.")]) from None
        return "updated" if tags.put_on([sight.root.pk], tag, by=viewer, store=store, at=at) else "unchanged"
    return "unchanged" if customer.take(viewer, sight, tag) else "updated"


class TagGroupRow(serializers.ModelSerializer):
    """A group of tags; `corp` is null of ours."""

    id = serializers.CharField(source="public_id")
    corp = serializers.CharField(source="corp.corp_id", allow_null=True, default=None)

    class Meta:
        model = TagGroup
        fields = ["id", "corp", "group_id", "name", "rank"]


class NewGroup(serializers.Serializer):
    name = serializers.CharField(max_length=60)
    corp = serializers.CharField(
        max_length=64, required=False, default="", help_text=gettext_lazy("corp id; empty: ours")
    )
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False, default=list)


class Groups(mixins.ListModelMixin, mixins.RetrieveModelMixin, Says):
    says = gettext_lazy("Groups of tags that live. WeCom keeps no group without tags.")
    queryset = TagGroup.objects.filter(deleted_at=None).select_related("corp")
    serializer_class = TagGroupRow
    reads = Permission.SEE_CODES
    writes = Permission.MANAGE_TAGS

    @extend_schema(request=NewGroup, responses={201: TagGroupRow, 202: ChangeRow})
    @once
    def create(self, request: Request) -> Response:
        """A new group with its tags."""
        new = NewGroup(data=request.data)
        new.is_valid(raise_exception=True)
        said = new.validated_data
        if said["corp"]:
            corp = Corp.objects.filter(corp_id=said["corp"]).first()
            if corp is None:
                raise ValidationError({"corp": [_("There is no such corp.")]})
            return asked(tagchanges.create(corp, said["tags"], group_name=said["name"], **self.now))
        with transaction.atomic():
            made = labels.group(said["name"], **self.now)
            for name in said["tags"]:
                labels.tag(made, name, **self.now)
        return Response(TagGroupRow(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=TagEdit, responses={200: TagGroupRow, 202: ChangeRow})
    @once
    def partial_update(self, request: Request, id: str) -> Response:
        """Another name or place."""
        group, edit = self.get_object(), TagEdit(data=request.data)
        edit.is_valid(raise_exception=True)
        said = {word: value for word, value in edit.validated_data.items() if word != "says"}
        if group.corp:
            return asked(tagchanges.edit(group, **self.now, **said))
        labels.change(group, **self.now, **said)
        return Response(TagGroupRow(self.get_object()).data)

    @extend_schema(responses={202: ChangeRow, 204: None})
    @once
    def destroy(self, request: Request, id: str) -> Response:
        """The group goes with its tags, unless something uses one (409)."""
        group = self.get_object()
        if group.corp:
            return asked(tagchanges.delete(group, **self.now))
        labels.delete(group, **self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)
