"""Mass messages and acquisition links."""

import pytest

from scrm.sandbox.http import Request
from tests.sandbox.conftest import NOON, Api, deliver, field, last


@pytest.fixture
def friends(wx, cai, mei):
    lan = wx.customer(name="兰")
    wx.add(mei, cai.userid)
    wx.add(lan, cai.userid)
    return [mei, lan]


def send(api, **whom):
    return api.post("externalcontact/add_msg_template", text={"content": "周末上新"}, **whom)


def tasks(api, msgid):
    return api.post("externalcontact/get_groupmsg_task", msgid=msgid)["task_list"]


def results(api, msgid, user):
    rows = api.post("externalcontact/get_groupmsg_send_result", msgid=msgid, userid=user.userid)["send_list"]
    return [row["status"] for row in rows]


def test_nothing_is_sent_before_the_guide_confirms(wx, api, cai, friends):
    msgid = send(api, sender=cai.userid)["msgid"]
    assert tasks(api, msgid) == [{"userid": cai.userid, "status": 0}]
    assert results(api, msgid, cai) == [0, 0]
    assert wx.messages() == []
    wx.do("POST", "confirm", msgid=msgid, userid=cai.userid)
    assert tasks(api, msgid) == [{"userid": cai.userid, "status": 2, "send_time": NOON}]
    assert results(api, msgid, cai) == [1, 1]
    assert [row["external_userid"] for row in wx.messages()] == friends


def test_who_deleted_her_guide_gets_nothing(wx, api, cai, friends):
    wx.delete(friends[0], cai.userid, by="customer")
    msgid = send(api, external_userid=[*friends, "wmNobody"])
    assert msgid["fail_list"] == ["wmNobody"]
    wx.do("POST", "confirm", msgid=msgid["msgid"], userid=cai.userid)
    assert results(api, msgid["msgid"], cai) == [2, 1]


def test_a_month_has_its_days(wx, api, cai, friends):
    for _ in range(31):
        msgid = send(api, sender=cai.userid)["msgid"]
        wx.do("POST", "confirm", msgid=msgid, userid=cai.userid)
    assert results(api, msgid, cai) == [3, 3]


def test_a_customer_of_two_goes_to_the_latest(wx, api, dong, mei, friends):
    wx.advance(1)
    wx.add(mei, dong.userid)
    msgid = send(api, external_userid=[mei])["msgid"]
    assert [task["userid"] for task in tasks(api, msgid)] == [dong.userid]


def test_tags_choose(wx, api, cai, friends):
    wx.edit(friends[1], cai.userid, tags=["VIP"])
    vip = wx.corp.relation(cai.userid, friends[1]).tags
    msgid = send(api, tag_filter={"group_list": [{"tag_list": vip}]})["msgid"]
    assert len(results(api, msgid, cai)) == 1


def test_groups_get_it_too(wx, api, cai, mei):
    group = wx.do("POST", "groups", owner=cai.userid, name="群", members=[mei])
    msgid = send(api, chat_type="group", sender=cai.userid)["msgid"]
    assert results(api, msgid, cai) == []
    wx.do("POST", "confirm", msgid=msgid, userid=cai.userid)
    assert wx.messages()[-1]["chat_id"] == group["chat_id"]
    assert results(api, msgid, cai) == [1]


@pytest.mark.parametrize(
    ("whom", "errcode"), [({}, 40063), ({"external_userid": ["wmNobody"]}, 41048), ({"chat_type": "group"}, 40063)]
)
def test_a_message_needs_somebody(api, friends, whom, errcode):
    answer = send(api, **whom)
    assert (answer["errcode"], "fail_list" in answer) == (errcode, True)


def test_reminders_cancelling_and_the_list(wx, api, cai, friends):
    msgid = send(api, sender=cai.userid)["msgid"]
    reminders = [api.post("externalcontact/remind_groupmsg_send", msgid=msgid)["errcode"] for _ in range(4)]
    assert reminders == [0, 0, 0, 41094]
    shown = api.post(
        "externalcontact/get_groupmsg_list_v2", chat_type="single", start_time=NOON - 10, end_time=NOON + 10
    )
    assert [row["msgid"] for row in shown["group_msg_list"]] == [msgid]
    api.post("externalcontact/cancel_groupmsg_send", msgid=msgid)
    assert api.post("externalcontact/get_groupmsg_task", msgid=msgid)["errcode"] == 41093
    with pytest.raises(ValueError, match="nothing to send"):
        wx.do("POST", "confirm", msgid=msgid, userid=cai.userid)


@pytest.fixture
def link(api, cai):
    made = api.post(
        "externalcontact/customer_acquisition/create_link", link_name="官网", range={"user_list": [cai.userid]}
    )
    return made["link"]


def test_a_link_brings_a_customer(wx, api, mei, link):
    met = wx.scan(mei, link_id=link["link_id"], customer_channel="ad1")
    assert (met["add_way"], met["state"], field(last(wx), "State")) == (16, "ad1", "ad1")
    rows = api.post("externalcontact/customer_acquisition/customer", link_id=link["link_id"])["customer_list"]
    assert [(row["external_userid"], row["state"], row["chat_status"]) for row in rows] == [(mei, "ad1", 0)]
    deliver(wx)


def test_the_life_of_a_link(wx, api, dong, mei, link):
    path, name = "externalcontact/customer_acquisition", {"link_id": link["link_id"]}
    api.post(f"{path}/update_link", **name, range={"user_list": [dong.userid]})
    assert api.post(f"{path}/get", **name)["range"]["user_list"] == [dong.userid]
    assert api.post(f"{path}/list_link")["link_id_list"] == [link["link_id"]]
    api.post(f"{path}/delete_link", **name)
    assert api.post(f"{path}/get", **name)["errcode"] == 40058
    with pytest.raises(ValueError, match="nobody is behind"):
        wx.scan(mei, link_id=link["link_id"])


def test_links_belong_to_their_app(wx, api, link):
    wx.do("POST", "apps", name="别家", secret="s" * 43)
    other = Api(wx)
    other.token = wx.tokens.give(list(wx.corp.apps.values())[-1]).text
    assert other.post("externalcontact/customer_acquisition/list_link")["link_id_list"] == []
    assert (
        api.ask(Request("GET", "/cgi-bin/externalcontact/customer_acquisition_quota", {"access_token": api.token}))[
            "balance"
        ]
        == 10_000
    )
