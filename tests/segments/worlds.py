"""A small world that changes at random, written straight into the tables of truth: what the sets must follow is rows,
whoever writes them and in whatever order."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from guides.models import Guide, Relation
from members.models import (
    Consent,
    Event,
    Field,
    FieldValue,
    Joining,
    Member,
    MemberGrade,
    MemberStage,
    MemberTag,
    Order,
    OrderLine,
    Source,
    Tag,
    TagGroup,
)
from scrm.clock import day_of, start_of
from tests.cast import NOW, Cast

PEOPLE, TAGS, GOODS = 6, 3, ["茶", "杯"]
KINDS = ["page_viewed", "live_entered"]


@dataclass
class World:
    """The things that do not change, and the time."""

    cast: Cast
    members: list[Member]
    tags: list[Tag]
    groups: list[TagGroup]
    stores: list[Any]
    guides: list[Guide]
    source: Source
    size: Field
    born: Field
    at: datetime = NOW
    number: int = 0


def made(cast: Cast) -> World:
    """People of whom nothing is known yet."""
    groups = [TagGroup.objects.create(name=name) for name in ("人群", "喜好")]
    tags = [Tag.objects.create(group=groups[n % 2], kind="internal", name=f"标签{n}") for n in range(TAGS)]
    members = [Member.objects.create(name=f"M{n}", created_at=NOW - timedelta(days=9 * n)) for n in range(PEOPLE)]
    source = Source.objects.create(code="pos", name="POS", created_at=NOW)
    size = Field.objects.create(key="size", name="尺码", kind=Field.Kind.NUMBER, at=NOW)
    born = Field.objects.create(key="born", name="生日", kind=Field.Kind.DATE, at=NOW)
    stores = [cast.nanjing_road, cast.xujiahui, cast.fangs_first]
    guides = [cast.guide("cai"), cast.guide("dong")]
    return World(cast, members, tags, groups, stores, guides, source, size, born)


# --- what happens -------------------------------------------------------------------------------------------------

WHO, FEW = st.integers(0, PEOPLE - 1), st.integers(0, 2)
AGO = st.integers(0, 40)
DEEDS = st.one_of(
    st.tuples(st.just("tag"), WHO, FEW, st.sampled_from([None, 20, 80])),
    st.tuples(st.just("untag"), WHO, FEW),
    st.tuples(st.just("tag_until"), WHO, FEW, st.integers(-2, 14)),
    st.tuples(st.just("regroup"), FEW),
    st.tuples(st.just("drop_tag"), FEW),
    st.tuples(st.just("hours"), st.integers(1, 8)),
    st.tuples(st.just("order"), WHO, AGO, st.sampled_from([0, 100, 900]), FEW),
    st.tuples(st.just("refund"), WHO),
    st.tuples(st.just("consent"), WHO, st.sampled_from(["given", "withdrawn"]), st.integers(0, 90)),
    st.tuples(st.just("relation"), WHO, st.integers(0, 1), AGO),
    st.tuples(st.just("lost"), WHO),
    st.tuples(st.just("joining"), WHO, FEW),
    st.tuples(st.just("event"), WHO, st.sampled_from(KINDS), AGO),
    st.tuples(st.just("stage"), WHO, st.sampled_from(["lead", "member", "repeat"])),
    st.tuples(st.just("grade"), WHO, st.sampled_from("ABC")),
    st.tuples(st.just("grade_at"), WHO, FEW, st.sampled_from("ABC")),
    st.tuples(st.just("size"), WHO, st.integers(30, 50)),
    st.tuples(st.just("born"), WHO, st.integers(0, 50)),
    st.tuples(st.just("gender"), WHO, FEW),
    st.tuples(st.just("registered"), WHO),
    st.tuples(st.just("merge"), WHO, WHO),
    st.tuples(st.just("unmerge"), WHO),
    st.tuples(st.just("erase"), WHO),
    st.tuples(st.just("newcomer"), AGO),
    st.tuples(st.just("move"), FEW),
    st.tuples(st.just("days"), st.integers(1, 12)),
    st.tuples(st.just("fold")),
)


def happen(world: World, deed: tuple[Any, ...]) -> None:
    """One thing happens; folds are the test's."""
    name, *said = deed
    globals()[f"_{name}"](world, *said)


def _ago(world: World, days: int) -> datetime:
    return world.at - timedelta(days=days)


def _tag(world: World, who: int, tag: int, score: int | None) -> None:
    MemberTag.objects.update_or_create(
        member=world.members[who], tag=world.tags[tag], source="ours", source_key="",
        defaults={"score": score, "since": NOW},
    )  # fmt: skip


def _tag_until(world: World, who: int, tag: int, hours: int) -> None:
    """She bears it for some hours; below zero it ran out before it was told of."""
    MemberTag.objects.update_or_create(
        member=world.members[who], tag=world.tags[tag], source="rule", source_key="",
        defaults={"score": 60, "since": NOW, "expires_at": world.at + timedelta(hours=hours)},
    )  # fmt: skip


