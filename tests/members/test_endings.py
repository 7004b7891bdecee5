"""A number that went on to somebody else is hers no longer: what hung on it comes apart, and nobody takes her over."""

from datetime import date
from typing import Any

import pytest

from guides.models import Ownership, Relation
from members import endings, fields, identities, merges, persons, terms
from members.identities import Newcomer, Told
from members.joins import invites, registrations
from members.models import Identity, IdentityLink, Member, Merge, Review
from members.rights import corrections, requests
from members.rights.corrections import Right
from scrm.audit.models import Entry
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
PHONE = "+8613764501893"
SINCE = date(2026, 2, 1)


def met(*ids: tuple[str, str], verified: str = "", source: str = "pos", at: Any = NOW) -> Member:
    told = Told(
        tuple((kind, "wx1" if kind == "openid" else "", text) for kind, text in ids), "", frozenset(verified.split())
    )
    (pk,) = identities.recognise([told], source=source, at=at)
    return Member.objects.get(pk=pk)


def phone() -> Identity:
    return Identity.objects.get(kind="phone")


def end(cast: Cast, *members: Member, why: str = "recycled", at: Any = NOW) -> None:
    endings.end(phone(), members, why=why, since=SINCE, by=cast.otto, at=at)


def roots() -> dict[int, int]:
    return persons.roots(Member.objects.values_list("pk", flat=True))


def rows() -> dict[str, list[Any]]:
    models: Any = (Member, Identity, Relation, Ownership)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_what_was_claimed_stays_written_down_with_day_reason_and_who_said_so(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE))
    end(cast, mei)
    link = IdentityLink.objects.get()
    assert (link.member, link.ended_for, link.ended_by, link.ended_at) == (mei, "recycled", cast.otto, NOW)
    assert phone().member is None and identities.anybody(PHONE) == set()
    entry = Entry.objects.get(verb="identity.ended")
    assert (
        entry.detail == {"kind": "phone", "why": "recycled", "since": "2026-02-01"} and entry.customer == mei.public_id
    )


def test_the_new_bearer_takes_the_number_and_not_her(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE), verified="phone")
    end(cast, mei)
    new = met(("phone", PHONE), verified="phone", source="join")
    assert new != mei and phone().member == new
    assert roots() == {mei.pk: mei.pk, new.pk: new.pk} and not Review.objects.filter(state="open").exists()


def test_a_till_with_an_old_book_does_not_bring_it_back(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE), verified="phone")
    end(cast, mei)
    for source in ("pos", "shop"):
        assert met(("card", "1"), ("phone", PHONE), verified="phone", source=source) == mei
    assert phone().member is None and endings.claimants(phone()) == set()
    new = met(("openid", "o1"), ("phone", PHONE), verified="phone")
    met(("card", "1"), ("phone", PHONE), verified="phone")
    assert endings.claimants(phone()) == {new.pk} and roots()[new.pk] == new.pk


def test_a_list_brought_in_does_not_bring_it_back(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE))
    end(cast, mei)
    identities.add_ids([(mei.pk, "phone", PHONE)])
    assert phone().member is None
    (new,) = identities.enroll([Newcomer("兰", 0, (("phone", PHONE),))], at=NOW)
    assert phone().member_id == new


def test_whoever_is_one_person_with_her_does_not_bring_it_back(cast: Cast) -> None:
    mei, other = met(("card", "1"), ("phone", PHONE)), met(("openid", "o1"))
    merges.merge(mei, [other], by=cast.ada, at=NOW)
    end(cast, mei)
    met(("openid", "o1"), ("phone", PHONE), verified="phone")
    assert phone().member is None


def test_a_code_sent_to_it_proves_that_it_is_hers_again(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE))
    end(cast, mei)
    met(("card", "1"), ("phone", PHONE), verified="phone", source="join")
    assert phone().member == mei and endings.claimants(phone()) == {mei.pk}


def test_a_merge_that_hung_on_it_alone_comes_apart_with_its_owners(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(LAN, "ben", at=after(days=1))
    before = rows()
    mei, lan = cast.member(MEI), cast.member(LAN)
    for who in (MEI, LAN):
        told = (("external_userid", cast.corp.corp_id, who), ("phone", "", PHONE))
        identities.recognise([Told(told, verified=frozenset({"phone"}))], source="shop", at=after(days=2))
    Member.objects.filter(pk=lan.pk).update(name="")
    end(cast, mei, at=after(days=3))
    assert roots() == {mei.pk: mei.pk, lan.pk: lan.pk} and phone().member == lan
    assert rows()["Ownership"] == before["Ownership"]


def test_members_merged_by_something_else_as_well_stay_one(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE), verified="phone")
    lan = met(("openid", "o1"), ("phone", PHONE), verified="phone")
    met(("card", "1"), ("openid", "o1"))
    end(cast, mei)
    assert roots()[lan.pk] == mei.pk and phone().member == lan


