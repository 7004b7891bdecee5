"""Audiences, audience packs and cross tables through the API."""

import hashlib
from typing import Any

import pytest

from members import consents, identities, labels, tags
from members.identities import Newcomer
from members.models import Audience, Consent, Member, Pack, PackDownload
from members.segments import definitions, folds
from scrm import clock
from scrm.audit.models import Entry
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import Cast

AUDIENCES, PACKS, CROSSES = "/api/v1/audiences/", "/api/v1/packs/", "/api/v1/crosses/"
PHONES = ("+8613800000001", "+8613800000002")
WISH = {"platform": "tencent", "use": "alike", "reason": "春季"}


@pytest.fixture
def segment(cast: Cast, settings: Any) -> str:
    """Two customers with phones, of whom the first allows matching."""
    settings.PACK_LEAST = 1
    at = clock.now()
    made = identities.enroll([Newcomer(phone, 0, (("phone", phone),)) for phone in PHONES], at=at)
    consents.give(Member.objects.get(pk=made[0]), [Consent.Purpose.AD_MATCH], terms="1", at=at, source="form")
    one = definitions.make("都来", {"field": "first_order", "op": "never"}, by=cast.otto, at=at)
    while folds.fold(at=clock.now()):
        pass
    return one.public_id


def frozen(api: Any, segment: str) -> Any:
    return api.post(AUDIENCES, {"segment": segment, "purpose": "ad_match"})


def asked(api: Any, segment: str, **more: Any) -> Any:
    return api.post(PACKS, {**WISH, "audience": frozen(api, segment).json()["id"], **more})


def test_a_segment_is_frozen_and_read(cast: Cast, calling: Caller, segment: str) -> None:
    api = calling(cast.otto)
    row = frozen(api, segment).json()
    assert (row["planned"], row["size"], row["suppressed"]) == (2, 1, {"no_consent": 1})
    assert row["name"] and row["by"] == cast.otto.username
    assert [one["id"] for one in api.get(AUDIENCES).json()["results"]] == [row["id"]]
    assert api.get(f"{AUDIENCES}{row['id']}/").json()["segment"] == segment


def test_a_pack_is_asked_approved_by_another_and_downloaded(cast: Cast, calling: Caller, segment: str) -> None:
    otto, paula = calling(cast.otto), calling(cast.paula)
    made = asked(otto, segment)
    assert made.status_code == 201 and (made.json()["state"], made.json()["file"]) == ("asked", None)
    address = f"{PACKS}{made.json()['id']}/"
    assert is_problem(otto.get(address + "file/"), 409)
    row = paula.post(address + "decide/", {"approve": True, "answer": "好"}).json()
    assert (row["state"], row["decided_by"]) == ("approved", cast.paula.username) and row["file"]
    assert otto.get(address + "contents/").json() == {"people": 1, "ids": 1, "left_out": {}}
    answer = otto.get(row["file"])
    body = answer.getvalue()
    assert body.decode().split() == ["sha256_phone", hashlib.sha256(PHONES[0].encode()).hexdigest()]
    assert int(answer["Content-Length"]) == len(body) and answer["Cache-Control"] == "no-store"
    assert PackDownload.objects.count() == Entry.objects.filter(verb="pack.exported").count() == 1
    assert otto.post(address + "end/").json()["file"] is None and is_problem(otto.get(address + "file/"), 409)


def test_nobody_decides_about_a_pack_of_her_own(cast: Cast, calling: Caller, segment: str) -> None:
    api = calling(cast.ada)
    address = f"{PACKS}{asked(api, segment).json()['id']}/decide/"
    assert is_problem(api.post(address, {"approve": True}), 403)
    assert calling(cast.paula).post(address, {"approve": False}).json()["state"] == "refused"
    assert is_problem(calling(cast.paula).post(address, {"approve": True}), 409)
    assert Pack.objects.get().state == "refused"


