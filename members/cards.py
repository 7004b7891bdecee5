"""What a list says of each customer in one line, gathered for a whole page at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet

from members import identities, persons, sights
from members.models import Identity, Member, MemberGrade, MemberStage, Order
from stores.models import Store
from stores.scope import SEES_CUSTOMERS, scope_of


@dataclass
class Card:
    """One person in a list; what the viewer may not read of her stays empty."""

    member: Member
    face: Member
    phone: str = ""
    stage: str = ""
    stage_words: str = ""
    grade: str = ""
    owners: list[Any] = field(default_factory=list)
    has_live: bool = False
    is_member: bool = False
    last_order: datetime | None = None

    @property
    def initial(self) -> str:
        return initial(self.face.name)


def initial(name: str) -> str:
    """What stands where a picture would: the first sign of a name."""
    return next((sign for sign in name if sign.isalnum()), "客")


def of(viewer: Any, roots: Sequence[Member], *, at: datetime) -> list[Card]:
    """A card for each, in order."""
    circle = {pk: root for root, all_ in persons.circle([one.pk for one in roots]).items() for pk in all_}
    faces = sights.faces(viewer, roots)
    cards = {root.pk: Card(root, faces.get(root.pk, root)) for root in roots}
    _tell_phones(viewer, cards, circle, at)
    _tell_guides(viewer, cards, circle)
    _tell_orders(viewer, cards, circle)
    _tell_membership(viewer, cards, circle)
    _tell_standing(viewer, cards, at)
    return [cards[root.pk] for root in roots]


def _tell_phones(viewer: Any, cards: dict[int, Card], circle: dict[int, int], at: datetime) -> None:
    known = sights.ids(viewer, circle, at=at).filter(kind=Identity.Kind.PHONE)
    for one in known.order_by("-pk"):
        cards[circle[one.member_id or 0]].phone = identities.shown(one)


def _tell_guides(viewer: Any, cards: dict[int, Card], circle: dict[int, int]) -> None:
    owned = related("ownerships").objects.visible_to(viewer).filter(member__in=circle, ends_at=None)
    for one in owned.select_related("guide", "store").order_by("starts_at"):
        cards[circle[one.member_id]].owners.append(one)
    live = related("relations").objects.visible_to(viewer).filter(member__in=circle, state="live")
    for member in live.values_list("member", flat=True):
        cards[circle[member]].has_live = True


def _tell_orders(viewer: Any, cards: dict[int, Card], circle: dict[int, int]) -> None:
    seen = Order.objects.visible_to(viewer).filter(member__in=circle, parent=None).order_by()
    last: dict[int, list[datetime]] = defaultdict(list)
    for member, paid_at in seen.values("member").annotate(last=Max("paid_at")).values_list("member", "last"):
        last[circle[member]].append(paid_at)
    for root, times in last.items():
        cards[root].last_order = max(times)


def _tell_membership(viewer: Any, cards: dict[int, Card], circle: dict[int, int]) -> None:
    seen = Member.objects.filter(pk__in=sights.met(viewer, circle), registered_at__isnull=False)
    for member in seen.values_list("pk", flat=True):
        cards[circle[member]].is_member = True


def _tell_standing(viewer: Any, cards: dict[int, Card], at: datetime) -> None:
    summed = sights.summed(viewer, cards, at=at)
    for one in MemberStage.objects.filter(member__in=summed):
        card = cards[one.member_id]
        card.stage, card.stage_words = one.stage, one.get_stage_display()
    for graded in grades(viewer, summed, cards).order_by("-store"):  # the brand's own, without a store, comes first
        card = cards[graded.member_id]
        card.grade = card.grade or graded.grade


def grades(viewer: Any, summed: Any, roots: Any) -> QuerySet[MemberGrade]:
    """The grades that the viewer may read: brand-wide of those whose totals she may, and those at her own stores."""
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return MemberGrade.objects.filter(member__in=roots)
    hers = Store.objects.visible_to(viewer, needs=SEES_CUSTOMERS).values("pk")
    return MemberGrade.objects.filter(Q(member__in=summed, store=None) | Q(member__in=roots, store__in=hers))


def related(name: str) -> Any:
    """The model whose rows lead to members from a floor above."""
    model: Any = Member._meta.get_field(name).related_model
    return model
