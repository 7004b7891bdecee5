"""Attackers at the customers: other houses that read or reap what is not theirs, and strangers at the public pages."""

from typing import Any

import pytest
from django.test import Client

from guides.models import Relation
from members import activations, consents, fields, identities, sights, taggings, terms, wearings
from members.joins import invites, knocks, personal, phonecodes
from members.models import Consent, DataRequest, FieldChange, FieldValue, Member, TagGroup
from members.models import Tag as MemberTagName
from members.rights import erasures, requests
from scrm import clock
from scrm.clock import day_of
from stores import places, seats
from stores.models import ApiToken, Franchisee, Person, Role
from tests.cast import LAN, MEI, NOW, OPENED, Cast, after
from tests.members.buying import bought

PHONE = "13764501893"
pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def api(person: Person) -> dict[str, Any]:
    token = ApiToken.issue(person, at=clock.now())
    return {"content_type": "application/json", "headers": {"Authorization": f"Token {token}"}}


# --- fields: what stood there before belongs to whoever may read it -------------------------------------------------


@pytest.fixture
def hidden(cast: Cast) -> Member:
    """HQ wrote something about Mei, a customer of Gu's, which Gu's house may not read."""
    cast.add(MEI, "gu")
    mei = cast.member(MEI)
    for key in ("skin", "size"):
        field = fields.make(key, key, "text", by=cast.ada, at=NOW)
        fields.write([fields.Told(mei.pk, field, "hq-secret")], source="page", by=cast.ada, at=NOW)
    return mei


def test_what_a_house_overwrites_is_not_told_to_it(cast: Cast, hidden: Member) -> None:
    gu, place = signed_in(cast.gu), f"/customers/{hidden.public_id}/"
    assert "hq-secret" not in gu.get(place + "fields/").content.decode()
    page = gu.post(place + "fields/", {"has-skin": "1", "skin": "dry"}).content.decode()
    assert "dry" in page and "hq-secret" not in page
    assert "hq-secret" not in gu.get(place + "timeline/").content.decode()
    assert FieldValue.objects.get(field__key="skin").store == cast.fangs_first


def test_a_house_does_not_empty_what_it_may_not_read(cast: Cast, hidden: Member) -> None:
    answer = signed_in(cast.gu).post(
        f"/customers/{hidden.public_id}/fields/", {"has-skin": "1", "skin": "", "has-size": "1", "size": "M"}
    )
    assert answer.status_code == 200
    assert dict(FieldValue.objects.values_list("field__key", "text")) == {"skin": "hq-secret", "size": "M"}


def test_a_guess_at_a_hidden_value_looks_like_any_other(cast: Cast, hidden: Member) -> None:
    sight = sights.open_(cast.gu, hidden.public_id)
    assert sight
    said = [fields.Told(hidden.pk, one.field, "hq-secret") for one in wearings.filled(cast.gu, sight, at=NOW)]
    assert wearings.write(cast.gu, sight, said, source="page", at=NOW) == 2
    assert set(FieldChange.objects.visible_to(cast.gu).values_list("before", "after")) == {(None, "hq-secret")}


def test_at_the_api_it_is_the_same(cast: Cast, hidden: Member) -> None:
    place = f"/api/v1/members/{hidden.public_id}/fields/"
    answer = Client().patch(place, {"skin": None, "size": "M"}, **api(cast.gu))
    assert answer.status_code == 200 and answer.json() == {"skin": None, "size": "M"}
    assert FieldValue.objects.get(field__key="skin").text == "hq-secret"
    assert not FieldChange.objects.visible_to(cast.gu).exclude(before=None).exists()


# --- consent: whom it opens the door for does not say it -----------------------------------------------------------


@pytest.fixture
def ruled(cast: Cast) -> Cast:
    asked = dict.fromkeys(("service", "marketing_1v1", "share_franchisee"), "…")
    terms.publish("v1", asked, title="隐私政策", body="…", by=cast.ada, at=NOW)
    cast.add(MEI, "gu")
    cast.add(LAN, "cai")
    return cast


@pytest.mark.parametrize("who", ["gu", "fang"])
def test_a_franchisee_does_not_allow_himself_to_hear_more(ruled: Cast, who: str) -> None:
    mei, person = ruled.member(MEI), getattr(ruled, who)
    told = {"do": "give", "proof": "在店里说的", "purpose": ["share_franchisee", "marketing_1v1"]}
    page = signed_in(person).post(f"/customers/{mei.public_id}/consents/say/", told)
    assert page.status_code == 200 and 'value="share_franchisee"' not in page.content.decode()
    body = {"member": mei.public_id, "purposes": ["share_franchisee"], "state": "given", "terms": "v1", "evidence": "x"}
    assert Client().post("/api/v1/consents/", body, **api(person)).status_code == 403
    assert consents.allows([mei.pk], "marketing_1v1", at=clock.now()) == {mei.pk}
    assert not Consent.objects.filter(purpose="share_franchisee").exists()


