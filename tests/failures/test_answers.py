"""What WeCom answers, or what stands between us in its place (F34): typed, bounded, without half a write."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from guides import chunks, groups, people, reads, roster, syncs
from guides.models import GroupChat, Guide, Relation, RelationFact, Roster, Sync, SyncChunk
from members import libraries
from members.models import Identity, Tag, TagGroup, TagLibrary
from scrm import clock
from scrm.wecom import calls, client, errors, lines
from scrm.wecom.models import OutboundCall
from tests.cast import MEI, NOW, Cast, after
from tests.corpus.wecom_answers import Case, cases, http, said
from tests.failures import raw

pytestmark = [pytest.mark.django_db, pytest.mark.network]
CASES = list(cases())
PATIENCE = (1, 0.8)


@pytest.fixture
def wecom(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[raw.Raw]:
    client.forget_clients()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with raw.running() as server:
        settings.WECOM_API_BASE_URL, settings.WECOM_TIMEOUT = server.base, PATIENCE
        yield server
    client.forget_clients()


@pytest.fixture
def ask(wecom: raw.Raw, cast: Cast) -> Callable[[], list[str]]:
    return lambda: client.client_for(cast.corp, cast.app).externalcontact.get_follow_user_list()


def test_there_are_enough_cases_and_each_has_its_name() -> None:
    assert len(CASES) >= 40 and len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_f34_an_odd_answer_is_a_typed_refusal_within_its_time(
    wecom: raw.Raw, ask: Callable[[], Any], case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    """F34: proxies' pages, cut-off or wrong JSON, lines that break or drip; the next good answer is taken."""
    caplog.set_level(logging.DEBUG)
    wecom.script = lambda _path: case
    began = time.monotonic()
    if case.outcome:
        with pytest.raises(errors.Refused) as refused:
            ask()
        assert type(refused.value).__name__ == case.outcome, refused.value.errmsg
    else:
        assert isinstance(ask(), list)
    assert time.monotonic() - began < 4 * sum(PATIENCE)
    wecom.script = lambda _path: http(said())
    assert ask() == ["cai", "dong"]
    assert raw.TOKEN not in caplog.text and str(wecom) not in caplog.text
    assert not [path for path in wecom.asked if "stolen" in path]


def test_a_bomb_is_put_down_before_it_fills_the_memory(wecom: raw.Raw, ask: Callable[[], Any]) -> None:
    import tracemalloc

    bomb = next(case for case in CASES if case.name == "a gzip bomb")
    wecom.script = lambda _path: bomb
    tracemalloc.start()
    with pytest.raises(errors.BadReply):
        ask()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * lines.LARGEST_ANSWER


# --- who works with the answers -------------------------------------------------------------------------------------

ODD = {"HTML with 200", "cut off", "an array", "null", "the list is null", "errcode is a text", "busy", "NaN"}
ODD |= {"503 Service Unavailable", "closed in the body", "302 elsewhere", "nothing", "broken UTF-8", "a gzip bomb"}


def body(**said: Any) -> bytes:
    return http(json.dumps({"errcode": 0, **said}).encode())


def customer(**follow: Any) -> dict[str, Any]:
    one = {"userid": "cai", "createtime": int(NOW.timestamp()), "tags": [], **follow}
    return {"external_contact": {"external_userid": MEI, "name": "梅", "type": 1}, "follow_user": [one]}


HIDDEN: list[dict[str, Any]] = [
    customer(createtime=-1),
    customer(createtime=4_294_967_296 * 100),
    customer(createtime="1700000000"),
    customer(createtime=10**30),
    customer(userid=None),
    customer(userid=7),
    customer(tags={}),
    customer(tags=["t1"]),
    customer(remark_mobiles="138"),
    {**customer(), "follow_user": None},
    {**customer(), "follow_user": [None]},
    {**customer(), "follow_user": {"userid": "cai"}},
    {**customer(), "external_contact": []},
    {**customer(), "external_contact": None},
    {**customer(), "next_cursor": 7},
]
STRANGE: list[dict[str, Any]] = [  # odd, and yet something to be learnt
    customer(createtime=4_291_747_200),  # in the year 2106
    customer(tags=None),
    customer(add_way=99_999, oper_userid={"x": 1}),
    {**customer(), "external_contact": {"external_userid": MEI, "name": "梅\0\ud800", "gender": "x", "avatar": 5}},
    {**customer(), "external_contact": {"external_userid": MEI, "name": "梅" * 5000, "type": 99}},
]


