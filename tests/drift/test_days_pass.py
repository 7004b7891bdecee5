"""Days with a WeCom that counts, whose letters get lost: what the report says, and what a sync finds."""

from datetime import timedelta
from typing import Any

import pytest

from guides.models import Drift, Guide, OfficialDay, OfficialReading, Relation
from scrm import clock
from scrm.audit.models import Alarm
from tests.drift.conftest import Town

Found = list[tuple[str, str, int]]


@pytest.fixture
def guides(town: Town) -> list[str]:
    able = Guide.objects.filter(can_contact=True, postings__ends_at=None, status="active").distinct()
    return list(able.order_by("userid").values_list("userid", flat=True)[:3])


def befriend(town: Town, guide: str, *, names: str) -> list[str]:
    people = [town.wx.customer(name=name) for name in names]
    for person in people:
        town.wx.add(person, guide)
    town.house.work()
    return people


def stands_open(day: Any) -> Found:
    rows = Drift.objects.filter(state="open", day=day).order_by("guide__userid", "kind")
    return list(rows.values_list("guide__userid", "kind", "difference"))


def lose_five(town: Town, guides: list[str], friends: list[str]) -> None:
    """Three adds and two deletions whose letters never come, beside some that do."""
    town.wx.faults.set(drop=True)
    for n, guide in enumerate([guides[0], guides[0], guides[1]]):
        town.wx.add(town.wx.customer(name=f"失{n}"), guide)
    for friend in friends[:2]:
        town.wx.delete(friend, guides[2], by="customer")
    town.wx.faults.set(drop=False)


def test_lost_letters_are_named_by_guide_and_day_and_a_sync_finds_the_adds(town: Town, guides: list[str]) -> None:
    friends = befriend(town, guides[2], names="梅兰竹")
    town.go_to(10, days=1)
    day = town.today
    befriend(town, guides[0], names="菊")
    lose_five(town, guides, friends)
    town.go_to(12, days=1, minute=6)
    town.read_statistics()
    assert stands_open(day) == [(guides[0], "adds", 2), (guides[1], "adds", 1), (guides[2], "deletions", 2)]
    assert Alarm.objects.get(kind="drift", cleared_at=None).detail == {"open": 3}
    town.sync()
    town.read_statistics()
    assert stands_open(day) == [(guides[2], "deletions", 2)], "no reading of WeCom's shows a customer's deletion"
    assert Drift.objects.get(guide__userid=guides[0]).found_later == 2
    assert Relation.objects.filter(guide__userid=guides[0], added_day=day).count() == 3


def test_a_day_on_which_everything_was_heard_has_no_drift(town: Town, guides: list[str]) -> None:
    friends = befriend(town, guides[0], names="梅兰竹菊")
    town.wx.delete(friends[0], guides[0], by="customer")
    town.wx.delete(friends[1], guides[0], by="guide")
    town.house.work()
    town.travel.shift(timedelta(minutes=5))
    town.wx.add(friends[0], guides[0])
    town.house.work()
    for _ in range(3):
        town.go_to(12, days=1, minute=6)
        town.read_statistics()
    assert not Drift.objects.exists()
    assert OfficialDay.objects.filter(known_at__isnull=False, guide__userid=guides[0]).exists()


def test_statistics_that_are_zeros_for_too_long_are_no_drift(town: Town, guides: list[str]) -> None:
    town.wx.world.switches.turn(figures_late=26 * 3600)
    befriend(town, guides[0], names="梅")
    day = town.today
    town.go_to(12, days=1, minute=6)
    town.read_statistics()
    assert OfficialDay.objects.get(guide__userid=guides[0], day=day).known_at is None and stands_open(day) == []
    town.go_to(12, days=1, minute=6)
    town.read_statistics()
    assert OfficialDay.objects.get(guide__userid=guides[0], day=day).contacts == 1 and stands_open(day) == []


def test_each_guide_is_asked_for_in_a_call_of_her_own(town: Town, guides: list[str]) -> None:
    town.go_to(12, days=1, minute=6)
    town.read_statistics()
    asked = town.wx.calls("get_user_behavior_data")
    able = Guide.objects.filter(can_contact=True).exclude(status="left").count()
    assert len(asked) == able
    town.read_statistics()
    assert len(town.wx.calls("get_user_behavior_data")) == able, "once a day"


def test_a_refused_guide_is_written_down_and_the_others_go_on(town: Town, guides: list[str]) -> None:
    town.go_to(12, days=1, minute=6)
    town.wx.faults.set(api=[{"path": "get_user_behavior_data", "errcode": 40003, "times": 1}])
    town.read_statistics()
    assert list(OfficialReading.objects.exclude(errcode=None).values_list("errcode", flat=True)) == [40003]
    assert not OfficialReading.objects.filter(due_at__isnull=False).exists()


def test_a_quota_that_is_used_up_makes_guides_wait_and_loses_none(town: Town, guides: list[str]) -> None:
    town.go_to(12, days=1, minute=6)
    town.wx.faults.set(api=[{"path": "get_user_behavior_data", "errcode": 45009, "times": 2}])
    town.read_statistics()
    while OfficialReading.objects.filter(due_at__isnull=False).exists():
        town.travel.shift(timedelta(minutes=2))
        town.read_statistics()
    assert OfficialReading.objects.filter(read_at__isnull=False).count() == OfficialReading.objects.count()


def test_an_app_that_may_not_read_statistics_is_an_alarm_and_asks_on_in_an_hour(town: Town, guides: list[str]) -> None:
    town.go_to(12, days=1, minute=6)
    town.wx.faults.set(api=[{"path": "get_user_behavior_data", "errcode": 48002, "times": True}])
    town.read_statistics()
    assert Alarm.objects.get(kind="statistics_refused").cleared_at is None
    assert not OfficialReading.objects.filter(due_at__lt=clock.now() + timedelta(minutes=50)).exists()
    town.wx.faults.clear()
    town.travel.shift(timedelta(hours=1, minutes=5))
    town.read_statistics()
    assert Alarm.objects.get(kind="statistics_refused").cleared_at is not None
