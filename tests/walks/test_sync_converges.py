"""Syncs alone, with WeCom at its worst: after three of them we know what WeCom's reads can tell."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from guides import customers, notes, phases, syncs
from guides.models import Note, Relation, RelationFact, Sync
from members.models import Identity, MemberTag
from scrm import clock
from scrm.sandbox.relations import Impossible
from tests.walks.conftest import House

Pair = tuple[str, str]
EXTERNAL = "external_userid"


@dataclass
class Town:
    """A house whose time and WeCom's are driven together. Its letters never come."""

    house: House
    travel: Any

    @property
    def wx(self) -> Any:
        return self.house.wx

    def wait(self, **delta: float) -> None:
        self.travel.shift(timedelta(**delta))

    def sync(self, threads: int = 1) -> Sync:
        """A sync to its end, with whatever pauses WeCom asks for."""
        sync = syncs.begin(self.house.corp, cause="nightly", at=clock.now())
        for _ in range(600):
            while syncs.lane(clock.now(), threads=threads):
                pass
            sync.refresh_from_db()
            if sync.state != Sync.State.RUNNING:
                return sync
            self.wait(seconds=20)
        raise AssertionError(f"still {sync.phase} {sync.step}")

    def live(self, dice: random.Random, acts: int = 80) -> None:
        """Things that guides and customers do."""
        people = [self.wx.customer(name=f"顾客{n}", unionid=f"union{n % 9}" if n % 2 else None) for n in range(14)]
        able = self.wx.do("GET", "world")["users"]
        guides = [user["userid"] for user in able if user["status"] == 1 and user["serves"]][:6]
        tags = [tag["id"] for group in self.wx.do("GET", "world")["tags"] for tag in group["tags"]]
        for _ in range(acts):
            self.act(dice, dice.choice(people), dice.choice(guides), tags)
            self.wait(seconds=dice.choice([1, 2, 30, 90]))

    def a_guide(self) -> str:
        return next(user["userid"] for user in self.wx.do("GET", "world")["users"] if user["serves"])

    def act(self, dice: random.Random, who: str, guide: str, tags: list[str]) -> None:
        act = dice.choice(["add", "add", "add", "customer", "guide", "edit"])
        try:
            if act == "add":
                self.wx.add(who, guide)
            elif act == "edit":
                worn = dice.sample(tags, min(2, len(tags)))
                self.wx.edit(who, guide, remark=f"老客{dice.randrange(9)}", phones=["13800000001"], tags=worn)
            else:
                self.wx.delete(who, guide, by=act)
        except (Impossible, ValueError):
            return

    def corp(self) -> Any:
        return self.wx.corp_of(None)

    def there(self) -> dict[Pair, Any]:
        """The relations that WeCom's reads show, by customer and guide."""
        rows = self.corp().relations.values()
        return {(row.external_userid, row.userid.lower()): row for row in rows if row.guide_side}


@pytest.fixture
def town(house: House) -> Iterator[Town]:
    with time_machine.travel(clock.now(), tick=True) as travel:
        house.wx.faults.set(drop=True)
        yield Town(house, travel)


def known() -> dict[Pair, Relation]:
    """Relations that stand on the guide's side, by our newest epoch."""
    rows = Relation.objects.order_by("member_id", "guide_id", "-epoch").distinct("member_id", "guide_id")
    ids = dict(Identity.objects.filter(kind=EXTERNAL).values_list("member", "value"))
    found = rows.select_related("guide", "member")
    return {(ids[row.member_id], row.guide.userid.lower()): row for row in found if row.guide_side}


def differences(town: Town) -> list[str]:
    """Where our rows are not as WeCom's world is, in what reads can tell."""
    there, ours = town.there(), known()
    told = [f"pair {pair}" for pair in there.keys() ^ ours.keys()]
    for pair in there.keys() & ours.keys():
        row, relation = there[pair], ours[pair]
        customer = town.corp().customers[row.external_userid]
        note = Note.objects.get(guide=relation.guide, member=relation.member)
        worn = MemberTag.objects.filter(member=relation.member, source_key=pair[1]).values_list(
            "tag__tag_id", flat=True
        )
        wrong = {
            "name": relation.member.name != customer.name,
            "gender": relation.member.gender != customer.gender,
            "remark": note.remark != row.remark,
            "phones": notes.phones_of(note) != row.remark_mobiles,
            "way": note.add_way != row.add_way,
            "tags": set(worn) != set(row.tags),
        }
        told += [f"{name} of {pair}" for name, is_wrong in wrong.items() if is_wrong]
    return told


def test_a_first_sync_brings_in_the_whole_world(town: Town) -> None:
    town.live(random.Random(1))
    town.wait(hours=1)
    sync = town.sync()
    assert sync.state == Sync.State.DONE, sync.counters
    assert len(town.there()) > 10 and not differences(town)


