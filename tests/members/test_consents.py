"""What members allow: nothing that nobody allowed, and the strictest word counts."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from members import consents, terms
from members.consents import Said
from members.models import Consent, Member
from scrm.audit.models import Entry
from tests.cast import LAN, MEI, NOW, Cast, after

MARKETING = Consent.Purpose.MARKETING_1V1
SERVICE = Consent.Purpose.SERVICE
LATER = after(days=99)


def somebody(same_as: Member | None = None) -> Member:
    return Member.objects.create(name="Mei", created_at=NOW, same_person_as=same_as)


def allows(member: Member, purpose: str = MARKETING, at: datetime = LATER, **more: object) -> bool:
    return bool(consents.allows([member.pk], purpose, at=at, **more))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_nothing_is_allowed_that_nobody_allowed(cast: Cast) -> None:
    mei = somebody()
    assert not allows(mei)
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form", by=cast.ada)
    assert allows(mei) and not allows(mei, SERVICE) and not allows(mei, at=after(hours=-1))
    assert not allows(mei, controller=cast.fangs)
    assert Entry.objects.get(verb="consent.given").detail == {"purposes": ["marketing_1v1"], "terms": "v1"}


@pytest.mark.django_db
def test_one_step_takes_everything_back_and_a_newer_word_gives_it_again(cast: Cast) -> None:
    mei = somebody()
    consents.give(mei, [MARKETING, SERVICE], terms="v1", at=NOW, source="form")
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form", controller=cast.fangs)
    consents.withdraw(mei, at=after(days=1), source="guide")
    assert not allows(mei) and not allows(mei, SERVICE) and not allows(mei, controller=cast.fangs)
    assert allows(mei, at=after(hours=1))  # it was allowed then
    consents.give(mei, [SERVICE], terms="v2", at=after(days=2), source="form")
    assert allows(mei, SERVICE) and not allows(mei)


@pytest.mark.django_db
def test_of_one_person_the_strictest_part_counts_until_a_newer_word(cast: Cast) -> None:
    mei = somebody()
    her_card = somebody(same_as=mei)
    consents.give_many([Said(mei.pk, MARKETING, after(days=5), "v1")], source="form", at=NOW)
    assert allows(her_card)
    consents.give_many([Said(her_card.pk, MARKETING, NOW, state="withdrawn")], source="import", at=NOW)
    assert not allows(mei) and not allows(her_card)
    assert consents.present(mei, at=after(days=9)) == {(MARKETING, None): "withdrawn"}
    consents.give(her_card, [MARKETING], terms="v2", at=after(days=9), source="form")
    assert allows(mei) and allows(her_card)


@pytest.mark.django_db
def test_the_same_word_is_written_down_once(cast: Cast) -> None:
    said = [Said(somebody().pk, MARKETING, NOW, "v1", "表单 88")]
    assert [consents.give_many(said, source="import", at=NOW) for _ in range(2)] == [1, 0]
    assert Consent.objects.get().evidence == "表单 88"


@pytest.mark.django_db
def test_who_sees_the_member_sees_what_she_allows(cast: Cast) -> None:
    mei = somebody()
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form")
    assert Consent.objects.visible_to(cast.ada).exists()
    assert not Consent.objects.visible_to(cast.ben).exists()


WORDS = st.tuples(st.integers(0, 1), st.integers(0, 3), st.sampled_from(["given", "denied", "withdrawn"]))


@pytest.mark.django_db(transaction=True)
@settings(max_examples=25, deadline=None)
@given(st.lists(WORDS, unique=True, max_size=6).flatmap(lambda w: st.tuples(st.just(w), st.permutations(w))))
def test_the_order_of_writing_down_changes_nothing(told: tuple[list[tuple], list[tuple]]) -> None:
    heard = []
    for words in told:
        parts = [somebody()]
        parts.append(somebody(same_as=parts[0]))
        for part, day, state in words:
            consents.give_many([Said(parts[part].pk, SERVICE, after(days=day), state=state)], source="hq", at=NOW)
        heard.append((allows(parts[0], SERVICE), consents.present(parts[0], at=after(days=9))))
    assert heard[0] == heard[1]
    last = [max((d, s != "given") for p, d, s in told[0] if p == part) for part in {p for p, _, _ in told[0]}]
    assert heard[0][0] is (bool(last) and not any(stricter for _day, stricter in last))


@pytest.mark.django_db
def test_her_own_add_permits_service_and_nothing_else(cast: Cast) -> None:
    cast.add(MEI, "cai", code=cast.code())
    cast.add(LAN, "cai")  # nobody knows who began
    mei, lan = cast.member(MEI), cast.member(LAN)
    assert consents.allows([mei.pk, lan.pk], SERVICE, at=LATER) == {mei.pk}
    assert not consents.allows([mei.pk], MARKETING, at=LATER) and not mei.consents.exists()  # type: ignore[attr-defined]
    consents.withdraw(mei, [SERVICE], at=after(days=1), source="guide")
    assert not allows(mei, SERVICE)
    cast.tell(MEI, "cai", "cust_del", at=after(days=2))
    cast.add(MEI, "cai", code=cast.code(name="橱窗"), at=after(days=3))
    assert allows(mei, SERVICE)  # she came again
    cast.tell(MEI, "cai", "cust_del", at=after(days=4))
    assert not allows(mei, SERVICE)


@pytest.mark.django_db
def test_her_add_at_a_franchised_store_permits_that_house_service(cast: Cast) -> None:
    cast.add(MEI, "gu", code=cast.code(cast.fangs_first))
    cast.add(LAN, "cai", code=cast.code())
    both = [cast.member(MEI).pk, cast.member(LAN).pk]
    assert consents.allows(both, SERVICE, controller=cast.fangs, at=LATER) == {both[0]}


@pytest.mark.django_db
def test_a_purpose_that_means_something_else_needs_a_new_word(cast: Cast) -> None:
    mei = somebody()
    terms.publish("v1", {MARKETING: "offers", SERVICE: "answers"}, title="T", by=cast.ada, at=NOW)
    consents.give(mei, [MARKETING, SERVICE], terms="v1", at=after(hours=1), source="form")
    terms.publish("v2", {MARKETING: "offers of partners", SERVICE: "answers"}, title="T", by=cast.ada, at=after(days=1))
    assert allows(mei, at=after(hours=2)) and not allows(mei) and allows(mei, SERVICE)
    assert consents.present(mei, at=LATER)[MARKETING, None] == "outdated"
    consents.give(mei, [MARKETING], terms="v1", at=after(days=2), source="import")  # an old form, signed late
    assert not allows(mei)
    consents.give(mei, [MARKETING], terms="v2", at=after(days=3), source="form")
    assert allows(mei)


@pytest.mark.django_db
def test_better_wording_needs_no_new_word_and_a_version_is_written_once(cast: Cast) -> None:
    mei = somebody()
    terms.publish("v1", {MARKETING: "ofers"}, title="T", by=cast.ada, at=NOW)
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form")
    terms.publish("v2", {MARKETING: "offers"}, title="T", by=cast.ada, at=after(days=1), wording_only=[MARKETING])
    assert allows(mei)
    with pytest.raises(terms.VersionIsTaken):
        terms.publish("v2", {}, title="T", by=cast.ada, at=after(days=2))


@pytest.mark.django_db
def test_for_a_minor_her_guardian_speaks(cast: Cast) -> None:
    mei = somebody()
    Member.objects.filter(pk=mei.pk).update(minor_until=after(days=30).date())
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form")
    assert not allows(mei, at=after(days=1)) and allows(mei, at=after(days=31))
    consents.give(mei, [Consent.Purpose.MINOR_GUARDIAN], terms="v1", at=NOW, source="hq")
    assert allows(mei, at=after(days=1))


@pytest.mark.django_db
def test_an_erased_member_allows_nothing(cast: Cast) -> None:
    mei = somebody()
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form")
    Member.objects.filter(pk=mei.pk).update(erased_at=NOW)
    assert not allows(mei)


@pytest.mark.django_db
def test_what_she_gave_as_another_ends_when_they_are_two_again_what_she_refused_stays(cast: Cast) -> None:
    mei = somebody()
    card = somebody(same_as=mei)
    consents.give(mei, [MARKETING], terms="v1", at=NOW, source="form")
    assert allows(card) and consents.present(card, at=LATER) == {(MARKETING, None): "given"}
    Member.objects.filter(pk=card.pk).update(same_person_as=None)
    card.refresh_from_db()
    assert allows(mei) and not allows(card) and not consents.present(card, at=LATER)
    Member.objects.filter(pk=card.pk).update(same_person_as=mei)
    consents.withdraw(Member.objects.get(pk=card.pk), at=after(days=1), source="hq")
    Member.objects.filter(pk=card.pk).update(same_person_as=None)
    assert not allows(mei)


@pytest.mark.django_db
def test_a_house_hears_of_what_was_born_elsewhere_only_with_her_consent(cast: Cast) -> None:
    mei = somebody()
    everybody = [cast.ada, cast.rita, cast.ben, cast.cai, cast.fang, cast.gu, cast.eve]

    def hear() -> str:
        return "".join(p.username[0] for p in everybody if consents.shared_with(p, [mei.pk], at=LATER))

    assert hear() == "arbc"
    consents.give(mei, ["share_franchisee"], terms="v1", at=NOW, source="form")
    assert hear() == "arbcfg"
    consents.withdraw(mei, ["share_franchisee"], at=after(days=1), source="form")
    consents.give(mei, ["share_franchisee"], terms="v1", at=after(days=2), source="form", controller=cast.fangs)
    assert hear() == "arbcfg"
    consents.withdraw(mei, at=after(days=3), source="form")
    assert hear() == "arbc"
