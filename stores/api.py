"""Doors for machines: who is calling, stores and people."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from scrm import clock
from scrm.rest.doors import Door
from scrm.rest.problems import SecondFactorMissing, SecondFactorNeeded, WrongCredentials
from stores import arrivals
from stores.access import Permission
from stores.attempts import MustWait
from stores.filters import PersonFilters, StoreFilters
from stores.models import ApiToken, Brand, Person, Seat, Store


class Credentials(serializers.Serializer):
    username = serializers.CharField(max_length=64)
    password = serializers.CharField(max_length=200, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.CharField(
        max_length=20,
        required=False,
        help_text=_("The code of the authenticator app or a recovery code, where the person has a second factor."),
    )


class Issued(serializers.Serializer):
    token = serializers.CharField()


class TokenDoor(APIView):
    says = _("A new token for a sign-in name and its password. Too many wrong ones have to wait.")
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=Credentials, responses=Issued)
    def post(self, request: Request) -> Response:
        said = Credentials(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            person = arrivals.by_password(request._request, **said.validated_data, at=clock.now())
        except MustWait as wait:
            raise Throttled(wait.seconds) from None
        except arrivals.NeedsCode:
            raise SecondFactorNeeded from None
        except (arrivals.Unknown, arrivals.MustEnrol) as refused:
            raise SecondFactorMissing if isinstance(refused, arrivals.MustEnrol) else WrongCredentials from None
        return Response({"token": ApiToken.issue(person, at=clock.now())}, headers={"Cache-Control": "no-store"})


class SeatRow(serializers.ModelSerializer):
    """A role, and the brand, region, franchisee or store where it stands."""

    role_name = serializers.CharField(source="get_role_display")
    node = serializers.CharField(source="place.public_id")
    node_kind = serializers.SerializerMethodField()
    node_name = serializers.CharField(source="place.name")

    class Meta:
        model = Seat
        fields = ["role", "role_name", "node", "node_kind", "node_name", "starts_at", "ends_at"]

    @extend_schema_field(serializers.ChoiceField(["brand", "region", "franchisee", "store"]))
    def get_node_kind(self, seat: Any) -> str:
        return str(seat.place._meta.model_name)

    def to_representation(self, seat: Any) -> Any:
        seat.place = seat.region or seat.franchisee or seat.store or self.context["brand"]
        return super().to_representation(seat)


class PersonName(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Person
        fields = ["id", "username", "name"]


class PersonRow(PersonName):
    seats = SeatRow(many=True, source="present_seats")

    class Meta:
        model = Person
        fields = ["id", "username", "name", "is_active", "seats"]


class Me(serializers.Serializer):
    person = PersonName()
    seats = SeatRow(many=True)
    permissions = serializers.ListField(child=serializers.ChoiceField([str(name) for name in Permission]))


class MeDoor(APIView):
    says = _("Who you are, from which seats you look, and what they let you do.")

    @extend_schema(responses=Me)
    def get(self, request: Request) -> Response:
        person: Any = request.user
        seats = list(_with_places(person.seats.at(clock.now())).order_by("pk"))
        said = {"person": person, "seats": seats, "permissions": sorted(person.permissions)}
        return Response(Me(said, context={"brand": Brand.objects.first()}).data)


class StoreRow(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    region = serializers.CharField(source="region.public_id")

    class Meta:
        model = Store
        fields = ["id", "code", "name", "kind", "region", "city", "address", "latitude", "longitude"]


class Stores(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Stores, ordered by their number.")
    queryset = Store.objects.select_related("region")
    serializer_class = StoreRow
    filterset_class = StoreFilters
    ordering = "code"
    reads = Permission.SEE_STORES


class People(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("People with their present seats, as far as you may see those.")
    queryset = Person.objects.all()
    serializer_class = PersonRow
    filterset_class = PersonFilters
    ordering = "username"
    reads = Permission.SEE_PEOPLE

    def get_queryset(self) -> Any:
        seats = _with_places(Seat.objects.visible_to(self.request.user).at(clock.now())).order_by("pk")
        return super().get_queryset().prefetch_related(Prefetch("seats", seats, to_attr="present_seats"))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "brand": Brand.objects.first()}


def _with_places(seats: Any) -> Any:
    return seats.select_related("region", "franchisee", "store")