def _regroup(world: World, tag: int) -> None:
    """The tag goes to the other group."""
    one = Tag.objects.get(pk=world.tags[tag].pk)
    other = world.groups[one.group_id == world.groups[0].pk]
    Tag.objects.filter(pk=one.pk).update(group=other)


def _drop_tag(world: World, tag: int) -> None:
    """Deleted, while the rows of who bore it are still there."""
    Tag.objects.filter(pk=world.tags[tag].pk).update(deleted_at=world.at)


def _untag(world: World, who: int, tag: int) -> None:
    MemberTag.objects.filter(member=world.members[who], tag=world.tags[tag]).delete()


def _order(world: World, who: int, ago: int, fen: int, store: int) -> None:
    world.number += 1
    at = _ago(world, ago)
    order = Order.objects.create(
        source=world.source, number=str(world.number), member=world.members[who], store=world.stores[store],
        channel="store", paid_at=at, paid_day=day_of(at), paid_fen=fen, created_at=at, changed_at=world.at,
    )  # fmt: skip
    good = GOODS[(ago + fen) % 2]
    OrderLine.objects.create(order=order, position=1, sku=good, category=good, quantity=1, paid_fen=fen)


def _refund(world: World, who: int) -> None:
    order = Order.objects.filter(member=world.members[who]).order_by("pk").last()
    if order:
        Order.objects.filter(pk=order.pk).update(refunded_fen=order.paid_fen)


def _consent(world: World, who: int, state: str, hours: int) -> None:
    Consent.objects.get_or_create(
        member=world.members[who], purpose="marketing_1v1", state=state, at=world.at - timedelta(hours=hours),
        source="form", terms="v1", controller=None, defaults={"recorded_at": world.at},
    )  # fmt: skip


def _relation(world: World, who: int, guide: int, ago: int) -> None:
    at, member = _ago(world, ago), world.members[who]
    epoch = Relation.objects.filter(member=member, guide=world.guides[guide]).count() + 1
    Relation.objects.create(
        guide=world.guides[guide], member=member, store=world.stores[guide], state="live", epoch=epoch, opened_at=at,
        opened_day=day_of(at), added_at=at, added_day=day_of(at), changed_at=world.at,
    )  # fmt: skip


def _lost(world: World, who: int) -> None:
    Relation.objects.filter(member=world.members[who]).update(state="lost", ended_at=world.at)


def _joining(world: World, who: int, store: int) -> None:
    Joining.objects.get_or_create(member=world.members[who], store=world.stores[store], defaults={"on": day_of(NOW)})


def _event(world: World, who: int, kind: str, ago: int) -> None:
    world.number += 1
    at = _ago(world, ago)
    Event.objects.create(
        source=world.source, number=str(world.number), member=world.members[who], kind=kind, at=at, day=day_of(at),
        told_at=world.at,
    )  # fmt: skip


def _stage(world: World, who: int, stage: str) -> None:
    MemberStage.objects.update_or_create(
        member=world.members[who], defaults={"stage": stage, "since": NOW, "cause": "test"}
    )


def _grade(world: World, who: int, grade: str) -> None:
    MemberGrade.objects.update_or_create(member=world.members[who], store=None, defaults={"grade": grade})


def _grade_at(world: World, who: int, store: int, grade: str) -> None:
    MemberGrade.objects.update_or_create(
        member=world.members[who], store=world.stores[store], defaults={"grade": grade}
    )


def _size(world: World, who: int, number: int) -> None:
    FieldValue.objects.update_or_create(
        member=world.members[who], field=world.size, defaults={"number": number, "at": NOW}
    )


def _born(world: World, who: int, days: int) -> None:
    day = date(1990, 3, 1) + timedelta(days=days)
    FieldValue.objects.update_or_create(member=world.members[who], field=world.born, defaults={"date": day, "at": NOW})


def _gender(world: World, who: int, gender: int) -> None:
    Member.objects.filter(pk=world.members[who].pk).update(gender=gender)


def _registered(world: World, who: int) -> None:
    Member.objects.filter(pk=world.members[who].pk).update(registered_at=world.at)


def _merge(world: World, one: int, other: int) -> None:
    """Flat: everybody of the one becomes the other's."""
    pairs = dict(Member.objects.values_list("pk", "same_person_as"))
    into = pairs[world.members[other].pk] or world.members[other].pk
    whose = pairs[world.members[one].pk] or world.members[one].pk
    if into != whose:
        parts = [pk for pk, root in pairs.items() if pk == whose or root == whose]
        Member.objects.filter(pk__in=parts).update(same_person_as=into)


def _unmerge(world: World, who: int) -> None:
    Member.objects.filter(pk=world.members[who].pk).update(same_person_as=None)


def _erase(world: World, who: int) -> None:
    root = Member.objects.get(pk=world.members[who].pk)
    root = root.same_person_as or root
    Member.objects.filter(pk=root.pk).update(erased_at=world.at)