def state() -> dict[str, Any]:
    """What reads could have changed."""
    relations = list(Relation.objects.order_by("pk").values("pk", "state", "ended_at", "added_at"))
    names = list(Identity.objects.order_by("pk").values_list("value", "member__name"))
    return {"relations": relations, "names": names, "facts": RelationFact.objects.count(), "guides": _guides()}


def _guides() -> list[Any]:
    return list(Guide.objects.order_by("pk").values_list("userid", "status", "name", "left_at"))


@pytest.fixture
def due(cast: Cast, wecom: raw.Raw) -> Cast:
    """Mei, a chat, a guide, the tag library and the roster are due to be read."""
    cast.add(MEI, "cai", at=after(days=-1))
    group = TagGroup.objects.create(corp=cast.corp, group_id="g1", name="来源")
    Tag.objects.create(group=group, tag_id="t1", name="门店")
    GroupChat.objects.create(corp=cast.corp, chat_id="wr1", changed_at=NOW)
    make_due(cast)
    return cast


def make_due(cast: Cast) -> None:
    Identity.objects.update(read_due_at=NOW)
    GroupChat.objects.update(read_due_at=NOW)
    Guide.objects.filter(userid="cai").update(read_due_at=NOW)
    for model in (TagLibrary, Roster):
        model.objects.update_or_create(corp=cast.corp, defaults={"read_due_at": NOW})


LANES = [reads.read_due, groups.read_due, libraries.read_due, people.read_due, roster.read_due]


@pytest.mark.parametrize("case", [case for case in CASES if case.name in ODD], ids=lambda case: case.name)
def test_f34_no_lane_falls_and_nothing_is_written_by_halves(due: Cast, wecom: raw.Raw, case: Case) -> None:
    """F34 seen from the lanes that read customers, chats, tags, people and the roster."""
    wecom.script = lambda _path: case
    before = state()
    for lane in LANES:
        assert lane(NOW) == 0, lane
    assert state() == before
    assert Tag.objects.filter(deleted_at=None).count() == 1 and GroupChat.objects.get().read_at is None


@pytest.mark.parametrize("told", HIDDEN, ids=lambda told: json.dumps(told, default=str)[:90])
def test_f34_a_customer_told_in_an_impossible_way_is_not_believed(
    due: Cast, wecom: raw.Raw, told: dict[str, Any]
) -> None:
    """F34: types and values that cannot be; the others who are due are read, and she again later."""
    before = state()
    wecom.script = lambda _path: body(**told)
    assert reads.read_due(NOW) == 0 and state() == before
    make_due(due)
    wecom.script = lambda _path: body(**customer())
    assert reads.read_due(NOW + timedelta(minutes=3)) == 1
    assert due.member(MEI).name == "梅"


@pytest.mark.parametrize("told", STRANGE, ids=lambda told: json.dumps(told, default=str)[:90])
def test_f34_a_customer_told_strangely_is_read_as_far_as_that_goes(
    due: Cast, wecom: raw.Raw, told: dict[str, Any]
) -> None:
    """F34: what is odd beside the point does not keep us from the rest."""
    wecom.script = lambda _path: body(**told)
    assert reads.read_due(NOW) == 1
    assert due.member(MEI).name.startswith("梅") and Relation.objects.get().state == "live"


@pytest.mark.parametrize(
    ("path", "told", "lane"),
    [
        ("groupchat/get", {"group_chat": {"owner": None}}, groups.read_due),
        ("groupchat/get", {"group_chat": {"member_list": [None]}}, groups.read_due),
        ("groupchat/get", {"group_chat": []}, groups.read_due),
        ("get_corp_tag_list", {"tag_group": [{"group_id": 1, "group_name": "x"}]}, libraries.read_due),
        ("get_corp_tag_list", {"tag_group": [{"group_id": "g", "group_name": "x", "tag": None}]}, libraries.read_due),
        (
            "get_corp_tag_list",
            {"tag_group": [{"group_id": "g", "group_name": "x", "order": 2**70}]},
            libraries.read_due,
        ),
        ("user/get", {"userid": None}, people.read_due),
        ("user/get", {"userid": "cai", "department": "1,2"}, people.read_due),
        ("department/list", {"department": [{"id": "x", "parentid": 0}]}, roster.read_due),
        ("department/list", {"department": [{"name": "总部"}]}, roster.read_due),
        ("department/list", {"department": [{"id": -1, "parentid": 0}]}, roster.read_due),
    ],
)
def test_f34_other_reads_believe_nothing_impossible(
    due: Cast, wecom: raw.Raw, path: str, told: dict[str, Any], lane: Any
) -> None:
    """F34 for chats, tags, people and departments."""
    wecom.script = lambda asked: body(**told) if asked.endswith(path) else body(follow_user=["cai"], userlist=[])
    before = state()
    assert lane(NOW) == 0
    assert state() == before and Tag.objects.filter(deleted_at=None).count() == 1


