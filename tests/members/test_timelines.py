"""A person's story: every floor's chapter, each viewer's part of it, page by page."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides import bindings
from guides.hearing import News
from members import lifecycles, merges, timelines
from members.models import Member
from members.timelines import Happening
from scrm.wecom.models import OutboundCall
from tests.cast import LAN, MEI, NOW, Cast, after
from tests.members.buying import bought

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Chapter:
    """A chapter that keeps its promise: the newest `limit`, and all of the last one's instant."""

    def __init__(self, lines: list[Happening]) -> None:
        self.lines = sorted(lines, key=lambda line: line.mark, reverse=True)

    def happenings(self, viewer: Any, members: Any, before: datetime | None, limit: int) -> list[Happening]:
        here = [line for line in self.lines if before is None or line.at <= before]
        older = [line for line in here if line.at != before]
        ends = older[limit - 1].at if len(older) >= limit else BEGIN - timedelta(days=1)
        return [line for line in here if line.at >= ends]


lines = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["order", "tag"])), max_size=30
).map(lambda told: [Happening(BEGIN + timedelta(days=day), kind, "", source_key=f"{n}") for n, (day, kind) in enumerate(told)])  # fmt: skip  # noqa: E501


def read_all(chapters: list[Chapter], *, limit: int, kinds: Any = ()) -> list[Happening]:
    found, before = [], None
    with patch("members.upstairs.told", return_value=tuple(chapters)):
        while True:
            page = timelines.read(None, [1], before=before, kinds=kinds, limit=limit)
            found += page.lines
            if page.after is None:
                return found
            before = page.after


class Counting(Chapter):
    asked = 0

    def happenings(self, *words: Any) -> list[Happening]:
        self.asked += 1
        return super().happenings(*words)


def test_a_rare_kind_is_found_in_few_steps() -> None:
    """One tag at the bottom of nine thousand orders: not page by page, and not at all by a chapter that has none."""
    told = [Happening(BEGIN + timedelta(days=n), "order", "", source_key=f"{n}") for n in range(1, 9000)]
    tag = Happening(BEGIN, "tag", "", source_key="tag")
    mixed, orders = Counting([*told, tag]), Counting(told)
    orders.TELLS = frozenset({"order"})  # type: ignore[attr-defined]
    assert read_all([mixed, orders], limit=30, kinds=["tag"]) == [tag]
    assert mixed.asked < 10 and not orders.asked


@given(lines, lines, st.integers(1, 7), st.randoms(use_true_random=False))
def test_pages_neither_repeat_nor_lose(one: Any, other: Any, limit: int, chance: random.Random) -> None:
    other = [Happening(line.at, line.kind, "", source_key=f"x{line.source_key}") for line in other]
    chance.shuffle(one)
    told = read_all([Chapter(one), Chapter(other)], limit=limit)
    assert told == sorted([*one, *other], key=lambda line: line.mark, reverse=True)


@given(lines, st.integers(1, 7))
def test_a_kind_is_read_page_by_page_too(told: Any, limit: int) -> None:
    found = read_all([Chapter(told)], limit=limit, kinds=["tag"])
    wanted = [line for line in told if line.kind == "tag"]
    assert found == sorted(wanted, key=lambda line: line.mark, reverse=True)


@given(lines, lines, st.integers(1, 7))
def test_what_comes_late_finds_its_place_below(told: Any, late: Any, limit: int) -> None:
    """Lines that come in while somebody turns the pages neither shift nor repeat what she reads on the next one."""
    first = timelines.Page([], None)
    with patch("members.upstairs.told", return_value=(Chapter(told),)):
        first = timelines.read(None, [1], limit=limit)
    late = [Happening(line.at, line.kind, "", source_key=f"x{line.source_key}") for line in late]
    with patch("members.upstairs.told", return_value=(Chapter([*told, *late]),)):
        rest = timelines.read(None, [1], before=first.after, limit=99).lines if first.after else []
    below = [line for line in [*told, *late] if first.after and line.mark < first.after]
    assert rest == sorted(below, key=lambda line: line.mark, reverse=True)


def story(viewer: Any, *members: Member) -> list[tuple[str, str]]:
    page = timelines.read(viewer, [member.pk for member in members])
    return [(line.kind, line.source_key.rpartition(":")[2]) for line in page.lines]


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.tell(MEI, "cai", "half", code=cast.code(), at=after(minutes=-5))
    cast.tell(MEI, "cai", "add", at=NOW)
    cast.tell(MEI, "cai", "cust_del", at=after(hours=2))
    return cast.member(MEI)


@pytest.mark.django_db
def test_guides_come_and_go_in_order(cast: Cast, mei: Member) -> None:
    told = [line for line in story(cast.cai, mei) if line[0] == "relation"]
    assert told == [("relation", "ended"), ("relation", "added"), ("relation", "half")]


