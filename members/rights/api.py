"""Doors for machines: what customers allow, and what they ask about their data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members import consents, sights
from members.models import Consent, DataRequest, Member
from members.rights import requests
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import Door
from scrm.rest.filters import Filters, TimeFilter
from scrm.rest.problems import Conflict
from stores.access import Permission
from stores.models import Franchisee
from stores.scope import scope_of


class NamesCustomers(Door):
    """A list that names customers by their ids: who read it stands in the audit book, unless nobody was in it."""

    @property
    def shows_customers(self) -> bool:
        return True

    def _note(self, request: Any, answer: Response) -> None:
        if self.found is not None or answer.data["results"]:
            super()._note(request, answer)


class ConsentRow(serializers.ModelSerializer):
    """One thing that a customer said; only added, the newest of each purpose and controller counts."""

    id = serializers.IntegerField(source="pk")
    member = serializers.CharField(source="member.public_id")
    controller = serializers.CharField(source="controller.public_id", allow_null=True)

    class Meta:
        model = Consent
        fields = ["id", "member", "purpose", "controller", "state", "terms", "at", "source", "recorded_at"]


class ConsentFilters(Filters):
    member = filters.CharFilter("member__public_id", help_text=_("public id"))
    at_from = TimeFilter("at", "gte")
    at_to = TimeFilter("at", "lt")

    class Meta:
        model = Consent
        fields = ["member", "purpose", "state", "source", "terms", "at_from", "at_to"]


class NewConsent(serializers.Serializer):
    """A word that another system heard. Withdrawn without purposes: everything."""

    member = serializers.CharField(max_length=24)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(Consent.Purpose.choices), required=False, default=list
    )
    state = serializers.ChoiceField([("given", "given"), ("withdrawn", "withdrawn")])
    terms = serializers.CharField(max_length=60, required=False, default="")
    evidence = serializers.CharField(max_length=200, required=False, default="", help_text=_("how you know it"))
    controller = serializers.CharField(
        max_length=24, required=False, default="", help_text=_("a franchisee; else the brand")
    )

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        if told["state"] == Consent.State.GIVEN and not (told["purposes"] and told["terms"] and told["evidence"]):
            raise ValidationError(_("What is given names purposes, terms and evidence."))
        return told


class Consents(mixins.ListModelMixin, NamesCustomers):
    says = _("What customers allowed and took back, newest first; POST writes a word down that another system heard.")
    queryset = Consent.objects.select_related("member", "controller").order_by("-id")
    serializer_class = ConsentRow
    filterset_class = ConsentFilters
    reads = Permission.SEE_CUSTOMERS
    writes = Permission.RECORD_CONSENT

    @extend_schema(request=NewConsent, responses={201: None})
    @once
    def create(self, request: Request) -> Response:
        form = NewConsent(data=request.data)
        form.is_valid(raise_exception=True)
        told, now = form.validated_data, clock.now()
        member = _person(request, told["member"])
        said: dict[str, Any] = {
            "at": now,
            "source": Consent.Source.API,
            "evidence": told["evidence"],
            "by": request.user,
        }
        if told["state"] == Consent.State.WITHDRAWN:
            consents.withdraw(member, told["purposes"], **said)
        else:
            _demand_sayable(request.user, told["purposes"], now)
            house = _house(request.user, told["controller"], now)
            consents.give(member, told["purposes"], terms=told["terms"], controller=house, **said)
        return Response(status=status.HTTP_201_CREATED, data={"member": member.public_id, "state": told["state"]})


class RequestRow(serializers.ModelSerializer):
    """A request about data, with the day by which it is answered."""

    id = serializers.CharField(source="public_id")
    member = serializers.CharField(source="member.public_id")

    class Meta:
        model = DataRequest
        fields = [
            "id",
            "kind",
            "state",
            "member",
            "way",
            "asked_at",
            "due_on",
            "verified_at",
            "approved_at",
            "closed_at",
        ]


class RequestFilters(Filters):
    member = filters.CharFilter("member__public_id", help_text=_("public id"))

    class Meta:
        model = DataRequest
        fields = ["member", "kind", "state"]


class NewRequest(serializers.Serializer):
    """What a customer asks through another system; people of HQ verify and answer it."""

    member = serializers.CharField(max_length=24)
    kind = serializers.ChoiceField(DataRequest.Kind.choices)
    note = serializers.CharField(max_length=1000, required=False, default="")


class Requests(mixins.ListModelMixin, mixins.RetrieveModelMixin, NamesCustomers):
    says = _("Requests of customers about their data, newest first; POST writes one down.")
    queryset = DataRequest.objects.select_related("member").order_by("-id")
    serializer_class = RequestRow
    filterset_class = RequestFilters
    reads = Permission.MANAGE_RIGHTS
    writes = Permission.MANAGE_RIGHTS

    @extend_schema(request=NewRequest, responses={201: RequestRow})
    @once
    def create(self, request: Request) -> Response:
        form = NewRequest(data=request.data)
        form.is_valid(raise_exception=True)
        told = form.validated_data
        member = _person(request, told["member"])
        way = {"way": DataRequest.Way.API, "note": told["note"], "by": request.user}
        try:
            made = requests.ask(member, told["kind"], at=clock.now(), **way)
        except requests.AlreadyAsked:
            raise Conflict(_("She asked for the same and waits for the answer.")) from None
        return Response(RequestRow(made).data, status=status.HTTP_201_CREATED)


def _person(request: Request, public_id: str) -> Member:
    """The customer, if the caller sees her; else the same words as for nobody."""
    if (sight := sights.open_(request.user, public_id)) is None:
        raise ValidationError({"member": [_("There is no such customer.")]})
    return sight.root


def _demand_sayable(viewer: Any, purposes: Sequence[str], now: datetime) -> None:
    """That franchisees hear of her is not theirs to say."""
    if Consent.Purpose.SHARE_FRANCHISEE in purposes and sights.is_of_franchisee(viewer, at=now):
        raise PermissionDenied


def _house(viewer: Any, public_id: str, now: datetime) -> Franchisee | None:
    """The franchisee who is named; below HQ the viewer's own alone."""
    if not public_id:
        return None
    if not scope_of(viewer).everything and public_id not in {h.public_id for h in consents.houses_of(viewer, at=now)}:
        raise ValidationError({"controller": [_("There is no such franchisee.")]})
    rows: QuerySet[Franchisee] = Franchisee.objects.filter(public_id=public_id)
    if (found := rows.first()) is None:
        raise ValidationError({"controller": [_("There is no such franchisee.")]})
    return found
