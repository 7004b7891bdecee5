"""A customer of thousands of events: her story is turned page by page while things happen and old ones come late."""

from datetime import timedelta
from typing import Any

import pytest

from members import consents, events, merges, sources, timelines
from members.models import Event, Member, Merge
from scrm.clock import day_of
from tests.cast import LAN, MEI, NOW, Cast, after

MANY = 5000


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai", at=NOW - timedelta(days=400))
    return cast.member(MEI)


def happened(member: Member, n: int, *, first: int = 0, minutes: int = 60) -> None:
    """So many events, each some minutes before the one before it; every tenth in the same instant as another."""
    source = sources.named("mall", NOW)
    told = []
    for i in range(first, first + n):
        at = NOW - timedelta(minutes=minutes * (i - (i % 10 == 0)))
        said = {"number": f"e{i}", "kind": "page_viewed", "payload": {"page": str(i)}, "told_at": NOW}
        told.append(Event(source=source, member=member, at=at, day=day_of(at), **said))
    Event.objects.bulk_create(told, batch_size=1000)


def page(viewer: Any, members: list[Member], before: Any, kinds: Any = ("event",)) -> timelines.Page:
    return timelines.read(viewer, [one.pk for one in members], before=before, kinds=kinds)


def test_five_thousand_events_are_told_once_each_with_a_few_queries_a_page(
    cast: Cast, mei: Member, django_assert_max_num_queries: Any
) -> None:
    happened(mei, MANY)
    told, before = [], None
    with django_assert_max_num_queries(40):
        told += (first := page(cast.ada, [mei], before)).lines
    before = first.after
    while before:
        told += (some := page(cast.ada, [mei], before)).lines
        before = some.after
    assert len(told) == len({line.source_key for line in told}) == MANY
    assert [line.mark for line in told] == sorted((line.mark for line in told), reverse=True)


def test_what_happens_meanwhile_shifts_no_page_and_what_comes_late_finds_its_place(cast: Cast, mei: Member) -> None:
    happened(mei, 200)
    first = page(cast.ada, [mei], None)
    news = {"kind": "app_opened", "buyer": {"external_userid": MEI}}
    late = (NOW - timedelta(hours=100, minutes=30)).isoformat()
    rows = [{**news, "number": "new", "at": after(minutes=1).isoformat()}, {**news, "number": "late", "at": late}]
    answers = events.take_in(sources.named("mall", NOW), rows, at=after(minutes=2), by=None)
    assert [one.status for one in answers] == ["created", "created"]
    rest, before = [], first.after
    while before:
        rest += (some := page(cast.ada, [mei], before)).lines
        before = some.after
    told = [line.source_key for line in [*first.lines, *rest]]
    keys = {f"event:{pk}": number for pk, number in Event.objects.values_list("pk", "number")}
    assert len(told) == len(set(told)) == 201 and "new" not in [keys[key] for key in told]
    around = [keys[key] for key in told]
    place = around.index("late")
    assert {around[place - 1], around[place + 1]} <= {"e99", "e100", "e101"}


def test_consents_of_two_members_are_told_as_one_persons_and_apart_again(cast: Cast, mei: Member) -> None:
    cast.add(LAN, "cai")
    lan = cast.member(LAN)
    for who, at in ((mei, NOW - timedelta(days=3)), (lan, NOW - timedelta(days=1))):
        consents.give_many([consents.Said(who.pk, "service", at)], source="page", at=at, by=cast.ada)
    late = NOW - timedelta(days=2)
    consents.give_many([consents.Said(mei.pk, "profiling", late)], source="page", at=NOW, by=cast.ada)
    merges.merge(mei, [lan], by=cast.ada, reason="same", at=NOW)
    told = page(cast.ada, [mei, lan], None, ["consent"]).lines
    assert [line.at for line in told] == [NOW - timedelta(days=n) for n in (1, 2, 3)]
    merges.undo(Merge.objects.get(), by=cast.ada, at=NOW)
    assert [len(page(cast.ada, [one], None, ["consent"]).lines) for one in (mei, lan)] == [2, 1]


def test_a_franchisee_turns_the_pages_of_his_own_part(cast: Cast, mei: Member) -> None:
    cast.add(MEI, "gu")
    happened(mei, 70)
    Event.objects.filter(number__in=[f"e{n}" for n in range(0, 70, 2)]).update(store=cast.fangs_first)
    told, before = [], None
    while True:
        told += (some := page(cast.fang, [mei], before)).lines
        if (before := some.after) is None:
            break
    assert len(told) == 35 and {line.store for line in told} == {"天河店"}
