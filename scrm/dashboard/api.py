"""Doors for machines: a node's days, and the stories of letters."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scrm import clock
from scrm.dashboard import periods, traces
from scrm.dashboard.boards import as_of, node_for
from scrm.dashboard.eyes import Eyes
from scrm.dashboard.filters import LetterFilters
from scrm.dashboard.kpis import Sums
from scrm.dashboard.models import NodeDay
from scrm.dashboard.stories import Case, Story
from scrm.rest.doors import Door
from scrm.rest.filters import refused
from scrm.wecom.models import Letter
from stores.access import Permission

LONGEST = timedelta(days=periods.LONGEST)
USUAL = timedelta(days=30)
DIGITS = 22  # of a letter's digest in its public id


class FactRow(serializers.ModelSerializer):
    node = serializers.SerializerMethodField()
    net_adds = serializers.SerializerMethodField()
    loss_rate = serializers.SerializerMethodField()
    keep_7 = serializers.SerializerMethodField()
    gmv = serializers.IntegerField(help_text=_("fen: paid, less refunds on the day of the refund"))
    basket = serializers.SerializerMethodField(help_text=_("fen an order"))
    member_share = serializers.SerializerMethodField()
    add_rate = serializers.SerializerMethodField()
    repurchase = serializers.SerializerMethodField()
    upt = serializers.SerializerMethodField(help_text=_("units an order"))
    attach = serializers.SerializerMethodField()

    class Meta:
        model = NodeDay
        fields = [
            *["node", "day", "adds", "people_adds", "net_adds", "losses", "drops", "loss_rate", "live", "keep_7"],
            *["moved_in", "moved_out", "orders", "gmv", "basket", "member_share", "add_rate", "repurchase", "upt"],
            "attach",
        ]

    def get_node(self, row: NodeDay) -> str:
        return str(self.context["node"])

    def get_net_adds(self, row: NodeDay) -> int:
        return Sums.of(row).net_adds

    def get_loss_rate(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).loss_rate)

    def get_keep_7(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).keep_7)

    def get_basket(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).basket)

    def get_member_share(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).member_share)

    def get_add_rate(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).add_rate)

    def get_repurchase(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).repurchase)

    def get_upt(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).upt)

    def get_attach(self, row: NodeDay) -> float | None:
        return _rounded(Sums.of(row).attach)


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


class TryRow(serializers.Serializer):
    """One try of a call to WeCom."""

    at = serializers.DateTimeField()
    text = serializers.CharField()
    again_at = serializers.DateTimeField(allow_null=True)


class StepRow(serializers.Serializer):
    """A sentence of a letter's story; without a time when it has not happened yet."""

    kind = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    after = serializers.FloatField(allow_null=True, help_text=_("seconds after it happened"))
    text = serializers.CharField()
    tone = serializers.ChoiceField(["", "good", "waits", "bad"])
    advice = serializers.CharField()
    tries = TryRow(many=True)


class LetterRow(serializers.Serializer):
    """A message of WeCom's, and what it is about as far as that is known."""

    id = serializers.CharField(source="letter_id")
    event = serializers.CharField(source="letter.event")
    change_type = serializers.CharField(source="letter.change_type")
    external_userid = serializers.CharField(allow_null=True)
    guide = serializers.CharField(source="case.guide.userid", allow_null=True, help_text=_("the guide's userid"))
    member = serializers.CharField(source="case.member.public_id", allow_null=True)
    store = serializers.CharField(source="case.relation.store.public_id", allow_null=True)
    code = serializers.CharField(source="case.code.public_id", allow_null=True)
    happened_at = serializers.DateTimeField(source="letter.happened_at")
    received_at = serializers.DateTimeField(source="letter.received_at")
    handled_at = serializers.DateTimeField(source="letter.handled_at", allow_null=True)
    state = serializers.ChoiceField(Letter.State.choices, source="letter.state")
    tries = serializers.IntegerField(source="letter.attempts")
    welcome = serializers.ChoiceField(Letter.Welcome.choices, source="letter.welcome")

    def to_representation(self, told: Any) -> Any:
        return dict.fromkeys(("guide", "member", "store", "code")) | super().to_representation(told)


class LetterStory(LetterRow):
    """The same with its story."""

    title = serializers.CharField(source="story.title")
    steps = StepRow(many=True)


@dataclass
class Told:
    """A letter as the serializers read it."""

    letter: Letter
    case: Case | None
    story: Story | None = None

    @property
    def letter_id(self) -> str:
        return letter_id(self.letter)

    @property
    def external_userid(self) -> str | None:
        return self.letter.stream if self.letter.event == "change_external_contact" else None

    @property
    def steps(self) -> list[dict[str, Any]]:
        return [
            {**vars(step), "after": (step.at - self.letter.happened_at).total_seconds() if step.at else None}
            for step in (self.story.steps if self.story else ())
        ]


def letter_id(letter: Letter) -> str:
    """The public id of a letter: the beginning of its digest."""
    return f"l_{bytes(letter.digest).hex()[:DIGITS]}"


def by_id(rows: QuerySet[Letter], name: str) -> Letter:
    """The letter of a public id; raises Http404."""
    if not re.fullmatch(rf"l_[0-9a-f]{{{DIGITS}}}", name):
        raise Http404
    first = bytes.fromhex(name[2:])
    found = rows.filter(digest__gte=first, digest__lte=first.ljust(32, b"\xff")).first()
    if found is None:
        raise Http404
    return found


class Letters(Door):
    says = _(
        "WeCom's messages, newest first, and the story of each: received, bound, welcomed, tagged. Below HQ those "
        "that began or ended something at your stores."
    )
    queryset = Letter.objects.all()
    serializer_class = LetterRow
    filterset_class = LetterFilters
    reads = Permission.SEE_CUSTOMERS
    shows_customers = True

    def get_queryset(self) -> Any:
        return Eyes(self.request.user).letters()

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        cases = traces.about(request.user, page)
        rows = [LetterRow(Told(letter, cases.get(letter.pk))).data for letter in page]
        return self.get_paginated_response(rows)

    def _note(self, request: Any, answer: Response) -> None:
        if self.found is not None or answer.data["results"]:
            super()._note(request, answer)

    @extend_schema(responses=LetterStory)
    def retrieve(self, request: Request, id: str) -> Response:
        letter = self.found = by_id(self.get_queryset(), id)
        story = traces.of_letter(request.user, letter)
        if story is None:
            raise Http404
        return Response(LetterStory(Told(letter, story.case, story)).data)


class Question(serializers.Serializer):
    node = serializers.CharField(max_length=24)
    vars().update({"from": serializers.DateField(required=False), "to": serializers.DateField(required=False)})
