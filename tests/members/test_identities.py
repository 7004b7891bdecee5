"""Phones and cards: found by their index, shown masked, never in clear text in the database."""

from datetime import date

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from members import consents, identities, joinings, phones
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
    assert {identities.shown(one) for one in Identity.objects.all()} == {"138****0001", "****8"}


@pytest.mark.django_db
def test_a_phone_indexed_by_an_older_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = identities.enroll([Newcomer("梅", 2, ((PHONE, PLAIN),))], at=NOW)
    before = identities.index(PHONE, PLAIN)
    monkeypatch.setattr(settings, "FIELD_KEYS", ["another-key", *settings.FIELD_KEYS])
    assert identities.index(PHONE, PLAIN) != before and identities.anybody(PLAIN) == {key}


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


@pytest.mark.django_db
def test_the_admin_shows_what_she_allows_and_finds_her_by_her_whole_phone(cast: Cast, client: Client) -> None:
    (key,) = identities.enroll([Newcomer("梅", 2, ((PHONE, PLAIN), (CARD, "VIP88")))], at=NOW)
    mei = Member.objects.get(pk=key)
    client.force_login(cast.ada)
    page = reverse("admin:members_member_change", args=[key])
    shown = client.get(page).content.decode()
    assert "138****0001" in shown and PLAIN not in shown and identities.index(PHONE, PLAIN) not in shown
    assert "没有同意记录" in shown
    consents.give(mei, ["marketing_1v1"], terms="V1", at=NOW, source="form", evidence="登记表 33")
    assert "导购一对一营销" in client.get(page).content.decode()
    found = reverse("admin:members_member_changelist")
    for term, hits in (("138 0001 0001", 1), ("vip88", 1), ("13800010002", 0), ("0001", 0)):
        assert client.get(found, {"q": term}).context["cl"].queryset.count() == hits
    assert client.get(found, {"consent": "none"}).context["cl"].queryset.count() == 0
