"""Who is one person, through the API."""

from typing import Any

import pytest

from members import identities, merges
from members.identities import Newcomer, Told
from members.models import Member, Merge
from scrm.audit.models import Entry
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import MEI, NOW, Cast

pytestmark = pytest.mark.django_db
URL, MEMBERS, PHONE = "/api/v1/merges/", "/api/v1/members/", "+8613800010001"


@pytest.fixture
def two(cast: Cast) -> list[Member]:
    cast.add(MEI, "cai")
    mei = cast.member(MEI)
    identities.add_ids([(mei.pk, "phone", PHONE), (mei.pk, "card", "VIP1")])
    (other,) = identities.recognise([Told((("openid", "wx1", "o1"), ("unionid", "", "u1")))], source="shop", at=NOW)
    return [mei, Member.objects.get(pk=other)]


def ids(two: list[Member]) -> dict[str, Any]:
    return {"members": [one.public_id for one in two], "reason": "同一人"}


def test_made_read_and_undone(cast: Cast, calling: Caller, two: list[Member]) -> None:
    api = calling(cast.otto)
    (row,) = api.post(URL, ids(two)).json()
    assert (row["winner"], row["loser"], row["by"]) == (two[0].public_id, two[1].public_id, "otto")
    assert api.get(f"{MEMBERS}{two[1].public_id}/").json()["merged_into"] == two[0].public_id
    assert api.post(f"{URL}{row['id']}/undo/").json()["undone_by"] == "otto"
    assert api.get(f"{MEMBERS}{two[1].public_id}/").json()["merged_into"] is None
    is_problem(api.post(f"{URL}{row['id']}/undo/"), 409)
    assert [one["id"] for one in api.get(URL).json()["results"]] == [row["id"]]


def test_a_repeated_key_merges_once(cast: Cast, calling: Caller, two: list[Member]) -> None:
    api = calling(cast.otto)
    said = [api.post(URL, ids(two), headers={"Idempotency-Key": "k1"}).json() for _ in range(2)]
    assert said[0] == said[1] and Merge.objects.count() == 1
    assert Entry.objects.filter(verb="member.merged").count() == 1


def test_an_earlier_decision_is_a_conflict(cast: Cast, calling: Caller, two: list[Member]) -> None:
    (third,) = identities.enroll([Newcomer("", 0, (("card", "9"),))], at=NOW)
    three = Member.objects.get(pk=third)
    merges.merge(two[0], [two[1]], by=cast.ada, at=NOW)
    merges.undo(Merge.objects.get(), by=cast.ada, at=NOW)
    merges.merge(two[1], [three], by=cast.ada, at=NOW)
    is_problem(calling(cast.otto).post(URL, ids([two[0], three])), 409)
    assert is_problem(calling(cast.otto).post(URL, {"members": ["m_neverwas", "m_nor"]}), 400)["errors"]["members"]


def test_below_hq_nobody_merges_or_learns_of_it(cast: Cast, calling: Caller, two: list[Member]) -> None:
    merge = calling(cast.otto).post(URL, ids(two)).json()[0]["id"]
    for who in (cast.ann, cast.rita, cast.fang, cast.ben, cast.cai, cast.ivy):
        api = calling(who)
        assert [api.get(URL).status_code, api.post(URL, ids(two)).status_code] == [403, 403]
        assert api.post(f"{URL}{merge}/undo/").status_code == 403
    merges.merge(two[1], [two[0]], by=cast.ada, at=NOW)
    assert calling(cast.ben).get(f"{MEMBERS}{two[0].public_id}/").json()["merged_into"] is None


@pytest.mark.parametrize(
    ("asked", "n"),
    [({"phone": "138 0001 0001"}, 0), ({"card": "vip1"}, 0), ({"unionid": "u1"}, 1), ({"openid": "o1"}, 1)],
)
def test_found_by_a_whole_id(cast: Cast, calling: Caller, two: list[Member], asked: dict[str, str], n: int) -> None:
    found = calling(cast.otto).get(MEMBERS, asked).json()["results"]
    assert [row["id"] for row in found] == [two[n].public_id]
    assert not calling(cast.dong).get(MEMBERS, asked).json()["results"]
    assert PHONE[3:] not in str(Entry.objects.filter(verb="member.read").values_list("detail", flat=True))


def test_parts_of_a_number_find_nobody(cast: Cast, calling: Caller, two: list[Member]) -> None:
    for asked in ({"phone": "0001"}, {"card": "VIP"}, {"phone": ""}):
        assert len(calling(cast.otto).get(MEMBERS, asked).json()["results"]) == (2 if asked == {"phone": ""} else 0)
