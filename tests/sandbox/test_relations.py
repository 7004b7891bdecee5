"""none → half → full → one-way → none, and the letters on the way."""

import pytest

from tests.sandbox.conftest import NOON, changes, deliver, field, last


@pytest.fixture
def code(api, cai):
    return api.post("externalcontact/add_contact_way", type=1, scene=2, user=[cai.userid], state="A1")["config_id"]


def listed(api, user):
    return api.get("externalcontact/list", userid=user.userid)["external_userid"]


def test_a_scan_makes_friends_and_is_told(wx, cai, mei, code):
    assert wx.scan(mei, config_id=code)["status"] == "full"
    xml = last(wx)
    assert changes(wx) == ["add_external_contact"]
    assert [field(xml, name) for name in ("UserID", "ExternalUserID", "State")] == [cai.userid, mei, "A1"]
    assert len(field(xml, "WelcomeCode")) == 43
    assert field(xml, "CreateTime") == str(NOON)


def test_a_second_scan_of_a_friend_says_nothing(wx, mei, code):
    wx.scan(mei, config_id=code)
    wx.scan(mei, config_id=code)
    assert changes(wx) == ["add_external_contact"]


@pytest.mark.parametrize("code", [{"config_id": "no"}, {"state": "no"}, {"link_id": "no"}, {}])
def test_a_code_that_is_not_there(wx, mei, code):
    with pytest.raises(ValueError, match="there is no|state is missing"):
        wx.scan(mei, **code)


def test_a_state_finds_its_code(wx, cai, mei, code):
    assert wx.scan(mei, state="A1")["userid"] == cai.userid


def test_an_add_without_a_code_has_no_state(wx, cai, mei):
    wx.add(mei, cai.userid)
    assert "<State>" not in last(wx)


def test_half_first_gives_both_letters(wx, mei, code):
    wx.world.switches.turn(half_first=True)
    wx.scan(mei, config_id=code)
    assert changes(wx) == ["add_half_external_contact", "add_external_contact"]


def test_half_friends_are_none_to_the_api(wx, api, cai, mei, code):
    assert wx.scan(mei, config_id=code, confirm=False)["status"] == "half"
    assert api.get("externalcontact/get", external_userid=mei)["errcode"] == 84061
    wx.do("POST", "accept", external_userid=mei, userid=cai.userid)
    assert api.get("externalcontact/get", external_userid=mei)["errcode"] == 0


def test_a_code_with_verification_waits_for_the_guide(wx, api, cai, mei):
    way = api.post("externalcontact/add_contact_way", type=1, scene=2, user=[cai.userid], skip_verify=False)
    assert wx.scan(mei, config_id=way["config_id"], confirm=False)["status"] == "none"
    assert changes(wx) == []
    wx.do("POST", "accept", external_userid=mei, userid=cai.userid)
    assert changes(wx) == ["add_external_contact"]


def test_who_deleted_her_guide_is_still_listed(wx, api, cai, mei, code):
    wx.scan(mei, config_id=code)
    assert wx.delete(mei, cai.userid, by="customer")["status"] == "one-way"
    assert changes(wx)[-1] == "del_follow_user"
    assert listed(api, cai) == [mei]
    assert api.get("externalcontact/get", external_userid=mei)["follow_user"][0]["userid"] == cai.userid


def test_whom_her_guide_deleted_is_gone(wx, api, cai, mei, code):
    wx.scan(mei, config_id=code)
    assert wx.delete(mei, cai.userid, by="guide")["status"] == "none"
    assert changes(wx)[-1] == "del_external_contact"
    answer = api.get("externalcontact/list", userid=cai.userid)
    assert (answer["errcode"], answer["external_userid"]) == (84061, [])


def test_both_may_delete_once(wx, cai, mei, code):
    wx.scan(mei, config_id=code)
    wx.delete(mei, cai.userid, by="guide")
    wx.delete(mei, cai.userid, by="customer")
    assert changes(wx)[1:] == ["del_external_contact", "del_follow_user"]
    with pytest.raises(ValueError, match="does not have"):
        wx.delete(mei, cai.userid, by="customer")


@pytest.mark.parametrize(("kept", "createtime"), [(False, NOON + 60), (True, NOON)])
def test_a_readd_after_the_customers_delete(wx, cai, mei, code, kept, createtime):
    wx.world.switches.turn(createtime_kept=kept)
    wx.scan(mei, config_id=code)
    wx.delete(mei, cai.userid, by="customer")
    wx.advance(60)
    assert wx.scan(mei, config_id=code)["createtime"] == createtime
    assert changes(wx)[-1] == "add_external_contact"


def test_a_readd_after_the_guides_delete_begins_anew(wx, cai, mei, code):
    wx.scan(mei, config_id=code)
    wx.edit(mei, cai.userid, remark="梅姐")
    wx.delete(mei, cai.userid, by="guide")
    wx.advance(60)
    again = wx.add(mei, cai.userid)
    assert (again["createtime"], again["remark"], again["state"]) == (NOON + 60, "", "")


def test_edits_are_told_phones_by_a_switch(wx, cai, mei, code):
    wx.scan(mei, config_id=code)
    wx.edit(mei, cai.userid, remark="梅姐", tags=["VIP"])
    wx.world.switches.turn(phone_edits=False)
    wx.edit(mei, cai.userid, phones=["10012345678"])
    assert changes(wx) == ["add_external_contact", "edit_external_contact"]


def test_a_code_for_several_always_meets_the_same_guide(wx, api, cai, dong, mei):
    way = api.post("externalcontact/add_contact_way", type=2, scene=2, user=[cai.userid, dong.userid])
    first = wx.scan(mei, config_id=way["config_id"])["userid"]
    wx.delete(mei, first, by="guide")
    assert wx.scan(mei, config_id=way["config_id"])["userid"] == first


def test_a_leaver_answers_no_scan(wx, mei, cai, code):
    wx.do("POST", f"users/{cai.userid}/leave")
    with pytest.raises(ValueError, match="nobody is behind"):
        wx.scan(mei, config_id=code)


def test_members_without_customer_contact_give_no_letters(wx, mei):
    boss = next(user for user in wx.corp.users.values() if not user.serves)
    wx.add(mei, boss.userid)
    assert changes(wx) == []


def test_an_app_that_does_not_see_her_gets_no_letter(wx, cai, dong, mei):
    wx.app.visible = cai.departments
    wx.add(mei, dong.userid)
    assert changes(wx) == []


def test_the_same_unionid_is_the_same_person(wx):
    assert wx.customer(unionid="oABC") == wx.customer(unionid="oABC")
    assert wx.customer(unionid="oABC") != wx.customer()


def test_the_same_seed_gives_the_same_world(wx, cai, mei, code):
    from scrm.sandbox import Sandbox

    twin = Sandbox(seed=7, stores=3, frozen_at=NOON)
    assert twin.corp_line == wx.corp_line
    assert list(twin.corp.users) == list(wx.corp.users)
    deliver(wx)
