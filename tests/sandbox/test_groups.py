"""Groups, and the figures of members."""

import pytest

from tests.sandbox.conftest import NOON, Api, changes, field, last

MIDNIGHT = NOON - 12 * 3600


@pytest.fixture
def group(wx, cai, mei):
    return wx.do("POST", "groups", owner=cai.userid, name="会员群", members=[mei])


def get(api, group, **more):
    return api.post("externalcontact/groupchat/get", chat_id=group["chat_id"], **more)["group_chat"]


def test_a_new_group(wx, api, cai, mei, group):
    shown = get(api, group, need_name=1)
    assert changes(wx) == ["create"]
    assert field(last(wx), "ChatId") == group["chat_id"]
    assert (shown["name"], shown["owner"]) == ("会员群", cai.userid)
    assert [(member["userid"], member["type"], member["name"]) for member in shown["member_list"]] == [
        (cai.userid, 1, cai.name),
        (mei, 2, "梅"),
    ]


def test_names_only_on_request(api, group):
    assert "name" not in get(api, group)["member_list"][0]


@pytest.mark.parametrize(("scene", "said"), [(1, "0"), (2, "0"), (3, "3")])
def test_people_come_in(wx, api, group, scene, said):
    lan = wx.customer(name="兰")
    wx.do("POST", f"groups/{group['chat_id']}/join", external_userid=lan, scene=scene)
    xml = last(wx)
    assert [field(xml, name) for name in ("UpdateDetail", "JoinScene", "MemChangeCnt")] == ["add_member", said, "1"]
    assert lan in field(xml, "MemChangeList")
    assert field(xml, "LastMemVer") == group["member_version"]
    assert field(xml, "CurMemVer") == get(api, group)["member_version"] != group["member_version"]


def test_people_go(wx, api, mei, group):
    wx.do("POST", f"groups/{group['chat_id']}/leave", external_userid=mei, removed=True)
    assert [field(last(wx), name) for name in ("UpdateDetail", "QuitScene")] == ["del_member", "1"]
    assert len(get(api, group)["member_list"]) == 1


def test_a_new_name_owner_and_notice(wx, api, dong, group):
    path = f"groups/{group['chat_id']}"
    wx.do("POST", f"{path}/join", userid=dong.userid)
    wx.do("POST", f"{path}/rename", name="老友群")
    wx.do("POST", f"{path}/notice", notice="周末见")
    wx.do("POST", f"{path}/owner", userid=dong.userid)
    details = [field(row["xml"], "UpdateDetail") for row in wx.letters()[2:]]
    assert details == ["change_name", "change_notice", "change_owner"]
    shown = get(api, group)
    assert (shown["name"], shown["notice"], shown["owner"]) == ("老友群", "周末见", dong.userid)


def test_a_dismissed_group(wx, api, group):
    wx.do("POST", f"groups/{group['chat_id']}/dismiss")
    assert changes(wx)[-1] == "dismiss"
    assert api.post("externalcontact/groupchat/get", chat_id=group["chat_id"])["errcode"] == 49008
    assert api.post("externalcontact/groupchat/get", chat_id="wrNone")["errcode"] == 40050


@pytest.mark.parametrize(("path", "body", "why"), [
    ("join", {}, "is missing"),
    ("join", {"external_userid": "wmNobody"}, "nobody is called"),
    ("leave", {"external_userid": "wmNobody"}, "not in the group"),
    ("owner", {"userid": "nobody"}, "no member"),
])  # fmt: skip
def test_what_a_group_refuses(wx, group, path, body, why):
    with pytest.raises(ValueError, match=why):
        wx.do("POST", f"groups/{group['chat_id']}/{path}", **body)


def test_the_list_of_groups(wx, api, cai, dong, group):
    other = wx.do("POST", "groups", owner=dong.userid, name="另一群")
    first = api.post("externalcontact/groupchat/list", limit=1)
    second = api.post("externalcontact/groupchat/list", limit=1, cursor=first["next_cursor"])
    assert first["group_chat_list"] + second["group_chat_list"] == [
        {"chat_id": group["chat_id"], "status": 0},
        {"chat_id": other["chat_id"], "status": 0},
    ]
    assert api.post("externalcontact/groupchat/list")["errcode"] == 40058
    assert api.post("externalcontact/groupchat/list", limit=1, status_filter=9)["errcode"] == 40058


