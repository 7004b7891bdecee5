"""Doors for machines: what members do, and what sources push in their own words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members import deliveries, events, pushes, sources
from members.eventkinds import KINDS
from members.events import Verdict
from members.feeds import signatures
from members.feeds.filters import EventFilters, SourceFilters
from members.models import Delivery, Event, Member, Source
from members.shop.api import BuyerTold
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import Door
from stores.access import Permission, demand
from stores.tokens import TokenAuthentication

MOST = 1000


class EventTold(serializers.Serializer):
    """One thing that somebody did, of whom an openid alone is enough.

    `payload` holds the details that its kind takes, and no others.
    """

    source: Any = serializers.CharField(max_length=40, help_text=gettext_lazy("the code of the system that tells it"))
    number = serializers.CharField(max_length=64, help_text=gettext_lazy("the source's own; what comes again is known"))
    kind = serializers.ChoiceField(sorted(KINDS))
    at = serializers.DateTimeField(help_text=gettext_lazy("when it happened; late is welcome"))
    buyer = BuyerTold()
    store = serializers.CharField(required=False, help_text=gettext_lazy("the store's number"))
    guide = serializers.CharField(required=False, help_text=gettext_lazy("the userid of the guide"))
    payload: Any = serializers.DictField(required=False)


class EventsTold(serializers.Serializer):
    events = EventTold(many=True)


class EventBecame(serializers.Serializer):
    index = serializers.IntegerField()
    status = serializers.ChoiceField(["created", "updated", "unchanged", "rejected"])
    error = serializers.CharField(required=False)


class EventsAnswered(serializers.Serializer):
    results = EventBecame(many=True)


class EventRow(serializers.ModelSerializer):
    source: Any = serializers.CharField(source="source.code")
    store = serializers.CharField(source="store.public_id", allow_null=True)
    store_code = serializers.CharField(source="store.code", allow_null=True)
    guide = serializers.CharField(source="seller.public_id", allow_null=True)
    member = serializers.CharField(source="shown_member", allow_null=True)
    payload: Any = serializers.DictField()

    class Meta:
        model = Event
        fields = ["source", "number", "kind", "at", "member", "store", "store_code", "guide", "payload", "told_at"]

    def to_representation(self, event: Any) -> Any:
        event.shown_member = self.context["faces"].get(event.member_id)
        return {"store": None, "store_code": None, "guide": None} | super().to_representation(event)


class Events(mixins.ListModelMixin, Door):
    says = gettext_lazy("What members did, newest first, as far as you see the stores. A guide sees what she served.")
    queryset = Event.objects.select_related("source", "store", "seller")
    serializer_class = EventRow
    filterset_class = EventFilters
    reads = Permission.SEE_CUSTOMERS
    writes = Permission.SEND_DATA

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["context"] = {**self.get_serializer_context(), "faces": _faces(args[0] if args else [])}
        return self.get_serializer_class()(*args, **kwargs)

    @extend_schema(request=EventsTold, responses=EventsAnswered)
    @action(detail=False, methods=["post"])
    @once
    def batch(self, request: Request) -> Response:
        """At most 1,000 events: an answer for each, and one bad row spoils no other. Kinds and their details stand in
        docs/sources.md."""
        rows = request.data.get("events") if isinstance(request.data, dict) else None
        if not isinstance(rows, list):
            raise ValidationError({"events": [_("A list of rows is needed.")]})
        if len(rows) > MOST:
            raise ValidationError({"events": [_("At most %(n)d rows at once.") % {"n": MOST}]})
        by, at = request.user, clock.now()
        with transaction.atomic():
            verdicts = take_events(rows, by=by, at=at)
            codes = (row.get("source") for row in rows if isinstance(row, dict))
            deliveries.note("event", verdicts, sources=codes, by=by, at=at)
        return Response({"results": [_said(verdict) for verdict in verdicts]})


def _faces(found: Sequence[Any]) -> dict[int, str]:
    """Whoever did it is named by the person's surviving member; somebody erased by nobody."""
    rows = Member.objects.filter(pk__in={event.member_id for event in found}, erased_at=None)
    told = rows.values_list("pk", "public_id", "same_person_as__public_id")
    return {pk: root or own for pk, own, root in told}


def _said(verdict: Verdict) -> dict[str, Any]:
    said = {"index": verdict.index, "status": verdict.status}
    return {**said, "error": verdict.error} if verdict.error else said


