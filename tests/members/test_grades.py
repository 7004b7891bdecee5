"""Grades: by quintiles and a rule with dates, at each store and brand-wide; and by somebody's word, which ends."""

from datetime import date, timedelta
from typing import Any

import pytest

from members import grades, grading, merges
from members.models import GradeChange, GradeCount, GradeRule, Member, MemberGrade
from scrm.clock import day_of
from stores.models import Store
from tests.cast import NOW, Cast, after
from tests.members.buying import bought

pytestmark = pytest.mark.django_db
TODAY = day_of(NOW)


def buyer(store: Store, *, orders: int, fen: int, last: int) -> Member:
    """Somebody who bought on so many days, the last of them so many days ago."""
    member = Member.objects.create(name="顾客", created_at=NOW)
    for n in range(orders):
        bought(member, store, at=after(days=-last - n), fen=fen)
    return member


@pytest.fixture
def five(cast: Cast) -> list[Member]:
    """Five buyers at Nanjing Road, each better than the one before."""
    return [buyer(cast.nanjing_road, orders=n, fen=1000 * n, last=60 - 10 * n) for n in range(1, 6)]


def at_store(member: Member, store: Store | None) -> str:
    found: Any = MemberGrade.objects.filter(member=member, store=store).values_list("grade", flat=True)
    return str(found.get())


def test_quintiles_and_weights_make_grades(cast: Cast, five: list[Member]) -> None:
    assert grading.grade_all(at=NOW) == 10
    rows = MemberGrade.objects.filter(store=cast.nanjing_road).order_by("member")
    assert [(row.score_r, row.score_f, row.score_m) for row in rows] == [(n, n, n) for n in range(1, 6)]
    assert [row.grade for row in rows] == ["C", "C", "B", "A", "A"]


def test_who_has_the_same_figures_has_the_same_score(cast: Cast) -> None:
    for _ in range(7):
        buyer(cast.nanjing_road, orders=1, fen=500, last=3)
    grading.grade_all(at=NOW)
    assert MemberGrade.objects.values("score_r", "score_f", "score_m", "grade").distinct().count() == 1


def test_told_twice_changes_nothing(cast: Cast, five: list[Member]) -> None:
    grading.grade_all(at=NOW)
    before = list(MemberGrade.objects.order_by("pk").values())
    grading.grade_all(at=after(minutes=1))
    assert list(MemberGrade.objects.order_by("pk").values()) == before
    assert GradeChange.objects.count() == len(before)


def test_a_store_may_be_measured_by_itself(cast: Cast, five: list[Member]) -> None:
    small = buyer(cast.xujiahui, orders=1, fen=10, last=200)
    GradeRule.objects.create(starts_on=TODAY, among="store", made_at=NOW)
    grading.grade_all(at=NOW)
    assert MemberGrade.objects.get(member=small, store=cast.xujiahui).score_r == 1
    assert MemberGrade.objects.get(member=five[0], store=cast.nanjing_road).score_r == 1
    assert MemberGrade.objects.get(member=five[0], store=None).score_r == 1


def test_a_rule_holds_from_its_day_on(cast: Cast, five: list[Member]) -> None:
    rule = GradeRule(starts_on=TODAY + timedelta(days=3), weight_r=0, weight_f=0, a_from=100, b_from=99)
    grades.enact(rule, by=cast.otto, at=NOW)
    grading.grade_all(at=after(days=2))
    assert at_store(five[3], None) == "A"
    grading.grade_all(at=after(days=3))
    assert at_store(five[3], None) == "C"


def test_a_rule_of_the_past_is_not_made(cast: Cast) -> None:
    with pytest.raises(grades.AlreadyInForce):
        grades.enact(GradeRule(starts_on=TODAY - timedelta(days=1)), by=cast.otto, at=NOW)


