"""Whom somebody may look at, and how much of her: persons by their surviving member, and the values that sum up what
was born in several stores."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from members import callings, consents, persons
from members.models import Identity, Member, Telling
from scrm.clock import day_of
from stores.models import Contract
from stores.scope import SEES_CUSTOMERS, scope_of

OF_WECOM = (Identity.Kind.EXTERNAL_USERID, Identity.Kind.UNIONID)


@dataclass(frozen=True)
class Sight:
    """One person as a viewer sees her: `face` is the member whom the viewer's stores know, `circle` all of hers."""

    root: Member
    face: Member
    circle: list[int]


def people(viewer: Any) -> QuerySet[Member]:
    """The persons whom the viewer may see, by their surviving members."""
    alive = Member.objects.filter(same_person_as=None, erased_at=None)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return alive
    seen = Member.objects.visible_to(viewer).annotate(root=Coalesce("same_person_as", "pk"))
    return alive.filter(pk__in=seen.order_by().values("root"))


def met(viewer: Any, members: Iterable[int], *, needs: str = SEES_CUSTOMERS) -> set[int]:
    """Of these members, those whom the viewer may see, or meets by a seat with a permission; asks for these alone,
    however many others she sees."""
    asked = set(members)
    if scope_of(viewer, needs=needs).everything:
        return asked
    found: set[int] = set()
    for name in Member.seen_through:
        rows: Any = Member._meta.get_field(name).related_model
        seen = rows.objects.visible_to(viewer, needs=needs).filter(member__in=asked - found)
        found |= set(seen.order_by().values_list("member", flat=True).distinct())
    return found


def among(viewer: Any, members: Iterable[int], *, needs: str) -> set[int]:
    """The persons whom these members name, as far as the viewer meets them by a seat with this permission."""
    circles = persons.circle(members)
    seen = met(viewer, (pk for circle in circles.values() for pk in circle), needs=needs)
    alive = Member.objects.filter(pk__in=circles, erased_at=None).values_list("pk", flat=True)
    return {root for root in alive if not seen.isdisjoint(circles[root])}


def open_(viewer: Any, public_id: str) -> Sight | None:
    """The person whom this id names, whichever of her members it is; None for a stranger's and for none."""
    named = Member.objects.filter(public_id=public_id).select_related("same_person_as").first()
    root = (named.same_person_as or named) if named else None
    if root is None or root.erased_at:
        return None
    circle = persons.all_of(root.pk)
    if not met(viewer, circle):
        return None
    return Sight(root, faces(viewer, [root]).get(root.pk, root), circle)


def faces(viewer: Any, roots: Collection[Member]) -> dict[int, Member]:
    """By root, the member by whose name the viewer knows her: below HQ one whom the viewer's own stores met."""
    found = _faces(viewer, roots)
    callings.give(found.values())
    return found


def _faces(viewer: Any, roots: Collection[Member]) -> dict[int, Member]:
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return {root.pk: root for root in roots}
    seen = _met_of(viewer, [root.pk for root in roots])
    rows = Member.objects.filter(pk__in=seen).order_by("-pk")
    found = {one.same_person_as_id or one.pk: one for one in rows}
    return found | {one.pk: one for one in rows if one.same_person_as_id is None}


def _met_of(viewer: Any, roots: Iterable[int]) -> set[int]:
    """The members of these persons whom the viewer may see."""
    return met(viewer, (pk for circle in persons.circle(roots).values() for pk in circle))


def summed(viewer: Any, roots: Iterable[int], *, at: datetime) -> set[int]:
    """Of these persons, those whose totals, grades and the like the viewer may read: a franchisee's people need the
    person's live consent to sharing, since these sum up what happened elsewhere."""
    wanted = set(roots)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return wanted
    seen = set(persons.roots(_met_of(viewer, wanted)).values()) & wanted
    return seen if not is_of_franchisee(viewer, at=at) else consents.shared_with(viewer, seen, at=at)


def ids(viewer: Any, members: Iterable[int], *, at: datetime) -> QuerySet[Identity]:
    """The ids of these members as the viewer may read them: a franchisee's people those by which WeCom knows their
    friends, those that stores of theirs told, and all of whoever allows the sharing."""
    asked = set(members)
    rows = Identity.objects.filter(member__in=met(viewer, asked))
    if not is_of_franchisee(viewer, at=at):
        return rows
    circles = persons.circle(asked)
    shared = consents.shared_with(viewer, circles.keys(), at=at)
    open_ = [pk for root in shared for pk in circles[root]]
    told = Telling.objects.visible_to(viewer).values("identity")
    return rows.filter(Q(kind__in=OF_WECOM) | Q(member__in=open_) | Q(pk__in=told))


def is_of_franchisee(viewer: Any, *, at: datetime) -> bool:
    """Whether a seat by which she sees customers is a franchisee's: his own, or in a store that he runs. What is not
    told to such a seat is not told to the same person by another one."""
    scope = scope_of(viewer, needs=SEES_CUSTOMERS)
    if scope.everything or scope.franchisees:
        return not scope.everything
    return Contract.objects.on(day_of(at)).filter(store__in=scope.stores | scope.work).exists()
