"""Doors for machines: who was merged with whom, by HQ."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members import merges
from members.models import Member, Merge
from scrm import clock
from scrm.rest.answers import once
from scrm.rest.doors import ID, Door
from scrm.rest.problems import Conflict
from stores.access import Permission


class MergeRow(serializers.ModelSerializer):
    """A merge; `undone_at` says since when it no longer holds. `by` is empty where a rule merged."""

    id = serializers.CharField(source="public_id")
    winner = serializers.CharField(source="winner.public_id")
    loser = serializers.CharField(source="loser.public_id")
    by = serializers.CharField(source="by.username", allow_null=True)
    undone_by = serializers.CharField(source="undone_by.username", allow_null=True)

    class Meta:
        model = Merge
        fields = ["id", "winner", "loser", "rule", "reason", "at", "by", "undone_at", "undone_by"]

    def to_representation(self, merge: Any) -> Any:
        return {"by": None, "undone_by": None} | super().to_representation(merge)


class MergeWish(serializers.Serializer):
    """The customers who are one person, by their ids; which of them survives is said by the rules."""

    members = serializers.ListField(child=serializers.RegexField(ID), min_length=2, max_length=20)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate_members(self, names: list[str]) -> list[Member]:
        known = Member.objects.visible_to(self.context["viewer"], needs=Permission.MERGE_MEMBERS)
        found = {one.public_id: one for one in known.filter(public_id__in=names, erased_at=None)}
        if missing := [name for name in names if name not in found]:
            raise serializers.ValidationError(_("No such customer: {names}").format(names=", ".join(missing)))
        if len(found) < 2:
            raise serializers.ValidationError(_("Two customers at least."))
        return [found[name] for name in dict.fromkeys(names)]


class Merges(mixins.ListModelMixin, mixins.RetrieveModelMixin, Door):
    says = _("Merges of customers, newest first; a merge may be made and undone.")
    queryset = Merge.objects.select_related("winner", "loser", "by", "undone_by")
    serializer_class = MergeRow
    reads = writes = Permission.MERGE_MEMBERS

    @extend_schema(request=MergeWish, responses={201: MergeRow(many=True)})
    @once
    def create(self, request: Request) -> Response:
        """Makes these customers one person; the merges that hold for them."""
        wish = MergeWish(data=request.data, context={"viewer": request.user})
        wish.is_valid(raise_exception=True)
        first, *others = wish.validated_data["members"]
        try:
            root = merges.merge(first, others, by=request.user, reason=wish.validated_data["reason"], at=clock.now())
        except merges.Contradicted:
            raise Conflict(_("A decision says that they are two people; undo that one first.")) from None
        held = self.get_queryset().filter(winner=root, undone_at=None).order_by("pk")
        return Response(MergeRow(held, many=True).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=MergeRow)
    @action(detail=True, methods=["post"])
    @once
    def undo(self, request: Request, id: str) -> Response:
        """Two people again; the rules do not merge them any more."""
        merge = self.get_object()
        try:
            merges.undo(merge, by=request.user, at=clock.now())
        except merges.AlreadyUndone:
            raise Conflict(_("This merge was undone already.")) from None
        return Response(MergeRow(self.get_queryset().get(pk=merge.pk)).data)
