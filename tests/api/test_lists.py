"""Lists: what each of the cast sees, and that nobody sees more."""

from typing import Any

import pytest

from members.models import Member
from tests.api.conftest import Caller
from tests.cast import LAN, MEI, Cast, after

LISTS = ["stores", "people", "guides", "members", "relations", "codes"]
EVERYWHERE = ["南京路店", "徐家汇店", "天河店", "南山店"]
CUSTOMERS = {
    "ada": {MEI, LAN},
    "ann": {MEI, LAN},
    "rita": {MEI},
    "ben": {MEI},
    "cai": {MEI},
    "dong": set(),
    "fang": {LAN},
    "gu": {LAN},
}


def rows(api: Any, name: str, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(f"/api/v1/{name}/", query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.mark.parametrize("who", CUSTOMERS)
def test_each_sees_her_own_customers(cast: Cast, shop: Any, calling: Caller, who: str) -> None:
    api = calling(getattr(cast, who))
    assert {row["external_userid"] for row in rows(api, "relations")} == CUSTOMERS[who]
    assert {userid for row in rows(api, "members") for userid in row["external_userids"]} == CUSTOMERS[who]


@pytest.mark.parametrize(
    ("who", "stores"),
    [("ada", EVERYWHERE), ("rita", EVERYWHERE[:2]), ("fang", EVERYWHERE[2:]), ("ivy", EVERYWHERE[:1])],
)
def test_stores_end_where_the_seat_does(cast: Cast, calling: Caller, who: str, stores: list[str]) -> None:
    assert [row["name"] for row in rows(calling(getattr(cast, who)), "stores")] == stores


def test_a_guide_sees_only_her_own_of_a_shared_customer(cast: Cast, shop: Any, calling: Caller) -> None:
    cast.add(MEI, "ben", at=after(minutes=1))
    assert {row["guide"] for row in rows(calling(cast.cai), "relations")} == {"cai"}
    assert {row["guide"] for row in rows(calling(cast.ada), "relations", external_userid=MEI)} == {"cai", "ben"}


def test_a_relation_names_its_guide_store_and_code(cast: Cast, shop: Any, calling: Caller) -> None:
    row = rows(calling(cast.ada), "relations", external_userid=MEI)[0]
    assert (row["guide"], row["state"], row["ended_at"]) == ("cai", "live", None)
    assert (row["store"], row["code"]) == (cast.nanjing_road.public_id, shop[0].public_id)
    assert row["member"] == Member.objects.get(identities__value=MEI).public_id


def test_a_relation_without_code_and_store_has_none(cast: Cast, calling: Caller) -> None:
    cast.tell(MEI, "somebody_new", "add")
    row = rows(calling(cast.ada), "relations")[0]
    assert (row["store"], row["code"]) == (None, None)


def test_a_person_is_shown_with_the_seats_that_the_caller_may_see(cast: Cast, calling: Caller) -> None:
    seen = {row["username"]: row["seats"] for row in rows(calling(cast.ben), "people")}
    assert set(seen) == {"ben", "cai", "ivy"}
    assert {seat["node"] for seats in seen.values() for seat in seats} == {cast.nanjing_road.public_id}


def test_a_guide_is_shown_where_she_is_posted(cast: Cast, calling: Caller) -> None:
    seen = {row["userid"]: row["stores"] for row in rows(calling(cast.fang), "guides")}
    assert seen == {"gu": [cast.fangs_first.public_id]}


@pytest.mark.parametrize("name", LISTS)
def test_eve_hears_that_she_may_not(cast: Cast, calling: Caller, name: str) -> None:
    answer = calling(cast.eve).get(f"/api/v1/{name}/")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:zhanggui:problem:permission-denied")


def ids(api: Any, name: str) -> set[str]:
    return {row["id"] for row in rows(api, name)}


@pytest.mark.parametrize("name", LISTS)
def test_a_strangers_row_and_one_that_never_was_are_the_same_bytes(
    cast: Cast, shop: Any, calling: Caller, name: str
) -> None:
    ben = calling(cast.ben)
    hidden = ids(calling(cast.ada), name) - ids(ben, name)
    assert hidden
    said = [ben.get(f"/api/v1/{name}/{one}/") for one in [*hidden, "s_neverwas", "nope"]]
    said.append(ben.get("/api/v1/nothing/of/the/kind/"))
    assert {answer.status_code for answer in said} == {404}
    assert len({(answer.content, answer["Content-Type"]) for answer in said}) == 1


@pytest.mark.parametrize("name", LISTS)
def test_the_row_of_a_list_is_the_row_alone(cast: Cast, shop: Any, calling: Caller, name: str) -> None:
    api = calling(cast.ada)
    for row in rows(api, name):
        assert api.get(f"/api/v1/{name}/{row['id']}/").json() == row


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_the_same_questions_for_one_row_and_for_many(
    cast: Cast, shop: Any, calling: Caller, name: str, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        cast.add(f"wmCustomer{n:022d}", ["cai", "gu"][n % 2], code=shop[n % 2], at=after(hours=n))
        cast.code(cast.xujiahui, name=f"{n}")
    api = calling(cast.ada)
    with django_assert_max_num_queries(7):
        assert len(rows(api, name)) > 3


def test_a_contract_that_ended_takes_the_customers_with_it(cast: Cast, shop: Any, calling: Caller) -> None:
    from stores import places

    places.end_contract(cast.fangs_first, on=after(days=30).date())
    assert rows(calling(cast.fang), "relations") == rows(calling(cast.fang), "members") == []


def test_deleted_codes_are_gone(cast: Cast, shop: Any, calling: Caller) -> None:
    from guides import codes

    codes.delete(shop[0], by=cast.ada, at=after(days=1))
    assert {row["id"] for row in rows(calling(cast.ada), "codes")} == {shop[1].public_id}
