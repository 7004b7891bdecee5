"""Phones and cards: found by their index, shown masked, never in clear text in the database."""

from datetime import date

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from members import identities, joinings, phones
from members.identities import CARD, PHONE, Newcomer
from members.models import Identity, Member
from tests.cast import MEI, NOW, Cast

PLAIN = "+8613800010001"


@pytest.mark.parametrize(
    "written", ["13800010001", "+86 138-0001-0001", "１３８０００１０００１", "008613800010001", " 138 0001 0001 "]
)
def test_every_way_of_writing_a_phone_is_one_phone(written: str) -> None:
    assert identities.normal(PHONE, written) == PLAIN


@pytest.mark.parametrize("written", ["", "1380001000", "138000100012", "n/a", "1.38E+10", "13800010001;ext=3", "\0"])
def test_what_is_no_phone_is_refused(written: str) -> None:
    with pytest.raises(phones.NotAPhone):
        phones.normalised(written)


@pytest.mark.django_db
def test_the_database_holds_no_plain_phone_and_finds_it_all_the_same(cast: Cast) -> None:
    (key,) = identities.enroll([Newcomer("梅", 2, ((PHONE, PLAIN), (CARD, "VIP88")))], at=NOW)
    assert identities.owners(PHONE, [identities.index(PHONE, PLAIN)]) == {identities.index(PHONE, PLAIN): key}
    assert identities.index(PHONE, "1") != identities.index(CARD, "1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT value || ' ' || encode(sealed, 'escape') FROM members_identity")
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert "138" not in stored.replace(identities.index(PHONE, PLAIN), "") and "VIP88" not in stored
    assert {identities.shown(one) for one in Identity.objects.all()} == {"138****0001", "****IP88"}


def test_the_index_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identities.index(PHONE, PLAIN)
    monkeypatch.setattr(settings, "FIELD_KEYS", ["another-key", *settings.FIELD_KEYS])
    assert identities.index(PHONE, PLAIN) == before  # keys are rotated by putting one in front


@pytest.mark.django_db
def test_a_phone_names_one_member(cast: Cast) -> None:
    identities.enroll([Newcomer("梅", 2, ((PHONE, PLAIN),))], at=NOW)
    with pytest.raises(IntegrityError, match="an_identity_names_one_member"), transaction.atomic():
        identities.enroll([Newcomer("兰", 2, ((PHONE, PLAIN),))], at=NOW)
    assert Member.objects.count() == 1


@pytest.mark.django_db
def test_who_joined_is_seen_from_the_store_where_she_joined_and_by_no_guide(cast: Cast) -> None:
    cast.add(MEI, "cai")
    lan, gone = identities.enroll([Newcomer("兰", 2, ((CARD, "1"),)), Newcomer("无店", 0, ((CARD, "2"),))], at=NOW)
    joinings.add([(lan, cast.nanjing_road.pk, date(2024, 5, 1))])
    seen = {who: set(Member.objects.visible_to(getattr(cast, who)).values_list("pk", flat=True)) for who in WHO}
    mei = cast.member(MEI).pk
    assert seen == {"ada": {mei, lan, gone}, "rita": {mei, lan}, "ben": {mei, lan}, "cai": {mei}, "dong": set()}
    assert Identity.objects.visible_to(cast.ben).filter(kind=CARD).count() == 1


@pytest.mark.django_db
def test_a_franchisee_sees_who_joined_in_the_days_that_are_hers(cast: Cast) -> None:
    early, late = identities.enroll([Newcomer("a", 0, ((CARD, "1"),)), Newcomer("b", 0, ((CARD, "2"),))], at=NOW)
    joinings.add([(early, cast.fangs_first.pk, date(2025, 12, 31)), (late, cast.fangs_first.pk, date(2026, 1, 1))])
    assert [m.pk for m in Member.objects.visible_to(cast.fang)] == [late]


WHO = ("ada", "rita", "ben", "cai", "dong")
