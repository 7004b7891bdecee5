"""Doors for machines: a customer's story, and where customers stand."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from members import profiles, sights, timelines
from members.models import ReachCount
from members.views import mark
from scrm import clock
from scrm.rest.doors import Door, SeatAllows
from stores.access import Permission


class HappeningRow(serializers.Serializer):
    """One line of a customer's story."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(list(timelines.KINDS))
    title = serializers.CharField()
    detail = serializers.CharField()
    store = serializers.CharField(help_text=_("where it happened"))
    key = serializers.CharField(source="source_key")


class StoryPage(serializers.Serializer):
    results = HappeningRow(many=True)
    before = serializers.CharField(
        help_text=_("hand this back as `before` for what happened earlier; empty at the end")
    )


class Timeline(ViewSet):
    """A customer's whole story, newest first, as far as you see the stores where it happened."""

    permission_classes = [SeatAllows]
    needed = Permission.SEE_CUSTOMERS

    @extend_schema(
        parameters=[
            OpenApiParameter("before", OpenApiTypes.STR, description=str(_("the `before` of an earlier page"))),
            OpenApiParameter("kind", OpenApiTypes.STR, enum=list(timelines.KINDS)),
        ],
        responses=StoryPage,
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """The person's lines, thirty at a time."""
        sight = sights.open_(request.user, id)
        if sight is None:
            raise NotFound
        before, kind = request.query_params.get("before", ""), request.query_params.get("kind", "")
        wrong = {name: [_("This list has no such filter.")] for name in request.query_params if name not in ASKED}
        if (before and mark(before) is None) or (kind and kind not in timelines.KINDS):
            wrong["before" if before and mark(before) is None else "kind"] = [_("Not a value of this filter.")]
        if wrong:
            raise ValidationError(wrong)
        profiles.opened(request.user, sight.root, at=clock.now())
        page = timelines.read(request.user, sight.circle, before=mark(before), kinds=[kind] if kind else [])
        return Response({"results": HappeningRow(page.lines, many=True).data, "before": page.next})


ASKED = {"before", "kind", "format"}


class ReachRow(serializers.ModelSerializer):
    store = serializers.CharField(source="store.public_id")

    class Meta:
        model = ReachCount
        fields = ["day", "store", "people", "by_guide", "by_group", "by_phone", "by_nothing", "registered", "marketing"]


class Reach(mixins.ListModelMixin, Door):
    says = _("How many customers of each store can be reached, by day; the ways sum up to all.")
    queryset = ReachCount.objects.filter(kind=ReachCount.Kind.STORE).select_related("store").order_by("-day", "pk")
    serializer_class = ReachRow
    reads = Permission.SEE_BOARDS
