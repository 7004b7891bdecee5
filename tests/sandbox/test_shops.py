"""Members and departments: read by the API, changed by hand."""

import pytest

from tests.sandbox.conftest import changes, field, last


def test_a_brand_of_twelve_stores():
    from scrm.sandbox import Sandbox

    corp = Sandbox(seed=1, stores=12).corp
    stores = [each for each in corp.departments.values() if each.kind == "store"]
    assert sum(each.kind == "region" for each in corp.departments.values()) == 3
    assert len(stores) == 12
    assert len({each.franchisee for each in stores if each.franchisee}) == 2
    assert all("加盟" in each.name for each in stores if each.franchisee)
    assert all(len(each.leaders) == 1 for each in stores)
    assert 50 <= sum(user.serves for user in corp.users.values()) <= 70


def test_many_stores_have_different_names():
    from scrm.sandbox import Sandbox

    names = [each.name for each in Sandbox(seed=1, stores=600).corp.departments.values()]
    assert len(set(names)) == len(names)


def test_the_tree(wx, api):
    rows = api.get("department/list")["department"]
    root, region = rows[0], next(row for row in rows if row["name"] == "华东大区")
    assert (root["id"], root["parentid"]) == (1, 0)
    assert region["parentid"] == 1
    below = api.get("department/list", id=str(region["id"]))["department"]
    assert [row["parentid"] for row in below] == [1, region["id"]]
    assert [row["id"] for row in api.get("department/simplelist")["department_id"]] == [row["id"] for row in rows]


def test_one_department(wx, api):
    assert api.get("department/get", id="1")["department"]["name"] == wx.corp.name
    assert api.get("department/get", id="99")["errcode"] == 60123
    wx.app.visible = [3]
    assert api.get("department/get", id="4")["errcode"] == 60011


def test_the_members_of_a_store(wx, api, cai):
    rows = api.get("user/list", department_id=str(cai.departments[0]))["userlist"]
    boss = next(row for row in rows if row["position"] == "店长")
    assert boss["is_leader_in_dept"] == [1]
    assert cai.userid in [row["userid"] for row in rows]
    assert api.get("user/list", department_id="1")["userlist"] == []
    assert len(api.get("user/list", department_id="1", fetch_child="1")["userlist"]) == len(wx.corp.users)


def test_simple_members_and_bad_departments(api, cai):
    rows = api.get("user/simplelist", department_id=str(cai.departments[0]))["userlist"]
    assert set(rows[0]) == {"userid", "name", "department", "open_userid"}
    answer = api.get("user/simplelist", department_id="99")
    assert (answer["errcode"], answer["userlist"]) == (60123, [])


def test_a_member_without_what_apps_may_not_see(api, cai):
    row = api.get("user/get", userid=cai.userid)
    assert (row["name"], row["position"], row["main_department"]) == (cai.name, "导购", cai.departments[0])
    assert not {"mobile", "gender", "avatar", "email"} & set(row)


@pytest.mark.parametrize(("userid", "errcode"), [("", 41009), ("nobody", 60111)])
def test_members_that_are_not_there(api, userid, errcode):
    assert api.get("user/get", userid=userid)["errcode"] == errcode


def test_a_new_guide_is_told_in_short(wx):
    made = wx.do("POST", "users", department=6, name="蓝", userid="lan")
    assert changes(wx) == ["create_user"]
    assert [field(last(wx), name) for name in ("UserID", "Department", "Name")] == ["lan", "6", ""]
    assert made["name"] == "蓝"


def test_a_new_guide_is_told_in_long(wx):
    wx.world.switches.turn(short_contact=False)
    wx.do("POST", "users", department=[6, 7], name="蓝", userid="lan")
    assert [field(last(wx), name) for name in ("Department", "Name")] == ["6,7", "蓝"]


def test_a_move_is_told(wx, cai, dong):
    wx.do("POST", f"users/{cai.userid}", department=dong.departments)
    assert [field(last(wx), name) for name in ("ChangeType", "Department")] == [
        "update_user",
        str(dong.departments[0]),
    ]


def test_a_rename_takes_everything_along(wx, api, cai, mei):
    wx.add(mei, cai.userid)
    old = cai.userid
    wx.do("POST", f"users/{old}", new_userid="caicai")
    assert [field(last(wx), name) for name in ("UserID", "NewUserID")] == [old, "caicai"]
    assert api.get("externalcontact/list", userid="caicai")["external_userid"] == [mei]
    assert api.get("user/get", userid=old)["errcode"] == 60111


def test_a_leaver_is_gone(wx, api, cai, mei):
    wx.add(mei, cai.userid)
    wx.do("POST", f"users/{cai.userid}/leave")
    assert changes(wx)[-1] == "delete_user"
    assert api.get("user/get", userid=cai.userid)["errcode"] == 60111
    assert api.get("externalcontact/get", external_userid=mei)["errcode"] == 84061


def test_the_life_of_a_department(wx, api):
    made = wx.do("POST", "departments", name="上海世博店", parent_id=3)
    wx.do("POST", f"departments/{made['id']}", name="上海世博源店")
    assert api.get("department/get", id=str(made["id"]))["department"]["name"] == "上海世博源店"
    wx.do("DELETE", f"departments/{made['id']}")
    assert changes(wx) == ["create_party", "update_party", "delete_party"]
    assert field(wx.letters()[0]["xml"], "ParentId") == "3"


@pytest.mark.parametrize(
    ("method", "path", "body", "why"),
    [
        ("DELETE", "departments/3", {}, "not empty"),
        ("POST", "departments/3", {"parent_id": 6}, "under itself"),
        ("POST", "departments", {"name": "x", "parent_id": 99}, "no department 99"),
        ("POST", "departments", {}, "name is missing"),
        ("POST", "users", {"department": 6, "shoe": 38}, "no shoe"),
        ("POST", "users/nobody/leave", {}, "no member nobody"),
    ],
)
def test_what_the_directory_refuses(wx, method, path, body, why):
    with pytest.raises(ValueError, match=why):
        wx.do(method, path, **body)
    assert wx.letters() == []


def test_messages_to_members(wx, api, cai):
    agent, text = int(wx.agent_id), {"content": "新客户"}
    answer = api.post("message/send", touser=f"{cai.userid}|NoBody", msgtype="text", agentid=agent, text=text)
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")
    assert wx.messages()[-1]["users"] == [cai.userid]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"touser": "nobody"}, 81013),
        ({"touser": ""}, 82001),
        ({"msgtype": "dance"}, 40008),
        ({"agentid": None}, 41011),
        ({"agentid": 7}, 40056),
        ({"text": {}}, 44004),
    ],
)
def test_messages_that_are_refused(wx, api, cai, body, errcode):
    good = {"touser": cai.userid, "msgtype": "text", "agentid": int(wx.agent_id), "text": {"content": "a"}}
    assert api.post("message/send", **{**good, **body})["errcode"] == errcode
