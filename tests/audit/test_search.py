"""HQ searches the book: by person, deed, thing, customer, store, day and address; by an index each time."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scrm.audit import entries
from scrm.audit.models import Entry
from tests.cast import MEI, NOW, Cast, after

LIST = "/admin/audit/entry/"
QUESTIONS = {
    "who": "cai",
    "verb": "x.changed",
    "kind": "stores.store",
    "subject_id": "{store}",
    "customer": "m_1",
    "store": "{store}",
    "address": "198.51.100.7",
    "at_from": "2026-03-03",
    "q": "m_1",
}


@pytest.fixture
def book(cast: Cast) -> Cast:
    """One entry that every question finds, and one that none does."""
    from scrm.audit.visits import from_address

    entries.record("y.changed", by=cast.ben, subject=cast.nanjing_road, at=NOW)
    with from_address("198.51.100.7"):
        here = cast.xujiahui
        entries.record("x.changed", by=cast.cai, subject=here, at=after(days=1), customer="m_1", store=here)
    return cast


def asked(who: Any, /, **query: str) -> Any:
    client = Client()
    client.force_login(who)
    return client.get(LIST, query)


def verbs(answer: Any) -> list[str]:
    return [entry.verb for entry in answer.context_data["cl"].result_list]


def test_newest_first(book: Cast) -> None:
    assert verbs(asked(book.ada))[:2] == ["x.changed", "y.changed"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_finds_its_entry(book: Cast, name: str) -> None:
    said = QUESTIONS[name].format(store=book.xujiahui.public_id)
    expected = {"x.changed", "y.changed"} if name == "kind" else {"x.changed"}
    assert set(verbs(asked(book.ada, **{name: said}))) == expected


@pytest.mark.parametrize("word", ["198.51.100.7", "{store}", "Cai"])
def test_the_search_box_knows_what_was_typed(book: Cast, word: str) -> None:
    assert verbs(asked(book.ada, q=word.format(store=book.xujiahui.public_id))) == ["x.changed"]


@pytest.mark.parametrize("query", [{"address": "nowhere"}, {"at_from": "soon"}, {"verb": "never.was"}, {"q": "%"}])
def test_nonsense_finds_nothing_or_all_and_breaks_nothing(book: Cast, query: dict[str, str]) -> None:
    assert asked(book.ada, **query).status_code == 200


def test_a_day_counts_in_full(book: Cast) -> None:
    entries.record("late.changed", by=None, at=datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC))
    assert "late.changed" in verbs(asked(book.ada, at_to="2026-03-03"))
    entries.record("next.changed", by=None, at=datetime(2026, 3, 3, 16, 0, tzinfo=UTC))
    assert "next.changed" not in verbs(asked(book.ada, at_to="2026-03-03"))


@pytest.mark.parametrize("who", ["otto", "rita", "ben"])
def test_only_who_may_sees_it(book: Cast, who: str) -> None:
    assert asked(getattr(book, who)).status_code == 403


def test_the_export_has_what_was_found_and_stands_in_the_book(book: Cast) -> None:
    client = Client()
    client.force_login(book.ann)
    said = client.get(LIST + "export/", {"customer": "m_1"}).getvalue().decode()
    assert (said.count("\n"), "x.changed" in said, "y.changed" in said) == (2, True, False)
    one = Entry.objects.get(verb="entry.exported")
    assert (one.actor_id, one.rows, one.detail) == (book.ann.pk, 1, {"filters": {"customer": "m_1"}})


def test_an_entry_leads_to_its_thing(book: Cast) -> None:
    client = Client()
    client.force_login(book.ada)
    place = f"{LIST}thing/stores.store/{book.xujiahui.public_id}/"
    assert place in asked(book.ada).content.decode()
    assert client.get(place)["Location"] == f"/admin/stores/store/{book.xujiahui.pk}/change/"
    for gone in ("stores.store/s_gone", "no.model/1", "audit.alarm/1", "stores.store/x y"):
        assert client.get(f"{LIST}thing/{gone}/")["Location"] == LIST


def test_the_customers_page_leads_to_who_looked_at_her(cast: Cast) -> None:
    mei = cast.add(MEI, "cai").member
    client = Client()
    client.force_login(cast.ada)
    assert f"{LIST}?customer={mei.public_id}" in client.get(f"/admin/members/member/{mei.pk}/change/").content.decode()
    assert verbs(asked(cast.ada, customer=mei.public_id)) == ["member.read"]
    client.force_login(cast.ben)
    assert LIST not in client.get(f"/admin/members/member/{mei.pk}/change/").content.decode()


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_reads_the_whole_book(book: Cast, as_owner: Any, name: str) -> None:
    """No month that has entries is read through, whatever is asked."""
    _fill(as_owner)
    with CaptureQueriesContext(connection) as seen:
        asked(book.ada, **{name: QUESTIONS[name].format(store=book.xujiahui.public_id)})
    pages = [one["sql"] for one in seen if 'FROM "audit_entry"' in one["sql"] and "ORDER BY" in one["sql"]]
    assert pages
    for sql in pages:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + sql)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert not re.search(r"Seq Scan on audit_entry_(2026_0[123]|rest)", plan), plan


def _fill(as_owner: Any) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_months('2026-01-01', '2026-04-01')")
        cursor.execute(
            "INSERT INTO audit_entry (at, actor_id, verb, kind, subject_id, customer, store, address, detail) "
            "SELECT timestamptz '2026-01-01' + n * interval '6 minutes', 1000000 + n % 500, 'member.read', "
            "'members.member', 'm_' || n % 5000, 'm_' || n % 5000, 's_' || n % 100, '10.0.0.1'::inet + n % 200, '{}' "
            "FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE audit_entry")
