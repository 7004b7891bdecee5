"""The sync's phases for group chats and for the tag library."""

from typing import Any

from guides import syncs
from guides.models import GroupChat, Guide, Sync
from members import libraries
from members.models import Tag
from scrm import clock
from scrm.audit.models import Alarm
from tests.drift.conftest import Town


def a_group(town: Town, name: str, owner: Guide | None = None) -> str:
    owner = owner or Guide.objects.filter(can_contact=True, postings__ends_at=None)[0]
    return str(town.wx.do("POST", "groups", owner=owner.userid, name=name)["chat_id"])


def told(sync: Sync, phase: str = "groups") -> dict[str, Any]:
    assert sync.state == Sync.State.DONE, sync.counters
    return dict(sync.counters[phase])


def test_groups_that_were_never_told_of_are_found_by_their_owners(town: Town) -> None:
    town.wx.faults.set(drop=True)
    a_group(town, "会员群")
    told(town.sync())
    chat = GroupChat.objects.get()
    assert chat.name == "会员群" and chat.owner and chat.store == chat.owner.postings.get(ends_at=None).store


def test_a_group_of_somebody_who_left_is_still_read(town: Town) -> None:
    owner = Guide.objects.filter(can_contact=True, postings__ends_at=None)[0]
    a_group(town, "会员群", owner)
    told(town.sync())
    town.wx.do("POST", f"users/{owner.userid}/leave")
    town.house.work()
    told(town.sync())
    assert GroupChat.objects.get().dismissed_at is None


def test_a_group_that_is_gone_is_marked_by_a_complete_pass_only(town: Town) -> None:
    town.wx.faults.set(drop=True)
    chat = a_group(town, "会员群")
    told(town.sync())
    town.wx.do("POST", f"groups/{chat}/dismiss")
    town.wx.faults.set(api=[{"path": "groupchat/list", "errcode": 48002, "times": 1}])
    assert town.sync().state == Sync.State.PARTIAL
    assert GroupChat.objects.get().dismissed_at is None
    assert told(town.sync())["ended"] == 1 and GroupChat.objects.get().dismissed_at


def test_many_groups_gone_at_once_are_an_alarm_and_none_is_ended(town: Town) -> None:
    for n in range(5):
        a_group(town, f"群{n}")
    told(town.sync())
    town.wx.faults.set(empty_lists=True)
    town.wx.faults.set(empty_lists=True)
    town.sync()
    assert not GroupChat.objects.exclude(dismissed_at=None).exists()
    assert Alarm.objects.get(kind="groups_shrank", cleared_at=None)
    town.wx.faults.clear()
    town.sync()
    assert not Alarm.objects.filter(kind="groups_shrank", cleared_at=None).exists()


def test_many_groups_gone_are_ended_when_a_person_says_so(town: Town) -> None:
    chats = [a_group(town, f"群{n}") for n in range(5)]
    told(town.sync())
    town.wx.faults.set(drop=True)
    for chat in chats:
        town.wx.do("POST", f"groups/{chat}/dismiss")
    shrunk = town.sync()
    assert shrunk.counters["groups"]["shrunk"] == 5 and not GroupChat.objects.exclude(dismissed_at=None).exists()
    syncs.agree(shrunk, "groups", by=None, at=shrunk.finished_at)
    town.sync()
    assert not GroupChat.objects.filter(dismissed_at=None).exists()
    assert not Alarm.objects.filter(kind="groups_shrank", cleared_at=None).exists()


def test_a_group_that_is_listed_again_lives_again(town: Town) -> None:
    a_group(town, "会员群")
    town.sync()
    GroupChat.objects.update(dismissed_at=town.house.now.replace(year=2020))
    town.sync()
    assert GroupChat.objects.get().dismissed_at is None


def test_a_sync_of_unchanged_groups_writes_none(town: Town) -> None:
    a_group(town, "会员群")
    town.sync()
    before = GroupChat.objects.values().get()
    assert told(town.sync())["changed"] == 0 and GroupChat.objects.values().get() == before


def test_a_library_that_comes_empty_deletes_no_tag(town: Town) -> None:
    before = Tag.objects.filter(deleted_at=None).count()
    assert before > libraries.A_FEW
    town.wx.faults.set(empty_lists=True)
    libraries.take_in(town.house.corp, at=clock.now())
    assert Tag.objects.filter(deleted_at=None).count() == before and Alarm.objects.get(kind="tags_shrank")


def test_many_tags_that_were_deleted_on_purpose_are_asked_for_and_go(town: Town) -> None:
    for group in town.wx.corp.tag_groups.values():
        for tag in group.tags[1:]:
            tag.deleted = True
    libraries.take_in(town.house.corp, at=clock.now())
    assert Tag.objects.filter(deleted_at=None).count() == len(town.wx.corp.tag_groups)
    assert not Alarm.objects.filter(kind="tags_shrank").exists()
