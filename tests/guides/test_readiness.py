"""Who cannot stand in a code, why, and that she never does."""

import csv
import io
import itertools
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides import codes, readiness, roster, staff
from guides.models import Code, Guide, HouseAccount, Posting
from guides.readiness import Reason
from scrm.audit.models import Entry
from scrm.wecom.models import Corp, OutboundCall
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db

UNREADY: dict[str, dict[str, Any]] = {
    Reason.UNSEEN: {"status": "placeholder"},
    Reason.DISABLED: {"status": "inactive", "wecom_status": 2},
    Reason.NOT_ACTIVATED: {"status": "inactive", "wecom_status": 4},
    Reason.NO_CONTACT: {"can_contact": False},
    Reason.UNVERIFIED: {"contact_trouble": "41054"},
    Reason.REFUSED: {"contact_trouble": "84074"},
    Reason.LEFT: {"status": "inactive", "wecom_status": 5},
    Reason.NO_NUMBER: {"staff_number": ""},
}


@pytest.fixture
def strict(cast: Cast) -> Cast:
    """The cast in a brand that asks for staff numbers; everybody has one."""
    Corp.objects.update(staff_number_required=True)
    Guide.objects.update(staff_number="A001")
    cast.corp.refresh_from_db()
    return cast


def unready(cast: Cast, viewer: Any = None) -> list[tuple[str, str]]:
    found = readiness.unready(viewer or cast.ada).select_related("guide").order_by("guide__userid")
    return [(p.guide.userid, p.reason) for p in found]


@pytest.mark.parametrize("reason", UNREADY)
def test_each_reason_is_named_and_keeps_her_out_of_codes(strict: Cast, reason: str) -> None:
    Guide.objects.filter(userid="cai").update(**UNREADY[reason])
    assert unready(strict) == [("cai", reason)]
    code = codes.create(store=strict.nanjing_road, kind="store", name="收银台", by=strict.ada, at=NOW)
    assert codes.users_of(code) == ["ben"]
    assert OutboundCall.objects.get().request()["user"] == ["ben"]
    with pytest.raises(codes.CannotBe):
        codes.check("guide", strict.nanjing_road, [strict.guide("cai")])


@pytest.mark.parametrize("reason", UNREADY)
def test_a_house_account_that_is_not_ready_takes_nobody_in(strict: Cast, reason: str) -> None:
    HouseAccount.objects.create(store=strict.nanjing_road, guide=strict.guide("cai"))
    Guide.objects.filter(userid__in=["cai", "ben"]).update(**UNREADY[reason])
    code = codes.create(store=strict.nanjing_road, kind="store", name="收银台", by=strict.ada, at=NOW)
    code.refresh_from_db()
    assert code.trouble == Code.Trouble.NOBODY and not OutboundCall.objects.exists()


def test_able_is_exactly_who_has_no_reason(strict: Cast) -> None:
    values = itertools.product(
        Guide.Status.values, [None, 1, 2, 4, 5], [True, False], ["", "41054", "84074"], ["", "A1"]
    )
    Guide.objects.bulk_create(
        Guide(
            corp=strict.corp, userid=f"g{n}", status=status, wecom_status=wecom, can_contact=can,
            contact_trouble=trouble, staff_number=number,
        )
        for n, (status, wecom, can, trouble, number) in enumerate(values)
    )  # fmt: skip
    for required in (True, False):
        Corp.objects.update(staff_number_required=required)
        ready = readiness.with_reason(Guide.objects.all()).filter(reason="")
        able = set(Guide.objects.able().values_list("userid", flat=True))
        assert able == set(ready.values_list("userid", flat=True)) and able
        assert able == {g.userid for g in Guide.objects.select_related("corp") if g.is_able()}


def told(cast: Cast, userid: str, **said: Any) -> staff.Staff:
    department = {"userid": userid, "name": userid, "department": [7], "status": 1}
    return staff.of(department | said)


def learn(cast: Cast, *people: staff.Staff, followers: set[str]) -> None:
    staff.learn(cast.corp, people, followers=followers, stores={7: cast.nanjing_road.pk}, at=NOW)


