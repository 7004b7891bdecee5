"""What a viewer reads of a person's tags and fields, and from where he may put one on.

HQ reads all. Others read what was born in their stores or in their relations with her; what HQ or a rule says of her is
a derived value, as members.sights says.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from members import fields, persons, scores, sights, taggings, tags
from members.models import Field, FieldValue, Marking, Member, MemberTag, Tag, TagEnd, TagRule
from scrm.clock import day_of
from stores.access import Permission
from stores.models import Store
from stores.scope import SEES_CUSTOMERS, scope_of


@dataclass
class Worn:
    """A tag that a person bears, with each way in which it came."""

    tag: Tag
    ways: list[MemberTag] = field(default_factory=list)
    score: int | None = None
    evidence: list[scores.Evidence] = field(default_factory=list)
    may_go: bool = False


def rows(viewer: Any, root: int, circle: Sequence[int], *, at: datetime) -> QuerySet[MemberTag]:
    """The rows of a person's living tags that the viewer may read."""
    return rows_of(viewer, {root: circle}, at=at)


def rows_of(viewer: Any, circles: Mapping[int, Sequence[int]], *, at: datetime) -> QuerySet[MemberTag]:
    """The rows of these persons' living tags that the viewer may read."""
    return _told(MemberTag.objects.all(), viewer, circles, at)


def ended(viewer: Any, circles: Mapping[int, Sequence[int]], *, at: datetime) -> QuerySet[TagEnd]:
    """What these persons bore until somebody took it off, as far as the viewer may read it."""
    return _told(TagEnd.objects.all(), viewer, circles, at)


def _told(held: Any, viewer: Any, circles: Mapping[int, Sequence[int]], at: datetime) -> Any:
    everybody = [member for circle in circles.values() for member in circle]
    hers = held.filter(member__in=everybody, tag__deleted_at=None)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return hers
    born_here = Q(pk__in=held.visible_to(viewer).filter(member__in=everybody).values("pk"))
    derived = Q(source=MemberTag.Source.RULE) | Q(source=MemberTag.Source.OURS, store=None)
    open_ = [member for root in sights.summed(viewer, circles, at=at) for member in circles[root]]
    return hers.filter(born_here | (derived & Q(member__in=open_)))


def of_many(viewer: Any, circles: Mapping[int, Sequence[int]], *, at: datetime) -> dict[int, list[Worn]]:
    """By person, her tags by group and place, without their evidence."""
    root_of = {member: root for root, circle in circles.items() for member in circle}
    found: dict[int, dict[int, Worn]] = {root: {} for root in circles}
    told = rows_of(viewer, circles, at=at).select_related("tag__group")
    for row in told.order_by("tag__group__name", "-tag__rank", "tag__name", "since"):
        worn = found[root_of[row.member_id]].setdefault(row.tag_id, Worn(row.tag))
        worn.score = row.score if row.score is not None else worn.score
    return {root: list(worn.values()) for root, worn in found.items()}


def of(viewer: Any, sight: sights.Sight, *, at: datetime) -> list[Worn]:
    """Her tags by group and place, each with its evidence."""
    found: dict[int, Worn] = {}
    told = rows(viewer, sight.root.pk, sight.circle, at=at).select_related("tag__group", "store", "by")
    for row in told.order_by("tag__group__name", "-tag__rank", "tag__name", "since"):
        worn = found.setdefault(row.tag_id, Worn(row.tag))
        worn.ways.append(row)
        worn.score = row.score if row.score is not None else worn.score
    for rule in TagRule.objects.filter(tag__in=[pk for pk, worn in found.items() if worn.score is not None]):
        found[rule.tag_id].evidence = scores.evidence(rule, sight.circle, day=day_of(at))[:10]
    for worn in found.values():
        worn.may_go = worn.tag.kind != Tag.Kind.RULE
    return list(found.values())


def waiting(viewer: Any, sight: sights.Sight) -> list[Marking]:
    """What WeCom has yet to do, or refused, about her tags."""
    return taggings.pending(sight.circle, viewer=viewer)


def on_offer(q: str, *, limit: int = 24) -> list[Tag]:
    """Living tags that a hand may put on, by the beginning or a part of their name."""
    living = Tag.objects.filter(deleted_at=None, group__deleted_at=None).exclude(kind=Tag.Kind.RULE)
    words = Q(name__icontains=q) | Q(group__name__icontains=q) if q else Q()
    return list(living.filter(words).select_related("group").order_by("-used_at", "name")[:limit])


def place_of(viewer: Any, circle: Sequence[int]) -> Store | None:
    """At which store what the viewer says of her is born: null at HQ. Raises LookupError where he has none with her."""
    if scope_of(viewer, needs=Permission.TAG_CUSTOMERS).everything:
        return None
    return Store.objects.get(pk=places_of(viewer, {0: circle}, needs=Permission.TAG_CUSTOMERS)[0])


# Where a viewer knows somebody from, the best first: rows that lead to her, their time, and which of them.
PLACES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("relations", "added_at", {"state": "live"}),
    ("relations", "opened_at", {}),
    ("joinings", "on", {}),
    ("orders", "paid_at", {}),
)


