"""What each of the cast reads on the boards."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.http import Http404

from scrm.clock import day_of
from scrm.dashboard import boards, facts, rankings
from scrm.dashboard.kpis import Sums
from scrm.dashboard.nodes import Kind
from scrm.dashboard.periods import Period, spans
from stores import places, seats
from stores.models import Person, Role
from tests.cast import MEI, NOW, OPENED, Cast, after
from tests.orders.till import order, take

pytestmark = pytest.mark.django_db
TODAY = day_of(NOW)
WEEK = spans(TODAY)["days_7"]


def again(person: Person) -> Person:
    """The person as the next request knows her: nothing is remembered."""
    return Person.objects.get(pk=person.pk)


def growth(viewer: Person, place: Any, period: Period = WEEK) -> boards.Growth:
    return boards.growth(boards.node_for(again(viewer), place.public_id), period.first, period.last)


def rows(viewer: Person, place: Any, part: str, period: Period = WEEK, **how: Any) -> dict[str, Sums]:
    node = boards.node_for(again(viewer), place.public_id)
    return {row.name: row.sums for row in rankings.children(node, period, rankings.Asked(part, **how)).rows}


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ("ada", "brand"),
        ("otto", "brand"),
        ("ann", "brand"),
        ("rita", "east"),
        ("fang", "fangs"),
        ("ben", "nanjing_road"),
        ("ivy", "nanjing_road"),
    ],
)
def test_everybody_begins_where_her_seat_is(cast: Cast, who: str, where: str) -> None:
    home = boards.home_of(getattr(cast, who))
    assert home and home.public_id == getattr(cast, where).public_id


@pytest.mark.parametrize("who", ["cai", "dong", "gu", "eve"])
def test_guides_and_strangers_have_no_board(cast: Cast, who: str) -> None:
    assert boards.home_of(getattr(cast, who)) is None
    with pytest.raises(Http404):
        boards.node_for(getattr(cast, who), cast.nanjing_road.public_id)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("ada", {"brand", "east", "south", "fangs", "nanjing_road", "xujiahui", "fangs_first", "fangs_second"}),
        ("rita", {"east", "nanjing_road", "xujiahui"}),
        ("fang", {"fangs", "fangs_first", "fangs_second"}),
        ("ben", {"nanjing_road"}),
        ("ivy", {"nanjing_road"}),
    ],
)
def test_a_node_opens_only_within_the_seat(cast: Cast, who: str, seen: set[str]) -> None:
    def opens(place: Any) -> bool:
        try:
            return bool(boards.node_for(getattr(cast, who), place.public_id))
        except Http404:
            return False

    everything = ["brand", "east", "south", "fangs", "nanjing_road", "xujiahui", "fangs_first", "fangs_second"]
    assert {name for name in everything if opens(getattr(cast, name))} == seen


def test_hq_reads_the_sum_of_the_house(small: Cast) -> None:
    told = growth(small.ada, small.brand)
    assert (told.totals.adds, told.totals.people_adds, told.totals.losses, told.totals.live) == (4, 3, 1, 4)
    assert told.before and told.before.adds == 1
    assert len(told.series) == 14 and told.series[-1].sums.live == 4
    assert told.totals.loss_rate == pytest.approx(1 / 5)


def test_seven_day_keep_is_said_of_old_adds_only(small: Cast) -> None:
    assert growth(small.ada, small.brand).totals.keep_7 is None
    assert growth(small.ada, small.brand, spans(TODAY)["days_30"]).totals.keep_7 == 1


@pytest.mark.parametrize("period", [WEEK, Period(WEEK.first, WEEK.last)], ids=["ready", "summed"])
def test_the_parts_of_a_node_add_up_to_it(small: Cast, period: Period) -> None:
    for place, part in (
        (small.brand, "regions"),
        (small.brand, "stores"),
        (small.east, "stores"),
        (small.fangs, "stores"),
    ):
        whole = growth(small.ada, place, period).totals
        parts = rows(small.ada, place, part, period).values()
        for name in ("adds", "people_adds", "losses", "live", "live_at_start"):
            assert sum(getattr(sums, name) for sums in parts) == getattr(whole, name), (place, name)


def test_a_stores_guides_and_codes_add_up_to_it(small: Cast) -> None:
    month = spans(TODAY)["days_30"]
    whole = growth(small.ben, small.nanjing_road, month).totals
    guides = rows(small.ben, small.nanjing_road, "guides", month)
    codes = rows(small.ben, small.nanjing_road, "codes", month)
    assert {name: sums.adds for name, sums in guides.items()} == {"Cai": 1, "Ben": 1}
    assert {name: sums.live for name, sums in codes.items()} == {"收银台": 1, "未经活码": 1}
    assert whole.live == sum(s.live for s in guides.values()) == sum(s.live for s in codes.values()) == 2


def test_a_franchisee_reads_the_days_of_her_contract_only(small: Cast) -> None:
    places.end_contract(small.fangs_first, on=TODAY - timedelta(days=3))
    facts.fill_all(at=NOW)
    assert growth(small.fang, small.fangs_first).totals.adds == 1
    assert growth(small.ada, small.fangs_first).totals.adds == 2
    assert growth(small.fang, small.fangs).totals.adds == 1
    assert {n: s.adds for n, s in rows(small.fang, small.fangs, "stores").items()} == {"天河店": 1, "南山店": 0}


def test_a_store_that_moved_counts_in_the_region_of_each_day(small: Cast) -> None:
    places.move_store(small.nanjing_road, to=small.south, on=TODAY - timedelta(days=1))
    facts.fill_all(at=NOW)
    assert growth(small.ada, small.east).totals.adds == 2
    assert rows(small.ada, small.east, "stores")["南京路店"].adds == 1
    assert rows(small.ada, small.east, "stores")["南京路店"].live == 0
    assert growth(small.ada, small.south).totals.live == 3


def test_adds_without_a_store_stand_in_hqs_table(small: Cast) -> None:
    small.add("wmNobody", "a-guide-without-a-posting", at=after(minutes=-1))
    facts.fill_all(at=NOW)
    assert rows(small.ada, small.brand, "regions")["未归店"].adds == 1


@pytest.mark.parametrize("sort", ["adds", "people_adds", "net_adds", "losses", "loss_rate", "live", "keep_7", "name"])
@pytest.mark.parametrize("period", [WEEK, Period(WEEK.first, WEEK.last)], ids=["ready", "summed"])
def test_stores_are_sorted_by_any_number(small: Cast, sort: str, period: Period) -> None:
    node = boards.node_for(small.ada, small.brand.public_id)
    falling = rankings.children(node, period, rankings.Asked("stores", sort)).rows
    told = [rankings._order(rankings.Asked("stores", sort))(row)[:2] for row in falling if sort != "name"]
    assert len(falling) == 4 and told == sorted(told)


@pytest.mark.parametrize("sort", ["gmv", "orders", "basket", "member_share", "add_rate", "repurchase", "upt", "attach"])
@pytest.mark.parametrize("period", [WEEK, Period(WEEK.first, WEEK.last)], ids=["ready", "summed"])
def test_stores_are_sorted_by_what_they_sold(small: Cast, sort: str, period: Period) -> None:
    take(order("A1", fen=900, buyer={"card": "C1"}), order("A2", fen=100, store="S002"), order("A3", fen=500))
    facts.fill_touched(at=after(seconds=30))
    node = boards.node_for(small.ada, small.brand.public_id)
    falling = rankings.children(node, period, rankings.Asked("stores", sort, group="sales")).rows
    told = [rankings._order(rankings.Asked("stores", sort))(row)[:2] for row in falling]
    assert told == sorted(told) and {row.sums.gmv for row in falling} == {1400, 100, 0}


def test_a_store_is_found_by_name_or_number(small: Cast) -> None:
    assert list(rows(small.ada, small.brand, "stores", search="徐家")) == ["徐家汇店"]
    assert list(rows(small.ada, small.brand, "stores", search="s003")) == ["天河店"]


def test_the_tables_go_page_by_page(small: Cast) -> None:
    node = boards.node_for(small.ada, small.brand.public_id)
    pages = [rankings.children(node, WEEK, rankings.Asked("stores", page=n), size=3) for n in (1, 2)]
    assert [len(page.rows) for page in pages] == [3, 1]
    assert (pages[0].total, pages[0].pages) == (4, 2)


def test_a_guide_reads_her_own_numbers(small: Cast) -> None:
    month = spans(TODAY)["days_30"]
    told = boards.growth_of_guide(small.guide("cai"), month.first, month.last, viewer=small.cai)
    assert (told.totals.adds, told.totals.live) == (1, 1)
    others = boards.growth_of_guide(small.guide("ben"), month.first, month.last, viewer=small.cai)
    assert others.totals == Sums()


def test_a_code_has_its_days(small: Cast) -> None:
    month = spans(TODAY)["days_30"]
    till = small.nanjing_road.codes.get()
    told = boards.growth_of_code(till, month.first, month.last, viewer=small.ben)
    assert [day.day for day in told.series if day.sums.adds] == [TODAY - timedelta(days=9)]


def test_the_way_up_stops_at_the_seat(small: Cast) -> None:
    def trail(viewer: Person, place: Any) -> list[str]:
        return [above.name for above in boards.trail(boards.node_for(viewer, place.public_id))]

    assert trail(small.ada, small.nanjing_road) == ["掌柜茶饮", "华东"]
    assert trail(small.rita, small.nanjing_road) == ["华东"]
    assert trail(small.fang, small.fangs_first) == ["方记"]
    assert trail(small.ben, small.nanjing_road) == []


def test_several_seats_are_several_homes(cast: Cast) -> None:
    seats.give(cast.rita, Role.STORE_MANAGER, store=cast.fangs_first, at=OPENED)
    assert [node.kind for node in boards.homes_of(again(cast.rita))] == [Kind.REGION, Kind.STORE]


def test_as_of_is_the_instant_of_the_last_look(small: Cast) -> None:
    assert boards.as_of() == NOW
    facts.fill_touched(at=after(minutes=5))
    assert boards.as_of() == after(minutes=5)


def test_past_midnight_the_ready_sums_are_not_taken_for_todays(small: Cast) -> None:
    tomorrow = spans(TODAY + timedelta(days=1))
    assert sum(s.adds for s in rows(small.ada, small.brand, "stores", tomorrow["yesterday"]).values()) == 0
    assert sum(s.adds for s in rows(small.ada, small.brand, "stores", tomorrow["days_7"]).values()) == 4


def test_before_the_first_fill_there_is_nothing(cast: Cast) -> None:
    cast.add(MEI, "cai")
    assert boards.as_of() is None
    assert growth(cast.ada, cast.brand).is_empty


def test_a_month_begins_on_its_first_day() -> None:
    assert spans(date(2026, 3, 31))["month"].first == date(2026, 3, 1)
    assert Period(date(2026, 3, 1), date(2026, 3, 7)).previous == Period(date(2026, 2, 22), date(2026, 2, 28))
