"""What a viewer reads of a person's tags and fields, and from where he may put one on.

HQ reads all. Others read what was born in their stores or in their relations with her; what HQ or a rule says of her is
a derived value, as members.sights says.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from members import fields, scores, sights, taggings
from members.models import Field, FieldValue, Joining, Marking, Member, MemberTag, Order, Tag, TagRule
from scrm.clock import day_of
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
    hers = MemberTag.objects.filter(member__in=circle, tag__deleted_at=None)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return hers
    born_here = Q(pk__in=MemberTag.objects.visible_to(viewer).filter(member__in=circle).values("pk"))
    derived = Q(source=MemberTag.Source.RULE) | Q(source=MemberTag.Source.OURS, store=None)
    return hers.filter(born_here | derived if sights.summed(viewer, [root], at=at) else born_here)


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
    if scope_of(viewer, needs="tag_customers").everything:
        return None
    relations = taggings.relations_of(viewer).filter(member__in=circle, store__isnull=False)
    if (relation := relations.select_related("store").order_by("-added_at").first()) is not None:
        return relation.store  # type: ignore[no-any-return]
    related: Any = Member._meta.get_field("relations").related_model
    met = related.objects.visible_to(viewer, needs="tag_customers").filter(member__in=circle, store__isnull=False)
    if (relation := met.select_related("store").order_by("-opened_at").first()) is not None:
        return relation.store  # type: ignore[no-any-return]
    joined = Joining.objects.visible_to(viewer, needs="tag_customers").filter(member__in=circle)
    if (joining := joined.select_related("store").first()) is not None:
        return joining.store
    sold = Order.objects.visible_to(viewer, needs="tag_customers").filter(member__in=circle)
    if (order := sold.select_related("store").order_by("-paid_at").first()) is not None:
        return order.store
    raise LookupError("no store of the viewer's knows her")


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
    found = {one.pk: Filled(one) for one in Field.objects.filter(is_active=True)}
    held = values(viewer, {sight.root.pk: sight.circle}, at=at).select_related("field", "by", "store")
    for row in sorted(held, key=lambda row: (row.member_id != sight.root.pk, -row.at.timestamp())):
        if row.field_id in found and found[row.field_id].row is None:
            found[row.field_id].row = row
            found[row.field_id].is_masked = row.field.is_personal and not viewer.may("reveal_phones")
    return list(found.values())


def write(viewer: Any, sight: sights.Sight, told: Collection[fields.Told], *, source: str, at: datetime) -> int:
    """How many of her fields say something else now, born at the viewer's store. Raises LookupError where he has none
    with her."""
    store, root = place_of(viewer, sight.circle), sight.root.pk
    held = FieldValue.objects.filter(member=root)
    read = values(viewer, {root: sight.circle}, at=at).filter(member=root)
    unread = held.exclude(pk__in=read.values("pk")).values_list("field", flat=True)
    hidden = {(root, field) for field in unread}
    return fields.write(told, source=source, by=viewer, store=store, hidden=hidden, at=at)


def values(viewer: Any, circles: dict[int, list[int]], *, at: datetime) -> QuerySet[FieldValue]:
    """The values of these persons (by root) that the viewer may read."""
    everybody = [member for circle in circles.values() for member in circle]
    held = FieldValue.objects.filter(member__in=everybody, field__is_active=True)
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return held
    summed = sights.summed(viewer, circles, at=at)
    open_ = [member for root in summed for member in circles[root]]
    here = Q(pk__in=FieldValue.objects.visible_to(viewer).filter(member__in=everybody).values("pk"))
    return held.filter(here | Q(store=None, member__in=open_))
