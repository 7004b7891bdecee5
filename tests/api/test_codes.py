"""Codes through the API: made, changed, deleted by the verbs, within the caller's seats."""

from typing import Any

import pytest

from guides.models import Code
from members.models import Tag, TagGroup
from scrm.audit.models import Entry
from scrm.wecom.models import OutboundCall
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import Cast

URL = "/api/v1/codes/"


def wish(cast: Cast, **more: Any) -> dict[str, Any]:
    return {"store": cast.nanjing_road.public_id, "kind": "store", "name": "till", **more}


def test_a_code_is_made_told_to_wecom_and_written_down(cast: Cast, calling: Caller) -> None:
    answer = calling(cast.ben).post(URL, wish(cast))
    row = answer.json()
    assert (answer.status_code, row["kind"], row["store"]) == (201, "store", cast.nanjing_road.public_id)
    assert {"id", "config_id", "state", "name", "store", "guides", "kind"} <= set(row)
    assert OutboundCall.objects.get().request()["state"] == row["state"]
    assert Entry.objects.filter(verb="code.created", actor_id=cast.ben.pk, subject_id=row["id"]).exists()


def test_guides_are_named_by_userid_or_public_id(cast: Cast, calling: Caller) -> None:
    guides = ["BEN", cast.guide("cai").public_id]
    row = calling(cast.ben).post(URL, wish(cast, kind="guides", guides=guides)).json()
    assert sorted(row["guides"]) == ["ben", "cai"]


def test_a_stores_code_tells_whom_wecom_was_told_of(cast: Cast, calling: Caller) -> None:
    code = cast.code()
    Code.objects.filter(pk=code.pk).update(pushed_users=["ben", "cai"])
    row = calling(cast.ben).get(f"{URL}{code.public_id}/").json()
    assert (row["guides"], row["is_pushed"], row["config_id"]) == (["ben", "cai"], True, code.config_id)


def test_tags_are_named_by_public_id(cast: Cast, calling: Caller) -> None:
    group = TagGroup.objects.create(corp=cast.corp, group_id="g1", name="来源")
    tag = Tag.objects.create(group=group, tag_id="t1", name="到店")
    assert calling(cast.ben).post(URL, wish(cast, tags=[tag.public_id])).json()["tags"] == [tag.public_id]
    said = is_problem(calling(cast.ben).post(URL, wish(cast, tags=["t_neverwas"])), 400)
    assert list(said["errors"]) == ["tags"]


def test_another_store_is_as_unknown_as_one_that_never_was(cast: Cast, calling: Caller) -> None:
    api = calling(cast.ben)
    said = [api.post(URL, wish(cast, store=store)) for store in (cast.xujiahui.public_id, "s_neverwas0000000")]
    problems = [is_problem(answer, 400)["errors"] for answer in said]
    assert [list(errors) for errors in problems] == [["store"], ["store"]]
    assert str(problems[0]).replace(cast.xujiahui.public_id, "…") == str(problems[1]).replace("s_neverwas0000000", "…")
    assert not Code.objects.exists()


def test_another_stores_guide_is_unknown(cast: Cast, calling: Caller) -> None:
    said = is_problem(calling(cast.ben).post(URL, wish(cast, kind="guide", guides=["dong"])), 400)
    assert list(said["errors"]) == ["guides"]


def test_what_the_verb_says_cannot_be_is_said_in_its_words(cast: Cast, calling: Caller) -> None:
    api = calling(cast.ada)
    for wrong in ({"kind": "guide"}, {"kind": "guide", "guides": ["dong"]}, {"kind": "store", "guides": ["cai"]}):
        assert list(is_problem(api.post(URL, wish(cast, **wrong)), 400)["errors"]) == ["non_field_errors"]


def test_a_change_changes_what_it_names(cast: Cast, calling: Caller) -> None:
    code = cast.code(kind="guides", guides=[cast.guide("ben")])
    answer = calling(cast.ben).patch(f"{URL}{code.public_id}/", {"name": "window", "guides": ["cai"]})
    row = answer.json()
    assert (answer.status_code, row["name"], row["guides"], row["is_pushed"]) == (200, "window", ["cai"], False)
    assert (row["config_id"], row["state"]) == (code.config_id, code.state)


def test_a_deleted_code_is_gone_and_wecom_is_told(cast: Cast, calling: Caller) -> None:
    code = cast.code()
    where = f"{URL}{code.public_id}/"
    assert [calling(cast.ben).delete(where).status_code for _ in range(2)] == [204, 404]
    assert OutboundCall.objects.filter(api__endswith="del_contact_way").count() == 1


@pytest.mark.parametrize("who", ["ann", "paula", "cai"])
def test_readers_do_not_write(cast: Cast, calling: Caller, who: str) -> None:
    code = cast.code()
    api = calling(getattr(cast, who))
    said = [api.post(URL, wish(cast)), api.patch(f"{URL}{code.public_id}/", {}), api.delete(f"{URL}{code.public_id}/")]
    assert [is_problem(answer, 403)["status"] for answer in said] == [403] * 3
    assert Code.objects.alive().count() == 1


def test_a_strangers_code_is_not_there_to_be_changed(cast: Cast, calling: Caller) -> None:
    code = cast.code(cast.fangs_first)
    api = calling(cast.ben)
    said = [api.patch(f"{URL}{code.public_id}/", {"name": "x"}), api.delete(f"{URL}{code.public_id}/")]
    said.append(api.delete(f"{URL}c_neverwas/"))
    assert {answer.content for answer in said} == {said[0].content}
    is_problem(said[0], 404)
