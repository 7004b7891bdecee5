"""Letters with their stories, tags and groups: who reads which, by which filters."""

from typing import Any

import pytest

from guides.models import GroupChat
from members.models import Tag, TagGroup
from scrm.audit.models import Entry
from scrm.rest.reference import openapi
from scrm.wecom import inbox
from scrm.wecom.models import Letter
from tests.api.conftest import Caller
from tests.api.test_filters import HOSTILE
from tests.api.test_lists import rows
from tests.cast import LAN, MEI, NOW, Cast, after
from tests.dashboard.test_traces import post

OWN = {"ada": {MEI, LAN}, "ann": {MEI, LAN}, "rita": {MEI}, "ben": {MEI}, "cai": {MEI}, "dong": set()}
OWN |= {"fang": {LAN}, "gu": {LAN}}
LISTS = ["letters", "tags", "groups"]


@pytest.fixture
def told(cast: Cast) -> tuple[Any, Any]:
    """Mei scanned at Ben's till, Lan at Fang's; a letter that nobody can read stands beside."""
    here, there = cast.code(), cast.code(cast.fangs_first)
    post(cast, external_userid=MEI, state=here.state)
    post(cast, external_userid=LAN, userid="gu", state=there.state, at=after(seconds=5))
    post(cast, external_userid="wmNobody", userid="", at=after(seconds=9))
    inbox.hand_on(after(seconds=20))
    return here, there


@pytest.fixture
def library(cast: Cast) -> Tag:
    group = TagGroup.objects.create(corp=cast.corp, group_id="g1", name="来源")
    Tag.objects.create(group=group, tag_id="t2", name="旧", deleted_at=NOW)
    return Tag.objects.create(group=group, tag_id="t1", name="门店")


@pytest.fixture
def chats(cast: Cast) -> list[GroupChat]:
    said = {"corp": cast.corp, "changed_at": NOW}
    return [
        GroupChat.objects.create(chat_id="wr1", name="一群", store=cast.nanjing_road, owner=cast.guide("cai"), **said),
        GroupChat.objects.create(chat_id="wr2", name="二群", store=cast.fangs_first, dismissed_at=NOW, **said),
    ]


def whose(api: Any, **query: Any) -> set[str]:
    return {row["external_userid"] for row in rows(api, "letters", **query)}


@pytest.mark.parametrize("who", OWN)
def test_each_sees_the_letters_of_her_stores(cast: Cast, told: Any, calling: Caller, who: str) -> None:
    unread = {"wmNobody"} if who in ("ada", "ann") else set()
    assert whose(calling(getattr(cast, who))) == OWN[who] | unread


def test_a_letter_of_a_shared_customer_is_hidden_from_the_other_owner(cast: Cast, told: Any, calling: Caller) -> None:
    post(cast, external_userid=MEI, userid="gu", state=told[1].state, at=after(seconds=30))
    inbox.hand_on(after(seconds=40))
    assert {row["guide"] for row in rows(calling(cast.fang), "letters", external_userid=MEI)} == {"gu"}
    assert {row["guide"] for row in rows(calling(cast.ben), "letters", external_userid=MEI)} == {"cai"}


def test_a_row_names_what_it_is_about(cast: Cast, told: Any, calling: Caller) -> None:
    row = rows(calling(cast.ada), "letters", external_userid=MEI)[0]
    assert (row["guide"], row["code"], row["store"]) == ("cai", told[0].public_id, cast.nanjing_road.public_id)
    assert (row["member"], row["state"], row["tries"]) == (cast.member(MEI).public_id, "applied", 0)


def test_its_story_comes_as_steps(cast: Cast, told: Any, calling: Caller) -> None:
    api = calling(cast.ben)
    row = rows(api, "letters")[0]
    said = api.get(f"/api/v1/letters/{row['id']}/").json()
    assert [step["kind"] for step in said["steps"]] == ["received", "bound", "welcome_missing"]
    assert said["steps"][0]["after"] == 1.0 and {name: said[name] for name in row} == row


def test_letters_are_found_by_each_of_their_fields(cast: Cast, told: Any, calling: Caller) -> None:
    ada, mine = calling(cast.ada), {MEI}
    for query in (
        {"external_userid": MEI}, {"member": cast.member(MEI).public_id}, {"guide": "CAI"},
        {"code": told[0].public_id}, {"store": cast.nanjing_road.public_id},
        {"until": after(seconds=3).isoformat()},
    ):  # fmt: skip
        assert whose(ada, **query) == mine, query
    assert whose(ada, state=["parked", "waiting"]) == {"wmNobody"}
    assert whose(ada, since="2026-03-03") == set() and len(whose(ada, since="2026-03-02")) == 3
    assert whose(ada, welcome="missing", change_type="add_external_contact", guide="gu") == {LAN}


