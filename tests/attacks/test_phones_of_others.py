"""What another house's till told of a customer is not a franchisee's to read, unless she allows the sharing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from members import consents, identities, sights, tellings, terms
from members.identities import Told
from members.models import Identity, Member, Telling
from members.orders import intake
from members.reveals import handle
from members.sources import named
from scrm import clock
from tests.cast import MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
PHONE = "13764501893"


@pytest.fixture
def mei(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A friend of Gu's, whose phone the brand's own till knows."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cast.add(MEI, "gu")
    told = (("external_userid", cast.corp.corp_id, MEI), ("phone", "", PHONE))
    identities.recognise([Told(told)], source="pos", at=NOW)
    return cast.member(MEI)


def reads(client: Client, person: Any, member: Member) -> list[bool]:
    """Whether the phone stands, masked, on her page, on the tab of her ids, and in the list."""
    client.force_login(person)
    places = [f"/customers/{member.public_id}/", f"/customers/{member.public_id}/identities/", "/customers/"]
    return ["137****1893" in client.get(place).content.decode() for place in places]


def sold(cast: Cast, store: str, number: str) -> None:
    row = {"number": number, "store": store, "channel": "store", "paid_at": NOW.isoformat(), "paid_fen": 100}
    row["buyer"] = {"phone": PHONE, "external_userid": MEI}
    (answer,) = intake.take_in(named("till", at=NOW), [row], at=NOW, by=None)
    assert answer.status == "created", answer


@pytest.mark.parametrize("who", ["gu", "fang"])
def test_another_houses_phone_is_not_theirs(cast: Cast, client: Client, mei: Member, who: str) -> None:
    sold(cast, "S001", "n1")
    assert reads(client, getattr(cast, who), mei) == [False, False, False]
    one = Identity.objects.get(kind="phone")
    place = reverse("members:identity_reveal", args=[mei.public_id, handle(one)])
    assert client.post(place).status_code == 404
    assert all(reads(client, cast.ada, mei))


@pytest.mark.parametrize("who", ["gu", "fang"])
def test_what_their_own_till_told_is_theirs(cast: Cast, client: Client, mei: Member, who: str) -> None:
    sold(cast, "S003", "n1")
    sold(cast, "S003", "n2")
    assert reads(client, getattr(cast, who), mei) == [True, True, True]
    assert Telling.objects.filter(identity__kind="phone").count() == 1


def test_she_may_allow_the_sharing(cast: Cast, client: Client, mei: Member) -> None:
    terms.publish("v1", {"share_franchisee": "…"}, title="隐私政策", body="…", by=cast.ada, at=after(days=-1))
    consents.give(mei, ["share_franchisee"], terms="v1", at=after(hours=-1), source="form")
    assert reads(client, cast.gu, mei) == [True, True, True]


def test_a_direct_store_of_the_brand_reads_what_the_brand_knows(cast: Cast, client: Client, mei: Member) -> None:
    cast.add(MEI, "cai")
    assert reads(client, cast.cai, mei) == [True, True, True] and not Telling.objects.exists()


def test_the_admin_keeps_it_too(cast: Cast, client: Client, mei: Member) -> None:
    place = reverse("admin:members_member_change", args=[mei.pk])
    for person, is_told in ((cast.ada, True), (cast.fang, False)):
        client.force_login(person)
        assert ("137****1893" in client.get(place).content.decode()) == is_told


def test_a_store_tells_once_and_the_brands_stores_tell_nothing(cast: Cast, mei: Member) -> None:
    told = Told((("phone", "", PHONE),))
    for _ in range(2):
        tellings.note([(told, cast.fangs_first.pk), (told, cast.nanjing_road.pk), (told, None)])
    assert [one.store for one in Telling.objects.all()] == [cast.fangs_first]
    assert sights.ids(cast.gu, [mei.pk], at=NOW).filter(kind="phone").exists()
