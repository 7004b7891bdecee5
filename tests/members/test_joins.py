"""The registration page: nothing pre-ticked, no oracle, nobody speaks in another's name, and it cannot be flooded."""

import re
from typing import Any

import pytest
from django.test import Client

from members import consents, fields, recognitions, terms
from members.joins import invites, knocks, personal, phonecodes
from members.models import Consent, FieldValue, Identity, Invite, JoinForm, Joining, Member
from members.recognitions import Told
from scrm import clock
from scrm.audit.models import Entry
from tests.cast import LAN, MEI, NOW, Cast, after

PHONE = "13764501893"
ASKED = {"marketing_1v1": "offers by my guide", "share_franchisee": "other stores", "service": "answers"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Terms are published, and it is now."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    terms.publish("v1", ASKED, title="隐私政策", body="…", by=cast.ada, at=after(days=-1))
    return cast


def link(cast: Cast, **more: Any) -> str:
    return f"/join/{invites.token(invites.make(cast.nanjing_road, by=cast.ada, at=NOW, **more))}/"


def register(path: str, **more: str) -> Any:
    told = {"phone": PHONE, "agrees": "on", **more}
    return Client().post(path, told)


def test_the_page_ticks_nothing_and_says_whose_store_it_is(told: Cast) -> None:
    page = Client().get(link(told)).content.decode()
    assert "南京路店" in page and "offers by my guide" in page and "checked" not in page
    assert "Zhanggui</span>" not in page  # it is the brand's page


def test_who_registers_is_a_member_of_the_store_with_what_she_ticked(told: Cast) -> None:
    answer = register(link(told), name=" 梅  梅 ", allows_marketing_1v1="on")
    member = Member.objects.get(registered_at=NOW)
    assert answer.status_code == 302 and answer["Location"].startswith("/my/m_")
    assert member.name == "梅 梅" and Joining.objects.get(member=member).store == told.nanjing_road
    said = {c.purpose: c.state for c in Consent.objects.filter(member=member, source="form", terms="v1")}
    assert said == {"service": "given", "marketing_1v1": "given", "share_franchisee": "denied"}
    assert Entry.objects.get(verb="member.registered").detail == {"verified": False}
    assert Member.objects.visible_to(told.ben).filter(pk=member.pk).exists()


def test_service_is_not_refused_when_marketing_is(told: Cast) -> None:
    assert register(link(told)).status_code == 302
    member = Member.objects.get(registered_at=NOW)
    assert consents.allows([member.pk], "service", at=NOW) and not consents.allows([member.pk], "marketing_1v1", at=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone": "12"},
        {"phone": ""},
        {"agrees": ""},
        {"birthday": "2999-01-01"},
        {"birthday": "1800-01-01"},
        {"birthday": "x"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(told: Cast, wrong: dict[str, str]) -> None:
    answer = register(link(told), **{"name": "梅", **wrong})
    assert answer.status_code == 400 and 'value="梅"' in answer.content.decode()
    assert not Member.objects.filter(registered_at=NOW).exists() and not Consent.objects.exists()


def test_nobody_learns_whether_a_phone_is_known(told: Cast) -> None:
    recognitions.recognise([Told((("phone", "", PHONE),), "Lan")], source="pos", at=NOW)
    known, strange = register(link(told)), register(link(told), phone="13764501894")
    pages = [
        re.sub(r"m_\w+|[\w-]{20,}|\.[\w-]+", "", Client().get(a["Location"]).content.decode()) for a in (known, strange)
    ]
    assert (known.status_code, strange.status_code) == (302, 302) and pages[0] == pages[1]


def test_nobody_speaks_in_the_name_of_a_phone_s_owner(told: Cast) -> None:
    (lan,) = recognitions.recognise([Told((("phone", "", PHONE),), "Lan")], source="pos", at=NOW)
    register(link(told), name="Eve", allows_marketing_1v1="on")
    assert not consents.allows([lan or 0], "marketing_1v1", at=NOW)
    assert Member.objects.get(pk=lan).name == "Lan" and Member.objects.get(pk=lan).registered_at is None


def test_a_link_for_one_customer_registers_her_once(told: Cast) -> None:
    told.add(MEI, "cai")
    mei = told.member(MEI)
    path = f"/join/{invites.token(invites.make_for(mei, store=told.nanjing_road, by=told.cai, at=NOW))}/"
    assert register(path, allows_marketing_1v1="on").status_code == 302
    mei.refresh_from_db()
    assert mei.registered_at == NOW and consents.allows([mei.pk], "marketing_1v1", at=NOW) == {mei.pk}
    assert Identity.objects.filter(member=mei, kind="phone").exists()
    assert register(path).status_code == 404


def test_links_that_ended_ran_out_or_never_were_answer_alike(told: Cast) -> None:
    told.add(LAN, "cai")
    one = invites.make(told.nanjing_road, by=told.ada, at=NOW)
    invites.end(one, by=told.ada, at=NOW)
    old = invites.make_for(told.member(LAN), store=None, by=told.cai, at=after(days=-8))
    tokens = [invites.token(one), invites.token(old), "j_nobody.xyz", invites.token(one)[:-1] + "x", "."]
    answers = [Client().get(f"/join/{token}/") for token in tokens]
    assert {a.status_code for a in answers} == {404}
    assert len({re.sub(r'name="\w+" value="[^"]*"|value="/join[^"]*"', "", a.content.decode()) for a in answers}) == 1


def test_without_terms_nobody_registers(cast: Cast) -> None:
    assert Client().get(link(cast)).status_code == 404


def test_a_child_registers_with_a_guardian_only(told: Cast) -> None:
    path = link(told)
    assert "guardian" in register(path, birthday="2015-05-05").content.decode()
    assert register(path, birthday="2015-05-05", guardian="on", allows_marketing_1v1="on").status_code == 302
    child = Member.objects.get(registered_at=NOW)
    assert str(child.minor_until) == "2029-05-05" and consents.allows([child.pk], "marketing_1v1", at=NOW)


def test_what_hq_chose_to_ask_is_kept_in_its_field(told: Cast) -> None:
    fields.make("tea", "爱喝的茶", "choice", choices=["绿茶", "红茶"], by=told.ada, at=NOW)
    JoinForm.objects.create(changed_at=NOW, fields=["tea"])
    path = link(told)
    assert "爱喝的茶" in Client().get(path).content.decode()
    assert register(path, field_tea="咖啡").status_code == 400
    assert register(path, field_tea="绿茶", birthday="1990-05-05").status_code == 302
    said = {v.field.key: v.text or str(v.date) for v in FieldValue.objects.filter(member__registered_at=NOW)}
    assert said == {"tea": "绿茶", "birthday": "1990-05-05"}


def test_a_phone_is_heard_so_often_and_then_not(told: Cast) -> None:
    path = link(told)
    answers = [register(path).status_code for _ in range(8)]
    assert answers == [302] * 6 + [429] * 2
    assert register(path, phone="13764501894").status_code == 302


def test_an_address_is_heard_so_often_and_then_not(told: Cast) -> None:
    most = knocks.LIMITS["address"][0]
    for _ in range(most):
        knocks.knock({"address": "127.0.0.1"}, at=NOW)
    assert register(link(told)).status_code == 429
    knocks.knock({"address": "127.0.0.1"}, at=after(hours=1, minutes=1))


def test_who_fills_the_trap_is_no_customer(told: Cast) -> None:
    assert register(link(told), trap="http://x").status_code == 429
    assert not Member.objects.filter(registered_at=NOW).exists()


def test_a_code_shows_whose_the_phone_is(told: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (lan,) = recognitions.recognise([Told((("phone", "", PHONE),), "Lan")], source="pos", at=NOW)
    sent: list[dict[str, str]] = []
    settings.SMS_OUTLET_URL = "https://sms.example.com/"
    monkeypatch.setattr(phonecodes, "_post", lambda told: sent.append(told) or True)
    path = link(told)
    assert Client().post(path + "code/", {"phone": PHONE}).status_code == 200
    assert register(path, code="000000" if sent[0]["code"] != "000000" else "1").status_code == 400
    assert register(path, code=sent[0]["code"], allows_marketing_1v1="on").status_code == 302
    assert Member.objects.get(registered_at=NOW).pk == lan and sent[0]["phone"] == "+8613764501893"
    assert consents.allows([lan or 0], "marketing_1v1", at=NOW) == {lan}


def test_a_code_opens_once_in_time_and_not_by_trying(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    monkeypatch.setattr(phonecodes, "_post", lambda told: sent.append(told) or True)
    phonecodes.send(PHONE, at=NOW)
    right = sent[0]["code"]
    assert phonecodes.is_right(PHONE, right, at=NOW) and not phonecodes.is_right(PHONE, right, at=NOW)
    phonecodes.send(PHONE, at=NOW)
    assert not phonecodes.is_right(PHONE, sent[1]["code"], at=after(minutes=11))
    phonecodes.send(PHONE, at=NOW)
    wrong = "1" * 6 if sent[2]["code"] != "1" * 6 else "2" * 6
    assert not any(phonecodes.is_right(PHONE, wrong, at=NOW) for _ in range(5))
    assert not phonecodes.is_right(PHONE, sent[2]["code"], at=NOW)


def test_codes_are_not_sent_in_heaps(told: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SMS_OUTLET_URL = "https://sms.example.com/"
    monkeypatch.setattr(phonecodes, "_post", lambda told: True)
    path = link(told) + "code/"
    assert [Client().post(path, {"phone": PHONE}).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_on_her_page_she_takes_back_one_thing_or_all(told: Cast) -> None:
    page = register(link(told), allows_marketing_1v1="on", allows_share_franchisee="on")["Location"].partition("?")[0]
    member = Member.objects.get(registered_at=NOW)
    assert "offers by my guide" in Client().get(page).content.decode()
    Client().post(page + "change/", {"do": "withdraw", "purpose": "marketing_1v1"})
    assert not consents.allows([member.pk], "marketing_1v1", at=NOW)
    assert consents.allows([member.pk], "share_franchisee", at=NOW)
    Client().post(page + "change/", {"do": "withdraw"})
    assert not consents.allows([member.pk], "service", at=NOW) and not consents.allows(
        [member.pk], "share_franchisee", at=NOW
    )


def test_her_link_runs_out_and_cannot_be_forged(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    member = Member.objects.create(created_at=NOW)
    token = personal.token(member)
    assert personal.holder(token).member == member
    assert personal.holder(token[:-1] + ("a" if token[-1] != "a" else "b")) is None and personal.holder("x") is None
    Member.objects.filter(pk=member.pk).update(erased_at=NOW)
    assert personal.holder(token) is None


VIEWERS = {"ada": 200, "otto": 200, "rita": 200, "ben": 200, "cai": 200, "fang": 404, "gu": 404, "ivy": 403, "eve": 403}


@pytest.mark.parametrize(("who", "status"), VIEWERS.items())
def test_the_tab_is_for_who_sees_her(told: Cast, client: Client, who: str, status: int) -> None:
    told.add(MEI, "cai")
    consents.give(told.member(MEI), ["service"], terms="v1", at=NOW, source="guide", evidence="said so at the till")
    client.force_login(getattr(told, who))
    answer = client.get(f"/customers/{told.member(MEI).public_id}/consents/")
    assert answer.status_code == status
    assert ("said so at the till" in answer.content.decode()) is (who in {"ada", "otto"})


def test_a_guide_writes_down_what_her_customer_said(told: Cast, client: Client) -> None:
    told.add(MEI, "cai")
    mei = told.member(MEI)
    client.force_login(told.cai)
    path = f"/customers/{mei.public_id}/consents/say/"
    assert client.post(path, {"purpose": "marketing_1v1", "do": "give"}).status_code == 400  # by what does she know it?
    client.post(path, {"purpose": "marketing_1v1", "do": "give", "proof": "在企微里说的"})
    word = Consent.objects.get(member=mei)
    assert (word.source, word.by, word.terms, word.evidence) == ("guide", told.cai, "v1", "在企微里说的")
    client.post(path, {"do": "withdraw"})
    assert not consents.allows([mei.pk], "marketing_1v1", at=after(days=1))
    client.force_login(told.ann)  # who may look, not write
    assert client.post(path, {"do": "withdraw"}).status_code == 403


@pytest.mark.parametrize(("who", "sees"), [("ada", 1), ("rita", 1), ("ben", 1), ("cai", 0), ("fang", 0)])
def test_links_are_seen_where_they_hang(told: Cast, client: Client, who: str, sees: int) -> None:
    one = invites.make(told.nanjing_road, by=told.ada, at=NOW, name="橱窗左侧")
    client.force_login(getattr(told, who))
    assert client.get("/customers/links/").content.decode().count("橱窗左侧") == sees
    assert client.get(f"/customers/links/{one.public_id}/").status_code == (200 if sees else 404)


def test_a_manager_makes_a_link_for_his_store_alone(told: Cast, client: Client) -> None:
    client.force_login(told.ben)
    client.post("/customers/links/", {"store": told.nanjing_road.public_id, "name": "橱窗"})
    assert client.post("/customers/links/", {"store": told.fangs_first.public_id}).status_code == 404
    assert client.post("/customers/links/", {"store": ""}).status_code == 404
    assert list(Invite.objects.values_list("store", "made_by")) == [(told.nanjing_road.pk, told.ben.pk)]


def test_hq_publishes_the_next_version_and_never_changes_one(told: Cast, client: Client) -> None:
    client.force_login(told.ada)
    texts = {f"text_{p}": t for p, t in ASKED.items()} | {"text_marketing_1v1": "offers of partners"}
    form = {"version": "v2", "title": "T", "body": "B", **texts}
    assert client.post("/customers/terms/", form).status_code == 302
    assert terms.present(at=NOW).renewed == ["marketing_1v1"]  # type: ignore[union-attr]
    assert client.post("/customers/terms/", form).status_code == 400
    client.force_login(told.fang)
    assert client.get("/customers/terms/").status_code == 403


def test_links_never_reach_the_log(told: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    path = link(told)
    Client().get(path)
    heard = capsys.readouterr()
    assert path.split("/")[2] not in heard.err + heard.out