def test_groups_of_leavers_need_a_filter(wx, api, cai, group):
    wx.do("POST", f"users/{cai.userid}/leave")
    only = {"userid_list": [cai.userid]}
    assert api.post("externalcontact/groupchat/list", limit=9)["group_chat_list"] == []
    rows = api.post("externalcontact/groupchat/list", limit=9, owner_filter=only)["group_chat_list"]
    assert [row["status"] for row in rows] == [1]


def test_group_figures(api, cai, group):
    only = {"userid_list": [cai.userid]}
    answer = api.post("externalcontact/groupchat/statistic", day_begin_time=MIDNIGHT, owner_filter=only)
    data = answer["items"][0]["data"]
    assert (data["new_chat_cnt"], data["chat_total"], data["member_total"]) == (1, 1, 2)
    days = api.post(
        "externalcontact/groupchat/statistic_group_by_day", day_begin_time=MIDNIGHT - 86_400, day_end_time=MIDNIGHT,
        owner_filter=only,
    )["items"]  # fmt: skip
    assert [day["data"]["chat_total"] for day in days] == [0, 1]


def figures(api, *users, start=MIDNIGHT, end=MIDNIGHT):
    userids = [user.userid for user in users]
    return api.post("externalcontact/get_user_behavior_data", userid=userids, start_time=start, end_time=end)


def test_behaviour_is_what_happened(wx, api, cai, mei):
    wx.add(mei, cai.userid, by="guide")
    wx.do("POST", "say", external_userid=mei, userid=cai.userid, by="customer")
    wx.advance(120)
    wx.do("POST", "say", external_userid=mei, userid=cai.userid, by="guide")
    wx.delete(mei, cai.userid, by="customer")
    assert figures(api, cai)["behavior_data"] == [
        {
            "stat_time": MIDNIGHT, "chat_cnt": 1, "message_cnt": 1, "negative_feedback_cnt": 1, "new_apply_cnt": 1,
            "new_contact_cnt": 1, "reply_percentage": 100.0, "avg_reply_time": 2,
        }
    ]  # fmt: skip


def test_days_without_chats_have_no_share_of_replies(wx, api, cai, dong, mei):
    wx.add(mei, cai.userid)
    wx.add(mei, dong.userid)
    yesterday, today = figures(api, cai, dong, start=MIDNIGHT - 1)["behavior_data"]
    assert (yesterday["new_contact_cnt"], today["new_contact_cnt"]) == (0, 2)
    assert "reply_percentage" not in today


def test_applications_are_the_members_own(wx, api, cai, mei):
    wx.add(mei, cai.userid)
    [today] = figures(api, cai)["behavior_data"]
    assert (today["new_apply_cnt"], today["new_contact_cnt"]) == (0, 1)


def test_a_chat_counts_once_the_member_writes_and_its_share_once_a_customer_began_it(wx, api, cai, mei):
    lan = wx.customer(name="兰")
    for whom in (mei, lan):
        wx.add(whom, cai.userid)
    wx.do("POST", "say", external_userid=mei, userid=cai.userid, by="customer")
    wx.do("POST", "say", external_userid=lan, userid=cai.userid, by="guide")
    wx.do("POST", "say", external_userid=lan, userid=cai.userid, by="customer")
    [today] = figures(api, cai)["behavior_data"]
    assert (today["chat_cnt"], today["message_cnt"], today["reply_percentage"]) == (1, 1, 0.0)


def test_figures_that_are_asked_for_too_early_are_zeros(wx, api, cai, mei):
    wx.world.switches.turn(figures_late=6 * 3600)
    wx.add(mei, cai.userid)
    wx.advance(14 * 3600)  # two o'clock in the night
    assert figures(Api(wx), cai)["behavior_data"][0]["new_contact_cnt"] == 0
    wx.advance(10 * 3600)
    assert figures(Api(wx), cai)["behavior_data"][0]["new_contact_cnt"] == 1


@pytest.mark.parametrize(
    ("start", "end"), [(MIDNIGHT, MIDNIGHT - 86_400), (MIDNIGHT - 40 * 86_400, MIDNIGHT), (1, 2), (None, None)]
)
def test_windows_that_are_refused(api, cai, start, end):
    answer = figures(api, cai, start=start, end=end)
    assert (answer["errcode"], answer["behavior_data"]) == (600018, [])