@pytest.mark.django_db
def test_an_event_that_comes_late_finds_its_place(cast: Cast, mei: Member) -> None:
    cast.tell(MEI, "cai", "add", at=after(days=-30))
    cast.tell(MEI, "cai", "guide_del", at=after(days=-29))
    told = [kind for _chapter, kind in story(cast.ben, mei) if _chapter == "relation"]
    assert told == ["ended", "added", "half", "ended", "added"]


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["fang", "gu", "dong", "eve", "ivy"])
def test_nobody_reads_what_happened_in_stores_that_are_not_hers(cast: Cast, mei: Member, who: str) -> None:
    lifecycles.settle([mei.pk], at=after(days=1))
    assert story(getattr(cast, who), mei) == []


@pytest.mark.django_db
def test_a_franchisee_reads_his_own_part_of_a_shared_customer(cast: Cast, mei: Member) -> None:
    cast.add(MEI, "gu", code=cast.code(cast.fangs_first), at=after(days=1))
    bought(mei, cast.nanjing_road, at=after(hours=1))
    lifecycles.settle([mei.pk], at=after(days=2))
    assert {kind for kind, _key in story(cast.fang, mei)} == {"relation"}
    assert len([kind for kind, _key in story(cast.fang, mei) if kind == "relation"]) == 1
    assert {"relation", "stage", "member"} <= {kind for kind, _key in story(cast.ada, mei)}


@pytest.mark.django_db
def test_a_person_of_two_members_has_one_story(cast: Cast, mei: Member) -> None:
    cast.add(LAN, "dong", code=cast.code(cast.xujiahui), at=after(days=1))
    lan = cast.member(LAN)
    merges.merge(mei, [lan], by=cast.ada, reason="同一人", at=after(days=2))
    told = story(cast.ada, mei, lan)
    assert len([kind for kind, _key in told if kind == "relation"]) == 4
    assert "merge" in {kind for kind, _key in told}
    assert "merge" not in {kind for kind, _key in story(cast.ben, mei, lan)}


@pytest.mark.django_db
def test_every_line_is_of_a_kind_that_can_be_chosen(cast: Cast, mei: Member) -> None:
    bought(mei, cast.nanjing_road, at=after(hours=1))
    lifecycles.settle([mei.pk], at=after(days=1))
    page = timelines.read(cast.ada, [mei.pk], limit=99)
    assert {line.kind for line in page.lines} <= set(timelines.KINDS)
    assert len({line.source_key for line in page.lines}) == len(page.lines)


@pytest.mark.django_db
def test_the_page_reads_on_where_it_stopped(cast: Cast, mei: Member, client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("members.timelines.ON_A_PAGE", 2)
    monkeypatch.setattr("members.timelines.read.__kwdefaults__", {**timelines.read.__kwdefaults__, "limit": 2})
    client.force_login(cast.ada)
    place = f"/customers/{mei.public_id}/timeline/"
    first = client.get(place, {"kind": "relation"}).context["page"]
    rest = client.get(place, {"kind": "relation", "before": first.next})
    assert (len(first.lines), len(rest.context["page"].lines)) == (2, 1)
    assert rest.content.decode().count("<ol") == 0


@pytest.mark.django_db
def test_machines_read_the_same_story(cast: Cast, mei: Member, client: Any) -> None:
    bought(mei, cast.nanjing_road, at=after(hours=1), fen=12_345)
    client.force_login(cast.cai)
    place = f"/api/v1/members/{mei.public_id}/timeline/"
    told = client.get(place, {"kind": "relation"}).json()
    assert [row["key"].rpartition(":")[2] for row in told["results"]] == ["ended", "added", "half"]
    assert client.get(place, {"kind": "gossip"}).status_code == 400
    assert client.get(place, {"before": "yesterday"}).status_code == 400
    client.force_login(cast.ada)
    assert "123.45" in str(client.get(place, {"kind": "order"}).json())
    client.force_login(cast.fang)
    assert client.get(place).status_code == 404


WELCOME = "externalcontact/send_welcome_msg"


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "said"), [("done", "已发送"), ("failed", "未能发送")])
def test_what_her_guide_said_to_her_is_a_line(cast: Cast, state: str, said: str) -> None:
    digest = b"a letter".ljust(32, b"\0")
    bindings.hear([News(cast.corp.pk, "cai", MEI, "add", NOW, digest, letter_id=7)], now=NOW)
    when = {"due_at": NOW, "created_at": NOW, "called_at": after(seconds=2)}
    OutboundCall.objects.create(corp=cast.corp, api=WELCOME, body=b"", letter_id=7, state=state, **when)
    mei = cast.member(MEI)
    (line,) = [line for line in timelines.read(cast.cai, [mei.pk]).lines if line.kind == "message"]
    assert line.at == after(seconds=2) and line.title.startswith(said) and "Cai" in line.title
    assert "message" not in {kind for kind, _key in story(cast.dong, mei)}
