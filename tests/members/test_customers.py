"""The customers as people look for them: the list and one customer's page, for each kind of viewer."""

from typing import Any

import pytest
from django.test import Client

from members import fields, labels, tags
from scrm.audit.models import Entry
from tests.cast import LAN, MEI, NOW, Cast
from tests.members.looking import names, sees

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(cast: Cast) -> Cast:
    """Mei is Cai's customer at Nanjing Road, Lan is Gu's in Fang's first store."""
    cast.add(MEI, "cai", code=cast.code())
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first))
    for who, name in ((MEI, "梅子"), (LAN, "=兰兰")):
        member = cast.member(who)
        type(member).objects.filter(pk=member.pk).update(name=name)
    return cast


@pytest.mark.parametrize(
    ("who", "whom"),
    [
        *((hq, ["=兰兰", "梅子"]) for hq in ("ada", "otto", "paula", "ann")),
        ("rita", ["梅子"]),
        ("ben", ["梅子"]),
        ("cai", ["梅子"]),
        ("fang", ["=兰兰"]),
        ("gu", ["=兰兰"]),
        ("dong", []),
    ],
)
def test_each_sees_the_customers_of_her_stores(two: Cast, client: Client, who: str, whom: list[str]) -> None:
    client.force_login(getattr(two, who))
    assert names(client.get("/customers/")) == whom


@pytest.mark.parametrize("who", ["ivy", "eve"])
def test_an_agency_and_a_stranger_see_none(two: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(two, who))
    assert client.get("/customers/").status_code == 403


def test_a_name_of_two_characters_is_found_by_its_beginning(two: Cast, client: Client) -> None:
    client.force_login(two.ada)
    assert names(client.get("/customers/", {"q": "梅子"})) == ["梅子"]
    assert names(client.get("/customers/", {"q": "梅"})) == ["梅子"]
    assert names(client.get("/customers/", {"q": "没有"})) == []


def test_an_id_means_one(two: Cast, client: Client) -> None:
    client.force_login(two.ada)
    assert names(client.get("/customers/", {"q": LAN})) == ["=兰兰"]
    assert names(client.get("/customers/", {"q": two.member(MEI).public_id})) == ["梅子"]
    client.force_login(two.ben)
    assert names(client.get("/customers/", {"q": LAN})) == []


@pytest.mark.parametrize(
    ("asked", "whom"),
    [
        ({"relation": "live"}, ["=兰兰", "梅子"]),
        ({"relation": "lost"}, []),
        ({"relation": "none"}, []),
        ({"registered": "yes"}, []),
        ({"registered": "no"}, ["=兰兰", "梅子"]),
        ({"store": "nobody's"}, []),
        ({"tag": "t_none"}, []),
        ({"grade": "A"}, []),
        ({"stage": "lost"}, []),
    ],
)
def test_filters_leave_those_who_are_like_that(two: Cast, client: Client, asked: Any, whom: list[str]) -> None:
    client.force_login(two.ada)
    assert names(client.get("/customers/", asked)) == whom


def test_a_store_and_a_guide_have_their_own(two: Cast, client: Client) -> None:
    client.force_login(two.ada)
    assert names(client.get("/customers/", {"store": two.nanjing_road.public_id})) == ["梅子"]
    assert names(client.get("/customers/", {"guide": two.guide("gu").public_id})) == ["=兰兰"]
    client.force_login(two.fang)
    assert names(client.get("/customers/", {"store": two.nanjing_road.public_id})) == []


def test_who_deleted_her_guide_had_one(two: Cast, client: Client) -> None:
    two.tell(MEI, "cai", "cust_del", at=NOW.replace(hour=6))
    client.force_login(two.ada)
    assert names(client.get("/customers/", {"relation": "lost"})) == ["梅子"]
    assert names(client.get("/customers/", {"relation": "live"})) == ["=兰兰"]


def test_pages_neither_repeat_nor_lose(two: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("members.shelves.ON_A_PAGE", 1)
    client.force_login(two.ada)
    first = client.get("/customers/")
    second = client.get("/customers/", {"after": first.context["page"].next})
    assert names(first) + names(second) == ["=兰兰", "梅子"]
    assert not second.context["page"].next


@pytest.mark.parametrize("who", ["fang", "gu", "dong"])
def test_a_customer_of_others_is_as_unknown_as_one_who_never_was(two: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(two, who))
    told = client.get(f"/customers/{two.member(MEI).public_id}/")
    never = client.get("/customers/m_neverwas00000000/")
    assert (told.status_code, told.content) == (404, never.content)


def test_a_visit_stands_once_in_the_audit_book(two: Cast, client: Client) -> None:
    client.force_login(two.cai)
    place = sees(client, two.member(MEI))
    client.get(f"{place}timeline/")
    client.get(place)
    assert Entry.objects.filter(verb="member.read", actor=two.cai, customer=two.member(MEI).public_id).count() == 1


def test_a_timeline_opened_by_itself_is_a_visit_too(two: Cast, client: Client) -> None:
    client.force_login(two.cai)
    client.get(f"/customers/{two.member(MEI).public_id}/timeline/")
    assert Entry.objects.filter(verb="member.read", actor=two.cai).count() == 1


def test_a_file_carries_no_formula_and_is_told(two: Cast, client: Client) -> None:
    client.force_login(two.otto)
    answer = client.get("/customers/customers.csv")
    body = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    assert ",'=兰兰," in body and body.count("\n") == 3
    assert Entry.objects.get(verb="member.exported").rows == 2


def test_a_file_tells_tags_and_own_fields_and_masks_personal_ones(two: Cast, client: Client) -> None:
    mei = two.member(MEI)
    tea = labels.tag(labels.group("偏好", by=two.ada, at=NOW), "爱喝茶", by=two.ada, at=NOW)
    tags.put_on([mei.pk], tea, by=two.ada, at=NOW)
    for key, name, value, personal in (("size", "尺码", "=38", False), ("pet", "宠物", "秘密", True)):
        field = fields.make(key, name, "text", is_personal=personal, by=two.ada, at=NOW)
        fields.write([fields.Told(mei.pk, field, value)], source="page", by=two.ada, at=NOW)
    client.force_login(two.otto)
    head, *lines = b"".join(client.get("/customers/customers.csv")).decode("utf-8-sig").splitlines()  # type: ignore[arg-type]
    assert head.endswith(",标签,尺码,宠物")
    assert [line for line in lines if mei.public_id in line][0].endswith("偏好 / 爱喝茶,'=38,••••")


@pytest.mark.parametrize("who", ["ann", "rita", "fang", "ben", "cai"])
def test_a_file_is_for_those_who_may_take_customers_away(two: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(two, who))
    assert client.get("/customers/customers.xlsx").status_code == 403
