"""What happened to this scan? Each kind of story, and who may read it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import responses
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Welcome
from guides import bindings, postings
from guides.hearing import News
from guides.models import Code, Guide, Relation, RelationFact
from members.models import Member, Tag, TagGroup
from scrm import clock
from scrm.audit.models import Entry
from scrm.dashboard import finds, traces
from scrm.wecom import calls, client, commit, inbox, receivers, welcomes
from scrm.wecom.door import Opened
from scrm.wecom.envelope import read
from scrm.wecom.models import Letter
from stores.models import Person
from tests.cast import LAN, MEI, NOW, Cast, after
from tests.corpus.callback_seal import added
from tests.wecom.wire import BASE, OK, TIMEOUT, Wire

pytestmark = pytest.mark.django_db

SEND, REMARK, TAGS = "externalcontact/send_welcome_msg", "externalcontact/remark", "externalcontact/mark_tag"
HELLO = "欢迎光临，我是您的导购"


@pytest.fixture
def wire(cast: Cast, settings: Any) -> Iterator[Wire]:
    client.forget_clients()
    settings.WECOM_API_BASE_URL = BASE
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Wire(mock)


@pytest.fixture
def work(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`work(1, 3)`: what the worker does so many seconds after NOW."""

    def run(*seconds: float) -> None:
        for n in seconds:
            monkeypatch.setattr(clock, "now", lambda n=n: after(seconds=n))
            welcomes.lane(after(seconds=n), threads=1)
            inbox.hand_on(after(seconds=n))
            calls.lane(after(seconds=n), threads=1)

    return run


@pytest.fixture
def till(cast: Cast) -> Code:
    """Nanjing Road's code, with a tag and a remark; the brand greets."""
    group = TagGroup.objects.create(corp=cast.corp, group_id="g1", name="来源")
    tag = Tag.objects.create(group=group, tag_id="t1", name="门店")
    Welcome.objects.create(name="品牌", text=HELLO)
    return cast.code(tags=[tag], remark="收银台客人")


def post(cast: Cast, *, at: datetime = NOW, late: float = 1, **said: Any) -> Letter:
    """A letter as the door stores it, `late` seconds after it happened."""
    return stored(cast, added(**{"at": int(at.timestamp()), "external_userid": MEI, **said}), at + timedelta(0, late))


def stored(cast: Cast, xml: bytes, received: datetime) -> Letter:
    known = receivers.Known(cast.receiver.pk, cast.corp.pk, None, ())  # type: ignore[arg-type]
    row = inbox.row_of(known, Opened(xml, read(xml)), received)
    with connection.cursor() as cursor:
        cursor.execute(commit.INSERT, commit.columns([row]))
        if not cursor.rowcount:
            cursor.execute(commit.REPEATS, commit.repeats([row]))
    return Letter.objects.get(digest=row.digest)


def of_mei(cast: Cast, viewer: Person | None = None) -> list[Any]:
    return traces.of_member(viewer or cast.ada, cast.member(MEI))


def kinds(story: Any) -> list[str]:
    return [step.kind for step in story.steps]


def step(story: Any, kind: str) -> Any:
    return next(one for one in story.steps if one.kind == kind)


# --- the stories ----------------------------------------------------------------------------------------------------


def test_a_scan_that_went_well_is_told_from_the_message_to_the_tags(
    cast: Cast, till: Code, wire: Wire, work: Any
) -> None:
    for api in (SEND, REMARK, TAGS):
        wire.says(api, OK)
    post(cast, state=till.state, welcome_code="W1")
    work(2, 4)
    (story,) = of_mei(cast)
    assert kinds(story)[:2] == ["received", "bound"] and set(kinds(story)[2:]) == {"welcome_sent", "tags", "remark"}
    assert (story.tone, step(story, "welcome_sent").quote) == ("good", HELLO)
    assert "南京路店" in step(story, "bound").text and "收银台" in step(story, "bound").text


