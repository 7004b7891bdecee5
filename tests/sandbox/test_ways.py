"""Contact ways."""

import pytest

from tests.sandbox.conftest import NOON


def add(api, **given):
    return api.post("externalcontact/add_contact_way", **{"type": 1, "scene": 2, **given})


def get(api, config_id):
    return api.post("externalcontact/get_contact_way", config_id=config_id)


def test_a_new_way_can_be_read(api, cai):
    made = add(api, user=[cai.userid], state="A1", remark="收银台")
    way = get(api, made["config_id"])["contact_way"]
    assert len(made["config_id"]) == 32
    assert way["qr_code"] == made["qr_code"]
    assert (way["user"], way["state"], way["remark"], way["skip_verify"]) == ([cai.userid], "A1", "收银台", True)
    assert "style" not in way


def test_a_button_has_a_style_and_no_qr_code(api, cai):
    made = add(api, scene=1, user=[cai.userid], style=2)
    way = get(api, made["config_id"])["contact_way"]
    assert "qr_code" not in made
    assert (way["style"], "qr_code" in way) == (2, False)


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({"type": None}, 41037),
        ({"type": 3}, 41039),
        ({"scene": None}, 41038),
        ({"scene": 9}, 41040),
        ({"user": []}, 40058),
        ({"party": [1]}, 40058),
        ({"user": ["nobody"]}, 40003),
        ({"state": "x" * 31}, 40058),
        ({"remark": "x" * 31}, 40058),
        ({"scene": 1, "style": 7}, 41042),
        ({"type": 2, "user": []}, 40063),
        ({"type": 2, "user": [], "party": [99]}, 60123),
    ],
)
def test_what_a_way_cannot_be(api, cai, given, errcode):
    assert add(api, **{"user": [cai.userid], **given})["errcode"] == errcode


@pytest.mark.parametrize(("field", "value", "errcode"), [("status", 4, 41054), ("verified", False, 40098)])
def test_members_who_cannot_stand_on_a_way(api, cai, field, value, errcode):
    setattr(cai, field, value)
    assert add(api, user=[cai.userid])["errcode"] == errcode


def test_members_without_customer_contact_cannot_either(wx, api):
    boss = next(user for user in wx.corp.users.values() if not user.serves)
    assert add(api, user=[boss.userid])["errcode"] == 84074


def test_a_hundred_are_enough(wx, api):
    for _ in range(101):
        wx.do("POST", "users", department=6)
    assert add(api, type=2, party=[6])["errcode"] == 41041


def test_an_update_overwrites_people_and_keeps_the_rest(api, cai, dong):
    made = add(api, user=[cai.userid], state="A1", skip_verify=False)
    api.post("externalcontact/update_contact_way", config_id=made["config_id"], user=[dong.userid])
    way = get(api, made["config_id"])["contact_way"]
    assert (way["user"], way["state"], way["skip_verify"]) == ([dong.userid], "A1", False)


def test_a_refused_update_changes_nothing(api, cai):
    made = add(api, user=[cai.userid])
    refused = api.post("externalcontact/update_contact_way", config_id=made["config_id"], user=["nobody"], remark="new")
    assert refused["errcode"] == 40003
    assert get(api, made["config_id"])["contact_way"]["remark"] == ""


def test_a_deleted_way_is_no_more(wx, api, cai, mei):
    made = add(api, user=[cai.userid], state="A1")
    api.post("externalcontact/del_contact_way", config_id=made["config_id"])
    assert get(api, made["config_id"])["errcode"] == 41044
    assert get(api, "")["errcode"] == 41043
    with pytest.raises(ValueError, match="no contact way"):
        wx.scan(mei, state="A1")


def test_the_list_comes_in_pages(api, cai):
    made = [add(api, user=[cai.userid])["config_id"] for _ in range(5)]
    first = api.post("externalcontact/list_contact_way", limit=3)
    second = api.post("externalcontact/list_contact_way", limit=3, cursor=first["next_cursor"])
    assert [way["config_id"] for way in first["contact_way"] + second["contact_way"]] == made
    assert second["next_cursor"] == ""


def test_the_list_shows_ninety_days(wx, api, cai):
    add(api, user=[cai.userid])
    wx.advance(91 * 86_400)
    api.token = wx.tokens.give(wx.app).text
    assert api.post("externalcontact/list_contact_way")["contact_way"] == []
    assert len(api.post("externalcontact/list_contact_way", start_time=NOON)["contact_way"]) == 1


def test_a_bad_or_dead_cursor_is_refused(wx, api, cai):
    for _ in range(3):
        add(api, user=[cai.userid])
    cursor = api.post("externalcontact/list_contact_way", limit=1)["next_cursor"]
    assert api.post("externalcontact/list_contact_way", cursor="junk")["errcode"] == 50100
    wx.do("POST", "faults", expire_cursors=True)
    assert api.post("externalcontact/list_contact_way", cursor=cursor)["errcode"] == 50100