def _newcomer(world: World, ago: int) -> None:
    world.members.append(Member.objects.create(name="new", created_at=_ago(world, ago)))


def _move(world: World, store: int) -> None:
    """The store goes to the other region."""
    store_ = world.stores[store]
    store_.refresh_from_db()
    store_.region = world.cast.south if store_.region_id == world.cast.east.pk else world.cast.east
    store_.save(update_fields=["region"])


def _days(world: World, days: int) -> None:
    world.at = start_of(day_of(world.at) + timedelta(days=days)) + timedelta(hours=12)


def _hours(world: World, hours: int) -> None:
    world.at += timedelta(hours=hours)


# --- what is asked ------------------------------------------------------------------------------------------------

WINDOW = st.sampled_from([1, 7, 30])


def leaves(world: World) -> st.SearchStrategy[Any]:
    """Any condition, with values that mean something here."""
    tags = st.lists(st.sampled_from([tag.public_id for tag in world.tags]), min_size=1, max_size=3, unique=True)
    groups = st.lists(st.sampled_from([group.public_id for group in world.groups]), min_size=1, unique=True)
    stores = st.lists(st.sampled_from([store.public_id for store in world.stores]), min_size=1, max_size=2, unique=True)
    guides = st.lists(st.sampled_from([guide.public_id for guide in world.guides]), min_size=1, unique=True)
    regions = st.lists(
        st.sampled_from([world.cast.east.public_id, world.cast.south.public_id]), min_size=1, unique=True
    )
    any_none = st.sampled_from(["is_any", "is_none"])
    number = st.integers(0, 3)
    return st.one_of(
        _leaf("tag", st.sampled_from(["has_any", "has_all", "has_none"]), value=tags,
              min_score=st.none() | st.just(50)),
        _leaf("tag_group", st.sampled_from(["has_any", "has_all", "has_none"]), value=groups),
        _leaf("gender", any_none, value=st.lists(st.sampled_from(["male", "female", "unknown"]), min_size=1)),
        _leaf("registered", st.just("is"), value=st.booleans()),
        _leaf("known", st.sampled_from(["within", "not_within"]), days=WINDOW),
        _leaf("last_order", st.sampled_from(["within", "not_within", "never"]), days=WINDOW),
        _leaf("first_order", st.sampled_from(["within", "not_within", "never"]), days=WINDOW),
        _leaf("last_order", st.just("between"), value=st.just(["2026-02-01", "2026-03-05"])),
        _leaf("orders", st.sampled_from(["at_least", "at_most"]), value=number, days=st.none() | WINDOW,
              where=st.none() | st.fixed_dictionaries({"store": stores}) | st.just({"category": ["茶"]})),
        _leaf("spent", st.sampled_from(["at_least", "at_most"]), value=st.sampled_from([0, 100, 950]),
              days=st.none() | WINDOW),
        _leaf("spent", st.just("between"), value=st.just([1, 1000])),
        _leaf("bought", st.sampled_from(["has_any", "has_none"]), value=st.just(["category:茶"]),
              days=st.none() | WINDOW),
        _leaf("event", st.sampled_from(["at_least", "at_most"]), value=number, days=st.none() | WINDOW,
              where=st.just({"kind": ["page_viewed"]})),
        _leaf("relation", st.just("is_any"), value=st.lists(st.sampled_from(["live", "lost", "none"]), min_size=1)),
        _leaf("added", st.sampled_from(["within", "not_within", "never"]), days=WINDOW),
        _leaf("guide", any_none, value=guides),
        _leaf("store", any_none, value=stores),
        _leaf("region", any_none, value=regions),
        _leaf("stage", any_none, value=st.just(["member", "repeat"])),
        _leaf("grade", any_none, value=st.just(["A"]), where=st.none() | st.fixed_dictionaries({"store": stores})),
        _leaf("consent", st.sampled_from(["allows", "not_allows"]), value=st.just(["marketing_1v1"])),
        _leaf("field:size", st.just("at_least"), value=st.integers(30, 50)),
        _leaf("field:born", st.sampled_from(["within_next_days", "anniversary_within_next_days"]), days=WINDOW),
    )  # fmt: skip


def _leaf(field: str, op: Any, **parts: Any) -> st.SearchStrategy[Any]:
    made = st.fixed_dictionaries({"field": st.just(field), "op": op, **parts})
    return made.map(lambda leaf: {key: value for key, value in leaf.items() if value is not None and _fits(leaf, key)})


def _fits(leaf: dict[str, Any], key: str) -> bool:
    return not (key == "days" and leaf["op"] == "never")


def trees(world: World) -> st.SearchStrategy[Any]:
    """Rules up to three levels deep."""
    group = st.sampled_from(["all", "any", "none"])
    return st.recursive(
        leaves(world),
        lambda inner: st.tuples(group, st.lists(inner, min_size=1, max_size=3)).map(lambda pair: {pair[0]: pair[1]}),
        max_leaves=5,
    )