def take_events(rows: Sequence[Any], *, by: Any, at: datetime) -> list[Verdict]:
    """A verdict for each row; the rows of each source are one delivery of its."""
    answers: dict[int, Verdict] = {}
    of_source: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        code = row.get("source") if isinstance(row, dict) else None
        if isinstance(code, str) and code:
            of_source[code].append(index)
        else:
            answers[index] = Verdict(index, "rejected", f"source: {_('is missing')}")
    for code, indexes in sorted(of_source.items()):
        for verdict in _of_one_source(code, [rows[index] for index in indexes], by=by, at=at):
            answers[indexes[verdict.index]] = replace(verdict, index=indexes[verdict.index])
    return [answers[index] for index in range(len(rows))]


def _of_one_source(code: str, rows: Sequence[Any], *, by: Any, at: datetime) -> list[Verdict]:
    try:
        source = sources.named(code, at)
    except (sources.NotACode, sources.IsPaused) as why:
        said = _("is paused") if isinstance(why, sources.IsPaused) else _("is no code")
        return [Verdict(index, "rejected", f"source: {said}") for index in range(len(rows))]
    verdicts = events.take_in(source, rows, at=at, by=by)
    numbers = [str(row.get("number", ""))[:64] for row in rows]
    deliveries.record(source, Delivery.Kind.EVENTS, verdicts, at=at, by=by, numbers=numbers)
    return verdicts


class SourceRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    owner = serializers.CharField(source="owner.public_id", allow_null=True)
    expected_minutes = serializers.SerializerMethodField()

    class Meta:
        model = Source
        fields = ["id", "code", "name", "kind", "adapter", "state", "owner", "expected_minutes", "created_at"]

    def get_expected_minutes(self, source: Source) -> int | None:
        return int(source.expected_every.total_seconds() // 60) if source.expected_every else None

    def to_representation(self, source: Any) -> Any:
        return {"owner": None} | super().to_representation(source)


class Sources(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = gettext_lazy("The systems that tell of customers.")
    queryset = Source.objects.select_related("owner")
    serializer_class = SourceRow
    filterset_class = SourceFilters
    reads = Permission.MANAGE_SOURCES


class Kept(serializers.Serializer):
    kept = serializers.BooleanField(help_text=gettext_lazy("false: the very same was kept before"))


class PushDoor(APIView):
    says = gettext_lazy(
        "What a shop or a till pushes in its own words: kept word for word, answered at once, applied right after. "
        "With a token, or signed: X-Timestamp (Unix seconds, at most 5 minutes old) and X-Signature, "
        "the hex HMAC-SHA256 of timestamp, a dot and the body under the source's secret. "
        "Youzan's own signature is taken for sources in its words; it is answered in them as well."
    )
    authentication_classes = (TokenAuthentication,)
    permission_classes = ()
    may_miss = True

    @extend_schema(
        request=OpenApiTypes.BINARY,
        responses={202: Kept},
        parameters=[
            OpenApiParameter("X-Timestamp", str, OpenApiParameter.HEADER),
            OpenApiParameter("X-Signature", str, OpenApiParameter.HEADER),
        ],
    )
    def post(self, request: Request, code: str) -> Response:
        body, at = request._request.body, clock.now()
        source = sources.of_code(code)
        by = request.user if request.user.is_authenticated else None
        if by is None and source and signatures.is_youzans(source, request.headers, body):
            return _hear_youzan(source, body, at)
        if by is not None:
            demand(by, Permission.SEND_DATA)
        elif not signatures.is_good(source, _header(request, "Timestamp"), _header(request, "Signature"), body, at=at):
            raise NotAuthenticated(_("Neither a token nor a good signature of this source."))
        if source is None:
            raise Http404
        if not body.strip():
            raise ValidationError({"body": [_("It is empty.")]})
        return Response({"kept": pushes.keep(source, body, at=at, by=by) is not None}, status=202)


def _hear_youzan(source: Source, body: bytes, at: datetime) -> Response:
    if not signatures.is_a_trial(body):
        pushes.keep(source, body, at=at)
    return Response(signatures.YOUZAN_HEARS)


def _header(request: Request, name: str) -> str:
    return str(request.headers.get(f"X-{name}", ""))[:200]