def test_becoming_unready_takes_her_out_and_ready_again_puts_her_in(cast: Cast) -> None:
    everybody = {"ben", "cai"}
    learn(cast, told(cast, "ben"), told(cast, "cai"), followers=everybody)
    cast.code()
    OutboundCall.objects.update(answered_at=NOW, state="done")
    for status, followers in ((2, everybody), (1, everybody), (1, {"ben"}), (1, everybody), (4, everybody)):
        learn(cast, told(cast, "cai", status=status), followers=followers)
    users = [call.request()["user"] for call in OutboundCall.objects.filter(answered_at=None).order_by("pk")]
    assert users == [["ben"], ["ben", "cai"], ["ben"], ["ben", "cai"], ["ben"]]


def test_the_staff_number_is_read_from_the_profile(cast: Cast) -> None:
    attrs = [{"type": 0, "name": "工号", "text": {"value": " A007 "}}, {"type": 1, "name": "主页", "web": {"url": "x"}}]
    learn(cast, told(cast, "cai", extattr={"attrs": attrs}), followers={"cai"})
    assert cast.guide("cai").staff_number == "A007" and cast.guide("cai").wecom_status == 1
    learn(cast, told(cast, "cai"), followers={"cai"})  # a profile without the field takes nothing away
    assert cast.guide("cai").staff_number == "A007"


def test_a_number_that_comes_puts_her_into_the_codes(strict: Cast) -> None:
    Guide.objects.filter(userid="cai").update(staff_number="")
    learn(strict, told(strict, "ben"), told(strict, "cai"), followers={"ben", "cai"})
    strict.code()
    OutboundCall.objects.update(answered_at=NOW, state="done")
    attrs = [{"type": 0, "name": "工号", "text": {"value": "A007"}}]
    learn(strict, told(strict, "cai", extattr={"attrs": attrs}), followers={"ben", "cai"})
    assert OutboundCall.objects.get(answered_at=None).request()["user"] == ["ben", "cai"]


def test_a_number_that_is_imported_does_so_too(strict: Cast) -> None:
    Guide.objects.filter(userid="cai").update(staff_number="")
    strict.code()
    OutboundCall.objects.update(answered_at=NOW, state="done")
    staff.number({strict.guide("cai").pk: "A007"}, at=NOW)
    assert OutboundCall.objects.get(answered_at=None).request()["user"] == ["ben", "cai"]


def test_being_activated_ends_the_refusal(cast: Cast) -> None:
    Guide.objects.filter(userid="cai").update(status="inactive", wecom_status=4, contact_trouble="41054")
    learn(cast, told(cast, "cai"), followers={"cai"})
    assert cast.guide("cai").contact_trouble == "" and cast.guide("cai").is_able()


def test_leavers_are_not_listed(cast: Cast) -> None:
    roster.left([(cast.corp.pk, "cai", NOW)], at=NOW)
    assert unready(cast) == []


def test_everybody_sees_the_own_stores(cast: Cast) -> None:
    Guide.objects.filter(userid__in=["cai", "dong", "gu"]).update(can_contact=False)
    shown = {name: [who for who, _ in unready(cast, getattr(cast, name))] for name in ("ada", "rita", "ben", "fang")}
    assert shown == {"ada": ["cai", "dong", "gu"], "rita": ["cai", "dong"], "ben": ["cai"], "fang": ["gu"]}


def test_counts_by_reason_and_store(cast: Cast) -> None:
    Guide.objects.filter(userid__in=["ben", "cai"]).update(can_contact=False)
    Guide.objects.filter(userid="dong").update(status="inactive", wecom_status=4)
    found = readiness.unready(cast.ada)
    assert [(str(r), n) for r, n in readiness.counted(found)] == [("no_contact", 2), ("not_activated", 1)]
    assert [(row["code"], row["n"]) for row in readiness.by_store(found)] == [("S001", 2), ("S002", 1)]


def test_a_thousand_guides_cost_no_more_queries_than_three(cast: Cast) -> None:
    people = Guide.objects.bulk_create(Guide(corp=cast.corp, userid=f"g{n}", status="inactive") for n in range(1000))
    Posting.objects.bulk_create(Posting(guide=g, store=cast.nanjing_road, starts_at=NOW) for g in people)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        found = readiness.unready(cast.ada)
        assert readiness.counted(found)[0].guides == 1000
        assert len(list(readiness.described(found.select_related("guide", "store")))) == 1000
    assert len(seen) <= 3


