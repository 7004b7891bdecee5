"""Segments through the API."""

from typing import Any

import pytest

from members.models import Segment
from members.segments import folds
from scrm import clock
from scrm.audit.models import Entry
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import LAN, MEI, Cast

SEGMENTS = "/api/v1/segments/"
LIVE = {"field": "relation", "op": "is_any", "value": ["live"]}


@pytest.fixture
def two(cast: Cast) -> Cast:
    cast.add(MEI, "cai")
    cast.add(LAN, "dong")
    return cast


def made(api: Any, **more: Any) -> Any:
    return api.post(SEGMENTS, {"name": "朋友", "rule": LIVE, **more})


def test_a_segment_is_made_counted_and_read(two: Cast, calling: Caller) -> None:
    api = calling(two.ada)
    answer = made(api)
    assert answer.status_code == 201 and answer.json()["size"] is None and answer.json()["version"] == 1
    folds.fold(at=clock.now())
    folds.fold(at=clock.now())
    row = api.get(SEGMENTS).json()["results"][0]
    assert (row["size"], row["rule"]) == (2, LIVE)
    changes = api.get(f"{SEGMENTS}{row['id']}/changes/").json()["results"]
    assert [(one["entered"], one["left"]) for one in changes] == [(2, 0)]


def test_people_come_in_pages(two: Cast, calling: Caller) -> None:
    api = calling(two.ada)
    address = f"{SEGMENTS}{made(api).json()['id']}/members/"
    first = api.get(address + "?page_size=1").json()
    second = api.get(first["next"]).json()
    ids = [page["results"][0]["id"] for page in (first, second)]
    assert ids == [two.member(MEI).public_id, two.member(LAN).public_id] and second["next"] is None
    assert is_problem(api.get(address + "?cursor=nonsense"), 400)
    assert Entry.objects.filter(verb="segment.read", rows=1).count() == 2


def test_a_rule_is_counted_before_it_is_kept(two: Cast, calling: Caller) -> None:
    answer = calling(two.ada).post(SEGMENTS + "preview/", {"rule": LIVE}).json()
    assert answer["count"] == 2 and len(answer["sample"]) == 2
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({}, "field"),
        ({"all": []}, "all"),
        ({"field": "tag", "op": "has_any", "value": ["t_nobody"]}, "value"),
        ({"field": "added", "op": "within", "days": 0}, "days"),
        ({"field": "orders", "op": "at_least", "value": 1, "where": {"color": ["red"]}}, "color"),
        ({"any": [LIVE, {"field": "moon", "op": "is"}]}, "any.1.field"),
        ({"all": [{"all": [{"all": [{"all": [{"all": [LIVE]}]}]}]}]}, "levels"),
        ({"any": [LIVE] * 51}, "50"),
    ],
)
def test_a_bad_rule_is_refused_where_it_is_bad(two: Cast, calling: Caller, rule: Any, where: str) -> None:
    answer = calling(two.ada).post(SEGMENTS + "preview/", {"rule": rule}, headers={"accept-language": "en"})
    assert is_problem(answer, 400) and where in answer.content.decode(), answer.json()


def test_segments_cannot_refer_to_each_other_in_a_circle(two: Cast, calling: Caller) -> None:
    api = calling(two.ada)
    one = made(api).json()
    other = made(api, name="其他", rule={"field": "segment", "op": "in", "value": [one["id"]]}).json()
    back = {"field": "segment", "op": "not_in", "value": [other["id"]]}
    assert is_problem(api.patch(f"{SEGMENTS}{one['id']}/", {"rule": back}), 400)
    assert is_problem(api.delete(f"{SEGMENTS}{one['id']}/"), 409)
    assert api.delete(f"{SEGMENTS}{other['id']}/").status_code == 204
    assert api.delete(f"{SEGMENTS}{one['id']}/").status_code == 204


def test_a_changed_rule_is_a_new_version(two: Cast, calling: Caller) -> None:
    api = calling(two.ada)
    address = f"{SEGMENTS}{made(api).json()['id']}/"
    assert api.patch(address, {"rule": {"none": [LIVE]}, "name": "别人"}).json()["version"] == 2
    assert [row["number"] for row in api.get(address + "versions/").json()["results"]] == [2, 1]
    assert is_problem(api.post(SEGMENTS, {"name": "别人", "rule": LIVE}), 409)


@pytest.mark.parametrize(
    ("who", "may_read", "may_write"), [("ann", 200, 201), ("paula", 200, 403), ("ben", 200, 403), ("cai", 403, 403)]
)
def test_who_may_what(two: Cast, calling: Caller, who: str, may_read: int, may_write: int) -> None:
    api = calling(getattr(two, who))
    assert api.get(SEGMENTS).status_code == may_read
    assert made(api).status_code == may_write
