"""Rows of customers with their tags and the brand's own fields, where a caller asks for them."""

from typing import Any

import pytest

from members import consents, fields, labels, merges, tags
from members.models import Member, Tag
from tests.api.conftest import Caller
from tests.cast import LAN, MEI, NOW, Cast

ROWS = "/api/v1/members/"


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    return cast.member(MEI)


@pytest.fixture
def tea(cast: Cast, mei: Member) -> Tag:
    made = labels.tag(labels.group("偏好", by=cast.ada, at=NOW), "爱喝茶", by=cast.ada, at=NOW)
    tags.put_on([mei.pk], made, by=cast.ada, at=NOW)
    return made


def size(cast: Cast, member: Member, **more: Any) -> None:
    field = fields.make("size", "尺码", "number", by=cast.ada, at=NOW, **more)
    fields.write([fields.Told(member.pk, field, fields.read(field, "38"))], source="page", by=cast.ada, at=NOW)


def only(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    (row,) = answer.json()["results"]
    return row  # type: ignore[no-any-return]


def test_rows_tell_them_only_where_they_are_asked_for(cast: Cast, calling: Caller, mei: Member, tea: Tag) -> None:
    size(cast, mei)
    api = calling(cast.ada)
    assert not {"tags", "fields"} & only(api.get(ROWS)).keys()
    assert "fields" not in only(api.get(f"{ROWS}?include=tags"))
    row = only(api.get(f"{ROWS}?include=tags,fields"))
    told = {"tag": tea.public_id, "name": "爱喝茶", "group_name": "偏好", "kind": "internal", "score": None}
    assert row["tags"] == [told] and row["fields"] == {"size": 38}
    one = api.get(f"{ROWS}{mei.public_id}/?include=fields,tags").json()
    assert one == row and api.get(f"{ROWS}?include=phones").status_code == 400


def test_who_may_not_read_them_gets_none(cast: Cast, calling: Caller, mei: Member, tea: Tag) -> None:
    cast.add(MEI, "gu")
    size(cast, mei, is_personal=True)
    row = only(calling(cast.fang).get(f"{ROWS}?include=tags,fields"))
    assert row["tags"] == [] and row["fields"] == {"size": None}, "said at HQ, and she shares nothing"
    assert only(calling(cast.ann).get(f"{ROWS}?include=fields"))["fields"] == {"size": None}, "personal"
    consents.give_many([consents.Said(mei.pk, "share_franchisee", NOW)], source="page", at=NOW, by=cast.ada)
    assert only(calling(cast.fang).get(f"{ROWS}?include=tags"))["tags"][0]["name"] == "爱喝茶"


def test_a_merged_person_tells_all_of_hers(cast: Cast, calling: Caller, mei: Member, tea: Tag) -> None:
    cast.add(LAN, "cai")
    merges.merge(cast.member(LAN), [mei], by=cast.ada, reason="same", at=NOW)
    rows = calling(cast.ada).get(f"{ROWS}?include=tags").json()["results"]
    assert [[one["name"] for one in row["tags"]] for row in rows] == [["爱喝茶"], ["爱喝茶"]]


def test_many_rows_ask_as_much_as_one(
    cast: Cast, calling: Caller, mei: Member, tea: Tag, django_assert_max_num_queries: Any
) -> None:
    size(cast, mei)
    for n in range(6):
        cast.add(f"wm{n:030d}", "cai")
    api = calling(cast.ben)
    with django_assert_max_num_queries(30):
        assert len(api.get(f"{ROWS}?include=tags,fields").json()["results"]) == 7
