"""Stages as they are kept: within the minute, by night, over merges, and told anew when a fact comes late."""

from datetime import timedelta
from typing import Any

import pytest

from members import lifecycles, standingcopies
from members.models import Home, Member, MemberStage, StageChange, StageRule
from scrm.clock import day_of
from tests.cast import LAN, MEI, NOW, Cast, after
from tests.members.buying import bought

pytestmark = pytest.mark.django_db


def stage(member: Member) -> str:
    return MemberStage.objects.get(member=member).stage


def life(member: Member) -> list[str]:
    """The telling that holds."""
    rows = StageChange.objects.filter(member=member).order_by("-telling", "at", "pk")
    newest = rows.values_list("telling", flat=True).first()
    return list(rows.filter(telling=newest).values_list("stage", flat=True))


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai", code=cast.code())
    lifecycles.settle_night(at=NOW)
    return cast.member(MEI)


def test_the_first_round_tells_everybody(mei: Member) -> None:
    assert (stage(mei), life(mei)) == ("added", ["added"])


def test_a_change_is_heard_within_the_minute(cast: Cast, mei: Member) -> None:
    bought(mei, cast.nanjing_road, at=after(seconds=5))
    assert lifecycles.settle_changed(at=after(minutes=1)) == 1
    assert life(mei) == ["added", "first_order"]
    assert MemberStage.objects.get(member=mei).cause.startswith("order ")


def test_told_twice_is_told_once(cast: Cast, mei: Member) -> None:
    bought(mei, cast.nanjing_road, at=after(seconds=5))
    lifecycles.settle_changed(at=after(minutes=1))
    assert lifecycles.settle_changed(at=after(minutes=2)) == 0
    assert StageChange.objects.filter(member=mei).count() == 2


def test_a_late_order_begins_a_new_telling_and_keeps_the_old_one(cast: Cast, mei: Member) -> None:
    bought(mei, cast.nanjing_road, at=after(days=1))
    lifecycles.settle_changed(at=after(days=1, minutes=1))
    bought(mei, cast.nanjing_road, at=after(hours=-48), told_at=after(days=1, minutes=2))
    lifecycles.settle_changed(at=after(days=1, minutes=3))
    assert life(mei) == ["first_order", "repeat"]
    assert set(StageChange.objects.filter(member=mei, telling=1).values_list("stage", flat=True)) == {
        "added",
        "first_order",
    }


def test_told_from_zero_it_is_the_same_story(cast: Cast, mei: Member) -> None:
    bought(mei, cast.nanjing_road, at=after(days=1))
    lifecycles.settle_changed(at=after(days=1, minutes=1))
    kept = MemberStage.objects.get(member=mei)
    MemberStage.objects.all().delete()
    assert lifecycles.settle_all(at=after(days=1, minutes=2)) == 0  # no step that was not written down
    told: Any = MemberStage.objects.get(member=mei)
    assert (told.stage, told.since, told.due_on) == (kept.stage, kept.since, kept.due_on)


def test_the_night_moves_whom_time_moves(cast: Cast, mei: Member) -> None:
    bought(mei, cast.nanjing_road, at=NOW)
    lifecycles.settle([mei.pk], at=after(minutes=1))
    due = MemberStage.objects.get(member=mei).due_on
    assert due == day_of(NOW) + timedelta(days=90)
    assert lifecycles.settle_night(at=after(days=89)) == 0
    assert lifecycles.settle_night(at=after(days=90)) == 1
    assert stage(mei) == "at_risk"


def test_a_rule_in_force_moves_the_limits(cast: Cast, mei: Member) -> None:
    StageRule.objects.create(starts_on=day_of(after(days=20)), risk_least=5, usual_gap=10, made_at=NOW)
    bought(mei, cast.nanjing_road, at=NOW)
    lifecycles.settle_all(at=after(days=19))
    assert stage(mei) == "first_order"
    lifecycles.settle_all(at=after(days=20))
    assert stage(mei) == "at_risk"


def test_one_person_has_one_life(cast: Cast, mei: Member) -> None:
    cast.add(LAN, "dong", code=cast.code(cast.xujiahui), at=after(hours=1))
    lan = cast.member(LAN)
    bought(lan, cast.xujiahui, at=after(hours=2))
    lifecycles.settle_changed(at=after(hours=3))
    Member.objects.filter(pk=lan.pk).update(same_person_as=mei)
    lifecycles.united([mei.pk], after(hours=4))
    assert (stage(mei), MemberStage.objects.filter(member=lan).exists()) == ("first_order", False)
    Member.objects.filter(pk=lan.pk).update(same_person_as=None)
    lifecycles.united([mei.pk, lan.pk], after(hours=5))
    assert (stage(mei), stage(lan)) == ("added", "first_order")


def test_an_order_given_back_in_full_is_none(cast: Cast, mei: Member) -> None:
    order = bought(mei, cast.nanjing_road, at=after(seconds=5))
    lifecycles.settle_changed(at=after(minutes=1))
    type(order).objects.filter(pk=order.pk).update(refunded_fen=order.paid_fen, changed_at=after(minutes=2))
    lifecycles.settle_changed(at=after(minutes=3))
    assert life(mei) == ["added"]


def test_at_home_is_where_her_oldest_guide_is(cast: Cast, mei: Member) -> None:
    bought(mei, cast.fangs_first, at=after(seconds=5))
    lifecycles.settle_changed(at=after(minutes=1))
    home = Home.objects.get(member=mei)
    assert (home.store, home.city_tier) == (cast.nanjing_road, 1)


def test_a_city_that_moves_up_moves_her_home(cast: Cast, mei: Member) -> None:
    from stores.models import CityTier

    CityTier.objects.filter(city="上海").update(tier=2)
    lifecycles.settle_night(at=after(days=1))
    assert Home.objects.get(member=mei).city_tier == 2


def test_who_is_forgotten_stands_nowhere_and_is_told_no_more(cast: Cast, mei: Member) -> None:
    assert standingcopies.copies([mei.pk])["lifecycle"][0]["cause"] == "added"
    assert standingcopies.erase([mei.pk], after(hours=1)) == {
        "stages": 1,
        "places on activation lists": 0,
        "reasons of grades": 0,
    }
    Home.objects.filter(member=mei).delete()
    Member.objects.filter(pk=mei.pk).update(erased_at=after(hours=1))
    lifecycles.settle_night(at=after(days=1))
    lifecycles.settle_all(at=after(days=1))
    assert not MemberStage.objects.filter(member=mei).exists() and not Home.objects.filter(member=mei).exists()
