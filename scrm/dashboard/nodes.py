"""The places whose numbers a board shows, and who may look at which."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Min, Q
from django.http import Http404

from scrm import clock
from scrm.dashboard.models import NodeDay
from scrm.dashboard.periods import Period
from stores.models import Brand, Contract, Franchisee, Region, Store
from stores.scope import Scope, ScopedQuerySet, scope_of

Kind = NodeDay.Kind
MODELS: dict[str, tuple[Kind, Any]] = {
    "b": (Kind.BRAND, Brand),
    "r": (Kind.REGION, Region),
    "f": (Kind.FRANCHISEE, Franchisee),
    "s": (Kind.STORE, Store),
}


@dataclass(frozen=True)
class Node:
    """A place as its viewer sees it."""

    kind: str
    pk: int
    public_id: str
    name: str
    viewer: Any = field(default=None, compare=False, repr=False)
    region_id: int | None = None

    def days(self) -> ScopedQuerySet:
        """The days of this node that the viewer may see; a franchisee, those of her contract over a store."""
        days = NodeDay.objects.filter(kind=self.kind, node_id=self.pk)
        return days.visible_to(self.viewer) if self.kind == Kind.STORE else days  # type: ignore[no-any-return]

    def seen(self, period: Period) -> Period | None:
        """The part of a period of which the viewer may read who stood where; None for none of it."""
        if self.kind != Kind.STORE or not scope_of(self.viewer).franchisees:
            return period
        ends = self.days().filter(day__range=(period.first, period.last)).aggregate(first=Min("day"), last=Max("day"))
        return Period(**ends) if ends["first"] else None


def node_for(viewer: Any, public_id: str) -> Node:
    """The node of that id; raises Http404 alike for what is out of the viewer's scope and for what is not there."""
    for kind, model in filter(None, [MODELS.get(public_id.partition("_")[0])]):
        for row in model.objects.filter(_covered(kind, scope_of(viewer)), public_id=public_id):
            return _node(kind, row, viewer)
    raise Http404


def homes_of(viewer: Any) -> list[Node]:
    """Where the viewer's seats are, the widest first."""
    scope = scope_of(viewer)
    if scope.everything:
        return [_node(Kind.BRAND, row, viewer) for row in Brand.objects.all()[:1]]
    seats = {"r": scope.regions, "f": scope.franchisees, "s": scope.stores}
    return [
        _node(kind, row, viewer)
        for prefix, own in seats.items()
        if own
        for kind, model in [MODELS[prefix]]
        for row in model.objects.filter(pk__in=own)
    ]


def home_of(viewer: Any) -> Node | None:
    """The node with which the viewer begins; None for who has no board."""
    return next(iter(homes_of(viewer)), None)


def trail(node: Node) -> list[Node]:
    """The nodes above, as far as the viewer may see them, the widest first."""
    scope = scope_of(node.viewer)
    above: list[Node] = []
    if node.kind != Kind.BRAND and scope.everything:
        above += homes_of(node.viewer)
    if node.region_id:
        above += [
            _node(Kind.REGION, row, node.viewer)
            for row in Region.objects.filter(_covered(Kind.REGION, scope), pk=node.region_id)
        ]
        if not above and scope.franchisees:
            run_by = Franchisee.objects.filter(pk__in=scope.franchisees, contracts__store=node.pk)
            above += [_node(Kind.FRANCHISEE, row, node.viewer) for row in run_by.distinct()]
    return above


def _covered(kind: str, scope: Scope) -> Q:
    if scope.everything:
        return Q()
    own: dict[str, Q] = {
        Kind.REGION: Q(pk__in=scope.regions),
        Kind.FRANCHISEE: Q(pk__in=scope.franchisees),
        Kind.STORE: Q(pk__in=scope.stores) | Q(region__in=scope.regions) | Q(pk__in=_signed(scope).values("store")),
    }
    return own.get(kind, Q(pk__in=[]))


def _signed(scope: Scope) -> Any:
    """The contracts that have begun; of those that ended the old days may be read."""
    today = clock.day_of(clock.now())
    return Contract.objects.filter(franchisee__in=scope.franchisees, starts_on__lte=today)


def _node(kind: str, row: Any, viewer: Any) -> Node:
    return Node(
        str(kind),
        row.pk,
        row.public_id,
        str(row),
        viewer,
        getattr(row, "region_id", None),
    )
