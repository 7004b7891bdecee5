"""Reading and writing customers by the API."""

import pytest

from tests.sandbox.conftest import changes


@pytest.fixture
def friends(wx, cai, mei):
    wx.add(mei, cai.userid, state="A1")
    return {"userid": cai.userid, "external_userid": mei}


def get(api, external_userid):
    return api.get("externalcontact/get", external_userid=external_userid)


def batch(api, *users, **body):
    return api.post("externalcontact/batch/get_by_user", userid_list=[user.userid for user in users], **body)


def ids(page):
    return [row["external_contact"]["external_userid"] for row in page["external_contact_list"]]


def vip(wx):
    return next(tag.id for group in wx.corp.tag_groups.values() for tag in group.tags if tag.name == "VIP")


def test_a_customer_and_her_followers(wx, api, cai, dong, mei, friends):
    wx.add(mei, dong.userid)
    answer = get(api, mei)
    first, second = answer["follow_user"]
    assert answer["external_contact"]["name"] == "梅"
    assert answer["external_contact"]["unionid"]
    assert (first["userid"], first["state"], second["userid"]) == (cai.userid, "A1", dong.userid)
    assert "state" not in second
    assert "next_cursor" not in answer


def test_a_wecom_contact_has_a_company_and_no_unionid(wx, api, cai):
    partner = wx.customer(type=2)
    wx.add(partner, cai.userid)
    person = get(api, partner)["external_contact"]
    assert partner.startswith("wo")
    assert person["corp_name"]
    assert "unionid" not in person


@pytest.mark.parametrize(("external_userid", "errcode"), [("", 41035), ("wmNobody", 40096)])
def test_customers_that_are_not_there(api, external_userid, errcode):
    answer = get(api, external_userid)
    assert (answer["errcode"], answer["follow_user"]) == (errcode, [])


@pytest.mark.parametrize(("userid", "errcode"), [("", 60111), ("nobody", 40003)])
def test_members_that_are_not_there(api, userid, errcode):
    assert api.get("externalcontact/list", userid=userid)["errcode"] == errcode


def test_userids_know_no_case(api, cai, mei, friends):
    assert api.get("externalcontact/list", userid=cai.userid.upper())["external_userid"] == [mei]


def test_members_out_of_sight(wx, api, cai, dong, mei, friends):
    wx.app.visible = dong.departments
    assert api.get("externalcontact/list", userid=cai.userid)["errcode"] == 60011
    assert get(api, mei)["errcode"] == 84061
    assert cai.userid not in api.get("externalcontact/get_follow_user_list")["follow_user"]


def test_who_has_customer_contact(wx, api):
    served = [user.userid for user in wx.corp.users.values() if user.serves]
    assert api.get("externalcontact/get_follow_user_list")["follow_user"] == served


def test_a_batch_has_a_row_for_each_relation(wx, api, cai, dong, mei, friends):
    wx.add(mei, dong.userid)
    api.post("externalcontact/mark_tag", **friends, add_tag=[vip(wx)])
    rows = batch(api, cai, dong)["external_contact_list"]
    assert [row["follow_info"]["userid"] for row in rows] == [cai.userid, dong.userid]
    assert rows[0]["follow_info"]["tag_id"] == [vip(wx)]
    assert rows[0]["external_contact"]["external_userid"] == mei


def test_a_batch_is_clamped_and_paged(wx, api, cai):
    people = [wx.customer() for _ in range(105)]
    for person in people:
        wx.add(person, cai.userid)
    first = batch(api, cai, limit=1000)
    second = batch(api, cai, cursor=first["next_cursor"])
    assert len(first["external_contact_list"]) == 100
    assert ids(first) + ids(second) == people
    assert second["next_cursor"] == ""


def test_a_cursor_survives_a_delete(wx, api, cai):
    people = [wx.customer() for _ in range(4)]
    for person in people:
        wx.add(person, cai.userid)
    first = batch(api, cai, limit=2)
    wx.delete(people[0], cai.userid, by="guide")
    second = batch(api, cai, limit=2, cursor=first["next_cursor"])
    assert ids(second) == people[2:]


