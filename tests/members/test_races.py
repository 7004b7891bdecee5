"""Two workers at one knot make one person of it, and two looks at once do not pass the day's limit."""

from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.test import override_settings

from members import identities, merges, persons, reviews
from members.identities import Told
from members.models import Identity, Member, Merge, Review
from members.reveals import TooMany, looked, reveal
from scrm.audit.models import Alarm, Entry
from tests.cast import NOW, Cast, assemble
from tests.members.races import PATIENCE, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> Cast:
    return assemble()


def met(*ids: tuple[str, str]) -> int:
    told = Told(tuple((kind, "wx1" if kind == "openid" else "", text) for kind, text in ids))
    (pk,) = identities.recognise([told], source="pos", at=NOW)
    assert pk
    return pk


def test_claims_of_two_workers_that_meet_in_one_member_make_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    first, middle, last = met(("card", "1")), met(("openid", "o1")), met(("card", "2"))
    acts: list[Callable[[], Any]] = [
        lambda: met(("card", "1"), ("openid", "o1")),
        lambda: met(("openid", "o1"), ("card", "2")),
    ]
    both, heed = Barrier(2), merges.heed  # both have claimed, and neither has committed
    monkeypatch.setattr(merges, "heed", lambda ids, at: (both.wait(PATIENCE), heed(ids, at=at)))
    found = together(acts)
    assert not [one for one in found if isinstance(one, Exception)]
    assert persons.all_of(last) == [first, middle, last]
    assert sorted(Merge.objects.filter(undone_at=None).values_list("loser", flat=True)) == [middle, last]


@pytest.mark.parametrize("times", range(3))
def test_two_people_who_merge_the_same_two_merge_them_once(house: Cast, times: int) -> None:
    one, other = Member.objects.get(pk=met(("card", "1"))), Member.objects.get(pk=met(("card", "2")))
    found = together([
        lambda: merges.merge(one, [other], by=house.ada, at=NOW),
        lambda: merges.merge(other, [one], by=house.otto, at=NOW),
    ])  # fmt: skip
    assert found == [one, one] and Merge.objects.get().loser == other and Review.objects.count() == 1


def test_one_question_is_answered_once(house: Cast) -> None:
    for card in ("1", "2"):
        met(("card", card), ("phone", "13764501893"))
    asked = Review.objects.get()
    found = together([
        lambda: reviews.answer(asked, "same", by=house.ada, at=NOW),
        lambda: reviews.answer(asked, "not_same", by=house.otto, at=NOW),
    ])  # fmt: skip
    assert sorted(map(type, found), key=str) == sorted([type(None), reviews.NotAsked], key=str)
    assert Merge.objects.filter(undone_at=None).count() == (Review.objects.get().state == "same")
    assert Entry.objects.filter(verb__startswith="review.").count() == 1


@override_settings(REVEALS_PER_DAY=3)
def test_two_looks_at_once_do_not_pass_the_days_limit(house: Cast) -> None:
    met(("phone", "13764501893"))
    one = Identity.objects.get()
    for _ in range(2):
        reveal(one, by=house.ada, at=NOW)
    found = together([lambda: reveal(one, by=house.ada, at=NOW)] * 4)
    assert found.count("+8613764501893") == 1 and sum(isinstance(word, TooMany) for word in found) == 3
    assert looked(house.ada, at=NOW) == 3 and Alarm.objects.get(kind="reveals_many").subject == "ada"
