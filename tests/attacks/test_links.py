"""Whoever makes a link for a customer could open it herself: what is said through it, and what it never does."""

import re
from typing import Any

import pytest
from django.test import Client

from members import consents, merges, recognitions, terms
from members.joins import invites, personal, phonecodes
from members.models import Consent, DataRequest, Identity, IdentityLink, Member
from members.recognitions import Told
from members.rights import requests
from scrm import clock
from scrm.audit.models import Entry
from stores.models import Person
from tests.cast import MEI, NOW, Cast, after

HERS, CAIS = "13764501893", "13764501999"
ASKED = {p: f"text of {p}" for p in ("service", "marketing_1v1", "share_franchisee")}
pytestmark = pytest.mark.django_db
Sent = list[dict[str, str]]


@pytest.fixture
def sent(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What the gateway got."""
    told: Sent = []
    settings.SMS_OUTLET_URL = "https://sms.example.com/"
    monkeypatch.setattr(phonecodes, "_post", lambda one: told.append(one) or True)
    return told


@pytest.fixture
def mei(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Mei has added Cai, and a till told her phone; terms are published."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    terms.publish("v1", ASKED, title="T", body="…", by=cast.ada, at=after(days=-1))
    cast.add(MEI, "cai", at=after(days=-1))
    known = (("external_userid", cast.corp.corp_id, MEI), ("phone", "", HERS))
    recognitions.recognise([Told(known)], source="pos", at=after(days=-1))
    return cast.member(MEI)


def opened_by(maker: Person, mei: Member, **more: str) -> str:
    """The page that the maker of a link gets by registering in her customer's place."""
    token = invites.token(invites.make_for(mei, store=None, by=maker, at=NOW))
    answer = Client().post(f"/join/{token}/", {"phone": CAIS, "agrees": "on", **more})
    assert answer.status_code == 302
    return str(answer["Location"].partition("?")[0])


def words(mei: Member) -> set[tuple[str, str, str, Any]]:
    return {(c.purpose, c.state, c.source, c.by) for c in Consent.objects.filter(member=mei)}


def code_for(sent: Sent, phone: str) -> str:
    phonecodes.send(f"+86{phone}", at=NOW)
    return sent[-1]["code"]


def test_what_is_ticked_through_a_guide_s_link_counts_as_told_to_her(cast: Cast, mei: Member) -> None:
    opened_by(cast.cai, mei, allows_marketing_1v1="on")
    said = {("service", "given"), ("marketing_1v1", "given"), ("share_franchisee", "denied")}
    assert words(mei) == {(purpose, state, "guide", cast.cai) for purpose, state in said}
    assert Entry.objects.get(verb="member.registered").actor == cast.cai


def test_nobody_shares_her_with_franchisees_through_a_link_of_her_own_making(cast: Cast, mei: Member) -> None:
    page = opened_by(cast.gu, mei, allows_share_franchisee="on")
    answer = Client().post(page + "change/", {"do": "allow", "purpose": "share_franchisee"})
    assert answer["Location"].endswith("?done=who")
    assert {purpose for purpose, *_rest in words(mei)} == {"service", "marketing_1v1"}  # she is not said to refuse it
    assert not consents.allows([mei.pk], "share_franchisee", at=NOW)


def test_a_code_that_went_to_the_guide_s_own_phone_shows_nothing(cast: Cast, mei: Member, sent: Sent) -> None:
    page = opened_by(cast.gu, mei, code=code_for(sent, CAIS), allows_share_franchisee="on")
    assert not consents.allows([mei.pk], "share_franchisee", at=NOW)
    assert not IdentityLink.objects.filter(verified=True).exists()
    Client().post(page + "show/", {"phone": CAIS})
    assert len(sent) == 1
    answer = Client().post(page + "show/", {"phone": CAIS, "code": code_for(sent, CAIS)})
    assert answer.status_code == 400 and not IdentityLink.objects.filter(verified=True).exists()


def test_who_types_the_code_of_her_own_phone_is_she(cast: Cast, mei: Member, sent: Sent) -> None:
    code = code_for(sent, HERS)
    page = opened_by(cast.cai, mei, phone=HERS, code=code, allows_share_franchisee="on")
    assert ("share_franchisee", "given", "form", None) in words(mei)
    Client().post(page + "ask/", {"kind": "delete", "phone": HERS})
    asked = DataRequest.objects.get()
    assert (asked.state, asked.proof, asked.opened_by) == ("verified", "phone_code", cast.cai)


def test_on_her_page_she_shows_later_that_it_is_she(cast: Cast, mei: Member, sent: Sent) -> None:
    page = opened_by(cast.cai, mei)
    Client().post(page + "show/", {"phone": HERS})
    answer = Client().post(page + "show/", {"phone": HERS, "code": sent[-1]["code"]})
    hers = str(answer["Location"].partition("?")[0])
    Client().post(hers + "change/", {"do": "allow", "purpose": "share_franchisee"})
    assert ("share_franchisee", "given", "form", None) in words(mei)
    assert Entry.objects.get(verb="member.shown").customer == mei.public_id
    assert Client().post(page + "change/", {"do": "allow", "purpose": "share_franchisee"})["Location"].endswith("=who")


def test_the_page_does_not_tell_which_phone_is_hers(cast: Cast, mei: Member, sent: Sent) -> None:
    page = opened_by(cast.cai, mei)
    said = [Client().post(page + "show/", {"phone": phone}) for phone in (HERS, "13764501777")]
    pages = [re.sub(r'name="csrf\w+" value="\w+"|value="1\d+"', "", a.content.decode()) for a in said]
    assert pages[0] == pages[1] and [told["phone"] for told in sent] == [f"+86{HERS}"]


def test_taking_back_needs_no_code(cast: Cast, mei: Member) -> None:
    page = opened_by(cast.cai, mei, allows_marketing_1v1="on")
    Client().post(page + "change/", {"do": "withdraw"})
    assert not consents.allows([mei.pk], "marketing_1v1", at=NOW) and not consents.allows([mei.pk], "service", at=NOW)


@pytest.mark.parametrize("kind", ["delete", "export", "correct"])
@pytest.mark.parametrize("phone", [CAIS, HERS])  # guides may know a customer's number
def test_a_request_by_a_guide_s_link_waits_and_names_her(
    cast: Cast, mei: Member, client: Client, kind: str, phone: str
) -> None:
    Client().post(opened_by(cast.cai, mei) + "ask/", {"kind": kind, "phone": phone})
    asked = DataRequest.objects.get()
    assert (asked.state, asked.opened_by, asked.verified_at) == ("asked", cast.cai, None)
    client.force_login(cast.ada)
    page = f"/customers/rights/{asked.public_id}/"
    assert "通过 Cai 生成的链接" in client.get(page).content.decode()
    assert client.post(page + "act/", {"do": "verify", "proof": "her_link"}).status_code == 400  # that the page says


def test_asked_again_by_who_shows_that_it_is_she_a_request_waits_no_longer(cast: Cast, mei: Member, sent: Sent) -> None:
    page = opened_by(cast.cai, mei)
    Client().post(page + "ask/", {"kind": "export"})
    hers = Client().post(page + "show/", {"phone": HERS, "code": code_for(sent, HERS)})["Location"].partition("?")[0]
    Client().post(hers + "ask/", {"kind": "export", "phone": HERS})
    assert DataRequest.objects.get().state == "verified"


def test_who_made_the_link_is_not_the_second_pair_of_eyes(cast: Cast, mei: Member, client: Client) -> None:
    link = invites.make_for(mei, store=None, by=cast.paula, at=NOW)
    asked = requests.ask(mei, "delete", way="page", at=NOW, link=link)
    requests.verify(asked, proof="phone_code", by=None, at=NOW)
    with pytest.raises(requests.NotByYou):
        requests.approve([asked], by=cast.paula, at=NOW)
    client.force_login(cast.paula)
    client.post("/customers/rights/approve/", {"request": [asked.public_id]})
    client.post(f"/customers/rights/{asked.public_id}/act/", {"do": "approve"})
    asked.refresh_from_db()
    assert asked.state == "verified"
    assert requests.approve([asked], by=cast.ada, at=NOW)


def poster(cast: Cast, phone: str) -> str:
    token = invites.token(invites.make(cast.nanjing_road, by=cast.ada, at=NOW))
    return str(Client().post(f"/join/{token}/", {"phone": phone, "agrees": "on"})["Location"].partition("?")[0])


def test_who_typed_her_phone_at_a_poster_does_not_speak_for_her_once_both_are_one(cast: Cast, mei: Member) -> None:
    page = poster(cast, HERS)
    stranger = Member.objects.get(registered_at=NOW)
    assert stranger.pk != mei.pk
    merges.merge(mei, [stranger], by=cast.ada, reason="same phone", at=NOW)
    for purpose in ("share_franchisee", "marketing_1v1"):
        Client().post(page + "change/", {"do": "allow", "purpose": purpose})
        assert not consents.allows([mei.pk], purpose, at=NOW)
    Client().post(page + "ask/", {"kind": "delete", "phone": HERS})
    assert DataRequest.objects.get().state == "asked"


def test_a_phone_that_only_a_link_told_never_becomes_hers(cast: Cast, mei: Member) -> None:
    Identity.objects.filter(kind="phone").delete()
    opened_by(cast.cai, mei)
    assert Identity.objects.get(kind="phone").member == mei
    assert not personal.is_hers(mei, CAIS)
    opened_by(cast.cai, mei)  # a second link does not make it older
    assert not personal.is_hers(mei, CAIS)