def test_a_hidden_letter_and_one_that_never_was_are_the_same_bytes(cast: Cast, told: Any, calling: Caller) -> None:
    hidden = rows(calling(cast.ada), "letters", external_userid=LAN)[0]["id"]
    ben = calling(cast.ben)
    said = [ben.get(f"/api/v1/letters/{one}/") for one in (hidden, "l_" + "0" * 22, "l_1", "nope")]
    assert {answer.status_code for answer in said} == {404} and len({answer.content for answer in said}) == 1


def test_pages_follow_each_other(cast: Cast, told: Any, calling: Caller) -> None:
    api = calling(cast.ada)
    first = api.get("/api/v1/letters/?page_size=2").json()
    second = api.get(first["next"]).json()
    assert len({row["id"] for row in first["results"] + second["results"]}) == 3 and second["next"] is None


def test_the_row_of_a_list_is_the_row_alone(cast: Cast, told: Any, library: Tag, chats: Any, calling: Caller) -> None:
    api = calling(cast.ada)
    for name in ("tags", "groups"):
        for row in rows(api, name):
            assert api.get(f"/api/v1/{name}/{row['id']}/").json() == row


def test_tags_are_the_living_ones_with_their_group(cast: Cast, library: Tag, calling: Caller) -> None:
    (row,) = rows(calling(cast.cai), "tags")
    assert (row["id"], row["tag_id"], row["group_name"]) == (library.public_id, "t1", "来源")
    assert rows(calling(cast.cai), "tags", group_name="别的") == []


def test_groups_end_where_the_seat_does(cast: Cast, chats: Any, calling: Caller) -> None:
    assert [row["chat_id"] for row in rows(calling(cast.ben), "groups")] == ["wr1"]
    ada = calling(cast.ada)
    assert [row["chat_id"] for row in rows(ada, "groups", dismissed="true")] == ["wr2"]
    assert [row["owner"] for row in rows(ada, "groups", owner="cai", store=cast.nanjing_road.public_id)] == ["cai"]


@pytest.mark.parametrize("name", LISTS)
def test_eve_hears_that_she_may_not(cast: Cast, calling: Caller, name: str) -> None:
    assert calling(cast.eve).get(f"/api/v1/{name}/").status_code == 403


@pytest.mark.parametrize("name", sorted({*LISTS} - {"tags"}))
def test_nobody_writes_there(cast: Cast, calling: Caller, name: str) -> None:
    said = [getattr(calling(cast.ada), method)(f"/api/v1/{name}/", {}) for method in ("post", "put", "delete")]
    assert {answer.status_code for answer in said} == {405}


@pytest.mark.parametrize("name", LISTS)
def test_no_value_of_any_filter_breaks_a_list(
    cast: Cast, told: Any, library: Tag, chats: Any, calling: Caller, name: str
) -> None:
    api = calling(cast.ada)
    for field in [one["name"] for one in openapi("en")["paths"][f"/api/v1/{name}/"]["get"]["parameters"]]:
        said = {api.get(f"/api/v1/{name}/", {field: value}).status_code for value in HOSTILE}
        assert said <= {200, 400}, field


def test_what_a_list_does_not_know_it_refuses(cast: Cast, told: Any, calling: Caller) -> None:
    answer = calling(cast.ada).get("/api/v1/letters/?body=x")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["body"])


def test_reading_letters_is_noted(cast: Cast, told: Any, calling: Caller) -> None:
    api = calling(cast.ben)
    row = rows(api, "letters")[0]
    api.get(f"/api/v1/letters/{row['id']}/")
    assert Entry.objects.filter(actor_id=cast.ben.pk, verb="letter.read").count() == 2


@pytest.mark.parametrize("who", ["ada", "ben"])
def test_many_letters_cost_no_more_questions(
    cast: Cast, told: Any, calling: Caller, who: str, django_assert_max_num_queries: Any
) -> None:
    for n in range(20):
        post(cast, external_userid=f"wm{n}", state=told[0].state, at=after(seconds=40 + n))
    inbox.hand_on(after(seconds=90))
    api = calling(getattr(cast, who))
    with django_assert_max_num_queries(16):
        assert len(rows(api, "letters")) > 20
    assert Letter.objects.count() == 23