def test_a_person_who_gives_it_up_as_a_whole_stays_one(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE), verified="phone")
    lan = met(("openid", "o1"), ("phone", PHONE), verified="phone")
    end(cast, mei, lan, why="given_up")
    assert roots()[lan.pk] == mei.pk and phone().member is None
    assert Review.objects.get().state == "same" and Merge.objects.filter(undone_at=None).count() == 1


def test_hqs_word_is_taken_back_and_all_is_as_it_was(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE), verified="phone")
    lan = met(("openid", "o1"), ("phone", PHONE), verified="phone")
    before = rows()
    end(cast, mei)
    endings.take_back(phone(), [mei], by=cast.ada, at=after(days=1))
    assert {**rows(), "Identity": []} == {**before, "Identity": []} and roots()[lan.pk] == mei.pk
    assert Entry.objects.get(verb="identity.renewed").actor == cast.ada
    with pytest.raises(endings.NotHers):
        endings.take_back(phone(), [mei], by=cast.ada, at=after(days=1))


def test_taken_back_too_late_the_new_bearer_keeps_it_and_people_are_asked(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE))
    end(cast, mei)
    new = met(("phone", PHONE), verified="phone", source="join")
    endings.take_back(phone(), [mei], by=cast.ada, at=after(days=1))
    assert phone().member == new and roots() == {mei.pk: mei.pk, new.pk: new.pk}
    assert Review.objects.get(state="open").why == "phone"


def test_twice_is_once_and_what_is_not_hers_does_not_end(cast: Cast) -> None:
    mei, lan = met(("card", "1"), ("phone", PHONE)), met(("card", "2"))
    end(cast, mei)
    for who in (mei, lan):
        with pytest.raises(endings.NotHers):
            end(cast, who)
    assert Entry.objects.filter(verb="identity.ended").count() == 1


def test_wechats_own_ids_do_not_end(cast: Cast) -> None:
    mei = met(("unionid", "u1"))
    with pytest.raises(endings.NotHers):
        endings.end(Identity.objects.get(), [mei], why="mistaken", since=SINCE, by=cast.otto, at=NOW)


def test_a_proven_number_of_somebody_else_is_a_question_and_never_taken_over(cast: Cast) -> None:
    """Another person by a surer id, who proves the phone that the first told: both keep what is theirs."""
    mei = met(("unionid", "u1"), ("phone", PHONE), verified="phone")
    new = met(("unionid", "u2"), ("phone", PHONE), verified="phone", source="join")
    assert phone().member == mei and roots() == {mei.pk: mei.pk, new.pk: new.pk}
    assert Review.objects.get(state="open").identity == phone()
    end(cast, mei)
    assert phone().member == new and Review.objects.get().state == "gone"


@pytest.mark.parametrize(("day", "is_new"), [(date(1990, 5, 5), False), (date(2001, 1, 1), True)])
def test_a_code_sent_to_a_recycled_number_takes_nobody_over(cast: Cast, day: date, is_new: bool) -> None:
    """Who was born on another day than the bearer of the number is somebody else, and HQ is asked."""
    mei = met(("card", "1"), ("phone", PHONE), verified="phone")
    told = fields.Told(mei.pk, fields.birthday(NOW), date(1990, 5, 5))
    fields.write([told], source="import", by=None, at=NOW)
    now = terms.publish("v1", {"service": "…"}, title="隐私政策", body="…", by=cast.ada, at=NOW)
    through = invites.make(cast.nanjing_road, by=cast.ada, at=NOW)
    form = registrations.Form(PHONE, True, name="新人", birthday=day)
    held = registrations.register(form, through=through, terms=now, at=after(days=1))
    assert (held.member != mei, held.is_she) == (is_new, True) and phone().member == mei
    assert Review.objects.filter(state="open", why="phone").exists() == is_new
    assert fields.of([mei.pk]) == {(mei.pk, told.field.pk): date(1990, 5, 5)}


def test_a_phone_put_right_that_somebody_else_bears_is_a_question(cast: Cast) -> None:
    mei, lan = met(("card", "1"), ("phone", PHONE)), met(("card", "2"))
    request = requests.ask(lan, "correct", way="store", at=NOW, by=cast.ada)
    requests.verify(request, proof="papers", by=cast.ada, at=NOW)
    corrections.correct(request, Right(phone=PHONE), by=cast.ada, at=NOW)
    assert phone().member == mei and Review.objects.get(state="open").high == lan


def test_a_phone_that_was_hers_no_longer_may_be_put_right(cast: Cast) -> None:
    mei = met(("card", "1"), ("phone", PHONE))
    end(cast, mei)
    request = requests.ask(mei, "correct", way="store", at=NOW, by=cast.ada)
    requests.verify(request, proof="papers", by=cast.ada, at=NOW)
    corrections.correct(request, Right(phone=PHONE), by=cast.ada, at=NOW)
    assert phone().member == mei and endings.claimants(phone()) == {mei.pk}