FAULTS: dict[str, dict[str, Any]] = {
    "too many calls": {"api": [{"path": "batch/get_by_user", "errcode": 45009, "times": 2}]},
    "too many at once": {"api": [{"path": "*", "errcode": 45033, "times": 5}]},
    "busy": {"api": [{"path": "*", "errcode": -1, "times": 4}]},
    "tokens die": {"api": [{"path": "*", "errcode": 42001, "times": 3}], "invalidate_tokens": True},
    "answers get lost": {"api": [{"path": "get_by_user", "times": 3, "lose_answer": True}]},
    "not JSON": {"api": [{"path": "user/list", "times": 2, "http_status": 502}]},
    "cursors die": {"expire_cursors": True},
    "empty lists": {"empty_lists": 3},
    "pages repeat": {"repeat_page": 6},
    "pages are left out": {"skip_page": 0.3},
    "reads lag": {"read_lag": 40.0},
}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a town of a few customers has many pages, and several merges."""
    monkeypatch.setattr(customers, "A_PAGE", 5)
    monkeypatch.setattr(customers, "A_BATCH", 15)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("small_pages")
def test_three_syncs_converge_whatever_goes_wrong(town: Town, fault: str) -> None:
    dice = random.Random(len(fault))
    for acts in (60, 30 if "out" not in fault else 0, 0):
        town.live(dice, acts=acts)
        town.wx.faults.set(**FAULTS[fault])
        town.wait(minutes=5)
        last = town.sync()
    assert not differences(town), last.counters


@pytest.mark.usefixtures("small_pages")
def test_with_everything_wrong_at_once_they_converge_too(town: Town) -> None:
    dice = random.Random(99)
    town.live(dice)
    for _ in range(3):
        for fault in FAULTS.values():
            town.wx.faults.set(**fault)
        town.wait(minutes=5)
        town.sync()
    assert not differences(town)


def test_a_customer_who_left_stays_away_though_wecom_lists_her(town: Town) -> None:
    mei, guide = town.wx.customer(name="梅"), town.a_guide()
    town.wx.add(mei, guide)
    town.wait(minutes=2)
    town.sync()
    town.wx.faults.set(drop=False)
    town.wx.delete(mei, guide, by="customer")
    town.house.work()
    town.wait(minutes=2)
    town.sync()
    relation = Relation.objects.get()
    assert (relation.state, relation.guide_side, relation.customer_side) == ("lost", True, False)


def test_who_left_before_we_had_heard_of_her_has_left(town: Town) -> None:
    mei, guide = town.wx.customer(name="梅"), town.a_guide()
    town.wx.add(mei, guide)
    town.wait(minutes=2)
    town.wx.faults.set(drop=False)
    town.wx.delete(mei, guide, by="customer")
    town.house.work()
    town.wait(minutes=2)
    town.sync()
    relation = Relation.objects.get()
    assert (relation.state, relation.guide_side, relation.customer_side) == ("lost", True, False)


def test_she_is_back_when_wecom_dates_them_anew(town: Town) -> None:
    mei, guide = town.wx.customer(name="梅"), town.a_guide()
    town.wx.add(mei, guide)
    town.wait(minutes=2)
    town.wx.faults.set(drop=False)
    town.wx.delete(mei, guide, by="customer")
    town.house.work()
    town.wait(minutes=2)
    town.sync()
    town.wx.faults.set(drop=True)
    town.wait(minutes=2)
    town.wx.add(mei, guide)
    town.wait(minutes=2)
    town.sync()
    assert [r.state for r in Relation.objects.order_by("epoch")] == ["lost", "live"]


def test_the_same_sync_twice_writes_nothing(town: Town) -> None:
    town.live(random.Random(3))
    town.wait(minutes=5)
    town.sync()
    before = everything()
    town.wait(minutes=5)
    town.sync()
    assert everything() == before and RelationFact.objects.exists()


def test_threads_bring_in_the_same(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "A_CHUNK", 2)
    town.live(random.Random(4))
    town.wait(minutes=5)
    town.sync(threads=4)
    assert not differences(town)


def everything() -> list[Any]:
    """All rows that a sync could write, with the system columns that change when one is written."""
    tables = ["members_member", "members_identity", "members_membertag", "guides_note", "guides_relation"]
    tables += ["guides_relationfact", "guides_ownership", "guides_posting", "stores_store", "stores_seat"]
    with connection.cursor() as cursor:
        found = []
        for table in tables:
            cursor.execute(f"SELECT t.id, t.xmin::text, t.ctid::text FROM {table} t ORDER BY 1")
            found.append(cursor.fetchall())
    return found
