"""Doors for machines: two ways to divide the customers, laid across each other."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from members.models import Segment, TagGroup
from members.segments import crosses
from members.segments.crosses import Axis, Cell, Table
from scrm import clock
from scrm.audit import entries
from scrm.rest.doors import SeatAllows
from scrm.rest.filters import refused
from stores.access import Permission

ASKED = ("rows", "columns", "among")
GROUPS_SHOWN = 1000


class CrossAxis(serializers.Serializer):
    """A way to divide the customers: hand `key` back as `rows` or `columns`."""

    key = serializers.CharField()
    name = serializers.CharField()


class CrossSide(serializers.Serializer):
    key = serializers.CharField(help_text=_("`-`: those who have no value of this axis"))
    name = serializers.CharField()


class CrossCell(serializers.Serializer):
    """People, what they paid within 365 days (fen), who of them bought then, and who did so on two days or more."""

    people = serializers.IntegerField()
    gmv_fen = serializers.IntegerField(source="fen")
    buyers = serializers.IntegerField()
    again = serializers.IntegerField()


class CrossTable(serializers.Serializer):
    """`cells` by row and column. A person may stand in several rows; margins and `whole` count everybody once."""

    rows = CrossSide(many=True)
    columns = CrossSide(many=True)
    cells = serializers.ListField(child=CrossCell(many=True))
    row_margins = CrossCell(many=True)
    column_margins = CrossCell(many=True)
    whole = CrossCell()
    money_at = serializers.DateTimeField(allow_null=True, help_text=_("when what was paid was summed up last"))


class Crosses(ViewSet):
    """Cross tables of tag groups, stages, grades, genders, city tiers and fields, of the customers whom you see."""

    permission_classes = [SeatAllows]
    needed = Permission.SEE_SEGMENTS

    @extend_schema(
        parameters=[
            OpenApiParameter("rows", str, required=True, description=str(_("the key of an axis"))),
            OpenApiParameter("columns", str, required=True, description=str(_("the key of an axis"))),
            OpenApiParameter("among", str, description=str(_("of this segment alone: its id"))),
        ],
        responses=CrossTable,
    )
    def list(self, request: Request) -> Response:
        """The table of two axes."""
        if wrong := refused(request.query_params, ASKED):
            raise ValidationError(wrong)
        rows, columns = (request.query_params.get(name, "") for name in ASKED[:2])
        at = clock.now()
        try:
            table = crosses.table(rows, columns, viewer=request.user, at=at, among=_among(request))
        except crosses.NoAxis:
            known = {name: [_("There is no such axis.")] for name, key in zip(ASKED, (rows, columns), strict=False)}
            raise ValidationError(known) from None
        entries.record_read(request.user, "members.tag", at=at, rows=len(table.cells), door="api", axes=[rows, columns])
        return Response(CrossTable(_told(table)).data)

    @extend_schema(responses=CrossAxis(many=True))
    @action(detail=False)
    def axes(self, request: Request) -> Response:
        """The axes that there are."""
        groups = TagGroup.objects.visible_to(request.user).filter(deleted_at=None)[:GROUPS_SHOWN]
        found = [(f"tag_group:{group.public_id}", group.name) for group in groups]
        told = [{"key": key, "name": label} for key, label in [*found, *crosses.plain_axes()]]
        return Response(CrossAxis(told, many=True).data)


def _among(request: Request) -> Segment | None:
    asked = request.query_params.get("among", "")
    if not asked:
        return None
    found = Segment.objects.visible_to(request.user).live().filter(public_id=asked).select_related("version").first()
    if found is None:
        raise ValidationError({"among": [_("There is no such segment.")]})
    return found


def _told(table: Table) -> dict[str, Any]:
    return {
        "rows": _sides(table.rows),
        "columns": _sides(table.columns),
        **{name: getattr(table, name) for name in ("row_margins", "column_margins", "whole", "money_at")},
        "cells": [[_numbers(cell) for cell in line] for line in table.cells],
    }


def _sides(axis: Axis) -> list[dict[str, str]]:
    return [{"key": side.key, "name": side.label} for side in axis.sides]


def _numbers(cell: Cell) -> dict[str, int]:
    return {"people": cell.people, "fen": cell.fen, "buyers": cell.buyers, "again": cell.again}
