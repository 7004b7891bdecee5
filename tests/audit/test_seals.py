"""The chain of daily seals: who touches the book is found out, by day and entry."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from scrm.audit import entries, months, seals, tasks
from scrm.audit.models import Alarm, Entry, Leaves, Seal
from tests.cast import NOW, after


@pytest.fixture
def book(db: None) -> list[Entry]:
    """Three days of entries, all sealed; the last is that of 2026-03-04."""
    written = [entries.record("x.changed", by="sync", at=after(days=n // 4, hours=n % 4), n=n) for n in range(12)]
    seals.seal(at=after(days=3))
    return written


def superuser(sql: str, as_owner: Any, *values: Any) -> None:
    """What only who owns the tables can do, and nothing in the product does."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER only_grows")
        cursor.execute(sql, values)


def found() -> list[tuple[str, str, int | None]]:
    return [(str(one.day), one.what, one.entry) for one in seals.broken()]


def test_an_untouched_book_is_whole(book: list[Entry]) -> None:
    assert [(str(one.day), one.entries) for one in Seal.objects.order_by("day")] == [
        ("2026-03-02", 4),
        ("2026-03-03", 4),
        ("2026-03-04", 4),
    ]
    assert found() == []


def test_sealing_again_adds_nothing(book: list[Entry]) -> None:
    assert seals.seal(at=after(days=3, hours=2)) == []


def test_a_day_is_sealed_when_it_has_ended(db: None) -> None:
    entries.record("x.changed", by=None, at=NOW)
    assert seals.seal(at=after(hours=12)) == []  # midnight in Shanghai: what began before may not be committed yet
    assert len(seals.seal(at=after(hours=13))) == 1


EDITS = {
    "verb": "'x.read'",
    "at": "at + interval '1 second'",
    "actor_id": "7",
    "detail": """'{"n": 99}'""",
    "address": "'203.0.113.9'",
    "customer": "'m_other'",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edited_entry_is_named(book: list[Entry], as_owner: Any, column: str) -> None:
    superuser(f"UPDATE audit_entry SET {column} = {EDITS[column]} WHERE id = %s", as_owner, book[5].pk)
    assert found() == [("2026-03-03", "changed", book[5].pk)]


def test_the_command_names_the_first_day_and_entry(book: list[Entry], as_owner: Any, capsys: Any) -> None:
    superuser("UPDATE audit_entry SET verb = 'x' WHERE id = ANY(%s)", as_owner, [book[5].pk, book[9].pk])
    with pytest.raises(CommandError, match="the first on 2026-03-03"):
        call_command("verify_audit")
    assert f"2026-03-03: entry {book[5].pk} was changed" in capsys.readouterr().out


def test_the_night_notices(book: list[Entry], as_owner: Any) -> None:
    superuser("UPDATE audit_entry SET verb = 'x' WHERE id = %s", as_owner, book[9].pk)
    with time_machine.travel(after(days=3), tick=False):
        tasks.close_the_day()
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject, alarm.detail["entry"]) == ("audit_touched", "2026-03-04", book[9].pk)


def test_a_removed_and_an_added_entry_are_named(book: list[Entry], as_owner: Any) -> None:
    superuser("DELETE FROM audit_entry WHERE id = %s", as_owner, book[2].pk)
    assert found() == [("2026-03-02", "missing", book[2].pk)]
    again = "INSERT INTO audit_entry (id, at, verb, kind, subject_id, detail) VALUES (%s, %s, 'x', '', '', '{}')"
    superuser(again, as_owner, book[2].pk, book[2].at)
    assert found() == [("2026-03-02", "changed", book[2].pk)]


def test_who_makes_the_digests_anew_lacks_the_key(book: list[Entry], as_owner: Any) -> None:
    superuser("UPDATE audit_entry SET verb = 'x.read' WHERE id = %s", as_owner, book[5].pk)
    block = Leaves.objects.get(day=date(2026, 3, 3))
    with connection.cursor() as cursor:
        cursor.execute(seals.NOW, [block.first_id, block.last_id])
        forged = bytes(cursor.fetchone()[0])
    superuser("UPDATE audit_leaves SET leaves = %s WHERE id = %s", as_owner, forged, block.pk)
    assert found() == [("2026-03-03", "seal", None)]


def test_a_seal_taken_out_breaks_the_next(book: list[Entry], as_owner: Any) -> None:
    superuser("DELETE FROM audit_seal WHERE day = '2026-03-03'", as_owner)
    assert found() == [("2026-03-04", "seal", None)]


def test_a_head_noted_elsewhere_must_still_be_there(book: list[Entry]) -> None:
    head = bytes(Seal.objects.get(day="2026-03-03").head).hex()
    call_command("verify_audit", "--head", f"2026-03-03:{head}")
    with pytest.raises(CommandError, match="not the one that was noted"):
        call_command("verify_audit", "--head", f"2026-03-03:{'0' * 64}")


def test_keys_may_be_rotated(book: list[Entry], settings: Any) -> None:
    settings.FIELD_KEYS = ["another key, which seals from now on, as long as it needs to be", *settings.FIELD_KEYS]
    entries.record("x.changed", by=None, at=after(days=3))
    seals.seal(at=after(days=4))
    assert (Seal.objects.count(), found()) == (4, [])
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert [what for _day, what, _entry in found()] == ["seal"] * 3


def test_late_entries_belong_to_the_next_seal(book: list[Entry]) -> None:
    late = entries.record("x.late", by=None, at=NOW)
    seals.seal(at=after(days=4))
    assert found() == []
    assert Seal.objects.get(day="2026-03-05").first_id <= late.pk


def test_an_entry_of_the_future_holds_nothing_up(db: None, as_owner: Any) -> None:
    written = [entries.record("x.changed", by=None, at=at) for at in (NOW, after(days=9000), NOW)]
    seals.seal(at=after(days=1))
    assert Seal.objects.get().entries == 3
    superuser("DELETE FROM audit_entry WHERE id = %s", as_owner, written[1].pk)
    assert found() == [("2026-03-02", "missing", written[1].pk)]


def test_a_month_that_was_dropped_is_no_break(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_months('2019-01-01', '2019-02-01')")
    for n in range(20, 50, 7):
        entries.record("x.changed", by=None, at=after(days=-365 * 7 - n))
    seals.seal(at=after(days=-365 * 7 - 10))
    months.drop(date(2019, 2, 1), at=NOW)
    assert (Entry.objects.filter(verb="x.changed").count(), found()) == (2, [])


def test_a_month_that_just_vanished_is_one(db: None, as_owner: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_months('2019-01-01', '2019-02-01')")
    gone = entries.record("x.changed", by=None, at=after(days=-365 * 7 - 50))
    seals.seal(at=after(days=-365 * 7 - 48))
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_drop_months('2019-02-01')")
    assert found() == [("2019-01-13", "missing", gone.pk)]


@pytest.mark.parametrize("nth", [0, 999, 1000, 1999, 2000, 2400])
def test_a_big_day_is_sealed_in_blocks(db: None, as_owner: Any, nth: int) -> None:
    written = Entry.objects.bulk_create(Entry(at=NOW, verb="x.changed", detail={"n": n}) for n in range(2401))
    seals.seal(at=after(days=1))
    assert (Leaves.objects.count(), found()) == (3, [])
    superuser("DELETE FROM audit_entry WHERE id = %s", as_owner, written[nth].pk)
    assert found() == [("2026-03-02", "missing", written[nth].pk)]