def places_of(viewer: Any, circles: Mapping[int, Sequence[int]], *, needs: str) -> dict[int, int]:
    """By person, the store (its key) at which what the viewer says of her is born; who is known at none is left out."""
    root_of = {member: root for root, circle in circles.items() for member in circle}
    found: dict[int, int] = {}
    for name, when, only in PLACES:
        left = [member for member, root in root_of.items() if root not in found]
        if not left:
            break
        model: Any = Member._meta.get_field(name).related_model
        rows = model.objects.visible_to(viewer, needs=needs).filter(member__in=left, store__isnull=False, **only)
        newest = rows.order_by("member", f"-{when}", "-pk").distinct("member").values_list(when, "member", "store")
        found |= {root_of[member]: store for _at, member, store in sorted(newest)}
    return found


AT_ONCE = 1000


@transaction.atomic
def put_on_many(viewer: Any, people: Collection[int], tag: Tag, *, at: datetime) -> int:
    """How many of these persons bear a tag of ours from now on by the viewer's word: HQ's for the brand, others' at the
    store where they know her; whom they do not know is left out. Raises tags.NotOurs."""
    if scope_of(viewer, needs=Permission.TAG_MANY).everything:
        return tags.put_on(people, tag, by=viewer, at=at)
    asked, by_store = sorted(people), defaultdict[int, list[int]](list)
    for start in range(0, len(asked), AT_ONCE):
        circles = persons.circle(asked[start : start + AT_ONCE])
        for root, store in places_of(viewer, circles, needs=Permission.TAG_MANY).items():
            by_store[store].append(root)
    stores = Store.objects.in_bulk(by_store)
    return sum(tags.put_on(by_store[pk], tag, by=viewer, store=stores[pk], at=at) for pk in sorted(by_store))


@transaction.atomic
def take_off_many(viewer: Any, people: Collection[int], tag: Tag, *, at: datetime) -> int:
    """How many bore a tag of ours until now by a word that the viewer may take back: HQ's is everybody's."""
    asked, by_store = sorted(people), defaultdict[int | None, list[int]](list)
    everywhere = scope_of(viewer, needs=Permission.TAG_MANY).everything
    for start in range(0, len(asked), AT_ONCE):
        circles = persons.circle(asked[start : start + AT_ONCE])
        circle = [member for some in circles.values() for member in some]
        worn = MemberTag.objects.filter(member__in=circle, tag=tag, source=MemberTag.Source.OURS)
        worn = worn if everywhere else worn.visible_to(viewer, needs=Permission.TAG_MANY)
        for member, store in worn.values_list("member", "store"):
            by_store[store].append(member)
    stores = Store.objects.in_bulk([pk for pk in by_store if pk])
    places = sorted(by_store, key=lambda pk: pk or 0)
    return sum(tags.take_off_all(by_store[pk], tag, by=viewer, store=stores.get(pk or 0), at=at) for pk in places)


@dataclass
class Filled:
    """A field of a person, with what it says as far as the viewer may read it."""

    field: Field
    row: FieldValue | None = None
    is_masked: bool = False

    @property
    def value(self) -> Any:
        return None if self.row is None or self.is_masked else fields.value_of(self.row)


def filled(viewer: Any, sight: sights.Sight, *, at: datetime) -> list[Filled]:
    """All active fields, with what the viewer may read of her; her own values go before merged ones."""
    return filled_many(viewer, {sight.root.pk: sight.circle}, at=at)[sight.root.pk]


def filled_many(viewer: Any, circles: Mapping[int, Sequence[int]], *, at: datetime) -> dict[int, list[Filled]]:
    """The same by person."""
    active = list(Field.objects.filter(is_active=True))
    root_of = {member: root for root, circle in circles.items() for member in circle}
    found = {root: {one.pk: Filled(one) for one in active} for root in circles}
    held = values(viewer, circles, at=at).select_related("field", "by", "store")
    for row in sorted(held, key=lambda row: (row.member_id not in circles, -row.at.timestamp())):
        filled = found[root_of[row.member_id]].get(row.field_id)
        if filled and filled.row is None:
            filled.row = row
            filled.is_masked = row.field.is_personal and not viewer.may("reveal_phones")
    return {root: list(by_field.values()) for root, by_field in found.items()}


def write(viewer: Any, sight: sights.Sight, told: Collection[fields.Told], *, source: str, at: datetime) -> int:
    """How many of her fields say something else now, born at the viewer's store. Raises LookupError where he has none
    with her."""
    store, root = place_of(viewer, sight.circle), sight.root.pk
    held = FieldValue.objects.filter(member=root)
    read = values(viewer, {root: sight.circle}, at=at).filter(member=root)
    unread = held.exclude(pk__in=read.values("pk")).values_list("field", flat=True)
    hidden = {(root, field) for field in unread}
    return fields.write(told, source=source, by=viewer, store=store, hidden=hidden, at=at)


def values(viewer: Any, circles: Mapping[int, Sequence[int]], *, at: datetime) -> QuerySet[FieldValue]:
    """The values of these persons (by root) that the viewer may read."""
    everybody = [member for circle in circles.values() for member in circle]
    held = FieldValue.objects.filter(member__in=everybody, field__is_active=True)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return held
    summed = sights.summed(viewer, circles, at=at)
    open_ = [member for root in summed for member in circles[root]]
    here = Q(pk__in=FieldValue.objects.visible_to(viewer).filter(member__in=everybody).values("pk"))
    return held.filter(here | Q(store=None, member__in=open_))
