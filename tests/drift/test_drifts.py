"""The drift report: where WeCom counts other adds or deletions than we do, and what explains it."""

from datetime import date, timedelta

import pytest

from guides import drifts, officials
from guides.models import Drift
from guides.officials import Told
from scrm.audit.models import Alarm, Entry
from tests.cast import LAN, MEI, NOW, Cast, after
from tests.drift.conftest import Book

pytestmark = pytest.mark.django_db
LATE = NOW.replace(hour=15, minute=59, second=30)  # half a minute before midnight in Shanghai


def test_what_both_count_is_no_drift(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai")
    cast.tell(MEI, "cai", "cust_del", at=after(hours=1))
    book.counts(cast.guide("cai"), contacts=1, deletions=1)
    assert book.judge() == []


def test_each_unexplained_difference_names_guide_day_and_number(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai")
    book.counts(cast.guide("cai"), contacts=3, deletions=1)
    book.counts(cast.guide("dong"), contacts=0)
    assert book.judge() == [("cai", "adds", 2), ("cai", "deletions", 1)]
    drift = Drift.objects.get(kind="adds")
    assert (drift.day, drift.store, drift.theirs, drift.ours_most) == (date(2026, 3, 2), cast.nanjing_road, 3, 1)


def test_wecom_counting_less_than_we_is_a_drift_too(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai")
    book.counts(cast.guide("cai"), contacts=0)
    assert book.judge() == [("cai", "adds", -1)]


@pytest.mark.parametrize("counted", [0, 1])
def test_a_handover_may_be_counted_or_not(cast: Cast, book: Book, counted: int) -> None:
    cast.add(MEI, "ben", at=after(days=-3))
    cast.tell(MEI, "ben", "transferred")
    cast.add(MEI, "cai", at=after(seconds=1))
    book.counts(cast.guide("cai"), contacts=counted)
    assert book.judge() == []


@pytest.mark.parametrize("counted", [0, 1])
def test_a_half_add_may_be_counted_or_not(cast: Cast, book: Book, counted: int) -> None:
    cast.tell(MEI, "cai", "half")
    book.counts(cast.guide("cai"), contacts=counted)
    assert book.judge() == []


@pytest.mark.parametrize("counted", [0, 1])
def test_who_adds_a_guide_again_that_still_had_her_may_be_counted_or_not(cast: Cast, book: Book, counted: int) -> None:
    cast.add(MEI, "cai", at=after(days=-5))
    cast.tell(MEI, "cai", "cust_del", at=after(days=-4))
    cast.add(MEI, "cai")
    book.counts(cast.guide("cai"), contacts=counted)
    assert book.judge() == []


def test_who_adds_a_guide_again_that_had_deleted_her_is_counted(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai", at=after(days=-5))
    cast.tell(MEI, "cai", "guide_del", at=after(days=-4))
    cast.add(MEI, "cai")
    book.counts(cast.guide("cai"), contacts=0)
    assert book.judge() == [("cai", "adds", -1)]


@pytest.mark.parametrize("counted", [0, 1])
def test_an_add_at_midnight_may_be_counted_on_either_day(cast: Cast, book: Book, counted: int) -> None:
    cast.add(MEI, "cai", at=LATE)
    book.counts(cast.guide("cai"), contacts=counted)
    assert book.judge() == []


def test_an_add_after_midnight_may_be_counted_the_day_before(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai", at=LATE + timedelta(minutes=1))
    book.counts(cast.guide("cai"), contacts=1)
    assert book.judge() == []


def test_an_add_that_is_heard_while_the_two_are_friends_may_be_counted(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai", at=after(days=-5))
    cast.tell(MEI, "cai", "add")  # the deletion between the two was never heard
    book.counts(cast.guide("cai"), contacts=1)
    assert book.judge() == []


def test_late_news_settles_a_drift_and_ends_its_alarm(cast: Cast, book: Book) -> None:
    book.counts(cast.guide("cai"), contacts=1)
    assert book.judge() == [("cai", "adds", 1)]
    assert Alarm.objects.get(kind="drift", cleared_at=None).subject == f"{cast.corp.corp_id} 2026-03-02"
    cast.add(MEI, "cai")
    assert book.judge(at=after(days=2)) == []
    assert Drift.objects.get().state == "gone" and not Alarm.objects.filter(cleared_at=None).exists()


def test_a_relation_that_a_reading_found_is_an_add_of_its_own_day(cast: Cast, book: Book) -> None:
    from guides import bindings
    from guides.hearing import News

    book.counts(cast.guide("cai"), contacts=2)
    book.judge()
    read = News(cast.corp.pk, "cai", MEI, "read_there", after(days=1), b"x" * 32, created_at=NOW)
    bindings.hear([read], now=after(days=1))
    assert book.judge(at=after(days=1, hours=1)) == [("cai", "adds", 1)]
    assert Drift.objects.get().found_later == 1


def test_wecoms_own_correction_settles_a_drift(cast: Cast, book: Book) -> None:
    book.counts(cast.guide("cai"), contacts=1)
    book.judge()
    book.counts(cast.guide("cai"), contacts=0, at=after(days=2))
    assert book.judge(at=after(days=2)) == []


def test_zeros_that_nobody_confirmed_are_not_judged(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai")
    zeros = Told(cast.guide("cai").pk, book.day, 0, 0, None, None, 0, 0, 0)
    officials.remember([zeros], at=book.read_at)
    assert book.judge() == []
    officials.remember([zeros], at=after(days=2))
    assert book.judge(at=after(days=2)) == [("cai", "adds", -1)]


def test_what_wecom_left_out_is_not_judged(cast: Cast, book: Book) -> None:
    cast.add(MEI, "cai")
    officials.remember([Told(cast.guide("cai").pk, book.day, 4, 4, None, None, None, None, None)], at=book.read_at)
    assert book.judge() == []


def test_one_alarm_a_day_and_corp_with_the_count_rings_again_only_for_news(cast: Cast, book: Book) -> None:
    for name in ("cai", "dong"):
        book.counts(cast.guide(name), contacts=1)
    book.judge()
    book.judge(at=after(days=1, hours=1))
    alarm = Alarm.objects.get(kind="drift")
    assert (alarm.detail, alarm.count) == ({"open": 2}, 1)


def test_who_accepts_a_drift_is_written_down_and_it_opens_again_when_it_changes(cast: Cast, book: Book) -> None:
    book.counts(cast.guide("cai"), deletions=1)
    book.judge()
    assert drifts.accept(Drift.objects.all(), by=cast.ada, at=after(days=1)) == 1
    assert drifts.accept(Drift.objects.all(), by=cast.ada, at=after(days=1)) == 0
    assert Entry.objects.get(verb="drift.accepted").actor == cast.ada
    assert book.judge(at=after(days=2)) == [] and not Alarm.objects.filter(cleared_at=None).exists()
    book.counts(cast.guide("cai"), deletions=2, at=after(days=2))
    assert book.judge(at=after(days=2)) == [("cai", "deletions", 2)]


def test_an_accepted_drift_that_vanished_is_settled(cast: Cast, book: Book) -> None:
    book.counts(cast.guide("cai"), deletions=1)
    book.judge()
    drifts.accept(Drift.objects.all(), by=cast.ada, at=after(days=1))
    cast.add(MEI, "cai", at=after(days=-3))
    cast.tell(MEI, "cai", "cust_del")
    book.judge(at=after(days=2))
    assert Drift.objects.get().state == "gone"


def test_what_is_too_old_to_be_judged_is_no_alarm_for_ever(cast: Cast, book: Book) -> None:
    book.counts(cast.guide("cai"), deletions=1)
    book.judge()
    drifts.judge_all(after(days=40))
    assert Drift.objects.get().state == "lapsed" and not Alarm.objects.filter(cleared_at=None).exists()


def test_a_guide_of_two_stores_leaves_her_drift_to_headquarters(cast: Cast, book: Book) -> None:
    from guides import postings

    postings.post(cast.guide("cai"), to=cast.xujiahui, at=after(days=-1))
    book.counts(cast.guide("cai"), contacts=1)
    book.judge()
    drift = Drift.objects.get()
    assert drift.store is None
    assert not Drift.objects.visible_to(cast.ben).exists() and Drift.objects.visible_to(cast.ada).get() == drift


def test_a_manager_sees_the_drifts_of_her_own_store(cast: Cast, book: Book) -> None:
    for name in ("cai", "dong", "gu"):
        book.counts(cast.guide(name), contacts=1)
    book.judge()
    seen = {who: Drift.objects.visible_to(getattr(cast, who)).count() for who in ("ada", "rita", "ben", "fang", "eve")}
    assert seen == {"ada": 3, "rita": 2, "ben": 1, "fang": 1, "eve": 0}


def test_judging_the_same_twice_writes_nothing(cast: Cast, book: Book) -> None:
    cast.add(LAN, "cai")
    book.counts(cast.guide("cai"), contacts=3)
    book.judge()
    before = Drift.objects.values().get()
    book.judge(at=after(days=1, hours=2))
    assert Drift.objects.values().get() == before


def test_how_much_is_known_of_each_day(cast: Cast, book: Book) -> None:
    book.counts(cast.guide("cai"), contacts=1)
    officials.remember([Told(cast.guide("dong").pk, book.day, 0, 0, None, None, 0, 0, 0)], at=book.read_at)
    [day] = drifts.coverage(book.day, book.day)
    assert (day.known, day.unknown, day.refused) == (1, 1, 0)