def test_what_cannot_be_a_pack_is_refused_with_its_reason(cast: Cast, calling: Caller, segment: str) -> None:
    api = calling(cast.otto)
    other = api.post(AUDIENCES, {"segment": segment, "purpose": "service"}).json()["id"]
    assert is_problem(api.post(PACKS, {**WISH, "audience": other}), 400)
    assert is_problem(asked(api, segment, ids="openid"), 400)
    assert is_problem(asked(api, segment, days=91), 400)
    assert is_problem(api.post(AUDIENCES, {"segment": "seg_nobody", "purpose": "service"}), 400)
    assert not Pack.objects.exists()


def test_a_repeated_wish_is_one_pack(cast: Cast, calling: Caller, segment: str) -> None:
    api = calling(cast.otto)
    told = {**WISH, "audience": frozen(api, segment).json()["id"]}
    ids = {api.post(PACKS, told, headers={"Idempotency-Key": "k1"}).json()["id"] for _twice in range(2)}
    assert len(ids) == Pack.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "lists", "asks", "decides"),
    [
        *(("ada", 200, 201, 200), ("otto", 200, 201, 403), ("paula", 200, 403, 200), ("ann", 403, 403, 403)),
        *(("rita", 403, 403, 403), ("fang", 403, 403, 403), ("ben", 403, 403, 403), ("cai", 403, 403, 403)),
    ],
)
def test_who_may_what_with_packs(
    cast: Cast, calling: Caller, segment: str, who: str, lists: int, asks: int, decides: int
) -> None:
    pack = asked(calling(cast.otto), segment).json()["id"]
    audience, api = Audience.objects.get().public_id, calling(getattr(cast, who))
    assert api.get(PACKS).status_code == api.get(f"{PACKS}{pack}/").status_code == lists
    assert api.post(PACKS, {**WISH, "audience": audience}).status_code == asks
    assert api.post(f"{PACKS}{pack}/decide/", {"approve": True}).status_code == decides
    assert api.get(f"{PACKS}{pack}/file/").status_code in ((200, 409) if asks == 201 else (403,))


@pytest.mark.parametrize(("who", "may"), [("ann", 200), ("paula", 200), ("rita", 403), ("fang", 403), ("ben", 403)])
def test_audiences_are_hqs(cast: Cast, calling: Caller, segment: str, who: str, may: int) -> None:
    frozen(calling(cast.otto), segment)
    assert calling(getattr(cast, who)).get(AUDIENCES).status_code == may


def test_a_cross_table_says_what_its_page_says(cast: Cast, calling: Caller, segment: str) -> None:
    group = labels.group("偏好", by=cast.otto, at=clock.now())
    tag = labels.tag(group, "辣", by=cast.otto, at=clock.now())
    tags.put_on([Member.objects.order_by("pk")[0].pk], tag, by=cast.otto, at=clock.now())
    folds.fold(at=clock.now())
    api, key = calling(cast.ann), f"tag_group:{group.public_id}"
    assert {"key": key, "name": "偏好"} in api.get(CROSSES + "axes/").json()
    table = api.get(CROSSES, {"rows": key, "columns": "gender", "among": segment}).json()
    assert [side["name"] for side in table["rows"]][0] == "辣" and table["rows"][-1]["key"] == "-"
    assert [margin["people"] for margin in table["row_margins"]] == [1, 1] and table["whole"]["people"] == 2
    assert sum(cell["people"] for line in table["cells"] for cell in line) == 2
    assert set(table["whole"]) == {"people", "gmv_fen", "buyers", "again"}


@pytest.mark.parametrize(
    "query", ["", "?rows=gender", "?rows=moon&columns=gender", "?rows=gender&columns=stage&among=x", "?sky=blue"]
)
def test_a_cross_table_of_nothing_is_a_problem(cast: Cast, calling: Caller, query: str) -> None:
    assert is_problem(calling(cast.ann).get(CROSSES + query), 400)


@pytest.mark.parametrize(("who", "may"), [("ada", 200), ("rita", 200), ("ben", 200), ("cai", 403), ("eve", 403)])
def test_who_may_cross(cast: Cast, calling: Caller, who: str, may: int) -> None:
    answer = calling(getattr(cast, who)).get(CROSSES, {"rows": "gender", "columns": "stage"})
    assert answer.status_code == may
