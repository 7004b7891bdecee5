"""The door for machines that read numbers: a node's days."""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scrm import clock
from scrm.dashboard import periods
from scrm.dashboard.boards import as_of, node_for
from scrm.dashboard.kpis import Sums
from scrm.dashboard.models import NodeDay
from scrm.rest.doors import Door
from scrm.rest.filters import refused
from stores.access import Permission

LONGEST = timedelta(days=periods.LONGEST)
USUAL = timedelta(days=30)


class FactRow(serializers.ModelSerializer):
    node = serializers.SerializerMethodField()
    net_adds = serializers.SerializerMethodField()
    loss_rate = serializers.SerializerMethodField()
    keep_7 = serializers.SerializerMethodField()

    class Meta:
        model = NodeDay
        fields = [
            *["node", "day", "adds", "people_adds", "net_adds", "losses", "drops", "loss_rate", "live", "keep_7"],
            *["moved_in", "moved_out"],
        ]

    def get_node(self, row: NodeDay) -> str:
        return str(self.context["node"])

    def get_net_adds(self, row: NodeDay) -> int:
        return Sums.of(row).net_adds

    def get_loss_rate(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).loss_rate)

    def get_keep_7(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).keep_7)


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 6)


class Facts(Door):
    says = _("The numbers of a brand, region, franchisee or store by day. Ratios are null where nothing can be said.")
    queryset = NodeDay.objects.all()
    serializer_class = FactRow
    filter_backends = ()
    ordering = "day"
    reads = Permission.SEE_BOARDS
    may_miss = True

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "node", str, required=True, description=_("public id of a brand, region, franchisee or store")
            ),
            OpenApiParameter("from", date, description=_("first day; if left out, 30 days are told")),
            OpenApiParameter("to", date, description=_("last day; today if left out")),
        ]
    )
    def list(self, request: Request) -> Response:
        name, first, last = _asked(request)
        days = node_for(request.user, name).days().filter(day__range=(first, last))
        rows = self.get_serializer(self.paginate_queryset(days), many=True).data
        answer = self.get_paginated_response(rows)
        answer.data["as_of"] = as_of()
        return answer

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "node": self.request.query_params.get("node")}


def _asked(request: Request) -> tuple[str, date, date]:
    said = Question(data=request.query_params.dict())
    said.is_valid(raise_exception=True)
    if wrong := refused(request.query_params, {"node", "from", "to"}):
        raise ValidationError(wrong)
    last = said.validated_data.get("to") or clock.day_of(clock.now())
    first = said.validated_data.get("from") or max(last, date.min + USUAL) - USUAL + timedelta(days=1)
    if not timedelta(0) <= last - first < LONGEST:
        raise ValidationError({"from": [_("From 1 to 400 days up to the last one.")]})
    return said.validated_data["node"], first, last


class Question(serializers.Serializer):
    node = serializers.CharField(max_length=24)
    vars().update({"from": serializers.DateField(required=False), "to": serializers.DateField(required=False)})