def test_each_step_has_its_time(cast: Cast, till: Code, wire: Wire, work: Any) -> None:
    wire.says(SEND, OK)
    post(cast, state=till.state, welcome_code="W1")
    work(2)
    (story,) = of_mei(cast)
    lags = {s.kind: (s.at - story.case.at).total_seconds() for s in story.steps if s.at}
    assert (lags["received"], lags["bound"]) == (1, 2) and 2 <= lags["welcome_sent"] < 3


def test_a_repeated_and_late_delivery_is_told_and_counts_once(cast: Cast, till: Code, work: Any) -> None:
    post(cast, state=till.state, late=12)
    post(cast, state=till.state, late=17)
    post(cast, state=till.state, late=23)
    work(30)
    (story,) = of_mei(cast)
    assert step(story, "received").tone == "waits" and "2" in step(story, "repeated").text
    assert Letter.objects.count() == 1 and Relation.objects.count() == 1


def test_an_add_without_a_code_is_bound_where_the_guide_works(cast: Cast, work: Any) -> None:
    post(cast)
    work(2)
    assert "南京路店" in step(of_mei(cast)[0], "bound").text


def test_an_unknown_code_is_named(cast: Cast, work: Any) -> None:
    post(cast, state="oldshop17")
    work(2)
    (story,) = of_mei(cast)
    assert "oldshop17" in step(story, "unknown_code").text and "bound" in kinds(story)


def test_a_guide_of_two_stores_waits_to_be_asked(cast: Cast, work: Any) -> None:
    postings.post(cast.guide("cai"), to=cast.xujiahui, at=after(days=-1))
    post(cast)
    work(2)
    assert step(of_mei(cast)[0], "unplaced").tone == "waits"
    bindings.place(Relation.objects.get(), store=cast.xujiahui, by=cast.cai, at=after(hours=1))
    assert "徐家汇店" in step(of_mei(cast)[0], "bound").text


def test_a_guide_whom_nobody_posted_is_told_what_to_do(cast: Cast, work: Any) -> None:
    post(cast, userid="newcomer")
    work(2)
    assert step(of_mei(cast)[0], "no_posting").advice


def test_friends_who_scan_again_are_friends_already(cast: Cast, till: Code, work: Any) -> None:
    cast.add(MEI, "cai", at=after(days=-3))
    post(cast, state=till.state)
    work(2)
    assert "already" in kinds(of_mei(cast)[0])


def test_a_half_add_waits_for_the_guide_and_then_says_when_she_confirmed(cast: Cast, work: Any) -> None:
    post(cast, change="add_half_external_contact")
    work(2)
    assert step(of_mei(cast)[0], "half").advice
    post(cast, at=after(minutes=9))
    work(600)
    confirmed, asked = of_mei(cast)
    assert step(asked, "confirmed").at == after(minutes=9) and "bound" in kinds(confirmed)


@pytest.mark.parametrize(
    ("change", "more", "kind", "state"),
    [
        ("del_follow_user", "", "ended", "lost"),
        ("del_external_contact", "", "ended", "dropped"),
        ("del_external_contact", "<Source>DELETE_BY_TRANSFER</Source>", "moved", "moved"),
    ],
)
def test_an_end_says_who_ended_it(cast: Cast, work: Any, change: str, more: str, kind: str, state: str) -> None:
    cast.add(MEI, "cai", at=after(days=-3))
    post(cast, change=change, more=more)
    work(2)
    story = of_mei(cast)[0]
    assert kind in kinds(story) and story.case.relation.state == state


def test_an_edit_is_noted(cast: Cast, work: Any) -> None:
    cast.add(MEI, "cai", at=after(days=-3))
    post(cast, change="edit_external_contact")
    work(2)
    assert kinds(of_mei(cast)[0]) == ["received", "noted"]