@pytest.mark.parametrize("case", [case for case in CASES if case.name in ODD], ids=lambda case: case.name)
def test_f34_a_call_that_is_answered_oddly_is_tried_again_and_then_done(cast: Cast, wecom: raw.Raw, case: Case) -> None:
    """F34 for what we ask of WeCom: the call stays, with its reason, and the next good answer ends it."""
    call = calls.plan(cast.corp, "externalcontact/remark", {"userid": "cai"}, at=NOW)
    wecom.script = lambda _path: case
    calls.make(NOW)
    call.refresh_from_db()
    if case.name == "the list is null":  # nothing is expected of this answer but that it is one
        assert call.state == OutboundCall.State.DONE
        return
    assert (call.state, call.attempts) == ("planned", 1) and len(call.tries) == 1
    wecom.script = lambda _path: body()
    calls.make(call.due_at)
    call.refresh_from_db()
    assert call.state == OutboundCall.State.DONE


# --- a sync ---------------------------------------------------------------------------------------------------------


def page(**more: Any) -> dict[str, Any]:
    """A page of batch/get_by_user with Mei on it."""
    contact = {"external_userid": MEI, "name": "梅", "type": 1}
    follow = {"userid": "cai", "createtime": int(NOW.timestamp()), "tag_id": []}
    return {"external_contact_list": [{"external_contact": contact, "follow_info": follow}], **more}


@pytest.fixture
def chunk(cast: Cast) -> SyncChunk:
    sync = syncs.begin(cast.corp, by=cast.ada, cause="button", at=NOW)
    Sync.objects.filter(pk=sync.pk).update(phase="customers", step="read")
    sync.refresh_from_db()
    return SyncChunk.objects.create(sync=sync, phase="customers", number=0, payload={"guides": ["cai"]}, due_at=NOW)


def read(chunk: SyncChunk, at: datetime = NOW) -> SyncChunk:
    """The chunk after a worker claimed and read it."""
    claimed = chunks.claim(chunk.sync, at=at)
    assert claimed is not None
    syncs.read_chunk(claimed, lambda: at)
    chunk.refresh_from_db()
    return chunk


ODD_ROWS: list[Any] = [
    None,
    [],
    {},
    {"external_contact": None, "follow_info": None},
    {"external_contact": {"external_userid": 7}, "follow_info": {"userid": "cai"}},
    {"external_contact": {"external_userid": "wmX"}, "follow_info": {"userid": "cai", "createtime": -5}},
    {"external_contact": {"external_userid": "wmX"}, "follow_info": {"userid": None}},
]


@pytest.mark.parametrize("odd", ODD_ROWS, ids=lambda odd: json.dumps(odd)[:70])
def test_f34_a_sync_of_odd_pages_writes_nothing_by_halves(wecom: raw.Raw, chunk: SyncChunk, odd: Any) -> None:
    """F34 for a sync: a good row and an odd one come together; neither is written, and the chunk is read again."""
    told = page()
    told["external_contact_list"].append(odd)
    wecom.script = lambda _path: body(**told)
    assert (read(chunk).state, chunk.attempts) == ("waiting", 1)
    assert not Identity.objects.exists() and not RelationFact.objects.exists()
    wecom.script = lambda _path: body(**page())
    assert read(chunk, after(minutes=10)).state == "done" and Relation.objects.get().state == "live"


@pytest.mark.parametrize("case", [case for case in CASES if case.name in ODD], ids=lambda case: case.name)
def test_f34_a_chunk_survives_what_is_no_answer(wecom: raw.Raw, chunk: SyncChunk, case: Case) -> None:
    """F34 for a sync: the chunk waits for its next try, whatever came."""
    wecom.script = lambda _path: case
    assert (read(chunk).state, chunk.attempts) == ("waiting", 1) and not Identity.objects.exists()


def test_f31_a_cursor_that_is_repeated_for_ever_ends(wecom: raw.Raw, chunk: SyncChunk) -> None:
    """F31: a page that leads to itself is left after a few rounds."""
    wecom.script = lambda _path: body(**page(next_cursor="always-the-same"))
    assert (read(chunk).state, chunk.attempts) == ("waiting", 1)
    assert len([path for path in wecom.asked if path.endswith("get_by_user")]) < 10
