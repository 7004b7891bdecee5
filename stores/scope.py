"""Where you may look: every list starts at `visible_to(viewer)`, and a stranger's list is empty.

A model says how its rows reach a store (`store_path`), whose work a row is (`guide_path`, a path to a Person) and which
day it belongs to (`day_path`). Rows with personal data say `personal = True`: only seats whose role may see customers
open them, so that an agency's seat at one store adds nothing to a guide's at another, and a franchisee reads them only
while his contract runs, and only those of its days; sums he may go on reading for the days that were his. A model
without a store is `seen_through` another row, or through one of several; what the whole brand shares, such as the words
on tags, is `for_every_seat`. Rows of a store that are nobody's work are `not_for_guides`.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.related import ForeignObjectRel

from scrm import clock

SEES_CUSTOMERS = "see_customers"  # a value of stores.access.Permission, which looks at this module


@dataclass(frozen=True)
class Scope:
    """The places that a person's present seats cover."""

    everything: bool = False
    regions: frozenset[int] = frozenset()
    franchisees: frozenset[int] = frozenset()
    stores: frozenset[int] = frozenset()
    work: frozenset[int] = frozenset()  # stores in which she sees her own work only


def scope_of(viewer: Any, *, needs: str = "") -> Scope:
    """The viewer's scope, or what of it her seats with a permission cover; empty for strangers and leavers."""
    if not getattr(viewer, "is_active", False) or viewer.pk is None:
        return Scope()
    if not hasattr(viewer, "_scopes"):  # her seats are read once a request
        viewer._seats_now, viewer._scopes = list(viewer.seats.at(clock.now())), {}
    if needs not in viewer._scopes:
        viewer._scopes[needs] = _covered_by(viewer._seats_now, needs)
    return viewer._scopes[needs]  # type: ignore[no-any-return]


def _covered_by(held: list[Any], needs: str) -> Scope:
    from stores.access import ROLES, Role

    seats = [seat for seat in held if not needs or needs in ROLES[seat.role]]
    wide = {Role.STORE_MANAGER, Role.AGENCY}
    return Scope(
        everything=any(seat.role in Role.at_brand() for seat in seats),
        regions=frozenset(seat.region_id for seat in seats if seat.region_id),
        franchisees=frozenset(seat.franchisee_id for seat in seats if seat.franchisee_id),
        stores=frozenset(seat.store_id for seat in seats if seat.store_id and seat.role in wide),
        work=frozenset(seat.store_id for seat in seats if seat.store_id and seat.role == Role.GUIDE),
    )


class ScopedQuerySet(QuerySet):
    def visible_to(self, viewer: Any, *, needs: str = "") -> Self:
        """The rows that the viewer may see; with a permission, those where one of her seats carries it."""
        scope = scope_of(viewer, needs=needs or (SEES_CUSTOMERS if getattr(self.model, "personal", False) else ""))
        if scope.everything or (scope != Scope() and getattr(self.model, "for_every_seat", False)):
            return self.all()
        if through := getattr(self.model, "seen_through", None):
            return self._through(through, viewer)
        path: str | None = self.model.store_path  # type: ignore[attr-defined]
        if path is None:
            return self.none()
        seen = self._in_scope(scope, viewer, path)
        if "__" in path or _is_many(self.model, path):  # a join to many rows would repeat this one
            return self.filter(pk__in=self.model._default_manager.filter(seen).values("pk"))
        return self.filter(seen)

    def _through(self, through: str | tuple[str, ...], viewer: Any) -> Self:
        if isinstance(through, tuple):
            first, *others = (self._seen_by(name, viewer) for name in through)
            return self.filter(pk__in=first.union(*others, all=True))
        field = self.model._meta.get_field(through)
        model: Any = field.related_model
        others = model._default_manager.visible_to(viewer)
        if isinstance(field, ForeignObjectRel):
            return self.filter(pk__in=others.values(field.field.attname))
        return self.filter(**{f"{through}__in": others})

    def _seen_by(self, through: str, viewer: Any) -> QuerySet:
        """The keys of the rows to which the rows on their many side lead."""
        field: Any = self.model._meta.get_field(through)
        return field.related_model._default_manager.visible_to(viewer).order_by().values(field.field.attname)  # type: ignore[no-any-return]

    def _in_scope(self, scope: Scope, viewer: Any, path: str) -> Q:
        seen = Q(pk__in=[])
        if scope.regions:
            stores = apps.get_model("stores", "Store").objects.filter(region__in=scope.regions)
            seen |= Q(**{f"{path}__in": stores.values("pk")})
        if scope.stores:
            seen |= Q(**{f"{path}__in": scope.stores})
        if scope.franchisees:
            seen |= self._under_contract(scope, path)
        if guide_path := getattr(self.model, "guide_path", None):
            seen |= Q(**{guide_path: viewer.pk}) if scope.work else Q(pk__in=[])
        elif scope.work and not getattr(self.model, "not_for_guides", False):
            seen |= Q(**{f"{path}__in": scope.work})
        return seen

    def _under_contract(self, scope: Scope, path: str) -> Q:
        contracts = apps.get_model("stores", "Contract").objects.filter(franchisee__in=scope.franchisees)
        today = clock.day_of(clock.now())
        day_path = getattr(self.model, "day_path", None)
        if day_path is None:
            return Q(**{f"{path}__in": contracts.on(today).values("store")})
        if getattr(self.model, "personal", False):
            contracts = contracts.on(today)
        day = OuterRef(day_path)
        covers = Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gt=day))
        return Q(Exists(contracts.filter(covers, store=OuterRef(path))))


def _is_many(model: Any, path: str) -> bool:
    return path != "pk" and isinstance(model._meta.get_field(path), ForeignObjectRel)