def test_what_a_reading_alone_found_is_told_as_such(cast: Cast) -> None:
    digest = b"read".ljust(32, b"\0")
    there = News(cast.corp.pk, "cai", MEI, "read_there", NOW, digest, created_at=after(days=-40))
    bindings.hear([there], now=NOW)
    (story,) = of_mei(cast)
    assert kinds(story) == ["found", "bound"] and story.case.at == after(days=-40)
    gone = News(cast.corp.pk, "cai", MEI, "read_gone", after(days=1), digest[::-1])
    bindings.hear([gone], now=after(days=1))
    assert "missed" in kinds(of_mei(cast)[0])


def test_a_purged_letter_leaves_what_it_told(cast: Cast, till: Code, work: Any) -> None:
    post(cast, state=till.state)
    work(2)
    Letter.objects.all().delete()
    (story,) = of_mei(cast)
    assert {"purged", "bound"} <= set(kinds(story)) and not story.can_replay


def test_a_customer_known_from_a_set_aside_letter_is_found_by_her_id(cast: Cast) -> None:
    letter = post(cast, userid="")
    inbox.hand_on(after(seconds=2))
    (story,) = traces.of_stream(cast.ada, MEI)
    assert story.can_replay and story.tone == "bad" and "UserID" in story.case.error
    assert Letter.objects.get(pk=letter.pk).state == "parked"


