"""Sales facts agree with the naive count, whatever came late, was corrected, given back or found to be one person."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from members.models import Member
from scrm.clock import start_of
from scrm.dashboard import boards, facts, rankings
from scrm.dashboard.kpis import Sums
from scrm.dashboard.models import Fill, GuideDay, NodeDay, SalesDay, StoreSpan
from scrm.dashboard.nodes import node_for
from scrm.dashboard.periods import spans
from tests.cast import NOW, Cast, after
from tests.dashboard import naive_sales as naive
from tests.orders.till import order, refund, take

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
STORES = ["S001", "S002", "S003", ""]


def agree() -> None:
    __tracebackhide__ = True
    filled = Fill.objects.get()
    assert naive.stored_sales_days() == {k: s for k, s in naive.sales_days().items() if k[0] >= filled.first_day}
    told = {k: s for k, s in naive.node_days().items() if filled.first_day <= k[2] <= filled.last_day}  # type: ignore[operator]
    assert naive.stored_node_days() == told


def random_rows(chance: random.Random, n: int, now: datetime, days: int = 40) -> list[dict[str, Any]]:
    """Orders, corrections, parts and refunds of nine people at four places over some days, in no order."""

    def then() -> datetime:
        return now - timedelta(hours=chance.randrange(days * 24))

    rows: list[dict[str, Any]] = []
    for _ in range(n):
        number, said = f"A{chance.randrange(25)}", {}
        if chance.random() < 0.8:
            said["buyer"] = {"card": f"C{chance.randrange(9)}"}
        if chance.random() < 0.2:
            said["parent"] = f"A{chance.randrange(25, 30)}"
        if chance.random() < 0.3:
            rows.append(refund(f"R{chance.randrange(12)}", of=number, fen=chance.randrange(1, 6000), at=then()))
        seller = chance.choice(["cai", "dong", ""])
        fen, store = chance.randrange(3, 9000), chance.choice(STORES)
        rows.append(order(number, fen=fen, at=then(), store=store, guide=seller, **said))
    return rows + [order(f"A{n}", fen=5000, at=then(), store="S002") for n in (25, 27) if chance.random() < 0.4]


def one_by_one(rows: list[dict[str, Any]], now: datetime) -> None:
    for row in rows:
        take(row, at=now)


@pytest.mark.parametrize("seed", range(3))
def test_a_fill_of_everything_agrees_with_the_naive_count(cast: Cast, seed: int) -> None:
    one_by_one(random_rows(random.Random(seed), 40, NOW), NOW)
    facts.fill_all(at=NOW)
    agree()


@pytest.mark.parametrize("seed", range(4))
def test_touched_fills_agree_and_a_refill_gives_the_same(cast: Cast, seed: int) -> None:
    chance = random.Random(100 + seed)
    for hours in (-90, -40, -2, 0):
        now = after(hours=hours)
        one_by_one(random_rows(chance, 15, now), now)
        facts.fill_touched(at=now)
        agree()
    once = naive.stored_node_days()
    for model in (SalesDay, GuideDay, NodeDay, StoreSpan, Fill):
        model.objects.all().delete()
    facts.fill_all(at=NOW)
    assert naive.stored_node_days() == once


@pytest.mark.parametrize("seed", range(2))
def test_who_bought_a_year_ago_is_counted_though_nobody_filled_those_days(cast: Cast, seed: int) -> None:
    chance = random.Random(200 + seed)
    take(*random_rows(chance, 15, after(days=-335), days=40), *random_rows(chance, 15, NOW, days=30), at=NOW)
    facts.fill_recent(at=NOW)
    agree()


def test_a_merge_and_a_registration_are_seen(cast: Cast) -> None:
    from members import merges

    take(order("A1", buyer={"card": "C1"}, at=after(days=-40)), order("A2", buyer={"card": "C2"}, at=after(days=-3)))
    facts.fill_touched(at=NOW)
    one, other = Member.objects.order_by("pk")
    merges.merge(one, [other], by=cast.ada, reason="the same", at=after(hours=1))
    Member.objects.filter(pk=one.pk).update(registered_at=start_of(date(2026, 2, 1)))
    facts.fill_recent(at=after(hours=2))
    facts.fill_touched(at=after(hours=2))
    agree()
    brand = NodeDay.objects.get(kind="brand", day=TODAY)
    assert (brand.buyers_365, brand.repeaters_365) == (1, 1)


def test_somebody_who_registers_in_the_evening_was_a_member_at_noon(cast: Cast) -> None:
    take(order("A1", buyer={"card": "C1"}))
    facts.fill_touched(at=NOW)
    Member.objects.update(registered_at=after(hours=3))
    facts.fill_touched(at=after(hours=3))
    assert NodeDay.objects.get(kind="store", store=cast.nanjing_road, day=TODAY).member_gmv == 10000


def test_a_board_tells_ratios_from_sums(cast: Cast) -> None:
    cast.add("wmHong", "cai", code=cast.code())
    take(order("A1", fen=9000, buyer={"card": "C1"}), order("A2", fen=3000), refund("R1", of="A2", fen=1000))
    take(order("A0", buyer={"card": "C1"}, at=after(days=-30)))
    facts.fill_all(at=NOW)
    totals = boards.growth(node_for(cast.ben, cast.nanjing_road.public_id), TODAY, TODAY).totals
    assert (totals.gmv, totals.orders, totals.basket, totals.add_rate) == (11000, 2, 5500, 0.5)
    assert (totals.upt, totals.attach, totals.repurchase, totals.member_share) == (3, 1, 1, 0)


def test_a_list_of_stores_is_handed_over_with_its_sales(cast: Cast) -> None:
    take(order("A1", fen=9000), order("A2", fen=3000, store="S002"))
    facts.fill_all(at=NOW)
    node, period = node_for(cast.ada, cast.brand.public_id), spans(TODAY)["days_30"]
    table = rankings.everything(node, period, rankings.asked({"part": "stores"}, node))
    assert {row.sums.gmv for row in table.rows if row.sums.orders} == {9000, 3000}


def test_a_guide_s_sales_are_hers(cast: Cast) -> None:
    take(order("A1", fen=9000, guide="cai"), order("A2", fen=3000, guide="ben"))
    facts.fill_all(at=NOW)
    hers = boards.growth_of_guide(cast.guide("cai"), TODAY, TODAY, viewer=cast.cai)
    assert (hers.totals.gmv, hers.totals.orders, hers.totals.live) == (9000, 1, 0)
    assert boards.growth_of_guide(cast.guide("cai"), TODAY, TODAY, viewer=cast.fang).totals == Sums()


def test_a_buyer_falls_out_of_the_window_after_a_year(cast: Cast) -> None:
    take(order("A1", buyer={"card": "C1"}))
    facts.fill_touched(at=NOW)
    facts.fill_recent(at=after(days=362))
    for ahead, held in ((364, 1), (365, 0)):
        facts.fill_touched(at=after(days=ahead))
        assert NodeDay.objects.filter(kind="brand").latest("day").buyers_365 == held
