"""Days of segments: summed up once they are over, and the same as before."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from members.models import Change, Segment, SegmentDay
from members.segments import days, definitions, folds
from members.segments.pages import trends
from scrm.clock import day_of
from scrm.keeping import purges, rules
from tests.cast import LAN, MEI, NOW, Cast

TODAY = day_of(NOW)


@pytest.fixture
def segment(cast: Cast) -> Segment:
    """Mei entered two days ago, Lan yesterday."""
    before = NOW - timedelta(days=2)
    cast.add(MEI, "cai", code=cast.code(), at=before)
    one = definitions.make("没买过", {"field": "first_order", "op": "never"}, by=cast.otto, at=before)
    folds.fold(at=before)
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first), at=NOW - timedelta(days=1))
    folds.fold(at=NOW - timedelta(days=1))
    one.refresh_from_db()
    return one


def told(segment: Segment) -> list[tuple[int, int, int]]:
    return [(day.entered, day.left, day.size) for day in trends.of([segment], until=TODAY)[segment.pk]]


def test_the_days_of_a_segment(segment: Segment) -> None:
    assert told(segment) == [(0, 0, 0), (1, 0, 1), (1, 0, 2), (0, 0, 2)]
    assert trends.spark(trends.of([segment], until=TODAY)[segment.pk]) == "0.0,24.0 32.0,13.0 64.0,2.0 96.0,2.0"


def test_summed_up_they_say_the_same_and_once(segment: Segment) -> None:
    before = told(segment)
    assert [days.close(today=TODAY) for _n in range(2)] == [2, 0]
    assert told(segment) == before
    assert SegmentDay.objects.count() == 2


def purged(at: datetime) -> int:
    return purges.purge(next(rule for rule in rules.RULES if rule.name == "SEGMENT_MOVES"), at)


def test_who_moved_is_forgotten_and_how_many_stays(segment: Segment, client: Client, cast: Cast) -> None:
    late = NOW + timedelta(days=120)
    assert purged(late) == 0  # as long as these days are not summed up
    before = told(segment)
    days.close(today=TODAY)
    assert (purged(NOW + timedelta(days=88, hours=1)), purged(late)) == (1, 1)
    assert not Change.objects.exists() and told(segment) == before
    client.force_login(cast.otto)
    page = client.get(reverse("members:segment_moved", args=[segment.public_id, TODAY - timedelta(days=1), "entered"]))
    assert page.status_code == 200


def test_a_purge_in_the_middle_of_folds_moves_nobody(segment: Segment) -> None:
    days.close(today=TODAY)
    purged(NOW + timedelta(days=120))
    while folds.fold(at=NOW):
        pass
    assert not Change.objects.exists() and Segment.objects.get(pk=segment.pk).size == 2


def test_today_is_not_over(segment: Segment) -> None:
    assert days.close(today=TODAY - timedelta(days=1)) == 1
    assert told(segment) == [(0, 0, 0), (1, 0, 1), (1, 0, 2), (0, 0, 2)]
