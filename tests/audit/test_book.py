"""What stands in the book: who, what, from where; and what never does."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from members.models import Member
from scrm.audit import entries, kinds, months, visits
from scrm.audit.models import Entry
from tests.cast import MEI, NOW, Cast, after


def client_of(person: Any, **meta: Any) -> Client:
    client = Client(**meta)
    client.force_login(person)
    return client


def test_a_read_says_who_whom_and_from_where(cast: Cast) -> None:
    mei = cast.add(MEI, "cai").member
    client_of(cast.ben, REMOTE_ADDR="198.51.100.7").get(f"/api/v1/members/{mei.public_id}/")
    one = Entry.objects.get(verb="member.read")
    assert (one.actor_id, one.customer, one.address, one.rows) == (cast.ben.pk, mei.public_id, "198.51.100.7", None)
    assert len(one.request_id) == 36


def test_a_relation_is_read_for_its_customer(cast: Cast) -> None:
    relation = cast.add(MEI, "cai")
    client_of(cast.ada).get(f"/admin/guides/relation/{relation.pk}/change/")
    assert Entry.objects.get(verb="relation.read").customer == relation.member.public_id


def test_a_list_is_one_entry_with_its_rows_and_filters(cast: Cast) -> None:
    for n in range(3):
        cast.add(f"wm{n:030d}", "cai")
    client_of(cast.ada).get(f"/api/v1/relations/?guide=cai&page_size=2&store={cast.nanjing_road.public_id}")
    one = Entry.objects.get(verb="relation.read")
    wanted = {"guide": "cai", "page_size": "2", "store": cast.nanjing_road.public_id}
    assert (one.rows, one.detail["filters"]) == (2, wanted)


@pytest.mark.parametrize("word", ["13800138000", "+8613800138000", "梅花", "mei hua", "x" * 80])
def test_what_may_be_a_name_or_a_phone_is_not_kept(db: None, word: str) -> None:
    assert entries.told({"phone": word, "q": word, "state": word}) == {"phone": "…", "q": "…", "state": "…"}


@pytest.mark.parametrize("name", ["q", "name", "name__icontains", "identity__phone"])
def test_a_search_is_hidden_even_where_it_looks_like_an_id(db: None, name: str) -> None:
    assert entries.told({name: "Mei"}) == {name: "…"}


def test_a_search_at_the_desk_is_not_written_down(cast: Cast) -> None:
    cast.add(MEI, "cai")
    Member.objects.update(name="梅花三弄")
    client_of(cast.ada).get("/admin/members/member/?q=梅花三弄")
    assert "梅花" not in str(list(Entry.objects.values()))


def test_a_refusal_stands_in_the_book(cast: Cast) -> None:
    client_of(cast.ivy).get("/api/v1/members/")
    one = Entry.objects.get(verb="page.refused")
    assert (one.actor_id, one.detail) == (cast.ivy.pk, {"page": "api:member-list", "method": "GET"})


def test_who_is_not_signed_in_fills_no_book(db: None) -> None:
    Client().get("/api/v1/members/")
    Client(enforce_csrf_checks=True).post("/login/", {"username": "x", "password": "y"})
    assert not Entry.objects.filter(verb="page.refused").exists()


def test_the_system_acts_by_its_name(cast: Cast) -> None:
    entries.record("guide.changed", by="sync", subject=cast.guide("cai"), at=NOW)
    one = Entry.objects.get(verb="guide.changed")
    assert (one.actor_id, one.system, one.address) == (None, "sync", None)
    assert kinds.part("sync") != "sync"


def test_a_failed_sign_in_keeps_nothing_that_was_typed(cast: Cast) -> None:
    entries.record_failed_sign_in(None, how="password", at=NOW)
    entries.record_failed_sign_in(cast.cai, how="password", at=NOW)
    said = Entry.objects.filter(verb="person.sign_in_failed").order_by("id").values_list("subject_id", flat=True)
    assert list(said) == ["", cast.cai.public_id]


@pytest.mark.parametrize(("text", "kept"), [("::1", "::1"), ("unix:", None), ("1.2.3.4, 5.6.7.8", None), ("", None)])
def test_an_address_is_an_address_or_nothing(text: str, kept: str | None) -> None:
    with visits.from_address(text):
        assert visits.address() == kept
    assert visits.address() is None


def test_changes_at_the_desk_tell_what_turned(cast: Cast) -> None:
    said = {"name": "Cai", "username": "cai", "seats-TOTAL_FORMS": 0, "seats-INITIAL_FORMS": 0}
    client_of(cast.ada).post(f"/admin/stores/person/{cast.cai.pk}/change/", said)
    one = Entry.objects.get(verb="person.changed")
    assert one.detail["values"] == {"is_active": ["True", "False"]}


REWRITES = [
    "UPDATE audit_entry SET verb = 'x'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "UPDATE {part} SET verb = 'x'",
    "DELETE FROM {part}",
    "TRUNCATE {part}",
]


def part_of(entry: Entry) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM audit_entry WHERE id = %s", [entry.pk])
        return str(cursor.fetchone()[0])


@pytest.fixture
def guarded(as_owner: Any) -> None:
    """As in production, where no test has to empty tables."""
    from tests.conftest import MAY_EMPTY

    with as_owner(), connection.cursor() as cursor:
        cursor.execute(MAY_EMPTY.replace("DISABLE", "ENABLE"))


@pytest.mark.parametrize("sql", REWRITES)
@pytest.mark.parametrize("at", [NOW, None])
def test_not_even_the_owner_rewrites_it(cast: Cast, as_owner: Any, guarded: None, sql: str, at: Any) -> None:
    from scrm import clock

    entry = entries.record("store.changed", by=cast.ada, subject=cast.xujiahui, at=at or clock.now())
    part = part_of(entry)
    with (
        as_owner(),
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format(part=part))


@pytest.mark.parametrize("sql", [*REWRITES[:2], *REWRITES[3:5], "SELECT * FROM {part}", "INSERT INTO {part} SELECT 1"])
def test_the_app_may_only_add_and_read_the_whole(cast: Cast, sql: str) -> None:
    entry = entries.record("store.changed", by=cast.ada, subject=cast.xujiahui, at=NOW)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(part=part_of(entry)))


def test_each_month_has_its_table_a_year_ahead(db: None) -> None:
    from scrm import clock

    now = clock.now()
    months.prepare(at=now)
    assert months.prepare(at=now) == 0
    entry = entries.record("x.changed", by=None, at=now + months.AHEAD)
    assert part_of(entry) == f"audit_entry_{clock.day_of(now + months.AHEAD):%Y_%m}"


def test_whole_months_go_and_the_book_says_so(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_months('2019-01-01', '2019-02-01')")
    old = [entries.record("x.changed", by=None, at=after(days=-365 * 7 - delta)) for delta in (10, 50)]
    assert [part_of(one) for one in old] == ["audit_entry_2019_02", "audit_entry_2019_01"]
    gone = months.drop(NOW.date().replace(year=2019, month=2, day=1), at=NOW)
    assert [str(month) for month in gone] == ["2019-01-01"]
    assert list(Entry.objects.order_by("at").values_list("verb", flat=True)) == ["x.changed", "audit.month_dropped"]


def test_no_month_goes_before_half_a_year(db: None) -> None:
    from scrm import clock

    entries.record("x.changed", by=None, at=clock.now())
    assert months.drop(clock.day_of(clock.now() + months.AHEAD), at=clock.now()) == []
    assert Entry.objects.filter(verb="x.changed").exists()
