"""What came with moving in: traces, imports, sign-in and desks, tried by owners and strangers."""

from datetime import datetime
from typing import Any

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from guides import bindings, postings, staff
from guides.hearing import News
from guides.models import GroupChat, Guide, Note, Relation
from members import consents
from members.models import Member, Tag, TagGroup
from scrm import clock
from scrm.dashboard import finds, traces
from scrm.dashboard.api import letter_id
from scrm.wecom import commit, inbox, receivers
from scrm.wecom.door import Opened
from scrm.wecom.envelope import read
from scrm.wecom.models import Corp, Letter
from stores import tokens
from stores.models import Franchisee, Person, SecondFactor
from tests.cast import MEI, NOW, Cast, after
from tests.corpus.callback_seal import added

pytestmark = pytest.mark.django_db


def signed_in(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def shared(cast: Cast) -> Member:
    """Mei was HQ's customer for weeks before she came to Fang's."""
    cast.add(MEI, "cai", at=after(days=-40))
    cast.add(MEI, "gu", at=after(days=-2))
    return cast.member(MEI)


def listed(who: Person, page: str, **query: Any) -> int:
    """How many rows a desk shows for this address; 0 where it refuses to answer."""
    answer = signed_in(who).get(reverse(f"admin:{page}_changelist"), query)
    return len(answer.context["cl"].result_list) if answer.status_code == 200 else 0


@pytest.mark.parametrize("page", ["members_member", "stores_person", "guides_guide", "guides_relation"])
def test_desks_show_an_owner_his_own_rows(cast: Cast, shared: Member, page: str) -> None:
    assert listed(cast.fang, page) > 0


def test_a_desks_address_asks_nothing_of_other_owners_relations(cast: Cast, shared: Member) -> None:
    cais = Relation.objects.get(guide__userid="cai").pk
    asked: list[dict[str, Any]] = [
        {"relations": cais},
        {"relations__lte": cais},
        {"created_at__lt": str(after(days=-10))},
    ]
    twin = Member.objects.create(created_at=NOW)
    Member.objects.filter(pk=shared.pk).update(same_person_as=twin)
    asked += [{"same_person_as__isnull": "0"}, {"same_person_as": twin.pk}, {"identities__gt": 0}]
    assert [query for query in asked if listed(cast.fang, "members_member", **query)] == []
    assert listed(cast.otto, "members_member", same_person_as__isnull="0") == 1


def test_a_desks_address_asks_nothing_of_others_seats(cast: Cast) -> None:
    seat = cast.gu.seats.get()
    assert listed(cast.fang, "stores_person", seats=seat.pk) == 0
    assert listed(cast.fang, "stores_person", seats__role__exact="guide") == 1


def test_an_owner_does_not_hear_since_when_others_know_his_customer(cast: Cast, shared: Member) -> None:
    fang, otto = signed_in(cast.fang), signed_in(cast.otto)
    (row,) = fang.get("/api/v1/members/").json()["results"]
    assert datetime.fromisoformat(row["created_at"]) == after(days=-2)
    before = {"created_to": after(days=-10).isoformat()}
    assert fang.get("/api/v1/members/", before).json()["results"] == []
    assert len(otto.get("/api/v1/members/", before).json()["results"]) == 1
    desk = reverse("admin:members_member_change", args=[shared.pk])
    assert ["首次认识" in who.get(desk).content.decode() for who in (fang, otto)] == [False, True]
    assert "首次认识" not in fang.get(reverse("admin:members_member_changelist")).content.decode()


def test_what_a_customer_told_another_owner_stays_there(cast: Cast, shared: Member) -> None:
    haos = Franchisee.objects.create(brand=cast.brand, name="郝记奶茶")
    said: dict[str, Any] = {"terms": "v1", "at": NOW, "source": "form", "evidence": "登记表 17"}
    consents.give(shared, ["profiling"], controller=haos, **said)
    assert listed(cast.fang, "members_member", consent="some") == 0
    consents.give(shared, ["service"], controller=cast.fangs, **said)
    assert listed(cast.fang, "members_member", consent="some") == 1
    desk = reverse("admin:members_member_change", args=[shared.pk])
    page, hqs = (signed_in(who).get(desk).content.decode() for who in (cast.fang, cast.otto))
    assert [word in page for word in ("方记", "郝记奶茶", "登记表")] == [True, False, False]
    assert [word in hqs for word in ("方记", "郝记奶茶", "登记表")] == [True, True, True]


def test_a_remark_for_another_store_finds_nobody(cast: Cast, shared: Member) -> None:
    gu = cast.guide("gu")
    postings.post(gu, to=cast.nanjing_road, at=after(days=-20))
    cai = cast.guide("cai")
    postings.post(cai, to=cast.fangs_first, at=after(days=-5))
    Note.objects.create(guide=cai, member=shared, remark="爱喝乌龙", changed_at=NOW)
    Note.objects.create(guide=gu, member=shared, remark="爱喝红茶", changed_at=NOW)
    assert not finds.find(cast.fang, "爱喝乌龙").all()
    found = [finds.find(who, text).all() for who, text in ((cast.fang, "爱喝红茶"), (cast.ben, "爱喝乌龙"))]
    assert found == [[shared], [shared]]


@pytest.mark.parametrize("onward", ["nonsense", "dashboard", "javascript", "..", "?x", "x y", "%2e"])
def test_a_crafted_way_onward_breaks_no_sign_in(cast: Cast, onward: str) -> None:
    said = {"username": "fang", "password": "fang-opens-the-shop", "next": onward}
    answer = Client().post("/login/", said)
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")


FAR = ["//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "http:///evil.example"]
FAR += [
    "https://evil.example/login/",
    " //evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "https://testserver@evil.example",
]


@pytest.mark.parametrize("onward", FAR)
def test_the_way_onward_stays_here(cast: Cast, onward: str) -> None:
    said = {"username": "fang", "password": "fang-opens-the-shop"}
    answer = Client().post("/login/", {**said, "next": onward})
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    assert signed_in(cast.fang).get("/login/wecom/", {"next": onward})["Location"] == "/dashboard/"


# --- traces ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def gone(cast: Cast) -> Cast:
    """Mei was Gu's at Fang's until she left; then Gu went to Nanjing Road."""
    cast.add(MEI, "gu", at=after(days=-9))
    cast.tell(MEI, "gu", "cust_del", at=after(days=-8))
    gu = cast.guide("gu")
    postings.recall(gu.postings.get(), at=after(days=-7))
    postings.post(gu, to=cast.nanjing_road, at=after(days=-7))
    return cast


def told(viewer: Person) -> list[Any]:
    member = finds.members_of(viewer).filter(identities__value=MEI).first()
    return traces.of_member(viewer, member) if member else []


@pytest.mark.parametrize("state", ["waiting", "parked"])
def test_what_waits_after_the_end_belongs_where_the_guide_works_now(gone: Cast, state: str) -> None:
    before = len(told(gone.fang))
    waits = letter_of(gone, at=after(days=-1))
    Letter.objects.filter(pk=waits.pk).update(state=state)
    assert (before, len(told(gone.fang)), len(told(gone.ada))) == (2, 2, 3)
    assert [story.case.relation for story in traces.of_stream(gone.ben, MEI)] == [None]


def test_an_end_that_is_told_again_elsewhere_is_not_the_former_owners(gone: Cast) -> None:
    gone.tell(MEI, "gu", "guide_del", at=after(days=-1))
    assert (len(told(gone.fang)), len(told(gone.ada))) == (2, 3)


def test_a_reading_of_a_later_time_tells_the_former_owner_nothing(gone: Cast) -> None:
    gone.add(MEI, "gu", at=after(days=-2))
    gone.tell(MEI, "gu", "read_there", at=after(days=-1))
    assert "read" not in [step.kind for story in told(gone.fang) for step in story.steps]
    assert "read" in [step.kind for story in told(gone.ben) for step in story.steps]


def test_a_scan_of_another_owners_code_is_not_told(cast: Cast) -> None:
    postings.post(cast.guide("gu"), to=cast.nanjing_road, at=after(days=-20))
    here, there = cast.code(cast.fangs_first, name="天河收银"), cast.code(name="南京路收银")
    cast.add(MEI, "gu", code=here, at=after(days=-9))
    cast.tell(MEI, "gu", "add", code=there, at=after(days=-8))
    assert [story.case.code for story in told(cast.fang)] == [here]
    assert len(told(cast.gu)) == len(told(cast.ada)) == 2


def test_the_api_tells_no_letter_of_another_owners_code(cast: Cast) -> None:
    postings.post(cast.guide("gu"), to=cast.nanjing_road, at=after(days=-20))
    here, there = cast.code(cast.fangs_first, name="天河收银"), cast.code(name="南京路收银")
    for code, days in ((here, -9), (there, -8)):
        letter = letter_of(cast, at=after(days=days))
        digest = bytes(letter.digest)
        news = News(cast.corp.pk, "gu", MEI, "add", letter.happened_at, digest, state=code.state, letter_id=letter.pk)
        bindings.hear([news], now=NOW)
    rows = signed_in(cast.fang).get("/api/v1/letters/").json()["results"]
    assert [row["code"] for row in rows] == [here.public_id]
    assert len(signed_in(cast.gu).get("/api/v1/letters/").json()["results"]) == 2


def letter_of(cast: Cast, *, at: datetime) -> Letter:
    """A letter that says that Mei added Gu, as the door stores it."""
    known = receivers.Known(cast.receiver.pk, cast.corp.pk, None, ())  # type: ignore[arg-type]
    xml = added(at=int(at.timestamp()), external_userid=MEI, userid="gu")
    row = inbox.row_of(known, Opened(xml, read(xml)), at)
    with connection.cursor() as cursor:
        cursor.execute(commit.INSERT, commit.columns([row]))
    return Letter.objects.get(digest=row.digest)


# --- signing in -----------------------------------------------------------------------------------------------------


def test_a_new_second_factor_ends_what_the_password_alone_had_opened(cast: Cast) -> None:
    thief, owner = signed_in(cast.fang), signed_in(cast.fang)
    token = tokens.make(cast.fang, name="stolen", at=clock.now())
    owner.get("/account/second-factor/")
    secret = str(SecondFactor.objects.get(person=cast.fang).secret)
    page = owner.post("/account/second-factor/", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert page.status_code == 200 and owner.get("/account/").status_code == 200
    assert thief.get("/account/").status_code == 302
    assert Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/me/").status_code == 401


def test_a_userid_of_another_corp_is_another_person(cast: Cast) -> None:
    other = Corp.objects.create(corp_id="wwother000000001", name="别家")
    staff.learn(other, [staff.of({"userid": "ada", "name": "Ada of others"})], followers=set(), stores={}, at=NOW)
    twin = Guide.objects.get(corp=other, userid="ada").person
    assert twin is not None and twin.pk != cast.ada.pk
    assert not twin.has_usable_password() and not twin.permissions


@pytest.mark.parametrize("proxy", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_numbers_of_the_house_are_not_told_through_a_proxy(cast: Cast, settings: Any, proxy: str) -> None:
    settings.PRODUCTION, settings.METRICS_TOKEN = True, ""
    assert Client().get("/metrics").status_code == 200
    assert Client(headers={proxy: "203.0.113.9"}).get("/metrics").status_code == 403


@pytest.mark.parametrize("next_", ["nonsense", "//evil.example", "?x"])
def test_a_replay_leads_back_to_a_page_of_ours(cast: Cast, next_: str) -> None:
    letter = letter_of(cast, at=NOW)
    Letter.objects.filter(pk=letter.pk).update(state="parked")
    answer = signed_in(cast.ada).post(f"/dashboard/trace/letter/{letter.pk}/replay/", {"next": next_})
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/trace/")


# --- odd questions --------------------------------------------------------------------------------------------------

ODD = ["page_size=" + "9" * 30, "cursor=%00", "external_userid=%00", "external_userid=" + "x" * 5000, "_connector=OR"]
ODD += ["since=9999-12-31T23:59:59%2B14:00", "until=0001-01-01", "event__startswith=c", "state=%00", "state=x&state=y"]
ODD += ["store=%27%20OR%201=1", "name=%ff%fe", "guide=%00", "code=%F0%9F%92%A9", "group=%00", "owner=%00", "corp__id=1"]
LISTS = ["letters", "tags", "groups", "members", "relations", "codes", "guides", "people", "stores"]
PAGES = ["/dashboard/trace/", "/dashboard/drift/", "/codes/readiness/", "/imports/", "/admin/wecom/sync/"]
PAGES += ["/admin/doctor/result/", "/admin/wecom/connect/", "/admin/wecom/connect/wwcast0000000001/part/"]
PAGES += ["/admin/audit/entry/", "/admin/audit/entry/export/", "/admin/members/member/"]
ASKED = ["q=%00", "q=" + "%25" * 500, "day=9999-99-99", "day=0001-01-01", "page=-1", "page=" + "9" * 30, "store=%00"]
ASKED += [
    "from=9999-12-31&to=0001-01-01",
    "reason=%00",
    "check=queue&corp=%00",
    "step=%00",
    "kind=%00",
    "p=" + "9" * 30,
]
ASKED += [
    "at_from=0001-01-01&at_to=9999-12-31",
    "who=%00",
    "address=%00",
    "consent=%00",
    "o=9.9.-9",
    "_facets=1",
    "e=1",
]


def calm(who: Person) -> Client:
    """A client that tells of a fault as a browser would hear it."""
    client = Client(raise_request_exception=False)
    client.force_login(who)
    return client


@pytest.mark.parametrize("resource", LISTS)
def test_no_question_breaks_a_list(cast: Cast, shared: Member, resource: str) -> None:
    client, address = calm(cast.fang), f"/api/v1/{resource}/"
    for query in ODD:
        assert client.get(f"{address}?{query}").status_code in (200, 400), query
    assert client.head(address).status_code == client.options(address).status_code == 200
    for name in ("l_" + "f" * 22, "m_zzzzzzzzzzzz", "0", "_" * 24):
        assert client.get(f"{address}{name}/").status_code == 404
        assert client.head(f"{address}{name}/").status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["ada", "fang"])
def test_no_question_breaks_a_page(cast: Cast, shared: Member, page: str, who: str) -> None:
    client = calm(getattr(cast, who))
    answers = {query: client.get(f"{page}?{query}").status_code for query in ASKED}
    assert {query: status for query, status in answers.items() if status >= 500} == {}


@pytest.mark.parametrize("kind", ["letter", "group", "tag"])
def test_a_strangers_id_and_one_that_never_was_sound_alike(cast: Cast, shared: Member, kind: str) -> None:
    client = calm(cast.fang)
    theirs = letter_of(cast, at=after(days=-40))
    chat = GroupChat.objects.create(
        corp=cast.corp, chat_id="wrChat", name="南京路", store=cast.nanjing_road, changed_at=NOW
    )
    tag = Tag.objects.create(group=TagGroup.objects.create(corp=cast.corp, group_id="g"), tag_id="t", deleted_at=NOW)
    names = {"letter": letter_id(theirs), "group": chat.public_id, "tag": tag.public_id}
    never = f"{names[kind][:-3]}zzz" if kind != "letter" else "l_" + "0" * 22
    answers = [client.get(f"/api/v1/{kind}s/{name}/") for name in (names[kind], never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content.replace(names[kind].encode(), b"") == answers[1].content.replace(never.encode(), b"")
