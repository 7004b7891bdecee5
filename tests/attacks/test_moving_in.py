"""What came with moving in: traces, imports, sign-in and desks, tried by owners and strangers."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guides.models import Relation
from members.models import Member
from stores.models import Person
from tests.cast import MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db


def signed_in(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def shared(cast: Cast) -> Member:
    """Mei was HQ's customer for weeks before she came to Fang's."""
    cast.add(MEI, "cai", at=after(days=-40))
    cast.add(MEI, "gu", at=after(days=-2))
    return cast.member(MEI)


def listed(who: Person, page: str, **query: Any) -> int:
    """How many rows a desk shows for this address; 0 where it refuses to answer."""
    answer = signed_in(who).get(reverse(f"admin:{page}_changelist"), query)
    return len(answer.context["cl"].result_list) if answer.status_code == 200 else 0


@pytest.mark.parametrize("page", ["members_member", "stores_person", "guides_guide", "guides_relation"])
def test_desks_show_an_owner_his_own_rows(cast: Cast, shared: Member, page: str) -> None:
    assert listed(cast.fang, page) > 0


def test_a_desks_address_asks_nothing_of_other_owners_relations(cast: Cast, shared: Member) -> None:
    cais = Relation.objects.get(guide__userid="cai").pk
    asked = [{"relations": cais}, {"relations__lte": cais}, {"created_at__lt": str(after(days=-10))}]
    twin = Member.objects.create(created_at=NOW)
    Member.objects.filter(pk=shared.pk).update(same_person_as=twin)
    asked += [{"same_person_as__isnull": "0"}, {"same_person_as": twin.pk}, {"identities__gt": 0}]
    assert [query for query in asked if listed(cast.fang, "members_member", **query)] == []
    assert listed(cast.otto, "members_member", same_person_as__isnull="0") == 1


def test_a_desks_address_asks_nothing_of_others_seats(cast: Cast) -> None:
    seat = cast.gu.seats.get()
    assert listed(cast.fang, "stores_person", seats=seat.pk) == 0
    assert listed(cast.fang, "stores_person", seats__role__exact="guide") == 1


@pytest.mark.parametrize("onward", ["nonsense", "dashboard", "javascript", "..", "?x", "x y", "%2e"])
def test_a_crafted_way_onward_breaks_no_sign_in(cast: Cast, onward: str) -> None:
    said = {"username": "fang", "password": "fang-opens-the-shop", "next": onward}
    answer = Client().post("/login/", said)
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")


FAR = ["//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "http:///evil.example"]
FAR += [
    "https://evil.example/login/",
    " //evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "https://testserver@evil.example",
]


@pytest.mark.parametrize("onward", FAR)
def test_the_way_onward_stays_here(cast: Cast, onward: str) -> None:
    said = {"username": "fang", "password": "fang-opens-the-shop"}
    answer = Client().post("/login/", {**said, "next": onward})
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    assert signed_in(cast.fang).get("/login/wecom/", {"next": onward})["Location"] == "/dashboard/"