def test_a_failing_handler_is_told_with_the_tries(cast: Cast, work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guides.bindings.write_down", lambda *_a, **_k: 1 / 0)
    post(cast)
    work(2, 5)
    (story,) = traces.of_stream(cast.ada, MEI)
    assert "2" in step(story, "failed").text and story.tone == "waits"


# --- welcomes: a sentence for each state ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in Letter.Welcome.values if state != "none"])
def test_each_state_of_a_welcome_has_a_sentence(cast: Cast, till: Code, work: Any, state: str) -> None:
    letter = post(cast, state=till.state)
    work(2)
    Letter.objects.filter(pk=letter.pk).update(welcome=state)
    (story,) = of_mei(cast)
    found = step(story, f"welcome_{state}")
    assert found.text and (found.advice or state in ("sent", "sending"))


def test_a_refused_welcome_says_why_and_when_it_was_tried(cast: Cast, till: Code, wire: Wire, work: Any) -> None:
    wire.says(SEND, TIMEOUT, 41096, 41050)
    post(cast, state=till.state, welcome_code="W1")
    work(2, 4, 6)
    found = step(of_mei(cast)[0], "welcome_failed")
    assert "20 秒" in found.advice and len(found.tries) == 3 and found.tries[0].again_at


def test_a_welcome_that_came_too_late_names_the_late_message(cast: Cast, till: Code, work: Any) -> None:
    post(cast, state=till.state, welcome_code="W1", late=25)
    work(26)
    assert "服务器" in step(of_mei(cast)[0], "welcome_expired").advice


def test_tags_that_wecom_refuses_say_what_to_do(cast: Cast, till: Code, wire: Wire, work: Any) -> None:
    wire.says(TAGS, 40068)
    wire.says(REMARK, 45009)
    post(cast, state=till.state)
    work(2, 4)
    (story,) = of_mei(cast)
    assert step(story, "tags").tone == "bad" and "活码" in step(story, "tags").advice
    assert step(story, "remark").tone == "waits" and step(story, "remark").at is None


# --- a day of a code and of a guide -----------------------------------------------------------------------------------


def test_a_codes_day_is_counted_by_outcome(cast: Cast, till: Code, wire: Wire, work: Any) -> None:
    wire.says(SEND, OK)
    for n in range(3):
        post(cast, state=till.state, external_userid=f"wmGuest{n}", welcome_code=f"W{n}" if n else "")
    work(2)
    post(cast, state=till.state, external_userid="wmLater", at=after(seconds=5))
    day = traces.of_code(cast.ada, till, clock.day_of(NOW))
    counts = {label: n for label, n, _tone in day.outcomes}
    assert len(day.stories) == 4
    assert (counts["已绑定"], counts["已发欢迎语"], counts["等待处理"]) == (3, 2, 1)


def test_another_day_and_another_code_have_none_of_them(cast: Cast, till: Code, work: Any) -> None:
    post(cast, state=till.state)
    work(2)
    other = cast.code(name="橱窗")
    assert not traces.of_code(cast.ada, other, clock.day_of(NOW)).stories
    assert not traces.of_code(cast.ada, till, clock.day_of(after(days=-1))).stories


def test_a_guides_day_has_ends_as_well(cast: Cast, till: Code, work: Any) -> None:
    post(cast, state=till.state)
    post(cast, change="del_follow_user", at=after(minutes=3))
    work(300)
    told = traces.of_guide(cast.ada, cast.guide("cai"), clock.day_of(NOW)).stories
    assert [story.case.kind for story in told] == ["cust_del", "add"]


# --- who reads what --------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(cast: Cast, till: Code, wire: Wire, work: Any) -> Cast:
    """Mei scanned at Nanjing Road and at Fang's; another letter for each guide waits in the inbox."""
    wire.says(SEND, OK)
    theirs = cast.code(cast.fangs_first)
    post(cast, state=till.state, welcome_code="W1")
    post(cast, userid="gu", state=theirs.state, at=after(seconds=1), welcome_code="W2")
    work(3)
    post(cast, change="edit_external_contact", at=after(seconds=5))
    post(cast, userid="gu", change="del_follow_user", at=after(seconds=6))
    return cast


OWN = {"ben": {"cai"}, "cai": {"cai"}, "rita": {"cai"}, "fang": {"gu"}, "gu": {"gu"}, "ada": {"cai", "gu"}}
OWN |= {"ann": {"cai", "gu"}, "otto": {"cai", "gu"}, "dong": set(), "eve": set()}


@pytest.mark.parametrize("who", OWN)
def test_of_a_shared_customer_each_reads_her_own_part(shared: Cast, who: str) -> None:
    told = of_mei(shared, getattr(shared, who))
    assert {story.case.guide.userid for story in told} == OWN[who]
    others = {"cai", "gu"} - OWN[who]
    assert not [s for s in told for one in s.steps if any(str(shared.guide(o)) in one.text for o in others)]


@pytest.mark.parametrize("who", OWN)
def test_api_and_pages_count_no_more_than_she_reads(shared: Cast, who: str) -> None:
    viewer = getattr(shared, who)
    days = [traces.of_guide(viewer, shared.guide(g), clock.day_of(NOW)).stories for g in ("cai", "gu")]
    assert {s.case.guide.userid for told in days for s in told} <= OWN[who]
    for store in (shared.nanjing_road, shared.fangs_first):
        told = traces.of_code(viewer, store.codes.get(), clock.day_of(NOW))
        assert {s.case.guide.userid for s in told.stories} <= OWN[who]
        assert sum(n for label, n, _ in told.outcomes if label == "已绑定") == len(told.stories)


def test_a_colleague_behind_the_same_till_reads_her_own_alone(shared: Cast, till: Code, work: Any) -> None:
    ana = Person.objects.create_user("ana", "ana-opens-the-shop", name="Ana")
    guide = Guide.objects.create(corp=shared.corp, userid="ana", name="Ana", status="active", person=ana)
    postings.post(guide, to=shared.nanjing_road, at=after(days=-9))
    post(shared, userid="ana", state=till.state, external_userid=LAN, at=after(seconds=7))
    told = traces.of_code(ana, till, clock.day_of(NOW)).stories
    assert {story.case.guide.userid for story in told} == {"ana"}


def test_a_waiting_letter_of_a_guide_of_two_owners_is_hqs_alone(cast: Cast) -> None:
    postings.post(cast.guide("gu"), to=cast.nanjing_road, at=after(days=-9))
    post(cast, userid="gu")
    assert not traces.of_stream(cast.fang, MEI) and not traces.of_stream(cast.ben, MEI)
    assert traces.of_stream(cast.ada, MEI) and traces.of_stream(cast.gu, MEI)


def test_before_the_contract_there_is_nothing_to_read(shared: Cast) -> None:
    from stores.models import Contract

    Contract.objects.filter(store=shared.fangs_first).update(starts_on=clock.day_of(after(days=1)))
    del_scope = type(shared.fang).objects.get(pk=shared.fang.pk)
    assert of_mei(shared, del_scope) == []


# --- pages ----------------------------------------------------------------------------------------------------------


def open_page(visit: Any, who: Person, path: str, **query: str) -> Any:
    return visit(who, f"/dashboard/trace/{path}", data=query)


@pytest.mark.parametrize("what", ["state", "config_id", "public_id"])
def test_a_text_that_means_one_thing_leads_there(shared: Cast, till: Code, visit: Any, what: str) -> None:
    page = open_page(visit, shared.ben, "", q=getattr(till, what))
    assert page.request["PATH_INFO"] == f"/dashboard/trace/code/{till.public_id}/"


def test_customers_are_found_by_name_and_id_within_ones_stores(shared: Cast, visit: Any) -> None:
    Member.objects.filter(pk=shared.member(MEI).pk).update(name="梅小姐")
    shared.add(LAN, "gu")
    Member.objects.filter(pk=shared.member(LAN).pk).update(name="梅兰")
    assert {m.name for m in open_page(visit, shared.ada, "", q="梅").context["hits"].members} == {"梅小姐", "梅兰"}
    assert open_page(visit, shared.ben, "", q="梅").context["stories"]
    assert "什么都没有" in open_page(visit, shared.ben, "", q=LAN).content.decode()
    assert open_page(visit, shared.dong, "", q=MEI).content.count(b"story") == 0


def test_a_stranger_hears_the_same_as_of_what_never_was(shared: Cast, till: Code, visit: Any) -> None:
    things = {"customer": shared.member(MEI), "code": till, "guide": shared.guide("cai")}
    for path in (f"{kind}/{thing.public_id}/" for kind, thing in things.items()):
        kind = path.partition("/")[0]
        hidden, missing = open_page(visit, shared.dong, path), open_page(visit, shared.dong, f"{kind}/m_neverwas/")
        assert (hidden.status_code, hidden.content) == (404, missing.content), path


def test_each_look_stands_in_the_audit_book_without_what_was_typed(shared: Cast, till: Code, visit: Any) -> None:
    member = shared.member(MEI)
    open_page(visit, shared.ben, f"customer/{member.public_id}/")
    open_page(visit, shared.ben, f"code/{till.public_id}/")
    open_page(visit, shared.ben, f"code/{till.public_id}/", day="2026-02-01")  # shows nobody
    found = {(e.verb, e.subject_id) for e in Entry.objects.filter(actor_id=shared.ben.pk)}
    assert {("member.read", member.public_id), ("code.read", till.public_id)} <= found
    assert Entry.objects.filter(actor_id=shared.ben.pk, verb="code.read").count() == 1


@pytest.mark.parametrize("who", OWN)
def test_the_latest_customers_are_those_whose_relations_one_sees(shared: Cast, who: str) -> None:
    told = finds.latest(getattr(shared, who), clock.day_of(NOW))
    assert {one.guide.userid for one in told} == OWN[who]
    assert not finds.latest(getattr(shared, who), clock.day_of(after(days=2)))


def test_without_a_question_the_latest_customers_are_shown(
    shared: Cast, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: after(seconds=9))
    link = f"customer/{shared.member(MEI).public_id}/"
    assert link in open_page(visit, shared.ben, "").content.decode()
    assert link not in open_page(visit, shared.dong, "").content.decode()
    assert Entry.objects.get(verb="member.read").actor_id == shared.ben.pk


def test_where_nobody_came_the_page_says_so(cast: Cast, visit: Any) -> None:
    assert "昨天和今天没有新客户" in open_page(visit, cast.ada, "").content.decode()


@pytest.mark.parametrize("who", ["ivy", "eve"])
def test_who_may_not_see_customers_is_refused(shared: Cast, till: Code, visit: Any, who: str) -> None:
    for path in ("", f"customer/{shared.member(MEI).public_id}/", f"code/{till.public_id}/"):
        assert open_page(visit, getattr(shared, who), path).status_code == 403


def test_only_who_may_replay_has_the_button(cast: Cast, visit: Any) -> None:
    letter = post(cast, state="x", userid="")
    inbox.hand_on(after(seconds=2))
    assert f"letter/{letter.pk}/replay" in open_page(visit, cast.otto, "", q=MEI).content.decode()
    assert f"letter/{letter.pk}/replay" not in open_page(visit, cast.ann, "", q=MEI).content.decode()


def test_a_replayed_letter_waits_again(cast: Cast, client: Any) -> None:
    letter = post(cast, userid="")
    inbox.hand_on(after(seconds=2))
    for who, status in ((cast.ann, 403), (cast.ben, 403), (cast.otto, 302)):
        client.force_login(who)
        answer = client.post(f"/dashboard/trace/letter/{letter.pk}/replay/", {"next": "//evil.example/"})
        assert answer.status_code == status
    letter.refresh_from_db()
    assert letter.state == "waiting" and answer["Location"] == "/dashboard/trace/"
    assert Entry.objects.filter(verb="wecom.letter.replay", actor_id=cast.otto.pk).exists()


@pytest.mark.parametrize("query", ["day=2026-02-30", "day=yesterday", "day=0001-01-01", "day=9999-12-31", "day="])
def test_a_wrong_day_is_no_error(cast: Cast, till: Code, visit: Any, query: str) -> None:
    assert open_page(visit, cast.ada, f"code/{till.public_id}/?{query}").status_code == 200


@pytest.mark.parametrize(("who", "most"), [("ada", 30), ("ben", 34), ("fang", 34), ("cai", 34)])
def test_many_letters_cost_no_more_questions(
    shared: Cast, till: Code, visit: Any, work: Any, client: Any, who: str, most: int
) -> None:
    for n in range(30):
        post(shared, state=till.state, external_userid=f"wmMany{n}", at=after(seconds=20 + n))
        post(shared, change="edit_external_contact", at=after(seconds=20 + n))
    work(60)
    store = shared.fangs_first if who == "fang" else shared.nanjing_road
    for path in (f"code/{store.codes.get().public_id}/", f"customer/{shared.member(MEI).public_id}/"):
        open_page(visit, getattr(shared, who), path)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/dashboard/trace/{path}").status_code == 200
        assert len(asked) <= most, [query["sql"][:100] for query in asked.captured_queries]


def plan_of(rows: Any) -> str:
    """How PostgreSQL would find these rows in tables that are large."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return str(rows.explain())


def test_the_questions_of_the_trace_have_their_indexes(cast: Cast, till: Code) -> None:
    """With ten million letters none of them may read a whole table."""
    letters, facts = Letter.objects.all(), RelationFact.objects.all()
    asked = {
        "letters_of_a_stream": letters.filter(corp__in=[cast.corp.pk], stream__in=[MEI]),
        "facts_of_a_letter": facts.filter(letter_id__in=[1, 2]),
        "facts_of_a_code": facts.filter(code=till, at__gte=NOW).order_by("-at"),
        "facts_of_a_guide": facts.filter(guide=cast.guide("cai"), at__gte=NOW).order_by("-at"),
        "members_by_name": Member.objects.filter(name__istartswith="梅"),
    }
    for index, rows in asked.items():
        assert index in plan_of(rows), plan_of(rows)