def test_asking_for_numbers_takes_out_who_has_none_and_ceasing_puts_her_back(cast: Cast) -> None:
    Guide.objects.exclude(userid="cai").update(staff_number="A001")
    cast.code()
    OutboundCall.objects.update(answered_at=NOW, state="done")
    assert codes.ask_for_numbers(NOW) == 0
    for asked in (True, False):
        Corp.objects.update(staff_number_required=asked)
        assert (codes.ask_for_numbers(NOW), codes.ask_for_numbers(NOW)) == (1, 0)
    users = [call.request()["user"] for call in OutboundCall.objects.filter(answered_at=None).order_by("pk")]
    assert users == [["ben"], ["ben", "cai"]]


def get(client: Any, person: Any, path: str = "/codes/readiness/", **query: str) -> Any:
    client.force_login(person)
    return client.get(path, query)


@pytest.fixture
def ill(cast: Cast) -> Cast:
    """Cai has not verified, Gu has no customer contact."""
    Guide.objects.filter(userid="cai").update(contact_trouble="41054", contact_trouble_at=NOW)
    Guide.objects.filter(userid="gu").update(can_contact=False)
    return cast


def test_the_page_shows_each_viewer_the_own_store(ill: Cast, client: Any) -> None:
    shown = {name: get(client, getattr(ill, name)).text for name in ("ada", "ben", "fang", "rita")}
    assert {name: ("Cai" in text, ">Gu<" in text) for name, text in shown.items()} == {
        "ada": (True, True), "ben": (True, False), "fang": (False, True), "rita": (True, False),
    }  # fmt: skip
    assert "实名认证" in shown["ben"] and "41054" in shown["ben"]


def test_guides_agencies_and_strangers_see_nothing(ill: Cast, client: Any) -> None:
    assert [get(client, getattr(ill, name)).status_code for name in ("cai", "ivy", "eve")] == [403] * 3
    client.logout()
    assert client.get("/codes/readiness/").status_code == 302


def test_one_may_choose_store_and_reason(ill: Cast, client: Any) -> None:
    in_south = get(client, ill.ada, store=ill.fangs_first.public_id).text
    unverified = get(client, ill.ada, reason="unverified").text
    assert "天河店 ·" in in_south and ">Cai<" not in in_south
    assert "Cai" in unverified and "<b>Gu</b>" not in unverified
    of_others = get(client, ill.fang, store=ill.nanjing_road.public_id).text
    assert "Cai" not in of_others and "南京路店" not in of_others


def test_where_all_are_ready_it_says_so(cast: Cast, client: Any) -> None:
    assert "全部就绪" in get(client, cast.ben).text


def test_who_is_only_known_by_letters_is_shown_to_hq(cast: Cast, client: Any) -> None:
    Guide.objects.create(corp=cast.corp, userid="seen-in-a-letter")
    assert "seen-in-a-letter" in get(client, cast.ada).text
    assert "seen-in-a-letter" not in get(client, cast.ben).text


def test_the_export_is_for_spreadsheets_and_stands_in_the_book(ill: Cast, client: Any) -> None:
    Guide.objects.filter(userid="cai").update(name="=cmd|x")
    answer = get(client, ill.ada, "/codes/readiness/export/")
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row[3] for row in rows[1:]] == ["cai", "gu"] and rows[1][2] == "'=cmd|x" and rows[1][6] == "41054"
    assert Entry.objects.get(verb="guide.exported").actor_id == ill.ada.pk
    assert get(client, ill.cai, "/codes/readiness/export/").status_code == 403


def test_one_whom_wecom_refused_is_tried_again_at_once(ill: Cast, client: Any) -> None:
    ill.code()
    OutboundCall.objects.update(answered_at=NOW, state="done")
    client.force_login(ill.ben)
    cai, gu = ill.guide("cai").public_id, ill.guide("gu").public_id
    assert client.post("/codes/readiness/", {"guide": gu}).status_code == 404
    assert client.post("/codes/readiness/", {"guide": cai}).status_code == 302
    assert ill.guide("cai").contact_trouble == ""
    assert OutboundCall.objects.get(answered_at=None).request()["user"] == ["ben", "cai"]
    client.post("/codes/readiness/", {"guide": cai})
    assert Entry.objects.filter(verb="guide.tried_again").count() == 1
