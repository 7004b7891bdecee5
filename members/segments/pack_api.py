"""Doors for machines: frozen audiences, and audience packs made of them. HQ alone."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from members.models import Audience, Consent, Pack, Segment
from members.segments import audiences, packs
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import Door
from scrm.rest.problems import Conflict
from scrm.sheets import answers
from stores.access import Permission
from stores.scope import scope_of

EITHER = {Permission.EXPORT_CUSTOMERS, Permission.APPROVE}


class OfHq(Door):
    """What below HQ nobody reads, whatever her seats say of her own stores."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is not None and not scope_of(request.user).everything:  # else 405 for everybody
            raise PermissionDenied(Permission.SEE_SEGMENTS)


class AudienceRow(serializers.ModelSerializer):
    """People as they were at one moment, those who allow its purpose; `suppressed` tells who was left out, and why."""

    id = serializers.CharField(source="public_id")
    segment = serializers.CharField(source="segment.public_id")
    version = serializers.IntegerField(source="version.number")
    by = serializers.CharField(source="by.username", allow_null=True, default=None)
    suppressed = serializers.DictField(child=serializers.IntegerField())

    class Meta:
        model = Audience
        fields = ["id", "name", "segment", "version", "purpose", "at", "by", "planned", "size", "suppressed", "erased"]


class AudienceWish(serializers.Serializer):
    segment = serializers.SlugRelatedField(
        slug_field="public_id", queryset=Segment.objects.live().select_related("version")
    )
    purpose = serializers.ChoiceField(Consent.Purpose.choices)
    name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class Audiences(mixins.ListModelMixin, mixins.RetrieveModelMixin, OfHq):
    says = _("Frozen audiences, newest first: a segment's people at one moment, those who allow a use of their data.")
    queryset = Audience.objects.select_related("segment", "version", "by").defer("body")
    serializer_class = AudienceRow
    reads = Permission.SEE_SEGMENTS
    writes = Permission.MANAGE_SEGMENTS

    @extend_schema(request=AudienceWish, responses={201: AudienceRow})
    @once
    def create(self, request: Request) -> Response:
        """Freezes a segment as it is now."""
        wish = AudienceWish(data=request.data)
        wish.is_valid(raise_exception=True)
        told = wish.validated_data
        try:
            made = audiences.freeze(
                told["segment"], told["purpose"], clock.now(), by=request.user, name=told["name"].strip()
            )
        except audiences.NotCounted:
            raise Conflict(_("The segment is not counted yet; try again in a moment.")) from None
        return Response(AudienceRow(made).data, status=status.HTTP_201_CREATED)


class PackRow(serializers.ModelSerializer):
    """A pack; `file` is where it is downloaded, null while it is not approved or when its time is over."""

    id = serializers.CharField(source="public_id")
    audience = serializers.CharField(source="audience.public_id")
    salted = serializers.SerializerMethodField()
    asked_by = serializers.CharField(source="asked_by.username")
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)
    file = serializers.SerializerMethodField()

    class Meta:
        model = Pack
        fields = [
            *("id", "audience", "platform", "use", "reason", "ids", "app", "salted", "state", "asked_by", "asked_at"),
            *("expires_at", "decided_by", "decided_at", "answer", "ended_at", "file"),
        ]

    def get_salted(self, pack: Pack) -> bool:
        return bool(pack.salt)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_file(self, pack: Pack) -> str | None:
        if not packs.is_open(pack, at=clock.now()):
            return None
        return str(reverse("api:pack-file", args=[pack.public_id], request=self.context["request"]))


class PackWish(serializers.Serializer):
    """`audience` was frozen for `ad_match`; `app` is for openids alone; `salt` is put before each id."""

    audience = serializers.SlugRelatedField(slug_field="public_id", queryset=Audience.objects.defer("body"))
    platform = serializers.ChoiceField(Pack.Platform.choices)
    use = serializers.ChoiceField(Pack.Use.choices)
    reason = serializers.CharField(max_length=200)
    ids = serializers.ChoiceField(Pack.Ids.choices, default=Pack.Ids.PHONE)
    app = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    salt = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    days = serializers.IntegerField(min_value=1, max_value=packs.DAYS_AT_MOST, default=7)


