"""The customers as a list: found by words and by filters, newest first, page by page below the last one shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from members import cards, identities, sights, walks
from members.models import Grade, Joining, Member, MemberTag, Order, Stage, Tag
from members.walks import Look
from stores.models import Store
from stores.scope import SEES_CUSTOMERS, scope_of

ON_A_PAGE = 25
STATES = ("live", "lost", "none")
MOST_CHOICES = 60
RARE = 2000  # a name or a tag of so many customers or fewer is looked up first
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
    rows, looks = _asked_for(viewer, asked, at)
    keys = walks.newest(_below(rows, asked.get("after", "")), viewer, ON_A_PAGE + 1, looks)
    known = Member.objects.in_bulk(keys[:ON_A_PAGE])
    shown = [known[key] for key in keys[:ON_A_PAGE]]
    told = {name: value for name, value in asked.items() if name != "after" and value}
    here = Store.objects.visible_to(viewer).filter(public_id=asked.get("store", "")).first()
    return Page(
        cards=cards.of(viewer, shown, at=at),
        next=shown[-1].public_id if len(keys) > ON_A_PAGE else "",
        asked=told,
        here=here,
        is_filtered=bool(told),
        choices=_choices(viewer),
    )


def found(viewer: Any, asked: Asked, *, at: datetime) -> QuerySet[Member]:
    """All the persons that the words and the filters leave, as far as the viewer sees them."""
    rows, looks = _asked_for(viewer, asked, at)
    return walks.whole(rows, viewer, looks)


Found = tuple[QuerySet[Member], list[Look]]


def _asked_for(viewer: Any, asked: Asked, at: datetime) -> Found:
    """The persons that the words and the filters leave, whoever sees them; and what must be so of those of a person's
    members whom the viewer sees herself."""
    rows: QuerySet[Member] = Member.objects.filter(same_person_as=None, erased_at=None)
    looks: list[Look] = []
    if text := asked.get("q", "").strip()[:64]:
        rows, looks = _named(rows, viewer, text)
    for name, narrow in NARROWING.items():
        if value := asked.get(name, "").strip():
            rows = narrow(rows, viewer, value, at)
    if value := asked.get("registered", "").strip():
        rows, more = _registered(rows, viewer, value == "yes")
        looks = looks + more
    return rows, looks


def _below(rows: QuerySet[Member], public_id: str) -> QuerySet[Member]:
    if not public_id:
        return rows
    last = Member.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    return rows.filter(pk__lt=last) if last else rows.none()


def _named(rows: QuerySet[Member], viewer: Any, text: str) -> Found:
    """By id first, since an id means one; else by the beginning of her name."""
    keys = identities.anybody(text) | identities.external(text)
    known = list(Member.objects.filter(Q(pk__in=keys) | Q(public_id=text), erased_at=None))
    seen = sights.met(viewer, {one.pk for one in known})  # by ids of members she met
    roots = {one.same_person_as_id or one.pk for one in known if one.pk in seen}
    return (rows.filter(pk__in=roots), []) if roots else _called(rows, viewer, text)


def _called(rows: QuerySet[Member], viewer: Any, text: str) -> Found:
    """By a name that the viewer knows her by. A rare one is looked up; of a common one there are some on every page."""
    named = Q(name__istartswith=text)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return rows.filter(named), []
    few = Member.objects.filter(named, erased_at=None).values_list("pk", "same_person_as")[: RARE + 1]
    if len(few) <= RARE:
        return rows.filter(pk__in={same or pk for pk, same in few}), [Look(named)]
    return _any_of(rows, named), [Look(named)]


def _any_of(rows: QuerySet[Member], told: Q) -> QuerySet[Member]:
    """The persons of whom this is so for any of their members."""
    merged = Member.objects.filter(told, same_person_as=OuterRef("pk"), erased_at=None).order_by().values("pk")[:1]
    return rows.alias(merged=Subquery(merged)).filter(told | Q(merged__isnull=False))


def _has(told: QuerySet) -> Coalesce:
    """One of these rows of a person, whichever of her members it names, or 0. Looked up person by person: where most
    have one, the next page is near, and gathering all would take long. (Of `IS NULL` the planner would think that it
    is so of hardly anybody, and read the whole table.)"""
    here, there = told.filter(member=OuterRef("pk")), told.filter(member__same_person_as=OuterRef("pk"))
    return Coalesce(*(Subquery(part.order_by().values("pk")[:1]) for part in (here, there)), 0)


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
    if tag is None:
        return rows.none()
    worn = MemberTag.objects.visible_to(viewer).filter(tag=tag)
    if len(MemberTag.objects.filter(tag=tag).values("pk")[: RARE + 1]) <= RARE:
        return _among(rows, worn)
    return rows.alias(worn=_has(worn)).filter(worn__gt=0)


def _by_relation(rows: QuerySet[Member], viewer: Any, value: str, at: datetime) -> QuerySet[Member]:
    seen = _relations(viewer).filter(added_at__isnull=False)
    rows = rows.alias(live=_has(seen.filter(state="live")))
    if value == "live":
        return rows.filter(live__gt=0)
    rows = rows.alias(ever=_has(seen))
    return rows.filter(ever__lt=1) if value == "none" else rows.filter(ever__gt=0, live__lt=1)


def _registered(rows: QuerySet[Member], viewer: Any, is_so: bool) -> Found:
    """Of the members of hers whom the viewer sees, as a line of the list says it."""
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return rows.filter(registered_at__isnull=not is_so), []
    told = Q(registered_at__isnull=False)
    return (_any_of(rows, told) if is_so else rows), [Look(told, is_so)]


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