def test_a_batch_needs_one_to_a_hundred_members(api, cai):
    assert batch(api)["errcode"] == 40058
    assert batch(api, *[cai] * 101)["errcode"] == 40058
    assert api.post("externalcontact/batch/get_by_user", userid=cai.userid)["errcode"] == 0


def test_remarks_overwrite_and_are_told_to_nobody(wx, api, mei, friends):
    phones = ["10012345678"]
    assert api.post("externalcontact/remark", **friends, remark="梅姐", remark_mobiles=phones)["errcode"] == 0
    api.post("externalcontact/remark", **friends, remark_company="梅记")
    row = get(api, mei)["follow_user"][0]
    assert (row["remark"], row["remark_mobiles"], row["remark_corp_name"]) == ("梅姐", phones, "梅记")
    api.post("externalcontact/remark", **friends, remark_mobiles=[""])
    assert get(api, mei)["follow_user"][0]["remark_mobiles"] == []
    assert changes(wx) == ["add_external_contact"]


def test_with_api_echo_they_are_told(wx, api, friends):
    wx.world.switches.turn(api_echo=True)
    api.post("externalcontact/remark", **friends, remark="梅姐")
    assert changes(wx) == ["add_external_contact", "edit_external_contact"]


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({}, 40063),
        ({"remark": "x" * 21}, 40058),
        ({"description": "x" * 151}, 40058),
        ({"remark": "x", "userid": ""}, 41009),
        ({"remark": "x", "external_userid": "wmNobody"}, 40096),
    ],
)
def test_what_a_remark_cannot_be(api, friends, given, errcode):
    assert api.post("externalcontact/remark", **{**friends, **given})["errcode"] == errcode


def test_tags_are_put_on_and_taken_off(wx, api, mei, friends):
    api.post("externalcontact/mark_tag", **friends, add_tag=[vip(wx)])
    assert get(api, mei)["follow_user"][0]["tags"] == [
        {"group_name": "客户等级", "tag_name": "VIP", "tag_id": vip(wx), "type": 1}
    ]
    api.post("externalcontact/mark_tag", **friends, remove_tag=[vip(wx)])
    assert get(api, mei)["follow_user"][0]["tags"] == []


def test_personal_tags_have_no_id(wx, api, cai, mei, friends):
    wx.edit(mei, cai.userid, personal_tags=["爱喝茶"])
    assert get(api, mei)["follow_user"][0]["tags"] == [{"group_name": "", "tag_name": "爱喝茶", "type": 2}]


@pytest.mark.parametrize(("tags", "errcode"), [([], 41017), (["etNothing"], 40068)])
def test_tags_that_cannot_be_put(api, friends, tags, errcode):
    assert api.post("externalcontact/mark_tag", **friends, add_tag=tags)["errcode"] == errcode


def test_who_is_no_friend_gets_no_remark(wx, api, cai, mei, friends):
    wx.delete(mei, cai.userid, by="guide")
    assert api.post("externalcontact/remark", **friends, remark="x")["errcode"] == 84061


def test_read_lag_shows_the_past(wx, api, cai, mei, friends):
    wx.do("POST", "faults", read_lag=30)
    assert get(api, mei)["errcode"] == 84061
    wx.advance(30)
    assert get(api, mei)["errcode"] == 0
    wx.delete(mei, cai.userid, by="guide")
    assert get(api, mei)["errcode"] == 0
    wx.advance(30)
    assert get(api, mei)["errcode"] == 84061


def test_empty_lists_strike_once(wx, api, cai, friends):
    wx.do("POST", "faults", empty_lists=1)
    assert batch(api, cai)["external_contact_list"] == []
    assert len(batch(api, cai)["external_contact_list"]) == 1


@pytest.mark.parametrize(("fault", "seen"), [("repeat_page", [0, 1, 0, 1]), ("skip_page", [0, 1, 4, 5])])
def test_pages_go_wrong(wx, api, cai, fault, seen):
    people = [wx.customer() for _ in range(6)]
    for person in people:
        wx.add(person, cai.userid)
    wx.do("POST", "faults", **{fault: 1})
    first = batch(api, cai, limit=2)
    second = batch(api, cai, limit=2, cursor=first["next_cursor"])
    assert [people.index(each) for each in ids(first) + ids(second)] == seen
