"""The customers as a list: found by words and by filters, newest first, page by page below the last one shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from members import cards, identities, sights
from members.models import Grade, Identity, Joining, Member, MemberTag, Order, Stage, Tag
from stores.models import Store
from stores.scope import SEES_CUSTOMERS, scope_of

ON_A_PAGE = 25
STATES = ("live", "lost", "none")
MOST_CHOICES = 60
Asked = Mapping[str, str]


@dataclass(frozen=True)
class Page:
    cards: list[Any]
    next: str
    asked: Asked
    here: Store | None
    is_filtered: bool
    choices: dict[str, Any] = field(default_factory=dict)


def page(viewer: Any, asked: Asked, *, at: datetime) -> Page:
    """One page of the customers whom the viewer may see."""
    rows = found(viewer, asked, at=at)
    rows = _below(rows, asked.get("after", "")).order_by("-pk")
    shown = list(rows[: ON_A_PAGE + 1])
    more = shown[ON_A_PAGE - 1].public_id if len(shown) > ON_A_PAGE else ""
    told = {name: value for name, value in asked.items() if name != "after" and value}
    here = Store.objects.visible_to(viewer).filter(public_id=asked.get("store", "")).first()
    return Page(
        cards=cards.of(viewer, shown[:ON_A_PAGE], at=at),
        next=more,
        asked=told,
        here=here,
        is_filtered=bool(told),
        choices=_choices(viewer),
    )


def found(viewer: Any, asked: Asked, *, at: datetime) -> QuerySet[Member]:
    """The persons that the words and the filters leave, as far as the viewer sees them."""
    rows = sights.people(viewer)
    if text := asked.get("q", "").strip()[:64]:
        rows = _named(rows, viewer, text)
    for name, narrow in NARROWING.items():
        if value := asked.get(name, "").strip():
            rows = narrow(rows, viewer, value, at)
    return rows


def _below(rows: QuerySet[Member], public_id: str) -> QuerySet[Member]:
    if not public_id:
        return rows
    last = Member.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    return rows.filter(pk__lt=last) if last else rows.none()


def _named(rows: QuerySet[Member], viewer: Any, text: str) -> QuerySet[Member]:
    """By id first, since an id means one; else by the beginning of her name."""
    told = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID, value=text)
    keys = identities.anybody(text) | set(told.values_list("member", flat=True))
    known = Member.objects.filter(Q(pk__in=keys) | Q(public_id=text))
    if not scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        known = known.filter(pk__in=Member.objects.visible_to(viewer).values("pk"))  # by ids of members she met
    roots = {same or pk for pk, same in known.values_list("pk", "same_person_as")}
    return rows.filter(pk__in=roots) if roots else _called(rows, viewer, text)


def _called(rows: QuerySet[Member], viewer: Any, text: str) -> QuerySet[Member]:
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return rows.filter(name__istartswith=text)
    met = Member.objects.visible_to(viewer).filter(name__istartswith=text)
    return _of(rows, met, "pk", "same_person_as")


def _of(rows: QuerySet[Member], told: QuerySet, own: str = "member", merged: str = "") -> QuerySet[Member]:
    """The persons with one of these rows, whichever of their members it names."""
    merged = merged or f"{own}__same_person_as"
    here, there = told.filter(**{own: OuterRef("pk")}), told.filter(**{merged: OuterRef("pk")})
    return rows.filter(Exists(here.order_by()) | Exists(there.order_by()))


def _among(rows: QuerySet[Member], *told: QuerySet) -> QuerySet[Member]:
    """The same for rows that are few: the database begins with them."""
    few = [row for part in told for row in (part.values("member"), part.values("member__same_person_as"))]
    return rows.filter(pk__in=few[0].order_by().union(*(part.order_by() for part in few[1:]), all=True))


def _relations(viewer: Any) -> Any:
    relations: Any = Member._meta.get_field("relations").related_model
    return relations.objects.visible_to(viewer)


def _by_store(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    store = Store.objects.visible_to(viewer).filter(public_id=value).first()
    if store is None:
        return rows.none()
    joined = Joining.objects.visible_to(viewer).filter(store=store)
    bought = Order.objects.visible_to(viewer).filter(store=store, member__isnull=False)
    return _among(rows, _relations(viewer).filter(store=store), joined, bought)


def _by_guide(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    return _among(rows, _relations(viewer).filter(guide__public_id=value, state="live"))


def _by_tag(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    tag = Tag.objects.filter(public_id=value).first()
    worn = MemberTag.objects.visible_to(viewer).filter(tag=tag) if tag else MemberTag.objects.none()
    return _of(rows, worn)


def _by_relation(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    seen = _relations(viewer).filter(added_at__isnull=False)
    live = _of(rows, seen.filter(state="live"))
    if value == "live":
        return live
    ever = _of(rows, seen)
    return rows.exclude(pk__in=ever.values("pk")) if value == "none" else ever.exclude(pk__in=live.values("pk"))


def _by_registered(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    """Of the members of hers whom the viewer sees, as a line of the list says it."""
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return rows.filter(registered_at__isnull=value != "yes")
    known = _of(rows, Member.objects.visible_to(viewer).filter(registered_at__isnull=False), "pk", "same_person_as")
    return known if value == "yes" else rows.exclude(pk__in=known.values("pk"))


def _by_stage(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    return rows.none() if sights.is_of_franchisee(viewer, at=at) else rows.filter(stage__stage=value)


def _by_grade(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    graded: Any = Member._meta.get_field("grades").related_model
    seats = scope_of(viewer, needs=SEES_CUSTOMERS)
    hers = Store.objects.visible_to(viewer, needs=SEES_CUSTOMERS).values("pk")
    there = Q(store=None) if seats.everything else Q(store__in=hers)
    return rows.filter(Exists(graded.objects.filter(there, member=OuterRef("pk"), grade=value)))


def _by_tier(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    if not value[:3].isdecimal() or sights.is_of_franchisee(viewer, at=at):
        return rows.none()
    return rows.filter(home__city_tier=int(value[:3]))


NARROWING = {
    "store": _by_store,
    "guide": _by_guide,
    "tag": _by_tag,
    "relation": _by_relation,
    "registered": _by_registered,
    "stage": _by_stage,
    "grade": _by_grade,
    "tier": _by_tier,
}


def _choices(viewer: Any) -> dict[str, Any]:
    """What the filters offer; a list of stores only while it is one to choose from."""
    stores = list(Store.objects.visible_to(viewer, needs=SEES_CUSTOMERS)[: MOST_CHOICES + 1])
    return {
        "stores": stores if 1 < len(stores) <= MOST_CHOICES else [],
        "stages": Stage.choices,
        "grades": Grade.values,
        "tags": Tag.objects.filter(deleted_at=None).select_related("group")[:MOST_CHOICES],
    }
