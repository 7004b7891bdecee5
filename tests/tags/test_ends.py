"""A tag that was taken off stays in a customer's story: who bore what from when to when, and who took it off."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from members import labels, merges, tags, timelines
from members.models import Member, MemberTag, Merge, Tag, TagEnd, TagGroup
from members.rights import ours
from tests.cast import LAN, MEI, NOW, Cast, after

LATER = after(days=2)


@pytest.fixture(autouse=True)
def later() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    return cast.member(MEI)


@pytest.fixture
def tea(cast: Cast) -> Tag:
    return labels.tag(labels.group("偏好", by=cast.ada, at=NOW), "爱喝茶", by=cast.ada, at=NOW)


@pytest.fixture
def vip(cast: Cast) -> Tag:
    wecoms = TagGroup.objects.create(corp=cast.corp, group_id="etG", name="等级")
    return Tag.objects.create(group=wecoms, tag_id="etV", name="VIP")


def worn(cast: Cast, tag: Tag, *people: Member, at_store: bool = True, until: Any = LATER) -> None:
    """Put on by Ben at his store (or by HQ) and taken off later."""
    by, store = (cast.ben, cast.nanjing_road) if at_store else (cast.ada, None)
    tags.put_on([one.pk for one in people], tag, by=by, store=store, at=NOW)
    tags.take_off_all([one.pk for one in people], tag, by=by, store=store, at=until)


def story(viewer: Any, *members: Member) -> list[tuple[str, str, Any]]:
    lines = timelines.read(viewer, [one.pk for one in members], kinds=["tag"]).lines
    return [(line.title.partition("：")[0], line.detail, line.at) for line in lines]


def test_both_ends_are_told_with_who_did_them(cast: Cast, mei: Member, tea: Tag) -> None:
    worn(cast, tea, mei)
    told = story(cast.ada, mei)
    assert [(detail, at) for _title, detail, at in told] == [("Ben", LATER), ("Ben", NOW)]
    assert told[0][0] != told[1][0] and not MemberTag.objects.exists()


def test_twice_and_for_nothing_it_ends_once(cast: Cast, mei: Member, tea: Tag) -> None:
    worn(cast, tea, mei)
    tags.take_off_all([mei.pk], tea, by=cast.ben, store=cast.nanjing_road, at=LATER)
    assert TagEnd.objects.count() == 1
    worn(cast, tea, mei, until=after(days=3))
    assert [at for _title, _detail, at in story(cast.ada, mei)] == [after(days=3), LATER, NOW, NOW]


def test_what_a_guide_takes_off_in_wecom_is_told_too(cast: Cast, mei: Member, vip: Tag) -> None:
    said: dict[str, Any] = {"corp": cast.corp.pk, "userid": "cai"}
    tags.wear(mei.pk, ["etV"], **said, at=NOW)
    tags.wear(mei.pk, [], **said, at=LATER)
    tags.add(mei.pk, ["etV"], **said, at=LATER)
    tags.take_off(mei.pk, ["etV"], **said, by=cast.ben.pk, at=after(days=3))
    tags.add(mei.pk, ["etV"], **said, at=after(days=4))
    tags.wear_many(cast.corp.pk, [(mei.pk, "cai", ())], at=after(days=5))
    ends = TagEnd.objects.order_by("at").values_list("since", "at", "by", "source_key")
    days = [(NOW, LATER, None), (LATER, after(days=3), cast.ben.pk), (after(days=4), after(days=5), None)]
    assert [row[:3] for row in ends] == days and {row[3] for row in ends} == {"cai"}
    assert len(story(cast.cai, mei)) == 6


def test_each_reads_what_was_born_with_him(cast: Cast, mei: Member, tea: Tag) -> None:
    cast.add(MEI, "gu")
    worn(cast, tea, mei)
    worn(cast, tea, mei, at_store=False)
    told = {name: len(story(getattr(cast, name), mei)) for name in ("ada", "ben", "cai", "rita", "gu", "fang", "dong")}
    assert told == {"ada": 4, "ben": 4, "cai": 4, "rita": 4, "gu": 0, "fang": 0, "dong": 0}


def test_merged_and_apart_again_each_keeps_her_own(cast: Cast, mei: Member, tea: Tag) -> None:
    cast.add(LAN, "cai")
    lan = cast.member(LAN)
    worn(cast, tea, mei)
    merges.merge(mei, [lan], by=cast.ada, reason="same", at=LATER)
    assert len(story(cast.ada, mei, lan)) == 2
    merges.undo(Merge.objects.get(), by=cast.ada, at=LATER)
    assert (len(story(cast.ada, mei)), len(story(cast.ada, lan))) == (2, 0)


def test_her_copy_holds_them_and_an_erasure_empties_them(cast: Cast, mei: Member, tea: Tag) -> None:
    worn(cast, tea, mei)
    assert [row["tag"] for row in ours.copies([mei.pk])["tags taken off"]] == ["爱喝茶"]
    assert ours.erase([mei.pk], LATER)["tags taken off"] == 1
    assert not TagEnd.objects.exists()


def test_a_page_of_the_story_neither_repeats_nor_loses_an_end(cast: Cast, mei: Member, tea: Tag) -> None:
    for n in range(5):
        at = NOW + timedelta(hours=n)
        tags.put_on([mei.pk], tea, by=cast.ada, at=at)
        tags.take_off_all([mei.pk], tea, by=cast.ada, at=at)  # in the same instant
    found, before = [], None
    while len(found) < 99:
        page = timelines.read(cast.ada, [mei.pk], before=before, kinds=["tag"], limit=3)
        found += [line.source_key for line in page.lines]
        if (before := page.after) is None:
            break
    assert len(found) == len(set(found)) == 10
