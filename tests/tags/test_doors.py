"""Machines' doors for tags and fields, and files of them."""

import pytest
from rest_framework.test import APIClient

from members import fields, identities, labels, tags
from members.identities import Newcomer
from members.models import Field, FieldValue, Marking, Member, MemberTag, Tag, TagChange, TagGroup
from scrm.audit.models import Entry
from tests.api.conftest import Caller
from tests.api.conftest import calling as calling  # the fixture
from tests.cast import LAN, MEI, NOW, Cast
from tests.imports.conftest import Desk, came_to, said
from tests.imports.conftest import desk as desk  # the fixture


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    return cast.member(MEI)


@pytest.fixture
def tea(cast: Cast) -> Tag:
    return labels.tag(labels.group("偏好", by=cast.ada, at=NOW), "爱喝茶", by=cast.ada, at=NOW)


@pytest.fixture
def vip(cast: Cast) -> Tag:
    wecoms = TagGroup.objects.create(corp=cast.corp, group_id="etG", name="等级")
    return Tag.objects.create(group=wecoms, tag_id="etV", name="VIP")


@pytest.fixture
def ada(calling: Caller, cast: Cast) -> APIClient:
    return calling(cast.ada)


def test_groups_and_tags_of_ours_are_made_changed_and_deleted(ada: APIClient) -> None:
    group = ada.post("/api/v1/tag-groups/", {"name": "口味", "tags": ["甜"]})
    assert group.status_code == 201 and group.data["corp"] is None
    made = ada.post("/api/v1/tags/", {"group": group.data["id"], "name": "淡"})
    assert made.status_code == 201 and made.data["kind"] == "internal" and made.data["tag_id"] is None
    place = f"/api/v1/tags/{made.data['id']}/"
    assert ada.patch(place, {"name": "清淡", "says": "少盐"}).data["says"] == "少盐"
    assert ada.post("/api/v1/tags/", {"group": group.data["id"], "name": "清淡"}).status_code == 400
    assert ada.delete(place).status_code == 204 and ada.get(place).status_code == 404
    assert {row["name"] for row in ada.get("/api/v1/tags/?kind=internal").data["results"]} == {"甜"}
    assert ada.patch(f"/api/v1/tag-groups/{group.data['id']}/", {"name": "味道"}).data["name"] == "味道"
    assert ada.delete(f"/api/v1/tag-groups/{group.data['id']}/").status_code == 204


def test_wecoms_tags_are_asked_for(ada: APIClient, vip: Tag, cast: Cast) -> None:
    asked = ada.post("/api/v1/tags/", {"group": vip.group.public_id, "name": "SVIP"})
    assert asked.status_code == 202 and asked.data["state"] == "waiting"
    assert ada.patch(f"/api/v1/tags/{vip.public_id}/", {"name": "贵宾"}).status_code == 202
    assert ada.patch(f"/api/v1/tags/{vip.public_id}/", {"name": "贵宾"}).status_code == 204, "it is asked for"
    assert ada.delete(f"/api/v1/tag-groups/{vip.group.public_id}/").status_code == 202
    new = ada.post("/api/v1/tag-groups/", {"name": "门店", "corp": cast.corp.corp_id, "tags": ["静安"]})
    assert new.status_code == 202 and TagChange.objects.count() == 4


def test_a_key_repeats_no_write(ada: APIClient, vip: Tag) -> None:
    for _ in range(2):
        ada.post("/api/v1/tags/", {"group": vip.group.public_id, "name": "新"}, headers={"Idempotency-Key": "k1"})
    assert TagChange.objects.count() == 1


def test_a_tag_in_use_is_a_conflict(ada: APIClient, vip: Tag, cast: Cast) -> None:
    cast.code().tags.add(vip)
    assert ada.delete(f"/api/v1/tags/{vip.public_id}/").status_code == 409 and not TagChange.objects.exists()


def test_one_bad_row_spoils_no_other(calling: Caller, cast: Cast, mei: Member, tea: Tag, vip: Tag) -> None:
    cast.add(LAN, "gu")
    rows = [
        {"member": mei.public_id, "put_on": [tea.public_id]},
        {"member": mei.public_id, "put_on": [vip.public_id]},
        {"member": cast.member(LAN).public_id, "put_on": [tea.public_id]},
        {"member": mei.public_id, "put_on": ["t_nothing"]},
        "?",
        {"member": mei.public_id, "put_on": [tea.public_id]},
        {"member": mei.public_id, "take_off": [tea.public_id]},
    ]
    answer = calling(cast.cai).post("/api/v1/tags/batch/", {"rows": rows})
    told = [row["status"] for row in answer.data["results"]]
    assert told == ["updated", "waiting", "rejected", "rejected", "rejected", "unchanged", "updated"]
    assert Marking.objects.get().userid == "cai" and not MemberTag.objects.exists()


