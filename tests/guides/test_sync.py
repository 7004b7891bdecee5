"""A sync's chunks, phases and guards, beside a WeCom of a few answers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from guides import chunks, customers, follows, notes, phases, reads, roster, syncs
from guides.models import Guide, Note, Ownership, Relation, RelationFact, Sync, SyncChunk
from members.models import Identity, Member, MemberTag, Tag, TagGroup
from scrm.audit.models import Alarm, Entry
from scrm.wecom.errors import BackOff, GiveUp, NeedsFix, Retry, WorldChanged
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
ADDED = after(days=-9)
Said = dict[str, Any]


class FakeWeCom:
    """The lists of a corp, and what is to go wrong with them."""

    def __init__(self) -> None:
        self.rows: list[Said] = []
        self.refusals: list[Exception] = []
        self.unlicensed: list[str] = []
        self.unknown: set[str] = set()
        self.busy_for: set[str] = set()
        self.asked: list[list[str]] = []
        self.externalcontact = self
        self.lists_lie = False

    def batch_get_by_user(self, userids: list[str], cursor: str, limit: int) -> Said:
        self.asked.append(userids)
        if self.refusals:
            raise self.refusals.pop(0)
        if self.busy_for.intersection(userids):
            raise Retry("externalcontact/batch/get_by_user", -1)
        if self.unknown.intersection(userids):
            raise GiveUp("externalcontact/batch/get_by_user", 40003)
        mine = [row for row in self.rows if row["follow_info"]["userid"] in userids]
        start = int(cursor or 0)
        following = str(start + limit) if start + limit < len(mine) else ""
        some = mine[start : start + limit]
        fail_info = {"unlicensed_userid_list": self.unlicensed}
        return {"external_contact_list": some, "next_cursor": following, "fail_info": fail_info}

    def customers(self, userid: str) -> list[str]:
        if self.lists_lie:
            return []
        found = [r["external_contact"]["external_userid"] for r in self.rows if r["follow_info"]["userid"] == userid]
        if not found:
            raise WorldChanged("externalcontact/list", 84061)
        return found


def row(who: str, guide: str, *, at: datetime = ADDED, **said: Any) -> Said:
    """A relation as the batch read tells it."""
    contact = {"external_userid": who, "name": "梅", "type": 1, "gender": 2, "avatar": "https://wx/1"}
    told = {"userid": guide, "remark": "梅姐", "description": "", "createtime": int(at.timestamp()), "tag_id": []}
    follow = {**told, "remark_mobiles": ["13800000001"], "add_way": 1, "oper_userid": guide}
    return {
        "external_contact": {**contact, **{k: v for k, v in said.items() if k in ("name", "unionid", "gender")}},
        "follow_info": {**follow, **{k: v for k, v in said.items() if k not in ("name", "unionid", "gender")}},
    }


@pytest.fixture
def wx(monkeypatch: pytest.MonkeyPatch) -> FakeWeCom:
    fake = FakeWeCom()
    monkeypatch.setattr(customers, "client_for", lambda corp: fake)
    monkeypatch.setattr(syncs, "PHASES", (phases.Customers(),))
    return fake


@pytest.fixture
def sync(cast: Cast, wx: FakeWeCom) -> Callable[..., Sync]:
    """`sync(at=…)` runs one to its end, an hour at most."""

    def run(at: datetime = NOW, **how: Any) -> Sync:
        begun = syncs.begin(cast.corp, cause="command", at=at, **how)
        for minutes in range(60):
            while syncs.go_on(begun, lambda at=at + timedelta(minutes=minutes): at, threads=1):
                pass
            begun.refresh_from_db()
            if begun.state != Sync.State.RUNNING:
                return begun
        raise AssertionError(f"still {begun.phase}")

    return run


def people(count: int, guide: str = "cai") -> list[Said]:
    return [row(f"wm{guide}{n:025d}", guide) for n in range(count)]


# --- What is brought in -----------------------------------------------------------------------------------------------


def test_a_customer_comes_in_with_all_that_wecom_says(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    tag = Tag.objects.create(group=TagGroup.objects.create(corp=cast.corp, group_id="g", name="等级"), tag_id="etVIP")
    wx.rows = [row(MEI, "cai", state=cast.code().state, tag_id=["etVIP"])]
    sync()
    relation = Relation.objects.select_related("code", "store", "member").get()
    assert (relation.state, relation.added_at, relation.store) == ("live", ADDED, cast.nanjing_road)
    assert relation.code and (relation.member.name, relation.member.gender) == ("梅", 2)
    note = Note.objects.get()
    assert (note.remark, notes.phones_of(note), note.add_way) == ("梅姐", ["13800000001"], 1)
    assert MemberTag.objects.get().tag == tag and Ownership.objects.get().guide == cast.guide("cai")


def test_numbers_are_sealed(wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [row(MEI, "cai")]
    sync()
    raw = Note.objects.extra(select={"raw": "phones"}).values_list("raw", flat=True).get()
    assert b"13800000001" not in bytes(raw)


def test_a_state_nobody_knows_is_an_alarm_and_the_guides_store(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [row(MEI, "cai", state="another-system")]
    sync()
    assert Relation.objects.get().store == cast.nanjing_road
    assert Alarm.objects.get(kind="unknown_state").subject == "another-system"


def test_people_of_one_unionid_are_one_person(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [row(MEI, "cai", unionid="u1"), row(LAN, "dong", unionid="u1")]
    sync()
    first, second = cast.member(MEI), cast.member(LAN)
    assert {first.same_person_as_id, second.same_person_as_id} == {None, min(first.pk, second.pk)}
    assert Identity.objects.get(kind="unionid").member_id == min(first.pk, second.pk)


def test_two_guides_of_one_store_leave_one_owner(wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [row(MEI, "cai", at=after(days=-2)), row(MEI, "ben", at=after(days=-5))]
    sync()
    assert Relation.objects.count() == 2 and Ownership.objects.get().guide.userid == "ben"


def test_the_batch_read_and_the_single_read_leave_the_same_rows(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    group = TagGroup.objects.create(corp=cast.corp, group_id="g", name="等级")
    Tag.objects.create(group=group, tag_id="etVIP", name="VIP")
    batch = row(MEI, "cai", tag_id=["etVIP"], state=cast.code().state, remark_corp_name="梅记")
    wx.rows = [batch]
    sync()
    by_batch = story()
    follow = {k: v for k, v in batch["follow_info"].items() if k != "tag_id"}
    follow["tags"] = [{"tag_id": "etVIP", "type": 1}, {"tag_name": "爱喝茶", "type": 2}, {"tag_id": "st1", "type": 3}]
    person = Identity.objects.get(kind="external_userid")
    reads.remember(person, {"external_contact": batch["external_contact"], "follow_user": [follow]}, at=after(hours=1))
    assert story() == by_batch and follows.of(follow) == follows.of(batch["follow_info"])


def test_a_single_read_alone_leaves_what_a_sync_leaves(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    batch = row(MEI, "cai", state=cast.code().state)
    member = Member.objects.create(created_at=ADDED)
    person = Identity.objects.create(member=member, kind="external_userid", corp=cast.corp, value=MEI)
    said = {"external_contact": batch["external_contact"], "follow_user": [batch["follow_info"]]}
    reads.remember(person, said, at=NOW)
    by_read, wx.rows = story(), [batch]
    sync(after(hours=1))
    assert story() == by_read and len(by_read) == 5


def story() -> list[Any]:
    """Members, notes, tags, relations and owners in words."""
    return [
        list(Member.objects.values_list("name", "avatar", "gender")),
        list(Note.objects.values_list("guide__userid", "remark", "description", "company", "add_way")),
        list(MemberTag.objects.values_list("tag__tag_id", "source_key")),
        list(Relation.objects.values_list("state", "store", "code", "added_at", "epoch", "guide_side")),
        list(Ownership.objects.values_list("guide__userid", "store", "starts_at", "ends_at")),
    ]


# --- What is left alone -----------------------------------------------------------------------------------------------


def test_unchanged_rows_tell_no_fact(wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(30)
    sync()
    sync(after(days=1))
    assert RelationFact.objects.count() == 30


def test_what_was_written_after_the_read_began_stays(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [row(MEI, "cai")]
    sync()
    pair = {"guide_id": cast.guide("cai").pk, "member_id": cast.member(MEI).pk}
    notes.write([notes.Written(**pair, remark="新备注")], at=after(days=2))
    sync(after(days=1))
    assert Note.objects.get().remark == "新备注"
    sync(after(days=3))
    assert Note.objects.get().remark == "梅姐"


def test_who_is_not_listed_has_gone_from_the_guides_side(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(20)
    sync()
    gone = wx.rows.pop()
    last = sync(after(days=1))
    relation = Relation.objects.get(member=cast.member(gone["external_contact"]["external_userid"]))
    assert (relation.state, relation.guide_side, last.counters["customers"]["ended"]) == ("dropped", False, 1)


def test_a_list_that_shrinks_ends_nothing_until_a_person_says_so(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(20)
    sync()
    wx.rows = wx.rows[:10]
    last = sync(after(days=1))
    assert last.counters["customers"]["shrunk"] == 10 and Relation.objects.live().count() == 20
    assert Alarm.objects.filter(kind="customers_shrank", cleared_at=None).exists()
    syncs.agree(last, "customers", by=cast.ada, at=after(days=1))
    sync(after(days=1))
    assert Relation.objects.live().count() == 10 and Entry.objects.filter(verb="sync.agreed", actor=cast.ada).exists()
    assert not Alarm.objects.filter(kind="customers_shrank", cleared_at=None).exists()


def test_nobody_agrees_twice(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(20)
    first = sync()
    with pytest.raises(syncs.NothingToAgreeTo):
        syncs.agree(first, "customers", by=cast.ada, at=NOW)


def test_an_empty_answer_is_not_taken_at_its_word(wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [*people(40), *people(2, "dong")]
    sync()
    wx.rows, wx.lists_lie = people(40), True
    assert sync(after(days=1)).counters["customers"]["missing"] == 0
    assert Relation.objects.live().count() == 42


def test_a_page_that_was_left_out_ends_nothing(wx: FakeWeCom, sync: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wx.rows = people(20)
    sync()
    whole = wx.batch_get_by_user
    monkeypatch.setattr(wx, "batch_get_by_user", lambda *a: {**whole(*a), "external_contact_list": wx.rows[:19]})
    assert sync(after(days=1)).counters["customers"]["missing"] == 0
    assert Relation.objects.live().count() == 20


def test_guides_without_a_licence_lose_nobody(wx: FakeWeCom, sync: Any) -> None:
    wx.rows = [*people(20), *people(2, "dong")]
    sync()
    wx.rows, wx.unlicensed = people(20), ["dong"]
    assert sync(after(days=1)).counters["customers"]["unlicensed"] == 1
    assert Relation.objects.live().count() == 22


def test_one_guide_whom_wecom_does_not_know_spoils_no_other(wx: FakeWeCom, sync: Any) -> None:
    wx.rows, wx.unknown = people(5), {"dong"}
    last = sync()
    assert last.state == Sync.State.DONE and last.counters["customers"]["unreadable"] == 1
    assert Relation.objects.live().count() == 5


def test_a_server_that_takes_fewer_guides_is_asked_for_fewer(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(5)
    wx.refusals = [NeedsFix("externalcontact/batch/get_by_user", 40058)]
    assert sync().state == Sync.State.DONE and Relation.objects.live().count() == 5
    assert max(map(len, wx.asked[1:])) < len(wx.asked[0])


# --- What goes wrong --------------------------------------------------------------------------------------------------


def test_too_many_calls_make_a_chunk_due_later_and_count_as_no_failure(wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(5)
    wx.refusals = [BackOff("x", 45009, until=after(minutes=n)) for n in range(1, 12)]
    assert sync().state == Sync.State.DONE and Relation.objects.count() == 5
    assert SyncChunk.objects.get().attempts == 1


def test_a_cursor_that_expires_begins_the_chunk_anew(wx: FakeWeCom, sync: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "A_PAGE", 4)
    wx.rows, whole = people(20), wx.batch_get_by_user
    died: list[str] = []

    def once(userids: list[str], cursor: str, limit: int) -> Said:
        if cursor == "8" and not died:
            died.append(cursor)
            raise GiveUp("externalcontact/batch/get_by_user", 50100)
        return whole(userids, cursor, limit)

    monkeypatch.setattr(wx, "batch_get_by_user", once)
    assert sync().state == Sync.State.DONE and died and Relation.objects.count() == 20


def test_after_many_failures_a_phase_is_partial_and_ends_nothing(
    wx: FakeWeCom, sync: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phases, "A_CHUNK", 2)
    wx.rows = [*people(20), *people(9, "dong")]
    sync()
    wx.rows.pop(0)
    wx.busy_for = {"dong"}
    last = sync(after(days=1))
    assert (last.state, last.counters["customers"]["errcode"]) == (Sync.State.PARTIAL, -1)
    assert Relation.objects.live().count() == 29 and Alarm.objects.filter(kind="sync_incomplete").exists()
    wx.busy_for = set()
    assert sync(after(days=2)).state == Sync.State.DONE and Relation.objects.live().count() == 28
    assert not Alarm.objects.filter(kind="sync_incomplete", cleared_at=None).exists()


def test_a_refusal_for_good_is_not_repeated(wx: FakeWeCom, sync: Any) -> None:
    wx.refusals = [NeedsFix("x", 48002)]
    last = sync()
    assert (last.state, last.counters["customers"]["errcode"], len(wx.asked)) == (Sync.State.REFUSED, 48002, 1)


class Killed(BaseException):
    """Somebody pulled the plug."""


def test_a_stopped_sync_goes_on_with_the_chunks_that_are_left(
    wx: FakeWeCom, sync: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phases, "A_CHUNK", 1)
    wx.rows = [*people(3), *people(3, "dong")]
    wx.refusals = [Killed()]
    with pytest.raises(Killed):
        sync()
    sync()
    assert Relation.objects.live().count() == 6 and Sync.objects.count() == 1


def test_what_a_killed_worker_held_is_read_when_its_lease_ends(cast: Cast, wx: FakeWeCom, sync: Any) -> None:
    wx.rows = people(3)
    begun = syncs.begin(cast.corp, cause="command", at=NOW)
    syncs.go_on(begun, lambda: NOW, threads=1)
    begun.refresh_from_db()
    held = chunks.claim(begun, at=NOW)
    assert held and chunks.claim(begun, at=NOW) is None
    sync()
    chunks.done(held, {"rows": 77})  # it was not dead after all, and comes too late
    assert Relation.objects.live().count() == 3
    assert SyncChunk.objects.get().counters["rows"] == 3


def test_a_corp_has_one_sync_at_a_time(cast: Cast, wx: FakeWeCom) -> None:
    first = syncs.begin(cast.corp, cause="button", by=cast.ada, at=NOW)
    assert syncs.begin(cast.corp, cause="nightly", at=after(minutes=1)) == first
    assert Entry.objects.get(verb="sync.begun").actor == cast.ada


def test_no_more_chunks_are_read_side_by_side_than_wecom_bears(cast: Cast, wx: FakeWeCom) -> None:
    begun = syncs.begin(cast.corp, cause="command", at=NOW)
    chunks.plan(begun, begun.phase, [{"guides": []}] * 9, at=NOW)
    held = [chunks.claim(begun, at=NOW) for _ in range(9)]
    assert len([chunk for chunk in held if chunk]) == chunks.SIDE_BY_SIDE


# --- The roster -------------------------------------------------------------------------------------------------------


def reading(cast: Cast, *, without: set[str] = frozenset(), unable: set[str] = frozenset()) -> roster.Reading:  # type: ignore[assignment]
    from guides import staff

    userids = set(Guide.objects.values_list("userid", flat=True)) - without
    told = {userid: staff.of({"userid": userid, "name": userid.title()}) for userid in userids}
    return roster.Reading([{"id": 1, "name": "掌柜", "parentid": 0}], told, frozenset(userids - unable))


def test_a_roster_that_shrinks_makes_nobody_leave(cast: Cast) -> None:
    Guide.objects.bulk_create(
        [Guide(corp=cast.corp, userid=f"g{n}", status="active", can_contact=True) for n in range(16)]
    )
    lost = {f"g{n}" for n in range(8)}
    assert roster.learn(cast.corp, reading(cast, without=lost), at=NOW)["shrunk"] == 8
    assert not Guide.objects.filter(status="left").exists()
    roster.learn(cast.corp, reading(cast, without=lost), at=NOW, allowed=8)
    assert Guide.objects.filter(status="left").count() == 8


def test_a_short_list_of_who_may_serve_takes_nobody_out_of_codes(cast: Cast) -> None:
    Guide.objects.bulk_create(
        [Guide(corp=cast.corp, userid=f"g{n}", status="active", can_contact=True) for n in range(16)]
    )
    everybody = set(Guide.objects.values_list("userid", flat=True))
    roster.learn(cast.corp, reading(cast, unable=everybody), at=NOW)
    assert Guide.objects.filter(can_contact=True).count() == len(everybody)
    assert Alarm.objects.filter(kind="roster_shrank", cleared_at=None).exists()
