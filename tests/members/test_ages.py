"""Who is a minor: by any birthday that somebody trustworthy told, and by nothing that a stranger typed."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from members import consents, fields, merges, recognitions, terms
from members.joins import invites, phonecodes
from members.models import Field, Member
from members.recognitions import Told
from scrm import clock
from tests.cast import MEI, NOW, Cast, after

PHONE = "13764501893"
CHILD, ADULT = date(2015, 5, 5), date(1990, 5, 5)
pytestmark = pytest.mark.django_db


@pytest.fixture
def mei(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Mei, who allows offers by her guide."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    terms.publish("v1", {"service": "s", "marketing_1v1": "m"}, title="T", by=cast.ada, at=after(days=-1))
    cast.add(MEI, "cai", at=after(days=-1))
    known = (("external_userid", cast.corp.corp_id, MEI), ("phone", "", PHONE))
    recognitions.recognise([Told(known)], source="pos", at=after(days=-1))
    consents.give(cast.member(MEI), ["marketing_1v1"], terms="v1", at=after(hours=-1), source="hq")
    return cast.member(MEI)


def allows(mei: Member) -> bool:
    return bool(consents.allows([mei.pk], "marketing_1v1", at=after(hours=1)))


def told(mei: Member, birthday: date | None, *, source: str = "import") -> None:
    fields.write([fields.Told(mei.pk, fields.birthday(NOW), birthday)], source=source, by=None, at=NOW)


def join(cast: Cast, mei: Member, birthday: date, **more: str) -> None:
    token = invites.token(invites.make_for(mei, store=None, by=cast.cai, at=NOW))
    form = {"phone": PHONE, "agrees": "on", "birthday": str(birthday), "guardian": "on", **more}
    assert Client().post(f"/join/{token}/", form).status_code == 302


@pytest.mark.parametrize("source", ["import", "guide", "hq", "api"])
def test_a_birthday_in_its_field_makes_a_minor_wherever_it_came_from(cast: Cast, mei: Member, source: str) -> None:
    told(mei, CHILD, source=source)
    assert not allows(mei)
    told(mei, ADULT, source=source)
    assert allows(mei)


def test_a_birthday_that_is_taken_away_makes_nobody_older(cast: Cast, mei: Member) -> None:
    told(mei, CHILD)
    told(mei, None)
    assert not allows(mei) and str(Member.objects.get(pk=mei.pk).minor_until) == "2029-05-05"


def test_another_day_in_another_field_is_no_birthday(cast: Cast, mei: Member) -> None:
    wedding = fields.make("wedding", "结婚纪念日", Field.Kind.DATE, by=cast.ada, at=NOW)
    fields.write([fields.Told(mei.pk, wedding, CHILD)], source="import", by=None, at=NOW)
    assert allows(mei)


def test_all_of_a_person_are_as_old_as_she_is(cast: Cast, mei: Member) -> None:
    other = Member.objects.create(created_at=NOW, minor_until=date(2029, 5, 5))
    merges.merge(mei, [other], by=cast.ada, at=NOW)
    assert not allows(mei)
    told(other, ADULT)
    assert allows(mei)


@pytest.mark.parametrize(("known", "typed"), [(ADULT, CHILD), (CHILD, ADULT)])
def test_a_link_without_a_code_changes_nobody_s_age(cast: Cast, mei: Member, known: date, typed: date) -> None:
    told(mei, known)
    before = allows(mei), Member.objects.get(pk=mei.pk).minor_until
    join(cast, mei, typed)
    consents.withdraw(mei, ["minor_guardian"], at=after(minutes=1), source="hq")
    assert (allows(mei), Member.objects.get(pk=mei.pk).minor_until) == before
    assert fields.of([mei.pk]) == {(mei.pk, fields.birthday(NOW).pk): known}


def test_a_child_of_whom_nobody_knows_a_birthday_is_taken_at_her_word(cast: Cast, mei: Member) -> None:
    join(cast, mei, CHILD)
    assert allows(mei)  # her guardian ticked
    consents.withdraw(mei, ["minor_guardian"], at=after(minutes=1), source="hq")
    assert not allows(mei)


def test_the_code_of_her_own_phone_corrects_her_age(
    cast: Cast, mei: Member, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, str]] = []
    settings.SMS_OUTLET_URL = "https://sms.example.com/"
    monkeypatch.setattr(phonecodes, "_post", lambda one: sent.append(one) or True)
    told(mei, CHILD)
    phonecodes.send(f"+86{PHONE}", at=NOW)
    join(cast, mei, ADULT, code=sent[0]["code"])
    assert allows(mei) and Member.objects.get(pk=mei.pk).minor_until == date(2004, 5, 5)
