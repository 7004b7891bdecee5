"""The queue of questions whether two members are one person, and what somebody at HQ answers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import Coalesce

from members import merges, persons
from members.models import Identity, IdentityLink, Joining, Member, Order, Review
from members.values import BLIND, masked
from scrm.audit import entries

State = Review.State
ANSWERS = {"same": State.SAME, "not_same": State.NOT_SAME, "later": State.LATER}
WAITING = (State.OPEN, State.LATER)


class NotAsked(Exception):
    """This question has settled itself, or somebody answered it already."""


@dataclass(frozen=True)
class Known:
    """One id of a side: as it may be read, and whether the other side claims it too."""

    kind: Any
    shown: str
    is_shared: bool


@dataclass(frozen=True)
class Side:
    """One of the two persons, with what helps to tell her from the other."""

    member: Member
    size: int
    ids: list[Known]
    stores: list[str]
    adds: int
    first_added: datetime | None
    orders: int
    paid_fen: int
    last_order: datetime | None


@transaction.atomic
def answer(review: Review, word: str, *, by: Any, at: datetime) -> None:
    """Somebody's answer, and what follows of it; raises NotAsked, and Contradicted where a decision forbids it."""
    held = Review.objects.select_for_update(of=("self",)).select_related("low", "high").get(pk=review.pk)
    if held.state not in WAITING:
        raise NotAsked
    if word == "same":
        merges.merge(held.low, [held.high], by=by, at=at)
    else:
        merges.decide(held.low, held.high, ANSWERS[word], by=by, at=at)
        if word == "not_same":
            merges.settle([held.low_id, held.high_id], at=at, by=by)
    entries.record(f"review.{word}", by=by, subject=held, at=at, customer=held.low)


@transaction.atomic
def take_back(review: Review, *, by: Any, at: datetime) -> None:
    """As if nobody had answered: the rules say whether the two are one, and what is still to be asked."""
    held = Review.objects.select_for_update(of=("self",)).select_related("low").get(pk=review.pk)
    if held.state not in (State.SAME, State.NOT_SAME, State.LATER):
        raise NotAsked
    Review.objects.filter(pk=held.pk).update(state=State.OPEN, by=None, decided_at=None)
    merges.settle([held.low_id, held.high_id], at=at, by=by)
    entries.record("review.taken_back", by=by, subject=held, at=at, customer=held.low)


def sides(review: Review) -> tuple[Side, Side]:
    """Both persons of a question."""
    circles = [persons.all_of(review.low_id), persons.all_of(review.high_id)]
    ids = [_ids(circle) for circle in circles]
    shared = ids[0].keys() & ids[1].keys()
    return _side(circles[0], ids[0], shared), _side(circles[1], ids[1], shared)


def _ids(circle: Collection[int]) -> dict[int, Identity]:
    claimed = IdentityLink.objects.filter(member__in=circle, until=None).values("identity")
    rows = Identity.objects.filter(Q(member__in=circle) | Q(pk__in=claimed)).order_by("kind", "pk")
    return {one.pk: one for one in rows}


def _side(circle: list[int], ids: dict[int, Identity], shared: Collection[int]) -> Side:
    relations: Any = Member._meta.get_field("relations").related_model
    met = relations.objects.filter(member__in=circle)
    added = met.aggregate(n=Count("pk"), first=Min("opened_at"))
    bought = Order.objects.filter(member__in=circle).aggregate(
        n=Count("pk"), fen=Coalesce(Sum("paid_fen"), 0), last=Max("paid_at")
    )
    stores = {*met.values_list("store__name", flat=True), *_joined(circle)} - {None}
    known = [Known(one.get_kind_display(), _shown(one), one.pk in shared) for one in ids.values()]
    root = Member.objects.get(pk=circle[0])
    return Side(
        root, len(circle), known, sorted(stores), added["n"], added["first"], bought["n"], bought["fen"], bought["last"]
    )


def _joined(circle: Collection[int]) -> Any:
    return Joining.objects.filter(member__in=circle).values_list("store__name", flat=True)


def _shown(identity: Identity) -> str:
    return masked(identity.kind, (identity.sealed or "") if identity.kind in BLIND else identity.value)
