"""Facts agree with the naive count whatever happened, in whatever order it was told and however often it was filled."""

import random
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command

from guides import bindings, postings
from guides.hearing import News
from guides.models import Relation
from members.models import Member
from scrm.clock import day_of, days, start_of
from scrm.dashboard import facts
from scrm.dashboard.models import Fill, GuideDay, NodeDay, StoreSpan
from scrm.dashboard.periods import spans
from stores import places
from tests.cast import LAN, MEI, NOW, OPENED, Cast, after
from tests.dashboard import naive

pytestmark = pytest.mark.django_db
TODAY = day_of(NOW)
KINDS = ["add"] * 5 + ["half", "cust_del", "cust_del", "guide_del", "transferred"]


def brand_day(day: object = TODAY) -> NodeDay:
    return NodeDay.objects.get(kind="brand", day=day)


def agree(today: object = TODAY) -> None:
    __tracebackhide__ = True
    assert naive.stored_guide_days() == {k: +c for k, c in naive.guide_days(today).items()}  # type: ignore[arg-type]
    assert naive.stored_node_days() == {k: +c for k, c in naive.node_days(today).items()}  # type: ignore[arg-type]


def random_news(cast: Cast, chance: random.Random, *, n: int, now: datetime) -> list[News]:
    """Adds and ends of nine customers at four guides over fifty days, in no order."""
    codes = [c.state for c in cast.corp_codes] if hasattr(cast, "corp_codes") else [""]
    return [
        News(
            cast.corp.pk,
            chance.choice(["ben", "cai", "dong", "gu"]),
            f"wm{chance.randrange(9)}",
            chance.choice(KINDS),
            now - timedelta(hours=chance.randrange(50 * 24)),
            chance.randbytes(32),
            state=chance.choice(codes),
        )
        for _ in range(n)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_fill_of_everything_agrees_with_the_naive_count(cast: Cast, seed: int) -> None:
    bindings.hear(random_news(cast, random.Random(seed), n=80, now=NOW), now=NOW)
    facts.fill_all(at=NOW)
    agree()


@pytest.mark.parametrize("seed", range(4))
def test_touched_fills_agree_with_the_naive_count(cast: Cast, seed: int) -> None:
    chance = random.Random(100 + seed)
    cast.corp_codes = [cast.code(), cast.code(cast.xujiahui), cast.code(cast.fangs_first)]  # type: ignore[attr-defined]
    postings.post(cast.guide("dong"), to=cast.nanjing_road, at=after(days=-20))
    for hours in (-90, -40, -39, -2, 0):
        now = after(hours=hours)
        bindings.hear(random_news(cast, chance, n=25, now=now), now=now)
        facts.fill_touched(at=now)
        agree(day_of(now))
    once = naive.stored_node_days()
    for model in (GuideDay, NodeDay, StoreSpan, Fill):
        model.objects.all().delete()
    facts.fill_all(at=NOW)
    assert naive.stored_node_days() == once


@pytest.mark.parametrize("seed", range(3))
def test_the_tree_of_each_day_counts(cast: Cast, seed: int) -> None:
    chance = random.Random(200 + seed)
    facts.fill_touched(at=after(days=-3))
    places.move_store(cast.xujiahui, to=cast.south, on=day_of(after(days=-10)))
    places.end_contract(cast.fangs_second, on=day_of(after(days=-20)))
    places.close_store(cast.fangs_first, on=day_of(after(days=-5)))
    bindings.hear(random_news(cast, chance, n=80, now=NOW), now=NOW)
    one, other = Member.objects.all()[:2]
    Member.objects.filter(pk=other.pk).update(same_person_as=one)
    facts.fill_all(at=NOW)
    agree()


def test_the_brand_is_the_sum_of_its_regions_and_of_what_has_no_store(cast: Cast) -> None:
    bindings.hear(random_news(cast, random.Random(5), n=120, now=NOW), now=NOW)
    cast.add("wmNobodysCustomer", "a-guide-without-a-posting")
    facts.fill_all(at=NOW)
    for day in days(TODAY - timedelta(days=50), TODAY):
        rows = NodeDay.objects.filter(day=day)
        for name in (*naive.FLOWS, "live"):
            brand, *parts = (
                sum(rows.filter(kind__in=kinds).values_list(name, flat=True))
                for kinds in (["brand"], ["region", "unplaced"], ["store", "unplaced"])
            )
            assert [brand] * 2 == parts, (day, name)


def test_a_lost_customer_who_comes_back_is_a_new_person_but_not_twice(cast: Cast) -> None:
    cast.add(MEI, "cai", at=after(days=-3))
    cast.add(MEI, "dong", at=after(days=-2))
    cast.tell(MEI, "cai", "cust_del", at=after(days=-1, hours=1))
    cast.tell(MEI, "dong", "cust_del", at=after(days=-1, hours=2))
    cast.add(MEI, "cai")
    facts.fill_all(at=NOW)
    told = NodeDay.objects.filter(kind="brand", day__gt=TODAY - timedelta(days=4)).order_by("day")
    assert list(told.values_list("adds", "people_adds", "losses", "live")) == [
        (1, 1, 0, 1),
        (1, 0, 0, 2),
        (0, 0, 2, 0),
        (1, 1, 0, 1),
    ]


def test_a_handover_is_neither_an_add_nor_a_loss(cast: Cast) -> None:
    cast.add(MEI, "cai", at=after(days=-2))
    cast.tell(MEI, "cai", "transferred", at=after(minutes=-5))
    cast.add(MEI, "dong", at=after(minutes=-4))
    facts.fill_all(at=NOW)
    today = brand_day()
    assert (today.adds, today.losses, today.drops, today.moved_in, today.moved_out, today.live) == (0, 0, 0, 1, 1, 1)


def test_a_day_ends_at_midnight_in_shanghai(cast: Cast) -> None:
    midnight = start_of(TODAY)
    cast.add(MEI, "cai", at=midnight - timedelta(seconds=1))
    cast.add(LAN, "cai", at=midnight)
    facts.fill_all(at=NOW)
    assert (brand_day(TODAY - timedelta(days=1)).adds, brand_day().adds) == (1, 1)


def test_seven_days_are_judged_when_they_are_over(cast: Cast) -> None:
    for who, days_ago in ((MEI, 8), (LAN, 8), ("wmNew", 6)):
        cast.add(who, "cai", at=after(days=-days_ago))
    cast.tell(MEI, "cai", "cust_del", at=after(days=-3))
    facts.fill_all(at=NOW)
    kept = NodeDay.objects.filter(kind="brand", adds__gt=0).order_by("day")
    assert list(kept.values_list("adds", "kept_7", "kept_of")) == [(2, 1, 2), (1, 0, 0)]
    facts.fill_touched(at=after(days=1))
    assert list(kept.values_list("kept_7", "kept_of")) == [(1, 2), (1, 1)]


def test_every_open_store_has_a_row_each_day(cast: Cast) -> None:
    facts.fill_all(at=NOW)
    facts.fill_touched(at=after(days=2))
    places.open_store(cast.east, code="S009", name="新店", on=day_of(after(days=2)))
    facts.fill_touched(at=after(days=2, minutes=1))
    rows = NodeDay.objects.filter(kind="store")
    assert rows.filter(day=day_of(after(days=1))).count() == 4
    assert rows.filter(day=day_of(after(days=2))).count() == 5
    assert StoreSpan.objects.filter(store__code="S009").count() == 4


def test_a_relation_that_gets_its_store_later_moves_there(cast: Cast) -> None:
    postings.post(cast.guide("dong"), to=cast.nanjing_road, at=after(days=-5))
    relation = cast.add(MEI, "dong", at=after(days=-1))
    facts.fill_touched(at=NOW)
    assert NodeDay.objects.get(kind="unplaced", day=TODAY).live == 1
    bindings.place(relation, store=cast.nanjing_road, by=cast.ada, at=after(minutes=1))
    facts.fill_touched(at=after(minutes=2))
    assert NodeDay.objects.get(kind="store", store=cast.nanjing_road, day=TODAY).live == 1
    agree()


def test_a_second_look_finds_nothing_new(cast: Cast) -> None:
    cast.add(MEI, "cai")
    facts.fill_touched(at=NOW)
    cast.add(LAN, "cai", at=after(minutes=1))
    assert facts.fill_touched(at=after(minutes=1)) == 1
    assert facts.fill_touched(at=after(minutes=2)) == 0
    assert Fill.objects.get().filled_at == after(minutes=2)


def test_an_older_add_than_any_before_widens_the_filled_days(cast: Cast) -> None:
    facts.fill_touched(at=NOW)
    cast.tell(MEI, "cai", "add", at=after(days=-90))
    Relation.objects.update(changed_at=NOW)
    facts.fill_touched(at=after(minutes=1))
    assert Fill.objects.get().first_day == day_of(after(days=-90))
    agree()


def test_some_days_can_be_filled_alone(cast: Cast) -> None:
    bindings.hear(random_news(cast, random.Random(9), n=80, now=NOW), now=NOW)
    facts.fill_all(at=NOW)
    before = naive.stored_node_days()
    NodeDay.objects.filter(day=TODAY - timedelta(days=20)).update(adds=99, live=7, people_adds=5)
    GuideDay.objects.filter(day=TODAY - timedelta(days=20)).delete()
    facts.fill([TODAY - timedelta(days=20)], at=NOW)
    assert naive.stored_node_days() == before


def test_spans_are_sums_of_days(cast: Cast) -> None:
    bindings.hear(random_news(cast, random.Random(3), n=120, now=NOW), now=NOW)
    facts.fill_all(at=NOW)
    for period in spans(TODAY).values():
        for row in StoreSpan.objects.filter(span=period.key):
            told = NodeDay.objects.filter(kind="store", store=row.store, day__range=(period.first, period.last))
            assert row.adds == sum(told.values_list("adds", flat=True))
            assert (row.live_at_start, row.live) == (told.earliest("day").live_at_start, told.latest("day").live)


def test_two_fills_never_overlap(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    facts.fill_touched(at=NOW)
    monkeypatch.setattr(facts, "_alone", lambda wait=True: _busy())
    cast.add(MEI, "cai", at=after(minutes=1))
    assert facts.fill_touched(at=after(minutes=1)) == 0 and not GuideDay.objects.exists()


def _busy():  # type: ignore[no-untyped-def]
    from contextlib import nullcontext

    return nullcontext(False)


def test_the_command_fills_and_tells(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    cast.add(MEI, "cai", at=OPENED)
    call_command("fill_facts")
    assert "2026-01-01" in capsys.readouterr().out
    assert NodeDay.objects.get(kind="brand", day=TODAY).live == 1
