"""Doors for machines: segments, whom they mean, and how they changed."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from members.models import Change, ExclusiveGroup, Segment, SegmentVersion
from members.segments import bits, counts, definitions, rules, scopes
from members.segments.definitions import BadRule, Circle, IsUsed
from scrm import clock, sealed
from scrm.audit import entries
from scrm.rest.answers import once
from scrm.rest.doors import Door
from scrm.rest.filters import Filters
from scrm.rest.paging import Pages
from scrm.rest.problems import Conflict
from stores.access import Permission

LEAF = {
    "type": "object",
    "required": ["field", "op"],
    "additionalProperties": False,
    "properties": {
        "field": {"type": "string", "description": "What is asked, such as tag, last_order, spent, field:<key>."},
        "op": {"type": "string", "description": "How it is compared, such as has_any, within, at_least."},
        "value": {"description": "What it is compared with: ids, a number (money in fen), [low, high], days, a flag."},
        "days": {"type": "integer", "minimum": 1, "maximum": 3650, "description": "Of the last so many days."},
        "where": {"type": "object", "description": "Of what alone: category, sku, channel, store; kind of an event."},
        "min_score": {"type": "integer", "minimum": 0, "maximum": 100},
    },
}


def _rule_schema(depth: int) -> dict[str, Any]:
    """A rule is a leaf or a group of rules; the document holds no circle, so it is written out."""
    if depth == 0:
        return LEAF
    parts = {"type": "array", "minItems": 1, "maxItems": rules.MOST_LEAVES, "items": _rule_schema(depth - 1)}
    groups = [
        {"type": "object", "required": [name], "additionalProperties": False, "properties": {name: parts}}
        for name in rules.GROUPS
    ]
    return {"oneOf": [*groups, LEAF]}


RULE = {
    **_rule_schema(2),
    "description": "all, any or none of several rules, or one condition; five levels and 50 conditions at most.",
    "example": {"all": [{"field": "last_order", "op": "not_within", "days": 30}]},
}


@extend_schema_field(RULE)
class RuleField(serializers.JSONField):
    """A rule as people and pages write it."""


class SegmentRow(serializers.ModelSerializer):
    """A segment; `size` is of `counted_at`, null until its newest version is counted, and of the reader's stores."""

    id = serializers.CharField(source="public_id")
    rule = RuleField(source="version.rule")
    version = serializers.IntegerField(source="version.number")
    group = serializers.CharField(source="group.public_id", allow_null=True)
    size = serializers.SerializerMethodField()

    class Meta:
        model = Segment
        fields = [
            *("id", "name", "description", "rule", "version", "group"),
            *("priority", "size", "counted_at", "made_at", "archived_at"),
        ]

    def get_size(self, segment: Segment) -> int | None:
        seen = self.context["seen"]()
        if segment.is_due or seen is None:
            return None if segment.is_due else segment.size
        return len(counts.members(segment, viewer=None, at=clock.now()) & seen)

    def to_representation(self, segment: Any) -> Any:
        return {"group": None} | super().to_representation(segment)


class SegmentWish(serializers.Serializer):
    name = serializers.CharField(max_length=60)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    rule = RuleField()
    group = serializers.SlugRelatedField(
        slug_field="public_id", queryset=ExclusiveGroup.objects.all(), required=False, allow_null=True
    )
    priority = serializers.IntegerField(min_value=0, max_value=32_000, required=False)


class PreviewWish(serializers.Serializer):
    rule = RuleField()


class SegmentMemberRow(serializers.Serializer):
    """One of the people."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class SegmentPreview(serializers.Serializer):
    count = serializers.IntegerField()
    sample = SegmentMemberRow(many=True)


class SegmentMemberPage(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SegmentMemberRow(many=True)


class SegmentVersionRow(serializers.ModelSerializer):
    rule = RuleField()
    by = serializers.CharField(source="by.public_id", default=None, allow_null=True)

    class Meta:
        model = SegmentVersion
        fields = ["number", "rule", "by", "at"]


class SegmentChangeRow(serializers.ModelSerializer):
    """How many entered and left in one step, and why it was counted; below HQ those of the reader's stores."""

    version = serializers.IntegerField(source="version.number")
    entered = serializers.SerializerMethodField()
    left = serializers.SerializerMethodField()

    class Meta:
        model = Change
        fields = ["at", "day", "cause", "version", "entered", "left"]

    def get_entered(self, change: Change) -> int:
        seen = self.context["seen"]()
        return change.entered_count if seen is None else len(bits.unpacked(change.entered) & seen)

    def get_left(self, change: Change) -> int:
        seen = self.context["seen"]()
        return change.left_count if seen is None else len(bits.unpacked(change.left) & seen)


class SegmentFilters(Filters):
    class Meta:
        model = Segment
        fields = ["name"]