def test_she_may_still_take_it_back_with_them(ruled: Cast) -> None:
    mei = ruled.member(MEI)
    consents.give(mei, ["share_franchisee"], terms="v1", at=NOW, source="form")
    signed_in(ruled.gu).post(
        f"/customers/{mei.public_id}/consents/say/", {"do": "withdraw", "purpose": "share_franchisee"}
    )
    assert not consents.allows([mei.pk], "share_franchisee", at=clock.now())


def test_nobody_speaks_for_another_house(ruled: Cast) -> None:
    other = Franchisee.objects.create(brand=ruled.brand, name="林记")
    body = {"purposes": ["service"], "state": "given", "terms": "v1", "evidence": "x", "controller": other.public_id}
    body |= {"member": ruled.member(MEI).public_id}
    assert Client().post("/api/v1/consents/", body, **api(ruled.gu)).status_code == 400
    assert Client().post("/api/v1/consents/", body, **api(ruled.ada)).status_code == 201
    body["controller"] = ruled.fangs.public_id
    assert Client().post("/api/v1/consents/", body, **api(ruled.gu)).status_code == 201


# --- two seats, merged persons, odd filters -------------------------------------------------------------------------


def test_a_direct_store_s_seat_opens_no_totals_of_a_house_s_customers(cast: Cast) -> None:
    cast.add(MEI, "gu")
    seats.give(cast.fang, Role.STORE_MANAGER, store=cast.nanjing_road, at=OPENED)
    assert not sights.summed(cast.fang, [cast.member(MEI).pk], at=clock.now())
    found = signed_in(cast.fang).get("/customers/?stage=new").context["page"].cards
    assert not found


@pytest.mark.parametrize(("who", "yes", "no"), [("ada", 1, 0), ("fang", 0, 1)])
def test_a_filter_says_no_more_than_the_line(cast: Cast, who: str, yes: int, no: int) -> None:
    """She registered at Nanjing Road as another member, found to be one person later."""
    cast.add(MEI, "gu")
    root = Member.objects.create(name="梅", created_at=OPENED, registered_at=OPENED)
    Member.objects.filter(pk=cast.member(MEI).pk).update(same_person_as=root)
    client = signed_in(getattr(cast, who))
    found = [len(client.get(f"/customers/?registered={word}").context["page"].cards) for word in ("yes", "no")]
    assert found == [yes, no]


@pytest.mark.parametrize("place", ["", "grades/", "reach/"])
def test_odd_digits_are_no_failure(cast: Cast, place: str) -> None:
    for tier in ("²", "٣", "9" * 500):
        assert signed_in(cast.ada).get(f"/customers/{place}", {"tier": tier}).status_code == 200


def test_a_deep_rule_in_an_address_is_no_failure(cast: Cast) -> None:
    assert signed_in(cast.ada).get("/customers/segments/new/", {"rule": "[" * 8000}).status_code == 200


def test_who_only_sold_to_her_tags_her_for_the_store(cast: Cast) -> None:
    mei = Member.objects.create(name="Mei", created_at=NOW)
    sold = bought(mei, cast.fangs_first, at=NOW)
    type(sold).objects.filter(pk=sold.pk).update(seller=cast.gu)
    tag = MemberTagName.objects.create(group=TagGroup.objects.create(name="ours"), name="new", kind="internal")
    body = {"rows": [{"member": mei.public_id, "put_on": [tag.public_id]}]}
    answer = Client().post("/api/v1/tags/batch/", body, **api(cast.gu))
    assert answer.json() == {"results": [{"index": 0, "status": "updated"}]}
    assert not taggings.met_by(cast.gu, [mei.pk])


# --- activation lists: whom a house met before is not the next one's ------------------------------------------------


@pytest.fixture
def handed_over(cast: Cast) -> Cast:
    """Mei left Gu; then Fang's first store became the Lins', and Eve is one of them."""
    cast.add(MEI, "gu", at=after(days=-3))
    cast.tell(MEI, "gu", "cust_del", at=after(days=-2))
    mei = cast.member(MEI)
    identities.add_ids([(mei.pk, "phone", "+8613800010003")])
    Member.objects.filter(pk=mei.pk).update(name="Secret Mei")
    consents.give(mei, ["marketing_1v1"], terms="v1", at=NOW, source="form")
    return cast


def hand_over(cast: Cast) -> None:
    lins = Franchisee.objects.create(brand=cast.brand, name="林记")
    places.sign_contract(cast.fangs_first, franchisee=lins, on=day_of(after(days=1)))
    seats.give(cast.eve, Role.FRANCHISE_OWNER, franchisee=lins, at=OPENED)


def test_a_new_house_invites_nobody_whom_the_old_one_met(handed_over: Cast) -> None:
    assert not Relation.objects.filter(member=handed_over.member(MEI), state="live").exists()
    hand_over(handed_over)
    with pytest.raises(activations.NobodyToInvite):
        activations.make(handed_over.fangs_first, words="", by=handed_over.eve, at=after(days=2))


