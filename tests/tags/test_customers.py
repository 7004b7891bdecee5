"""Corp tags put on customers by our people: paced, paused, in order, and the same on both sides in the end."""

from typing import Any

import pytest

from guides.models import Guide, Ownership, Relation
from members import taggings, tagruns
from members.models import Identity, Marking, Member, MemberTag, Tag, TagRun
from scrm import clock
from scrm.wecom.models import OutboundCall
from tests.tags.conftest import Tags

State = Marking.State


@pytest.fixture
def mei(shelf: Tags) -> Member:
    return customer(shelf, "梅")


def customer(shelf: Tags, name: str, *, guide: int = 0) -> Member:
    """Somebody new, a friend of one of the guides."""
    wx = shelf.town.wx
    who = wx.customer(name=name)
    guides = Guide.objects.filter(can_contact=True, postings__ends_at=None).order_by("pk")
    wx.add(who, guides[guide].userid)
    shelf.work(rounds=3, seconds=2)
    return Identity.objects.get(value=who).member


def mark(shelf: Tags, member: Member, *, on: bool = True, name: str = "VIP", **more: Any) -> taggings.Asked:
    return taggings.mark([member.pk], shelf.tag(name), puts_on=on, by=None, at=clock.now(), **more)


def same(shelf: Tags) -> None:
    assert shelf.worn() == shelf.worn_there()


def test_a_tag_is_put_on_and_taken_off_on_both_sides(shelf: Tags, mei: Member) -> None:
    assert mark(shelf, mei) == (1, 0, 0)
    assert not MemberTag.objects.exists() and not OutboundCall.objects.filter(api__endswith="mark_tag").exists()
    shelf.work(rounds=4)
    assert MemberTag.objects.get().tag.name == "VIP" and Marking.objects.get().state == State.DONE
    same(shelf)
    assert mark(shelf, mei) == (0, 0, 1), "she has it"
    mark(shelf, mei, on=False)
    shelf.work(rounds=4)
    assert not MemberTag.objects.exists()
    same(shelf)


def test_who_has_no_live_relation_is_told_as_such(shelf: Tags) -> None:
    stranger = Member.objects.create(created_at=clock.now())
    assert mark(shelf, stranger) == (0, 1, 0) and not Marking.objects.exists()


def test_it_stands_with_the_owner_or_with_the_guide_who_is_named(shelf: Tags, mei: Member) -> None:
    external = Identity.objects.get(member=mei, kind="external_userid").value
    other = Guide.objects.filter(can_contact=True, postings__ends_at=None).order_by("pk")[3]
    shelf.town.wx.add(external, other.userid)
    shelf.work(rounds=3, seconds=2)
    first = Relation.objects.filter(member=mei).order_by("pk")[0].guide
    Ownership.objects.filter(member=mei).exclude(guide=first).delete()
    mark(shelf, mei)
    mark(shelf, mei, name="普通", guide=other.userid)
    shelf.work(rounds=4)
    told = dict(MemberTag.objects.values_list("tag__name", "source_key"))
    assert told == {"VIP": first.userid.lower(), "普通": other.userid.lower()}
    same(shelf)


def test_what_was_wished_last_is_done_last(shelf: Tags, mei: Member) -> None:
    shelf.town.wx.faults.set(api=[{"path": "mark_tag", "errcode": 45035, "times": 2}])
    for on in (True, False, True, False):
        mark(shelf, mei, on=on)
        tagruns.lane(clock.now())
        shelf.work(rounds=1, seconds=1)
    shelf.work(rounds=20)
    assert not Marking.objects.filter(state__in=[State.WAITING, State.ASKED]).exists()
    assert shelf.worn() == shelf.worn_there() == set()


def test_a_lost_answer_is_asked_again_and_harms_nobody(shelf: Tags, mei: Member) -> None:
    shelf.town.wx.faults.set(api=[{"path": "mark_tag", "times": 1, "lose_answer": True}])
    mark(shelf, mei)
    shelf.work(rounds=8)
    assert Marking.objects.get().state == State.DONE
    same(shelf)


def test_a_refusal_says_why_for_each_customer(shelf: Tags, mei: Member) -> None:
    shelf.town.wx.faults.set(drop=True)
    external, guide = Identity.objects.get(member=mei, kind="external_userid").value, Relation.objects.get().guide
    shelf.town.wx.delete(external, guide.userid, by="guide")  # its letter is lost
    mark(shelf, mei)
    shelf.work(rounds=6)
    assert (Marking.objects.get().state, Marking.objects.get().errcode) == (State.REFUSED, 84061)
    assert not MemberTag.objects.exists()


