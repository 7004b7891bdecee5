"""What sources tell of members' doings: an answer for each row, told twice, told late, corrected, by people unknown."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import eventchapters, eventkinds, events, months, sources, timelines
from members.adapters import ADAPTERS
from members.events import Verdict
from members.models import Event, Identity, Member, Source
from scrm import clock
from tests.cast import NOW, Cast

KNOWN_ID = "oUnionOfMei0000000000000000"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def shop(db: None) -> Source:
    return sources.named("mini", NOW)


def row(number: str = "e1", **said: Any) -> dict[str, Any]:
    told = {
        "number": number,
        "kind": "page_viewed",
        "at": (NOW - timedelta(hours=1)).isoformat(),
        "buyer": {"openid": "oPenIdOfLan", "app": "wxapp"},
        "payload": {"page": "/index"},
    }
    return {**told, **said}


def statuses(told: list[Verdict]) -> list[str]:
    return [verdict.status for verdict in told]


def test_an_event_is_taken_in_once_however_often_it_is_told(cast: Cast, shop: Source) -> None:
    assert statuses(events.take_in(shop, [row()], at=NOW, by=cast.ada)) == ["created"]
    assert statuses(events.take_in(shop, [row(), row()], at=NOW, by=cast.ada)) == ["unchanged", "unchanged"]
    event = Event.objects.get()
    assert (event.day, event.payload, event.source) == (clock.day_of(NOW), {"page": "/index"}, shop)


def test_somebody_with_an_openid_only_becomes_a_member_without_a_relation(cast: Cast, shop: Source) -> None:
    events.take_in(shop, [row("e1"), row("e2")], at=NOW, by=cast.ada)
    member = Member.objects.get()
    assert list(member.identities.values_list("kind", "app", "value")) == [("openid", "wxapp", "oPenIdOfLan")]  # type: ignore[attr-defined]
    assert member.events.count() == 2  # type: ignore[attr-defined]


def test_an_anonymous_visitor_joins_herself_when_her_unionid_is_told(cast: Cast, shop: Source) -> None:
    events.take_in(shop, [row("e1")], at=NOW, by=cast.ada)
    both = {"openid": "oPenIdOfLan", "app": "wxapp", "unionid": KNOWN_ID}
    events.take_in(shop, [row("e2", buyer=both)], at=NOW, by=cast.ada)
    assert len(set(Event.objects.values_list("member", flat=True))) == 1
    assert Identity.objects.get(kind="unionid").member.events.count() == 2  # type: ignore[attr-defined]


def test_a_corrected_event_moves_to_its_month_and_stands_once(cast: Cast, shop: Source) -> None:
    events.take_in(shop, [row()], at=NOW, by=cast.ada)
    late = (NOW - timedelta(days=200)).isoformat()
    assert statuses(events.take_in(shop, [row(at=late)], at=NOW, by=cast.ada)) == ["updated"]
    assert Event.objects.get().day == clock.day_of(NOW - timedelta(days=200))


def test_sources_number_by_themselves(cast: Cast, shop: Source) -> None:
    events.take_in(shop, [row()], at=NOW, by=cast.ada)
    assert statuses(events.take_in(sources.named("live", NOW), [row()], at=NOW, by=cast.ada)) == ["created"]
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "slept"}, "kind: is none of"),
        ({"kind": None}, "kind: is none of"),
        ({"number": ""}, "number: is needed"),
        ({"number": "a b"}, "number: is needed"),
        ({"number": True}, "number: is needed"),
        ({"at": "yesterday"}, "at: "),
        ({"at": None}, "at: "),
        ({"at": (NOW + timedelta(hours=1)).isoformat()}, "at: lies in the future"),
        ({"at": (NOW - timedelta(days=731)).isoformat()}, "at: is older than events are kept"),
        ({"buyer": None}, "buyer: names nobody"),
        ({"buyer": {"name": "Lan"}}, "buyer: names nobody"),
        ({"buyer": {"phone": "12"}}, "buyer.phone"),
        ({"payload": []}, "payload is no object"),
        ({"payload": {}}, "payload.page is missing"),
        ({"payload": {"page": "x" * 201}}, "payload.page is longer than 200"),
        ({"payload": {"page": "/", "secret": 1}}, "payload has “secret”"),
        ({"payload": {"page": "/", "seconds": 1.5}}, "payload.seconds is no whole number"),
        ({"payload": {"page": "/", "seconds": -1}}, "payload.seconds is not from 0"),
        ({"store": "nowhere"}, "store: “nowhere” is no store"),
        ({"guide": "nobody"}, "guide: “nobody” is no guide"),
        ({"kind": "service_rated", "payload": {"score": 6}, "guide": "cai"}, "payload.score is not from 1 to 5"),
        ({"kind": "service_rated", "payload": {"score": 5}}, "store: or a guide is needed"),
        ({"kind": "live_interacted", "payload": {"room": "r", "what": "sleep"}}, "payload.what is none of"),
    ],
)
def test_a_bad_row_says_why_and_spoils_no_other(cast: Cast, shop: Source, wrong: dict[str, Any], said: str) -> None:
    bad, good = events.take_in(shop, [row("bad") | wrong, row("good")], at=NOW, by=cast.ada)
    assert (bad.status, good.status) == ("rejected", "created")
    assert bad.error.startswith(said)
    assert Event.objects.count() == 1


@pytest.mark.parametrize("nonsense", [None, 1, "x", [], {}])
def test_what_is_no_object_is_refused(cast: Cast, shop: Source, nonsense: Any) -> None:
    assert statuses(events.take_in(shop, [nonsense], at=NOW, by=cast.ada)) == ["rejected"]


def test_a_number_told_twice_otherwise_is_refused_the_second_time(cast: Cast, shop: Source) -> None:
    told = events.take_in(shop, [row(), row(payload={"page": "/other"})], at=NOW, by=cast.ada)
    assert statuses(told) == ["created", "rejected"]


def test_a_rating_belongs_to_its_guide_and_store(cast: Cast, shop: Source) -> None:
    rated = row(
        kind="service_rated", payload={"score": 5, "comment": "很耐心"}, guide="cai", store=cast.nanjing_road.code
    )
    assert statuses(events.take_in(shop, [rated], at=NOW, by=cast.ada)) == ["created"]
    event = Event.objects.get()
    assert (event.seller, event.store) == (cast.cai, cast.nanjing_road)
    for viewer, sees in ((cast.cai, 1), (cast.ben, 1), (cast.dong, 0), (cast.fang, 0), (cast.ivy, 0), (cast.eve, 0)):
        assert Event.objects.visible_to(viewer).count() == sees, viewer.username


def test_a_hundred_rows_cost_as_many_queries_as_one(cast: Cast, shop: Source) -> None:
    def many(count: int, prefix: str) -> int:
        rows = [row(f"{prefix}{n}", buyer={"openid": f"{prefix}{n}", "app": "wx"}) for n in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            events.take_in(shop, rows, at=NOW, by=cast.ada)
        return len(asked)

    many(1, "warm")
    assert many(100, "b") <= many(2, "a") + 2


def test_months_are_made_ahead_and_dropped_with_what_they_hold(cast: Cast, shop: Source) -> None:
    now = clock.now()
    assert months.prepare(at=now) == 0
    old = now - timedelta(days=700)
    events.take_in(shop, [row(at=old.isoformat())], at=now, by=cast.ada)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as the end of the transaction that took it in does
    gone = months.drop(clock.day_of(now), at=now)
    assert clock.day_of(old).replace(day=1) in gone
    assert len(gone) >= 17  # of 24 months, all but the last 180 days whatever is asked for
    assert not Event.objects.exists()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(told=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12), data=st.data())
def test_any_order_and_any_batches_lead_to_one_event_for_each_number(
    cast: Cast, shop: Source, told: list[tuple[int, int]], data: st.DataObject
) -> None:
    Event.objects.all().delete()
    rows = [row(f"n{number}", payload={"page": f"/{page}"}) for number, page in told]
    cut = data.draw(st.integers(0, len(rows)))
    for batch in (rows[:cut], rows[cut:], rows[cut:]):
        verdicts = events.take_in(shop, batch, at=NOW, by=cast.ada)
        assert len(verdicts) == len(batch)
    assert Event.objects.count() == len({number for number, _page in told})


def test_what_a_member_did_is_told_to_her_and_forgotten_with_her(cast: Cast, shop: Source) -> None:
    events.take_in(shop, [row()], at=NOW, by=cast.ada)
    member = Member.objects.get()
    (told,) = events.copies([member.pk])["events"]
    assert (told["page"], told["source"]) == ("/index", "mini")
    assert events.erase([member.pk], NOW) == {"events": 1}


def test_every_kind_can_be_told_in_a_line() -> None:
    for kind in eventkinds.KINDS.values():
        assert str(kind.label)
        assert isinstance(kind.told({"paid_fen": 1999}), str)
    assert "¥19.99" in eventkinds.line("live_ordered", {"room": "R", "paid_fen": 1999})


def test_a_late_event_finds_its_place_in_the_story(cast: Cast, shop: Source) -> None:
    for number, hours in (("a", 3), ("b", 1), ("late", 2)):
        at = (NOW - timedelta(hours=hours)).isoformat()
        events.take_in(shop, [row(number, at=at, payload={"page": f"/{number}"})], at=NOW, by=cast.ada)
    member = Member.objects.get().pk
    told = eventchapters.happenings(cast.ada, [member], NOW, 10)
    assert [line.detail for line in sorted(told, key=lambda line: line.mark)] == ["/a", "/late", "/b"]
    assert not list(eventchapters.happenings(cast.ben, [member], None, 10))
    assert "event" in {line.kind for line in timelines.read(cast.ada, [member]).lines}


def test_the_page_for_integrators_names_every_kind_with_its_details() -> None:
    told = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
    for kind in eventkinds.KINDS.values():
        assert f"`{kind.name}`" in told
        assert all(f"`{detail.key}`" in told for detail in kind.details), kind.name
    assert all(f"`{name}`" in told for name in ADAPTERS)