def test_a_new_house_does_not_read_the_lists_of_the_old_one(handed_over: Cast) -> None:
    one = activations.make(handed_over.fangs_first, words="", by=handed_over.fang, at=after(hours=1))
    page = f"/customers/reach/lists/{one.public_id}/"
    assert "Secret Mei" in signed_in(handed_over.fang).get(page).content.decode()
    hand_over(handed_over)
    assert "Secret Mei" not in signed_in(handed_over.eve).get(page).content.decode()
    assert signed_in(handed_over.eve).get(page + "list.xlsx").status_code == 200


def test_a_house_does_not_hear_that_she_bought_elsewhere(handed_over: Cast) -> None:
    one = activations.make(handed_over.fangs_first, words="", by=handed_over.fang, at=after(hours=1))
    bought(handed_over.member(MEI), handed_over.nanjing_road, at=after(hours=2))
    page = f"/customers/reach/lists/{one.public_id}/"
    told = {name: signed_in(getattr(handed_over, name)).get(page).context["funnel"].ordered for name in ("fang", "ada")}
    assert told == {"fang": 0, "ada": 1}


# --- strangers at the public pages -----------------------------------------------------------------------------------


@pytest.fixture
def open_page(ruled: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(clock, "now", lambda: after(hours=1))
    return ruled


def register(cast: Cast, **more: str) -> str:
    """The personal page of somebody who typed a phone."""
    token = invites.token(invites.make(cast.nanjing_road, by=cast.ada, at=NOW))
    answer = Client().post(f"/join/{token}/", {"phone": PHONE, "agrees": "on", **more})
    return str(answer["Location"].partition("?")[0])


def test_who_typed_a_phone_proves_nothing_by_typing_it_again(open_page: Cast) -> None:
    page = register(open_page)
    Client().post(page + "ask/", {"kind": "export", "phone": PHONE})
    assert DataRequest.objects.get().state == "asked"


def test_who_showed_it_by_a_code_does(open_page: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SMS_OUTLET_URL = "https://sms.example.com/"
    sent: list[Any] = []
    monkeypatch.setattr(phonecodes, "_post", lambda told: sent.append(told) or True)
    phonecodes.send("+86" + PHONE, at=clock.now())
    page = register(open_page, code=sent[0]["code"])
    Client().post(page + "ask/", {"kind": "export", "phone": PHONE})
    assert DataRequest.objects.get().state == "verified"


def test_a_phone_is_not_rung_all_day(cast: Cast) -> None:
    for hour in range(10):
        knocks.knock({"code": PHONE, "codes_a_day": PHONE}, at=after(hours=hour))
    with pytest.raises(knocks.TooOften):
        knocks.knock({"code": PHONE, "codes_a_day": PHONE}, at=after(hours=11))


def test_a_link_ends_where_the_seat_carries_it(cast: Cast) -> None:
    """Dong guides in Xujiahui and manages Nanjing Road."""
    seats.give(cast.dong, Role.STORE_MANAGER, store=cast.nanjing_road, at=OPENED)
    there = invites.make(cast.xujiahui, person=cast.dong, by=cast.ada, at=NOW)
    here = invites.make(cast.nanjing_road, by=cast.ada, at=NOW)
    ended = [signed_in(cast.dong).post(f"/customers/links/{one.public_id}/end/").status_code for one in (there, here)]
    assert ended == [404, 302]


def test_a_personal_link_opens_nobody_else_s_page(cast: Cast) -> None:
    one, other = Member.objects.create(created_at=NOW), Member.objects.create(created_at=NOW)
    forged = personal.token(one).replace(one.public_id, other.public_id)
    assert Client().get(f"/my/{forged}/").status_code == 404


def test_a_personal_link_stands_in_no_log(open_page: Cast, caplog: pytest.LogCaptureFixture) -> None:
    page = register(open_page)
    assert Client().get(page).status_code == 200
    assert "/my/…/" in caplog.text and "/join/…/" in caplog.text and page not in caplog.text


# --- erasures -------------------------------------------------------------------------------------------------------


def test_an_erasure_that_fails_is_not_left_approved(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = requests.ask(Member.objects.create(created_at=NOW), "delete", way="phone", at=NOW, by=cast.ada)
    requests.verify(asked, proof="papers", by=cast.ada, at=NOW)
    monkeypatch.setattr(erasures, "erase", lambda roots, at: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        signed_in(cast.paula).post(f"/customers/rights/{asked.public_id}/act/", {"do": "approve"})
    asked.refresh_from_db()
    assert asked.state == "verified"


def test_a_day_that_is_none_is_no_failure(cast: Cast) -> None:
    mei = Member.objects.create(created_at=NOW)
    told = {"kind": "correct", "way": "phone", "asked_on": "2026-02-30"}
    assert signed_in(cast.ada).post(f"/customers/rights/new/?customer={mei.public_id}", told).status_code == 302
    asked = DataRequest.objects.get()
    requests.verify(asked, proof="papers", by=cast.ada, at=clock.now())
    act = {"do": "answer", "name": "Mei", "birthday": "2026-13-01"}
    assert signed_in(cast.ada).post(f"/customers/rights/{asked.public_id}/act/", act).status_code == 302
    assert Member.objects.get(pk=mei.pk).name == "Mei"
