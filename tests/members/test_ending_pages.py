"""The tab on which HQ ends what is hers no longer, and takes it back."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from members import identities
from members.identities import Told
from members.models import Identity, IdentityLink, Member, Merge
from members.reveals import handle
from scrm import clock
from tests.cast import MEI, NOW, Cast

pytestmark = pytest.mark.django_db
PHONE = "13764501893"
TOLD = {"since": "2026-02-01", "why": "recycled"}


@pytest.fixture
def mei(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Mei, whom Cai knows, with a phone that she proved."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cast.add(MEI, "cai")
    told = (("external_userid", cast.corp.corp_id, MEI), ("phone", "", PHONE))
    identities.recognise([Told(told, verified=frozenset({"phone"}))], source="pos", at=NOW)
    return cast.member(MEI)


def place(name: str, member: Member, kind: str = "phone") -> str:
    return reverse(f"members:{name}", args=[member.public_id, handle(Identity.objects.get(kind=kind))])


def tab(client: Client, member: Member) -> str:
    return str(client.get(reverse("members:customer_identities", args=[member.public_id])).content.decode())


def test_hq_says_since_when_and_why_and_takes_it_back(cast: Cast, client: Client, mei: Member) -> None:
    client.force_login(cast.otto)
    assert "不再属于该客户" in tab(client, mei)
    page = client.post(place("identity_end", mei), TOLD).content.decode()
    assert "137****1893" in page and "2026-02-01" in page and PHONE not in page
    assert IdentityLink.objects.get().ended_by == cast.otto and identities.anybody(PHONE) == set()
    client.post(place("identity_renew", mei))
    assert identities.anybody(PHONE) == {mei.pk} and IdentityLink.objects.get().ended_for == ""


def test_of_two_members_in_one_person_hq_says_of_which(cast: Cast, client: Client, mei: Member) -> None:
    told = (("card", "", "77"), ("phone", "", PHONE))
    (lan,) = identities.recognise([Told(told, verified=frozenset({"phone"}))], source="shop", at=NOW)
    client.force_login(cast.otto)
    assert Merge.objects.get(undone_at=None).loser_id == lan and 'name="whose"' in tab(client, mei)
    client.post(place("identity_end", mei), {**TOLD, "whose": mei.public_id})
    assert identities.anybody(PHONE) == {lan} and not Merge.objects.filter(undone_at=None).exists()


@pytest.mark.parametrize("wrong", [{"since": "2026-03-03"}, {"since": "x"}, {"since": "2026-02-31"}, {"why": "so"}])
def test_a_day_to_come_and_no_reason_end_nothing(
    cast: Cast, client: Client, mei: Member, wrong: dict[str, Any]
) -> None:
    client.force_login(cast.otto)
    page = client.post(place("identity_end", mei), {**TOLD, **wrong}).content.decode()
    assert 'role="alert"' in page and identities.anybody(PHONE) == {mei.pk}


def test_twice_is_said_and_changes_nothing(cast: Cast, client: Client, mei: Member) -> None:
    client.force_login(cast.otto)
    where = place("identity_end", mei)
    assert [client.post(where, TOLD).status_code for _ in range(2)] == [200, 404]
    back = place("identity_renew", mei)
    assert [client.post(back).status_code for _ in range(2)] == [200, 404]
    assert client.post(place("identity_end", mei, "external_userid"), TOLD).status_code == 200
    assert Identity.objects.get(kind="external_userid").member == mei


@pytest.mark.parametrize("who", ["ann", "paula", "rita", "ben", "cai", "dong", "fang", "ivy", "eve"])
def test_nobody_below_hq_ends_anything(cast: Cast, client: Client, mei: Member, who: str) -> None:
    client.force_login(getattr(cast, who))
    for name in ("identity_end", "identity_renew"):
        assert client.post(place(name, mei), TOLD).status_code == 403
    assert identities.anybody(PHONE) == {mei.pk}


def test_guides_see_neither_the_form_nor_what_was_hers(cast: Cast, client: Client, mei: Member) -> None:
    client.force_login(cast.otto)
    client.post(place("identity_end", mei), TOLD)
    client.force_login(cast.cai)
    page = tab(client, mei)
    assert "137****1893" not in page and "不再属于该客户" not in page