def test_a_tag_deleted_meanwhile_is_refused(shelf: Tags, mei: Member) -> None:
    tag = shelf.tag("VIP")
    shelf.town.wx.faults.set(drop=True)
    shelf.town.wx.do("DELETE", f"tags/{tag.tag_id}")
    mark(shelf, mei)
    shelf.work(rounds=10)
    assert Marking.objects.get().errcode == 40068
    tag.refresh_from_db()
    assert tag.deleted_at, "the library was read again"
    with pytest.raises(taggings.NotWeComs):
        taggings.mark([mei.pk], tag, puts_on=True, by=None, at=clock.now())


def test_an_edit_of_the_guide_while_our_call_is_out_converges(shelf: Tags, mei: Member) -> None:
    external, guide = Identity.objects.get(member=mei, kind="external_userid").value, Relation.objects.get().guide
    mark(shelf, mei)
    shelf.town.wx.edit(external, guide.userid, tags=[shelf.tag("普通").tag_id])
    shelf.work(rounds=4)
    shelf.town.house.read()
    shelf.work(rounds=4)
    same(shelf)


def run(shelf: Tags, people: list[Member], *, on: bool = True) -> TagRun:
    return tagruns.begin([one.pk for one in people], shelf.tag("VIP"), puts_on=on, by=None, at=clock.now())


def test_a_run_goes_on_in_parts_can_be_paused_and_tells_what_became_of_each(
    shelf: Tags, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [customer(shelf, f"客{n}", guide=n % 4) for n in range(6)]
    people.append(Member.objects.create(created_at=clock.now()))
    mark(shelf, people[0])
    shelf.work(rounds=4)
    monkeypatch.setattr(tagruns, "AT_ONCE", 2)
    monkeypatch.setattr(taggings, "UNDER_WAY", 1)
    begun = run(shelf, people)
    shelf.work(rounds=2, seconds=1)
    tagruns.pause(begun, by=None, at=clock.now())
    shelf.work(rounds=2, seconds=1)  # what is under way is made
    done = TagRun.objects.get().done
    shelf.work(rounds=4)
    assert 0 < TagRun.objects.get().done == done < 5
    tagruns.resume(begun, by=None, at=clock.now())
    shelf.work(rounds=30)
    ended = TagRun.objects.get()
    told = (ended.state, ended.members, ended.done, ended.unchanged, ended.unreachable, ended.refused)
    assert told == (TagRun.State.DONE, 7, 5, 1, 1, 0)
    same(shelf)


def test_a_run_that_is_stopped_tags_nobody_more(shelf: Tags, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [customer(shelf, f"客{n}", guide=n) for n in range(4)]
    monkeypatch.setattr(taggings, "UNDER_WAY", 1)
    begun = run(shelf, people)
    shelf.work(rounds=2, seconds=1)
    tagruns.stop(begun, by=None, at=clock.now())
    shelf.work(rounds=10)
    assert 0 < len(shelf.worn()) < 4 and Marking.objects.filter(state=State.CANCELLED).exists()
    with pytest.raises(tagruns.NotNow):
        tagruns.resume(begun, by=None, at=clock.now())
    same(shelf)


def test_single_wishes_go_before_runs(shelf: Tags, mei: Member) -> None:
    lan = customer(shelf, "兰", guide=1)
    run(shelf, [lan])
    tagruns._go_on(TagRun.objects.get().pk, at=clock.now())
    mark(shelf, mei)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taggings, "UNDER_WAY", 1)
        taggings.ask(clock.now())
    assert Marking.objects.get(state=State.ASKED).member == mei


def test_many_are_looked_at_with_as_many_queries_as_one(
    shelf: Tags, mei: Member, django_assert_max_num_queries: Any
) -> None:
    people = [mei, *(customer(shelf, f"客{n}") for n in range(3))]
    with django_assert_max_num_queries(14):
        taggings.mark([p.pk for p in people], shelf.tag("VIP"), puts_on=True, by=None, at=clock.now())
    assert Marking.objects.count() == 4


def test_faults_of_every_kind_end_the_same_on_both_sides(shelf: Tags) -> None:
    people = [customer(shelf, f"客{n}", guide=n % 4) for n in range(5)]
    shelf.town.wx.faults.set(
        api=[
            {"path": "mark_tag", "errcode": 45035, "times": 0.2},
            {"path": "mark_tag", "times": 0.2, "lose_answer": True},
        ]
    )
    run(shelf, people)
    shelf.work(rounds=3, seconds=1)
    for one in people[:3]:
        mark(shelf, one, on=False)
    run(shelf, people[2:], on=False)
    shelf.work(rounds=60, seconds=20)
    shelf.town.wx.faults.clear()
    shelf.work(rounds=10)
    assert not TagRun.objects.exclude(state=TagRun.State.DONE).exists()
    same(shelf)
    assert Tag.objects.get(name="VIP").used_at