def test_what_a_customer_bears_is_read_and_written(calling: Caller, cast: Cast, mei: Member, tea: Tag) -> None:
    place = f"/api/v1/members/{mei.public_id}/tags/"
    cai = calling(cast.cai)
    assert cai.post(place, {"put_on": [tea.public_id]}).data["status"] == "updated"
    assert [row["name"] for row in cai.get(place).data] == ["爱喝茶"]
    assert calling(cast.gu).get(place).status_code == 404 and calling(cast.ann).post(place, {}).status_code == 403
    assert Entry.objects.filter(verb="member.read", customer=mei.public_id).exists()


def test_fields_are_made_and_say_something(ada: APIClient, calling: Caller, cast: Cast, mei: Member) -> None:
    made = ada.post("/api/v1/fields/", {"key": "color", "name": "颜色", "kind": "choice", "choices": ["红", "绿"]})
    assert made.status_code == 201
    place = f"/api/v1/members/{mei.public_id}/fields/"
    assert calling(cast.cai).patch(place, {"color": "红"}).data == {"color": "红"}
    for odd in ({"color": "蓝"}, {"odd": 1}, {}, [1]):
        assert ada.patch(place, odd).status_code == 400
    assert calling(cast.gu).patch(place, {"color": "绿"}).status_code == 404
    field = f"/api/v1/fields/{made.data['id']}/"
    assert ada.delete(field).status_code == 400 and ada.patch(field, {"choices": ["绿"]}).status_code == 400
    assert ada.patch(field, {"is_active": False}).data["is_active"] is False
    assert ada.get(place).data == {} and FieldValue.objects.get().store == cast.nanjing_road


def test_personal_fields_are_empty_for_who_does_not_serve(
    ada: APIClient, calling: Caller, cast: Cast, mei: Member
) -> None:
    fields.make("wish", "愿望", "text", is_personal=True, by=cast.ada, at=NOW)
    place = f"/api/v1/members/{mei.public_id}/fields/"
    assert ada.patch(place, {"wish": "茶园"}).data == {"wish": "茶园"}
    assert calling(cast.ann).get(place).data == {"wish": None}


HEAD = ["手机号", "会员卡号", "external_userid", "打标签", "去标签", "字段", "字段值"]


@pytest.fixture
def lan(cast: Cast) -> Member:
    (pk,) = identities.enroll([Newcomer("兰", 2, (("phone", "+8613800010002"),))], at=NOW)
    return Member.objects.get(pk=pk)


def test_a_file_puts_tags_on_takes_them_off_and_fills_fields(
    desk: Desk, mei: Member, lan: Member, tea: Tag, vip: Tag
) -> None:
    new = labels.tag(tea.group, "新客", by=None, at=NOW)
    tags.put_on([lan.pk], new, by=None, at=NOW)
    fields.make("size", "尺码", "number", by=None, at=NOW)
    file = [HEAD, ["13800010002", "", "", "爱喝茶", "新客", "尺码", "38"], ["", "", MEI, "等级/VIP", "", "", ""]]
    assert came_to(desk.bring("labels", file)) == ["updated", "updated"]
    assert list(MemberTag.objects.filter(member=lan).values_list("tag__name", flat=True)) == ["爱喝茶"]
    assert Marking.objects.get().member == mei and FieldValue.objects.get().number == 38
    assert came_to(desk.bring("labels", file)) == ["unchanged", "unchanged"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["13800019999", "", "", "爱喝茶", "", "", ""], "没有对应的客户"),
        (["", "", "", "爱喝茶", "", "", ""], "手机号"),
        (["", "", MEI, "不存在", "", "", ""], "不存在"),
        (["", "", MEI, "", "", "尺码", "大"], "尺码"),
        (["", "", MEI, "", "", "没有", "1"], "没有"),
        (["", "", MEI, "", "", "", "38"], "38"),
        (["", "", MEI, "=1+1", "", "", ""], ""),
    ],
)
def test_a_bad_line_is_refused_and_says_why(desk: Desk, mei: Member, tea: Tag, row: list[str], words: str) -> None:
    fields.make("size", "尺码", "number", by=None, at=NOW)
    upload = desk.look("labels", [HEAD, row])
    assert came_to(upload) == ["rejected"] and words in said(upload, 2)


def test_a_tag_by_rule_is_not_brought_in_by_a_file(desk: Desk, mei: Member, tea: Tag) -> None:
    Tag.objects.create(group=tea.group, kind="rule", name="常客", made_at=NOW)
    assert came_to(desk.look("labels", [HEAD, ["", "", MEI, "常客", "", "", ""]])) == ["rejected"]
    assert Field.objects.count() == 0


def test_codes_put_on_wecoms_tags_alone(ada: APIClient, cast: Cast, tea: Tag, vip: Tag) -> None:
    place = f"/api/v1/codes/{cast.code().public_id}/"
    assert ada.patch(place, {"tags": [tea.public_id]}).status_code == 400
    assert ada.patch(place, {"tags": [vip.public_id]}).status_code == 200
