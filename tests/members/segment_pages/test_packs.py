"""Audience packs: who may have one, who is in it, and what is remembered of it."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from members import consents, identities
from members.identities import Newcomer
from members.models import Audience, Consent, Member, Pack, PackDownload
from members.segments import audiences, definitions, folds, packs
from scrm.audit.models import Entry
from scrm.keeping import purges, rules
from tests.cast import NOW, Cast, after

PHONES = {"Mei": "+8613800000001", "Lan": "+8613800000002", "Ruo": "+8613800000003", "Bai": ""}
AD_MATCH = Consent.Purpose.AD_MATCH


@pytest.fixture
def people(cast: Cast) -> dict[str, Member]:
    """Four customers; Mei, Lan and Bai allow matching, Bai without a phone."""
    ids = {name: (("phone", phone),) if phone else (("card", "C-77"),) for name, phone in PHONES.items()}
    made = identities.enroll([Newcomer(name, 0, ids[name]) for name in PHONES], at=NOW)
    found = dict(zip(PHONES, Member.objects.in_bulk(made).values(), strict=True))
    for name in ("Mei", "Lan", "Bai"):
        consents.give(found[name], [AD_MATCH], terms="1", at=NOW, source="form")
    return found


@pytest.fixture
def audience(cast: Cast, people: dict[str, Member], settings: Any) -> Audience:
    settings.PACK_LEAST = 1
    rule = {"field": "first_order", "op": "never"}
    segment = definitions.make("都来", rule, by=cast.otto, at=NOW)
    folds.fold(at=NOW)
    segment.refresh_from_db()
    return audiences.freeze(segment, AD_MATCH, NOW, by=cast.otto)


def asked(cast: Cast, audience: Audience, **more: Any) -> Pack:
    told: dict[str, Any] = {"platform": "tencent", "use": "alike", "reason": "春季"}
    return packs.ask(audience, **{**told, **more}, by=cast.otto, at=NOW)


def allowed(cast: Cast, audience: Audience, **more: Any) -> Pack:
    return packs.decide(asked(cast, audience, **more), approve=True, by=cast.paula, at=NOW)


def lines(cast: Cast, pack: Pack, at: Any = NOW) -> list[str]:
    _taken, told = packs.take(pack, by=cast.otto, at=at)
    return "".join(told).split()


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_it_holds_the_hashed_phones_of_those_who_allow_it(cast: Cast, audience: Audience) -> None:
    found = lines(cast, allowed(cast, audience))
    assert found[0] == "sha256_phone"
    assert set(found[1:]) == {sha(PHONES["Mei"]), sha(PHONES["Lan"])}


def test_a_salt_stands_before_each_id(cast: Cast, audience: Audience) -> None:
    found = lines(cast, allowed(cast, audience, salt="s4lt"))
    assert sha("s4lt" + PHONES["Mei"]) in found and sha(PHONES["Mei"]) not in found


def test_everybody_is_in_it_or_left_out_for_one_reason(cast: Cast, audience: Audience, people: Any) -> None:
    consents.withdraw(people["Lan"], [AD_MATCH], at=after(hours=1), source="hq")
    found = packs.contents(asked(cast, audience), at=after(hours=2))
    assert found.left_out == {"no_consent": 1, "no_id": 1}
    assert len(found.people) + sum(found.left_out.values()) == len(audiences.members(audience))


def test_who_withdraws_is_not_in_the_next_download(cast: Cast, audience: Audience, people: Any) -> None:
    pack = allowed(cast, audience)
    assert sha(PHONES["Mei"]) in lines(cast, pack)
    consents.withdraw(people["Mei"], [AD_MATCH], at=after(hours=1), source="hq")
    assert sha(PHONES["Mei"]) not in lines(cast, pack, after(hours=2))


def test_an_erased_member_is_not_in_it(cast: Cast, audience: Audience, people: Any) -> None:
    pack = allowed(cast, audience)
    Member.objects.filter(pk=people["Mei"].pk).update(erased_at=after(hours=1))
    assert lines(cast, pack, after(hours=2))[1:] == [sha(PHONES["Lan"])]


def test_nobody_approves_a_pack_of_his_own(cast: Cast, audience: Audience) -> None:
    pack = packs.ask(audience, platform="jd", use="reach", reason="x", by=cast.ada, at=NOW)
    with pytest.raises(packs.IsYours):
        packs.decide(pack, approve=True, by=cast.ada, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Pack.objects.filter(pk=pack.pk).update(state="approved", decided_by=cast.ada)


def test_what_is_not_approved_is_not_downloaded(cast: Cast, audience: Audience) -> None:
    pack = asked(cast, audience)
    with pytest.raises(packs.NotNow):
        packs.take(pack, by=cast.otto, at=NOW)
    packs.decide(pack, approve=False, by=cast.paula, at=NOW, answer="zu viel")
    with pytest.raises(packs.NotNow):
        packs.take(pack, by=cast.otto, at=NOW)


def test_it_is_decided_once(cast: Cast, audience: Audience) -> None:
    pack = allowed(cast, audience)
    with pytest.raises(packs.NotNow):
        packs.decide(pack, approve=False, by=cast.ada, at=NOW)


def test_the_link_dies(cast: Cast, audience: Audience) -> None:
    pack = allowed(cast, audience, days=3, salt="s4lt")
    assert packs.is_open(pack, at=after(days=2, hours=23))
    with pytest.raises(packs.NotNow):
        packs.take(pack, by=cast.otto, at=after(days=3))
    assert (packs.forget_salts(at=after(days=2)), packs.forget_salts(at=after(days=3))) == (0, 1)


def test_ended_early_it_is_over(cast: Cast, audience: Audience) -> None:
    pack = allowed(cast, audience, salt="s4lt")
    for _n in range(2):
        packs.end(pack, by=cast.otto, at=NOW)
    pack.refresh_from_db()
    assert not pack.salt and not packs.is_open(pack, at=NOW)
    assert Entry.objects.filter(verb="pack.ended").count() == 1


def test_a_small_group_is_none(cast: Cast, audience: Audience, settings: Any) -> None:
    pack = allowed(cast, audience)
    settings.PACK_LEAST = 3
    with pytest.raises(packs.CannotBe):
        packs.take(pack, by=cast.otto, at=NOW)
    settings.PACK_LEAST = 10
    with pytest.raises(packs.CannotBe):
        asked(cast, audience)


def test_an_audience_for_another_purpose_becomes_no_pack(cast: Cast, audience: Audience) -> None:
    other = audiences.freeze(audience.segment, Consent.Purpose.MARKETING_1V1, NOW, by=cast.otto)
    with pytest.raises(packs.CannotBe):
        asked(cast, other)


@pytest.mark.parametrize("more", [{"days": 0}, {"days": 91}, {"app": "wx1"}, {"ids": "openid"}])
def test_what_cannot_be_asked_is_said(cast: Cast, audience: Audience, more: Any) -> None:
    with pytest.raises(packs.CannotBe):
        asked(cast, audience, **more)


def test_a_download_is_remembered(cast: Cast, audience: Audience, people: Any) -> None:
    lines(cast, allowed(cast, audience))
    taken = PackDownload.objects.get()
    assert (taken.people, taken.rows, taken.left_out) == (2, 2, {"no_id": 1})
    told = Entry.objects.get(verb="pack.exported")
    assert (told.rows, told.actor_id) == (2, cast.otto.pk)
    assert "1380000" not in str(told.detail)


def test_a_person_hears_to_whom_her_ids_were_handed(cast: Cast, audience: Audience, people: Any) -> None:
    lines(cast, allowed(cast, audience))
    assert [len(rows) for rows in packs.copies([people["Mei"].pk]).values()] == [1]
    assert packs.copies([people["Ruo"].pk]) == {}


def test_erased_she_is_in_no_remembered_pack(cast: Cast, audience: Audience, people: Any) -> None:
    lines(cast, allowed(cast, audience))
    assert packs.erase([people["Mei"].pk], NOW) == {"packs": 1}
    assert packs.erase([people["Mei"].pk], NOW) == {"packs": 0}
    assert packs.copies([people["Mei"].pk]) == {} and packs.copies([people["Lan"].pk])


def test_after_three_years_nobody_knows_who_was_in_it(cast: Cast, audience: Audience) -> None:
    lines(cast, allowed(cast, audience))
    rule = next(rule for rule in rules.RULES if rule.name == "PACKS")
    assert purges.purge(rule, NOW + timedelta(days=1095)) == 0
    assert purges.purge(rule, NOW + timedelta(days=1096)) == 1


def test_a_download_says_how_long_it_is(cast: Cast, audience: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "LINES", 1)
    taken, told = packs.take(allowed(cast, audience), by=cast.otto, at=NOW)
    parts = list(told)
    assert len(parts) == 3 and packs.length(taken) == len("".join(parts).encode())


def test_ids_of_a_merged_member_are_the_survivors(cast: Cast, audience: Audience, people: Any) -> None:
    Member.objects.filter(pk=people["Lan"].pk).update(same_person_as=people["Mei"])
    pack = allowed(cast, audience)
    for _twice in range(2):  # while the news of it wait, and when the sets know it
        found = packs.contents(pack, at=NOW)
        assert (list(found.people), len(found.ids)) == ([people["Mei"].pk], 2)
        assert found.left_out == {"merged": 1, "no_id": 1}
        folds.fold(at=NOW)


def test_one_who_broke_off_may_ask_again(cast: Cast, audience: Audience) -> None:
    pack = allowed(cast, audience)
    _taken, told = packs.take(pack, by=cast.otto, at=NOW)
    assert next(told) and PackDownload.objects.count() == 1  # remembered before the first id leaves
    told.close()  # type: ignore[attr-defined]
    assert len(lines(cast, pack)) == 3 and PackDownload.objects.count() == 2


def test_many_people_take_few_queries(cast: Cast, audience: Audience, django_assert_max_num_queries: Any) -> None:
    pack = allowed(cast, audience)
    with django_assert_max_num_queries(20):
        packs.contents(pack, at=NOW)