@contextmanager
def refusals() -> Iterator[None]:
    """What a verb refuses, as the API says it."""
    try:
        yield
    except BadRule as bad:
        raise ValidationError({"rule": [f"{one.where}: {one.message}".strip(": ") for one in bad.problems]}) from bad
    except Circle as circle:
        raise ValidationError({"rule": [_("Segments would refer to each other: %s") % circle]}) from circle
    except IsUsed as used:
        raise Conflict(_("Other segments refer to it: %s") % used) from used
    except IntegrityError as taken:
        raise Conflict(_("Another segment has this name, or this priority in the group.")) from taken


CURSOR = [OpenApiParameter("cursor", str), OpenApiParameter("page_size", int)]


class Segments(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Segments of customers. A changed rule makes a new version; the worker counts it within seconds.")
    queryset = Segment.objects.filter(version__isnull=False).select_related("version", "group")
    serializer_class = SegmentRow
    filterset_class = SegmentFilters
    reads = Permission.SEE_SEGMENTS
    writes = Permission.MANAGE_SEGMENTS

    def get_serializer_context(self) -> dict[str, Any]:
        """Whom the reader may count is asked once, and only where it is needed."""
        seen = lru_cache(maxsize=1)(lambda: scopes.whom(self.request.user, at=clock.now()))
        return {**super().get_serializer_context(), "seen": seen}

    @extend_schema(request=SegmentWish, responses={201: SegmentRow})
    @once
    def create(self, request: Request) -> Response:
        wish = SegmentWish(data=request.data)
        wish.is_valid(raise_exception=True)
        with refusals():
            segment = definitions.make(**wish.validated_data, by=request.user, at=clock.now())
        return self._answer(segment, status.HTTP_201_CREATED)

    @extend_schema(request=SegmentWish, responses=SegmentRow)
    @once
    def partial_update(self, request: Request, id: str) -> Response:
        segment = self.get_object()
        wish = SegmentWish(data=request.data, partial=True)
        wish.is_valid(raise_exception=True)
        with refusals():
            definitions.edit(segment, **wish.validated_data, by=request.user, at=clock.now())
        return self._answer(segment)

    @extend_schema(responses={204: None})
    @once
    def destroy(self, request: Request, id: str) -> Response:
        """Archived: what it was stays."""
        with refusals():
            definitions.archive(self.get_object(), by=request.user, at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=PreviewWish, responses=SegmentPreview)
    @action(detail=False, methods=["post"], filterset_class=None)
    def preview(self, request: Request) -> Response:
        """How many a rule means now, and some of them."""
        wish = PreviewWish(data=request.data)
        wish.is_valid(raise_exception=True)
        at = clock.now()
        with refusals():
            found = counts.found(wish.validated_data["rule"], viewer=request.user, at=at)
        people = counts.people(counts.spread(found, counts.SAMPLE))
        entries.record_read(request.user, "members.segment", at=at, rows=len(people), door="api", preview=True)
        return Response(SegmentPreview({"count": len(found), "sample": people}).data)

    @extend_schema(parameters=CURSOR, responses=SegmentMemberPage, filters=False)
    @action(detail=True, filterset_class=None)
    def members(self, request: Request, id: str) -> Response:
        """Who is in it, oldest first."""
        segment, at = self.get_object(), clock.now()
        size = Pages().get_page_size(request)
        who = counts.members(segment, viewer=request.user, at=at)
        keys = counts.following(who, _after(request), size + 1)
        people = counts.people(keys[:size])
        entries.record_read(request.user, segment, at=at, rows=len(people), door="api", members=True)
        following = _next(request, keys[size - 1]) if len(keys) > size else None
        return Response(SegmentMemberPage({"next": following, "previous": None, "results": people}).data)

    @extend_schema(responses=SegmentChangeRow(many=True), filters=False)
    @action(detail=True, filterset_class=None)
    def changes(self, request: Request, id: str) -> Response:
        """How many entered and left, newest first."""
        page = self.paginate_queryset(self.get_object().changes.select_related("version"))
        rows = SegmentChangeRow(page, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(rows.data)

    @extend_schema(responses=SegmentVersionRow(many=True), filters=False)
    @action(detail=True, filterset_class=None)
    def versions(self, request: Request, id: str) -> Response:
        """Its rules, newest first."""
        page = self.paginate_queryset(self.get_object().versions.select_related("by"))
        return self.get_paginated_response(SegmentVersionRow(page, many=True).data)

    def _answer(self, segment: Segment, status: int = status.HTTP_200_OK) -> Response:
        row = SegmentRow(self.get_queryset().get(pk=segment.pk), context=self.get_serializer_context())
        return Response(row.data, status=status)


def _place(request: Request) -> str:
    return f"cursor {request.path}"


def _after(request: Request) -> int:
    """The member after whom the page begins, as a sealed cursor."""
    text = request.query_params.get("cursor")
    if text is None:
        return 0
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return int(sealed.open_sealed(packed, _place(request)))
    except (sealed.CannotOpen, binascii.Error, ValueError) as broken:
        raise ValidationError({"cursor": [_("Not a cursor of this list.")]}) from broken


def _next(request: Request, last: int) -> str:
    packed = sealed.seal(str(last).encode(), _place(request))
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return str(replace_query_param(request.build_absolute_uri(), "cursor", text))