def test_a_word_stands_until_its_day_and_then_the_rule_returns(cast: Cast, five: list[Member]) -> None:
    grading.grade_all(at=NOW)
    until = TODAY + timedelta(days=10)
    grades.set_by_hand(
        five[0], store=cast.nanjing_road, grade="A", until=until, reason="老板娘", by=cast.ben, at=NOW
    )  # fmt: skip
    grading.grade_all(at=after(days=9))
    assert (at_store(five[0], cast.nanjing_road), at_store(five[0], None)) == ("A", "C")
    grading.grade_all(at=after(days=10))
    assert at_store(five[0], cast.nanjing_road) == "C"
    told = GradeChange.objects.filter(member=five[0], store=cast.nanjing_road).order_by("at", "pk")
    assert [(row.grade, row.cause) for row in told] == [("C", "rule"), ("A", "word"), ("C", "expired")]


def test_a_word_for_somebody_without_orders_leaves_nothing_behind(cast: Cast) -> None:
    member = Member.objects.create(created_at=NOW)
    soon = TODAY + timedelta(days=1)
    grades.set_by_hand(member, store=cast.nanjing_road, grade="B", until=soon, reason="介绍人", by=cast.ben, at=NOW)
    grading.grade_all(at=NOW)
    assert at_store(member, cast.nanjing_road) == "B"
    grading.grade_all(at=after(days=1))
    assert not MemberGrade.objects.exists()


def test_a_word_may_be_taken_back(cast: Cast, five: list[Member]) -> None:
    grading.grade_all(at=NOW)
    row = grades.set_by_hand(
        five[0], store=None, grade="A", until=TODAY + timedelta(days=9), reason="x", by=cast.otto, at=NOW
    )  # fmt: skip
    grades.take_back(row, by=cast.otto, at=NOW)
    grades.take_back(row, by=cast.otto, at=NOW)
    assert at_store(five[0], None) == "C"


@pytest.mark.parametrize(("until", "reason"), [(TODAY, "x"), (TODAY + timedelta(days=400), "x"), (date.max, "x")])
def test_a_word_has_an_end_within_a_year(cast: Cast, five: list[Member], until: date, reason: str) -> None:
    with pytest.raises(grades.NoSuchTerm):
        grades.set_by_hand(five[0], store=None, grade="A", until=until, reason=reason, by=cast.otto, at=NOW)


def test_a_word_has_a_reason(cast: Cast, five: list[Member]) -> None:
    until = TODAY + timedelta(days=9)
    with pytest.raises(grades.NoReason):
        grades.set_by_hand(five[0], store=None, grade="A", until=until, reason="  ", by=cast.otto, at=NOW)


def test_who_bought_nothing_in_the_window_has_no_grade(cast: Cast, five: list[Member]) -> None:
    grading.grade_all(at=NOW)
    grading.grade_all(at=after(days=500))
    assert not MemberGrade.objects.exists()
    assert GradeChange.objects.filter(grade="").count() == 10


def test_one_person_is_graded_once(cast: Cast, five: list[Member]) -> None:
    merges.merge(five[4], [five[0]], by=cast.ada, reason="同一人", at=NOW)
    grading.grade_all(at=NOW)
    root = Member.objects.get(pk=five[0].pk).same_person_as_id or five[0].pk
    whole = MemberGrade.objects.get(member=root, store=None)
    assert (whole.orders, whole.spent_fen) == (6, 26_000)
    assert MemberGrade.objects.filter(store=None).count() == 4


def test_an_order_given_back_in_full_is_none_and_one_in_part_counts_less(cast: Cast) -> None:
    member = Member.objects.create(created_at=NOW)
    gone, part = (bought(member, cast.nanjing_road, at=after(days=-n), fen=1000) for n in (1, 2))
    type(gone).objects.filter(pk=gone.pk).update(refunded_fen=1000)
    type(part).objects.filter(pk=part.pk).update(refunded_fen=400)
    grading.grade_all(at=NOW)
    assert MemberGrade.objects.values_list("orders", "spent_fen").distinct().get() == (1, 600)


def test_the_counts_of_a_board_are_those_of_the_rows(cast: Cast, five: list[Member]) -> None:
    grading.grade_all(at=NOW)
    for store in (None, cast.nanjing_road):
        counted = GradeCount.objects.filter(store=store)
        assert sum(row.people for row in counted) == MemberGrade.objects.filter(store=store).count()
        assert sum(row.spent_fen for row in counted) == sum(n * n * 1000 for n in range(1, 6))
