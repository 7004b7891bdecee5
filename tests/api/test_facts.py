"""Facts: a node's numbers by day, for those whose seats cover the node."""

from typing import Any

import pytest
import time_machine

from scrm import clock
from scrm.dashboard import facts
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import LAN, MEI, Cast, after

URL = "/api/v1/facts/"
KEYS = {
    *["node", "day", "adds", "people_adds", "net_adds", "losses", "drops", "loss_rate", "live", "keep_7"],
    *["moved_in", "moved_out", "orders", "gmv", "basket", "member_share", "add_rate", "repurchase", "upt", "attach"],
}


@pytest.fixture
def filled(cast: Cast, shop: Any) -> Any:
    """Mei and Lan add on the 2nd, Mei leaves on the 3rd; it is the 5th."""
    cast.tell(MEI, "cai", "cust_del", at=after(days=1))
    cast.add(LAN, "ben", at=after(days=2))
    facts.fill_all(at=after(days=3))
    with time_machine.travel(after(days=3), tick=False):
        yield cast


def days(api: Any, node: Any, **query: str) -> dict[str, dict[str, Any]]:
    answer = api.get(URL, {"node": node.public_id, **query})
    assert answer.status_code == 200, answer.content
    return {row["day"]: row for row in answer.json()["results"]}


def test_a_day_carries_every_number_beside_as_of(filled: Cast, calling: Caller) -> None:
    said = calling(filled.ada).get(URL, {"node": filled.brand.public_id}).json()
    assert set(said) == {"results", "next", "previous", "as_of"}
    assert clock.day_of(after(days=3)).isoformat() == said["as_of"][:10]
    assert {frozenset(row) for row in said["results"]} == {frozenset(KEYS)}
    assert {row["node"] for row in said["results"]} == {filled.brand.public_id}


def test_the_numbers_are_those_of_the_day(filled: Cast, calling: Caller) -> None:
    seen = days(calling(filled.ben), filled.nanjing_road)
    first, second = seen["2026-03-02"], seen["2026-03-03"]
    assert [first[key] for key in ("adds", "people_adds", "net_adds", "losses", "live")] == [1, 1, 1, 0, 1]
    assert [second[key] for key in ("adds", "net_adds", "losses", "live", "loss_rate")] == [0, -1, 1, 0, 1.0]
    assert first["keep_7"] is None


def test_days_come_in_order_and_pages(filled: Cast, calling: Caller) -> None:
    seen = list(days(calling(filled.ada), filled.brand))
    assert seen == sorted(seen)
    page = calling(filled.ada).get(URL, {"node": filled.brand.public_id, "page_size": 1}).json()
    follow = calling(filled.ada).get(page["next"]).json()
    assert [page["results"][0]["day"], follow["results"][0]["day"]] == seen[:2]
    assert follow["as_of"] == page["as_of"]


def test_a_span_includes_both_its_ends(filled: Cast, calling: Caller) -> None:
    seen = days(calling(filled.ada), filled.brand, **{"from": "2026-03-03", "to": "2026-03-04"})
    assert set(seen) <= {"2026-03-03", "2026-03-04"} and "2026-03-03" in seen


def test_nobody_looks_beyond_her_seats(filled: Cast, calling: Caller) -> None:
    nodes = {"brand": filled.brand, "east": filled.east, "road": filled.nanjing_road, "fangs": filled.fangs}
    nodes |= {"south": filled.south, "first": filled.fangs_first, "xujiahui": filled.xujiahui}
    covered = {
        "ada": set(nodes), "ann": set(nodes), "rita": {"east", "road", "xujiahui"}, "ben": {"road"}, "ivy": {"road"},
        "fang": {"fangs", "first"},
    }  # fmt: skip
    for who, seen in covered.items():
        api = calling(getattr(filled, who))
        assert {n for n, node in nodes.items() if api.get(URL, {"node": node.public_id}).status_code == 200} == seen


def test_a_hidden_node_and_one_that_never_was_are_the_same_bytes(filled: Cast, calling: Caller) -> None:
    api = calling(filled.ben)
    ids = [filled.xujiahui.public_id, filled.brand.public_id, filled.east.public_id, "s_neverwas", "x", "r_"]
    said = [api.get(URL, {"node": id}) for id in ids]
    is_problem(said[0], 404)
    assert len({answer.content for answer in said}) == 1


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("", "node"),
        ("node=%00", "node"),
        ("node=b_x&from=soon", "from"),
        ("node=b_x&to=2026-02-30", "to"),
        ("node=b_x&from=2026-03-02&to=2026-03-01", "from"),
        ("node=b_x&from=2025-01-01&to=2026-02-05", "from"),
        ("node=b_x&store=s_x", "store"),
        ("node=b_x&node=b_y", "node"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_name(filled: Cast, calling: Caller, query: str, wrong: str) -> None:
    assert list(is_problem(calling(filled.ada).get(f"{URL}?{query}"), 400)["errors"]) == [wrong]


@pytest.mark.parametrize("span", ["from=2025-01-02&to=2026-02-05", "to=0001-01-05", "from=9999-12-30&to=9999-12-31"])
def test_four_hundred_days_and_the_ends_of_the_calendar_can_be_asked_for(
    filled: Cast, calling: Caller, span: str
) -> None:
    assert calling(filled.ada).get(f"{URL}?node={filled.brand.public_id}&{span}").status_code == 200


def test_without_boards_there_are_no_facts(filled: Cast, calling: Caller) -> None:
    for person in (filled.cai, filled.eve):
        is_problem(calling(person).get(URL, {"node": filled.nanjing_road.public_id}), 403)


def test_a_year_of_facts_asks_few_questions(filled: Cast, calling: Caller, django_assert_max_num_queries: Any) -> None:
    api = calling(filled.fang)
    with django_assert_max_num_queries(7):  # one of them notes that the token was used
        api.get(URL, {"node": filled.fangs_first.public_id, "from": "2025-03-01", "page_size": "1000"})
