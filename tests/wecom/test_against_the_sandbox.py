"""Our client against a whole WeCom over HTTP: each endpoint's shape, dying tokens, answers that get lost."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from scrm import sandbox
from scrm.wecom import calls, client, corps, errors, lookups
from scrm.wecom.models import Receiver
from tests.wecom.conftest import NOW

pytestmark = pytest.mark.network


@pytest.fixture
def wx() -> Iterator[Any]:
    with sandbox.running(seed=3, stores=2, frozen_at=NOW.timestamp()) as world:
        yield world


@pytest.fixture
def receiver(db: None, wx: Any, at: Callable[[datetime], None]) -> Receiver:
    client.forget_clients()
    return corps.connect(
        corp_id=wx.corp_id,
        agent_id=int(wx.agent_id),
        secret=wx.secret,
        token=wx.token,
        aes_key=wx.aes_key,
        slug=wx.slug,
        api_base_url=wx.base_url,
        at=NOW,
    )


@pytest.fixture
def voice(receiver: Receiver) -> client.Client:
    return client.client_for(receiver.corp, receiver.app)


@pytest.fixture
def guide(voice: client.Client) -> str:
    return voice.externalcontact.get_follow_user_list()[0]


def a_way(guide: str, state: str) -> dict[str, Any]:
    return {"type": 2, "scene": 2, "state": state, "user": [guide], "skip_verify": False}


def test_the_directory_is_read(voice: client.Client, guide: str) -> None:
    departments = voice.directory.departments()
    people = [person["userid"] for one in departments for person in voice.directory.users(one["id"])]
    assert guide in people
    assert voice.directory.user(guide)["userid"] == guide
    assert {one["id"] for one in voice.directory.simple_departments()} == {one["id"] for one in departments}


def test_a_contact_way_lives_and_dies(voice: client.Client, guide: str) -> None:
    api = voice.externalcontact
    config_id = api.add_contact_way(**a_way(guide, "s1"))["config_id"]
    api.update_contact_way(config_id=config_id, remark="收银台")
    way = api.get_contact_way(config_id)["contact_way"]
    assert (way["remark"], way["state"], way["skip_verify"]) == ("收银台", "s1", False)
    assert config_id in [one["config_id"] for one in api.list_contact_way()["contact_way"]]
    api.del_contact_way(config_id)
    with pytest.raises(errors.GiveUp) as gone:
        api.get_contact_way(config_id)
    assert gone.value.errcode == 41044


def test_a_customer_is_read_remarked_and_tagged(voice: client.Client, guide: str, wx: Any) -> None:
    api, mei = voice.externalcontact, wx.customer(name="梅")
    wx.add(mei, guide)
    tag = api.add_corp_tag(group_name="等级", tag=[{"name": "VIP"}])["tag_group"]["tag"][0]
    api.mark_tag(userid=guide, external_userid=mei, add_tag=[tag["id"]])
    api.remark(userid=guide, external_userid=mei, remark="梅姐")
    follow = api.get(mei)["follow_user"][0]
    assert (follow["remark"], follow["tags"][0]["tag_name"]) == ("梅姐", "VIP")
    page = api.batch_get_by_user([guide])
    assert mei in [row["external_contact"]["external_userid"] for row in page["external_contact_list"]]
    assert mei in api.customers(guide)


def test_tags_are_renamed_and_removed(voice: client.Client) -> None:
    api = voice.externalcontact
    group = api.add_corp_tag(group_name="喜好", tag=[{"name": "茶"}, {"name": "奶"}])["tag_group"]
    api.edit_corp_tag(id=group["tag"][0]["id"], name="红茶")
    api.del_corp_tag(tag_id=[group["tag"][1]["id"]])
    found = next(one for one in api.get_corp_tag_list()["tag_group"] if one["group_id"] == group["group_id"])
    assert [tag["name"] for tag in found["tag"]] == ["红茶"]


def test_figures_groups_media_and_addresses_are_read(voice: client.Client, guide: str) -> None:
    start = int((NOW - timedelta(days=2)).timestamp())
    assert voice.externalcontact.get_user_behavior_data(userid=[guide], start_time=start, end_time=start + 86_400)
    assert voice.externalcontact.groupchat_list()["group_chat_list"] is not None
    assert voice.media.upload("image", "图.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64)["media_id"]
    assert voice.callback_ips()


def test_a_token_that_wecom_lets_die_is_replaced(voice: client.Client, wx: Any) -> None:
    voice.externalcontact.get_follow_user_list()
    wx.do("POST", "faults", invalidate_tokens=True)
    assert voice.externalcontact.get_follow_user_list()
    assert len(wx.calls("/gettoken")) == 2


def test_a_code_whose_answer_was_lost_exists_once(
    receiver: Receiver,
    voice: client.Client,
    guide: str,
    wx: Any,
    routes: ModuleType,
    later: Callable[[float], datetime],
) -> None:
    wx.faults.set(api=[{"path": "add_contact_way", "times": 1, "lose_answer": True}])
    call = calls.plan(receiver.corp, "externalcontact/add_contact_way", a_way(guide, "s9"), at=NOW)
    calls.make(call.due_at)
    call.refresh_from_db()
    assert (call.state, call.in_doubt) == ("unknown", True)
    calls.make(call.due_at + timedelta(seconds=30))
    call.refresh_from_db()
    assert (call.state, len(wx.calls("/add_contact_way"))) == ("done", 1)
    assert voice.externalcontact.get_contact_way(call.result["config_id"])["contact_way"]["state"] == "s9"


def test_tags_whose_answer_was_lost_are_found(receiver: Receiver, voice: client.Client, wx: Any) -> None:
    body = {"group_name": "来源", "tag": [{"name": "门店"}]}
    call = calls.plan(receiver.corp, "externalcontact/add_corp_tag", body, at=NOW)
    assert lookups.corp_tags(call, voice) is None
    made = voice.externalcontact.add_corp_tag(**body)["tag_group"]
    found = lookups.corp_tags(call, voice)
    assert found is not None
    assert found["tag_group"]["tag"][0]["id"] == made["tag"][0]["id"]


def test_silence_is_given_up(voice: client.Client, wx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    voice.externalcontact.get_follow_user_list()
    wx.faults.set(api=[{"path": "get_follow_user_list", "times": 1, "hang": 2}])
    monkeypatch.setattr(voice, "timeout", (1, 0.2))
    with pytest.raises(errors.TimedOut):
        voice.externalcontact.get_follow_user_list()
