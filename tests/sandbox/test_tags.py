"""Corp tags, ours and others'."""

import pytest

from tests.sandbox.conftest import changes, field, last


def post(api, what, **body):
    return api.post(f"externalcontact/{what}_corp_tag" + ("_list" if what == "get" else ""), **body)


@pytest.fixture
def group(api):
    return post(api, "add", group_name="门店", tag=[{"name": "静安"}, {"name": "徐汇", "order": 5}])["tag_group"]


def names(answer):
    return {group["group_name"]: [tag["name"] for tag in group["tag"]] for group in answer["tag_group"]}


def test_new_tags_stand_beside_others(api, group):
    assert names(post(api, "get")) == {
        "客户等级": ["普通", "VIP", "SVIP"],
        "活动来源": ["周年庆", "双十一"],
        "门店": ["徐汇", "静安"],
    }


def test_a_known_group_name_takes_more_tags(api, group):
    more = post(api, "add", group_name="门店", tag=[{"name": "浦东"}, {"name": "浦东"}])["tag_group"]
    assert (more["group_id"], [tag["name"] for tag in more["tag"]]) == (group["group_id"], ["浦东"])


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"group_name": "门店", "tag": [{"name": "静安"}]}, 40071),
        ({"group_name": "门店", "tag": []}, 41018),
        ({"group_name": "门店", "tag": [{"name": "x" * 31}]}, 40072),
        ({"group_id": "etNothing", "tag": [{"name": "a"}]}, 40068),
        ({"tag": [{"name": "a"}]}, 40063),
    ],
)
def test_tags_that_cannot_be_added(api, group, body, errcode):
    assert post(api, "add", **body)["errcode"] == errcode


def test_a_tag_is_renamed(api, group):
    assert post(api, "edit", id=group["tag"][0]["id"], name="徐家汇")["errcode"] == 0
    assert post(api, "edit", id=group["group_id"], name="商圈")["errcode"] == 0
    assert names(post(api, "get"))["商圈"] == ["徐家汇", "静安"]


@pytest.mark.parametrize(("body", "errcode"), [({}, 41017), ({"id": "etNothing"}, 40068)])
def test_edits_of_nothing(api, body, errcode):
    assert post(api, "edit", name="a", **body)["errcode"] == errcode


def test_names_stay_unique(api, group):
    assert post(api, "edit", id=group["tag"][0]["id"], name="静安")["errcode"] == 40071


def test_tags_of_others_cannot_be_touched(wx, api):
    other = next(iter(wx.corp.tag_groups.values()))
    assert post(api, "edit", id=other.id, name="ours")["errcode"] == 81011
    assert post(api, "del", tag_id=[other.tags[0].id])["errcode"] == 81011


def test_with_its_last_tag_a_group_goes(api, group):
    assert post(api, "del", tag_id=[tag["id"] for tag in group["tag"]])["errcode"] == 0
    assert "门店" not in names(post(api, "get"))
    shown = post(api, "get", group_id=[group["group_id"]])["tag_group"][0]
    assert (shown["deleted"], [tag["deleted"] for tag in shown["tag"]]) == (True, [True, True])


@pytest.mark.parametrize("body", [{}, {"tag_id": "a string"}])
def test_a_delete_names_something(api, body):
    assert post(api, "del", **body)["errcode"] == 41017


def test_a_filter_by_tag(api, group):
    shown = post(api, "get", tag_id=[group["tag"][1]["id"]])["tag_group"]
    assert [(each["group_name"], len(each["tag"]), each["deleted"]) for each in shown] == [("门店", 1, False)]


def test_the_consoles_tags_are_told_ours_are_not(wx, group):
    tag = wx.do("POST", "tags", group="客户等级", name="黑金")
    assert changes(wx) == ["create"]
    assert (field(last(wx), "Id"), field(last(wx), "TagType")) == (tag["id"], "tag")
    wx.do("POST", f"tags/{tag['id']}", name="钻石")
    wx.do("DELETE", f"tags/{tag['id']}")
    wx.do("POST", "tags/shuffle", id=tag["group_id"])
    assert changes(wx) == ["create", "update", "delete", "shuffle"]
    assert "<TagType>" not in last(wx)


def test_a_deleted_group_is_told_once(wx):
    group = next(iter(wx.corp.tag_groups.values()))
    wx.do("DELETE", f"tags/{group.id}")
    assert [field(row["xml"], "TagType") for row in wx.letters()] == ["tag_group"]
