"""Doors for machines: the brand's own fields, and what a customer bears and they say of her."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members import fields, sights, wearings
from members.labelling import sentences
from members.labelling.api import Says, TagBecame, mark
from members.models import Field, Member
from scrm import clock
from scrm.audit import entries
from scrm.rest.answers import once
from stores.access import Permission


class FieldRow(serializers.ModelSerializer):
    """A field of the brand's own."""

    id = serializers.CharField(source="public_id", read_only=True)
    choices = serializers.ListField(child=serializers.CharField(max_length=60), required=False)

    class Meta:
        model = Field
        fields = ["id", "key", "name", "kind", "choices", "is_personal", "is_active", "rank"]


class FieldEdit(serializers.Serializer):
    name = serializers.CharField(max_length=40, required=False)
    choices = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    is_personal = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    rank = serializers.IntegerField(required=False, min_value=-10000, max_value=10000)


class NewField(FieldEdit):
    key = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(Field.Kind.choices)


class Fields(mixins.ListModelMixin, mixins.RetrieveModelMixin, Says):
    says = gettext_lazy("Fields that the brand made; what they say of a customer stands under members/<id>/fields/.")
    queryset = Field.objects.all()
    serializer_class = FieldRow
    reads = Permission.SEE_CUSTOMERS
    writes = Permission.MANAGE_MEMBERS

    @extend_schema(request=NewField, responses={201: FieldRow})
    @once
    def create(self, request: Request) -> Response:
        """A new field; its key and kind stay."""
        new = NewField(data=request.data)
        new.is_valid(raise_exception=True)
        said = new.validated_data
        told = {"choices": said.get("choices", ()), "is_personal": said.get("is_personal", False)}
        made = fields.make(said["key"], said["name"], said["kind"], **self.now, **told)
        return Response(FieldRow(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=FieldEdit, responses=FieldRow)
    @once
    def partial_update(self, request: Request, id: str) -> Response:
        """Another name, other choices, on or off."""
        field, edit = self.get_object(), FieldEdit(data=request.data)
        edit.is_valid(raise_exception=True)
        fields.change(field, **self.now, **edit.validated_data)
        return Response(FieldRow(self.get_object()).data)

    @extend_schema(responses={204: None})
    @once
    def destroy(self, request: Request, id: str) -> Response:
        """A field that never said anything goes; others are switched off."""
        fields.delete(self.get_object(), **self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Marks(serializers.Serializer):
    put_on = serializers.ListField(child=serializers.CharField(max_length=24), required=False, default=list)
    take_off = serializers.ListField(child=serializers.CharField(max_length=24), required=False, default=list)


class OfMember(Says):
    """Something of one customer; a stranger's and none's are the same 404."""

    queryset = Member.objects.all()
    reads = Permission.SEE_CUSTOMERS
    writes = Permission.TAG_CUSTOMERS

    def sight(self) -> sights.Sight:
        sight = sights.open_(self.request.user, self.kwargs["id"])
        if sight is None:
            raise NotFound
        return sight


class WornRow(serializers.Serializer):
    tag = serializers.CharField(source="tag.public_id")
    name = serializers.CharField(source="tag.name")
    group_name = serializers.CharField(source="tag.group.name")
    kind = serializers.CharField(source="tag.kind")
    score = serializers.IntegerField(allow_null=True)


class MemberTags(OfMember):
    says = gettext_lazy("The tags that a customer bears, as far as you read them.")
    serializer_class = WornRow

    @extend_schema(responses=WornRow(many=True))
    def retrieve(self, request: Request, id: str) -> Response:
        """Her tags."""
        sight = self.sight()
        self.found = sight.root
        return Response(WornRow(wearings.of(request.user, sight, at=clock.now()), many=True).data)

    @extend_schema(request=Marks, responses=TagBecame)
    @once
    def create(self, request: Request, id: str) -> Response:
        """Puts tags on and takes them off; WeCom's wait for WeCom."""
        told = Marks(data=request.data)
        told.is_valid(raise_exception=True)
        with transaction.atomic():
            said = told.validated_data
            return Response({"index": 0, "status": mark(request.user, self.sight(), said["put_on"], said["take_off"])})


class MemberFields(OfMember):
    says = gettext_lazy("What the brand's own fields say of a customer, by key.")
    serializer_class = serializers.DictField  # type: ignore[assignment]

    @extend_schema(responses={200: dict})
    def retrieve(self, request: Request, id: str) -> Response:
        """By key; personal ones are null for seats that do not serve customers."""
        sight = self.sight()
        self.found = sight.root
        shown = wearings.filled(request.user, sight, at=clock.now())
        return Response({one.field.key: None if one.value is None else fields.plain(one.value) for one in shown})

    @extend_schema(request=dict, responses={200: dict})
    @once
    def partial_update(self, request: Request, id: str) -> Response:
        """Writes the fields that are named; null empties one."""
        sight = self.sight()
        viewer: Any = request.user
        told = list(_read(sight.root.pk, request.data))
        try:
            changed = wearings.write(viewer, sight, told, source="api", at=clock.now())
        except LookupError:
            raise NotFound from None
        if changed:
            keys = [one.field.key for one in told]
            entries.record("fieldvalue.changed", by=viewer, customer=sight.root, at=clock.now(), fields=keys)
        return self.retrieve(request, id)


def _read(root: int, data: Any) -> Iterable[fields.Told]:
    if not isinstance(data, dict) or not data:
        raise ValidationError({"detail": [_("Name fields by their key.")]})
    known = {field.key: field for field in Field.objects.filter(is_active=True)}
    for key, value in data.items():
        if key not in known:
            raise ValidationError({str(key)[:40]: [_("There is no such field.")]})
        try:
            yield fields.Told(root, known[key], fields.read(known[key], value))
        except fields.Wrong as error:
            raise ValidationError({key: [sentences.why(error)]}) from None
