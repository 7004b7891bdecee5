"""Audiences stay as they were; the erased are in nothing any more; nobody is in two segments of an exclusive group."""

from typing import Any

import pytest
from pyroaring import BitMap

from members import consents
from members.models import Bitmap, Change, Consent, Member, Segment, Snapshot
from members.segments import audiences, bits, builds, counts, definitions, erasures, exclusives, folds
from tests.cast import LAN, MEI, NOW, Cast, after

LIVE = {"field": "relation", "op": "is_any", "value": ["live"]}
MARKETING = Consent.Purpose.MARKETING_1V1


@pytest.fixture
def friends(cast: Cast) -> Segment:
    """A segment of Mei, who allows marketing, and Lan, who does not."""
    cast.add(MEI, "cai")
    cast.add(LAN, "gu")
    consents.give(cast.member(MEI), [MARKETING], terms="v1", at=NOW, source="form", by=cast.ada)
    segment = definitions.make("朋友", LIVE, by=cast.ada, at=NOW)
    folds.fold(at=NOW)
    return Segment.objects.get(pk=segment.pk)


def within(segment: Segment, viewer: Any = None) -> list[int]:
    return list(counts.members(Segment.objects.get(pk=segment.pk), viewer=viewer, at=NOW))


@pytest.mark.django_db
def test_what_the_preview_says_is_what_is_frozen(cast: Cast, friends: Segment) -> None:
    allowed, suppressed = audiences.preview(friends, MARKETING, at=NOW)
    audience = audiences.freeze(friends, MARKETING, NOW, by=cast.ada)
    assert audiences.members(audience) == allowed == BitMap([cast.member(MEI).pk])
    assert suppressed == audience.suppressed == {audiences.NO_CONSENT: 1}
    assert audience.planned == audience.size + sum(audience.suppressed.values()) == 2


@pytest.mark.django_db
def test_an_audience_stays_while_the_segment_moves(cast: Cast, friends: Segment) -> None:
    audience = audiences.freeze(friends, MARKETING, NOW, by=cast.ada)
    cast.tell(MEI, "cai", "cust_del", at=after(hours=1))
    consents.withdraw(cast.member(MEI), at=after(hours=1), source="form")
    folds.fold(at=after(hours=1))
    audience.refresh_from_db()
    assert list(audiences.members(audience)) == [cast.member(MEI).pk]
    assert within(friends) == [cast.member(LAN).pk]


@pytest.mark.django_db
def test_an_erased_person_is_in_nothing(cast: Cast, friends: Segment) -> None:
    audience, mei = audiences.freeze(friends, MARKETING, NOW, by=cast.ada), cast.member(MEI).pk
    Member.objects.filter(pk=mei).update(erased_at=NOW)
    erasures.erase([mei], NOW)
    audience.refresh_from_db()
    bodies = [
        audience.body,
        *Bitmap.objects.values_list("body", flat=True),
        *Snapshot.objects.values_list("body", flat=True),
    ]
    for entered, left in Change.objects.values_list("entered", "left"):
        bodies += [entered, left]
    assert not any(mei in bits.unpacked(body) for body in bodies)
    assert within(friends) == [cast.member(LAN).pk] and (audience.size, audience.erased) == (1, 1)
    folds.fold(at=after(hours=1))
    assert Segment.objects.get(pk=friends.pk).size == 1 and not builds.differences(at=NOW)


@pytest.mark.django_db
def test_a_merged_person_is_one_and_an_unmerged_two(cast: Cast, friends: Segment) -> None:
    mei, lan = cast.member(MEI), cast.member(LAN)
    Member.objects.filter(pk=lan.pk).update(same_person_as=mei)
    folds.fold(at=NOW)
    assert within(friends) == [mei.pk]
    assert len(audiences.preview(friends, MARKETING, at=NOW)[0]) == 1
    Member.objects.filter(pk=lan.pk).update(same_person_as=None)
    folds.fold(at=NOW)
    assert within(friends) == [mei.pk, lan.pk] and not builds.differences(at=NOW)


@pytest.mark.django_db
def test_a_franchisee_counts_those_who_allow_that_he_hears(cast: Cast, friends: Segment) -> None:
    assert within(friends, cast.fang) == []
    consents.give(cast.member(LAN), ["share_franchisee"], terms="v1", at=NOW, source="form", by=cast.ada)
    assert within(friends, cast.fang) == [cast.member(LAN).pk]
    assert within(friends, cast.ben) == [cast.member(MEI).pk] and within(friends, cast.eve) == []


@pytest.mark.django_db
def test_the_first_segment_of_a_group_takes_whom_it_means(cast: Cast, friends: Segment) -> None:
    group = definitions.make_group("玩法", by=cast.ada, at=NOW)
    here = {"field": "store", "op": "is_any", "value": [cast.nanjing_road.public_id]}
    other = definitions.make("南京路", here, by=cast.ada, at=NOW, group=group, priority=1)
    definitions.arrange(friends, group=group, priority=2, by=cast.ada, at=NOW)
    folds.fold(at=NOW)
    mei, lan = cast.member(MEI).pk, cast.member(LAN).pk
    assert (within(other), within(friends)) == ([mei], [lan])
    found = exclusives.overlap(group, at=NOW)
    assert found.meant == [[1, 1], [1, 2]] and found.twice == 0
    definitions.archive(other, by=cast.ada, at=NOW)
    folds.fold(at=NOW)
    assert within(friends) == [mei, lan]


@pytest.mark.django_db
def test_an_older_version_keeps_whom_it_held(cast: Cast, friends: Segment) -> None:
    first = friends.version
    definitions.change(friends, {"none": [LIVE]}, by=cast.ada, at=NOW)
    folds.fold(at=NOW)
    assert within(friends) == []
    assert len(counts.members(friends, viewer=None, at=NOW, version=first)) == 2
    last = Change.objects.filter(segment=friends).latest("pk")
    assert (last.cause, last.left_count) == ("rule", 2)