class PackWord(serializers.Serializer):
    approve = serializers.BooleanField()
    answer = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class PackContents(serializers.Serializer):
    """How many a download at this moment would hold, and who of the audience is left out, by reason."""

    people = serializers.IntegerField()
    ids = serializers.IntegerField()
    left_out = serializers.DictField(child=serializers.IntegerField())


class Packs(mixins.ListModelMixin, mixins.RetrieveModelMixin, OfHq):
    says = _(
        "Audience packs, newest first: asked for by one person, decided by another, downloaded while the link lasts."
    )
    queryset = Pack.objects.select_related("audience", "asked_by", "decided_by").defer("audience__body")
    serializer_class = PackRow
    reads = writes = Permission.SEE_SEGMENTS
    deeds = {
        "create": Permission.EXPORT_CUSTOMERS,
        "file": Permission.EXPORT_CUSTOMERS,
        "decide": Permission.APPROVE,
    }

    @property
    def needed(self) -> Any:
        return self.deeds.get(self.action, self.reads)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks for packs, and who decides about them, looks at them."""
        super().initial(request, *args, **kwargs)
        if self.action is not None and not request.user.permissions & EITHER:  # type: ignore[union-attr]
            raise PermissionDenied(Permission.EXPORT_CUSTOMERS)

    @extend_schema(request=PackWish, responses={201: PackRow})
    @once
    def create(self, request: Request) -> Response:
        """Asks for a pack; somebody else has to approve."""
        wish = PackWish(data=request.data)
        wish.is_valid(raise_exception=True)
        told = dict(wish.validated_data)
        try:
            made = packs.ask(told.pop("audience"), **told, by=request.user, at=clock.now())
        except packs.CannotBe as why:
            raise ValidationError({"audience": [str(why)]}) from why
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(request=PackWord, responses=PackRow)
    @action(detail=True, methods=["post"])
    @once
    def decide(self, request: Request, id: str) -> Response:
        """Yes or no, by somebody who did not ask."""
        pack, word = self.get_object(), PackWord(data=request.data)
        word.is_valid(raise_exception=True)
        try:
            held = packs.decide(pack, **word.validated_data, by=request.user, at=clock.now())
        except packs.IsYours:
            raise PermissionDenied(now("You asked for this pack yourself: somebody else has to decide.")) from None
        except packs.NotNow:
            raise Conflict(_("This pack was decided about or has ended meanwhile.")) from None
        return self._answer(held)

    @extend_schema(request=None, responses=PackRow)
    @action(detail=True, methods=["post"])
    @once
    def end(self, request: Request, id: str) -> Response:
        """The link is dead from now on."""
        return self._answer(packs.end(self.get_object(), by=request.user, at=clock.now()))

    @extend_schema(responses=PackContents, filters=False)
    @action(detail=True)
    def contents(self, request: Request, id: str) -> Response:
        """How many it would hold at this moment."""
        found = packs.contents(self.get_object(), at=clock.now())
        told = {"people": len(found.people), "ids": len(found.ids), "left_out": found.left_out}
        return Response(PackContents(told).data)

    @extend_schema(
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description=str(_("a hashed id on each line")))
        },
        filters=False,
    )
    @action(detail=True)
    def file(self, request: Request, id: str) -> HttpResponseBase:
        """The hashed ids of those who allow it at this moment. Each download is written into the audit book."""
        return handed(self.get_object(), by=request.user)

    def _answer(self, pack: Pack, status: int = status.HTTP_200_OK) -> Response:
        row = PackRow(self.get_queryset().get(pk=pack.pk), context=self.get_serializer_context())
        return Response(row.data, status=status)


def handed(pack: Pack, *, by: Any) -> StreamingHttpResponse:
    """A download as it leaves; raises Conflict."""
    try:
        taken, lines = packs.take(pack, by=by, at=clock.now())
    except packs.NotNow:
        raise Conflict(_("This pack cannot be downloaded: it is not approved, or its time is over.")) from None
    except packs.CannotBe as why:
        raise Conflict(str(why)) from why
    return answers.written(packs.name_of(taken), lines, length=packs.length(taken))
