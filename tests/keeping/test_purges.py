"""What is too old goes, in short batches, resumable; what is young, waits, or is owed to somebody stays."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections

from members.models import Marking, Tag, TagGroup
from scrm.audit import alarms
from scrm.audit.models import Alarm, Purge
from scrm.keeping import purges
from scrm.keeping.rules import RULES, Rule
from scrm.rest.models import KeptAnswer
from scrm.wecom.models import Letter, OutboundCall
from tests.cast import MEI, NOW, Cast
from tests.watch.conftest import letters  # noqa: F401

RULE = {rule.name: rule for rule in RULES}
OLD, YOUNG = NOW - timedelta(days=40), NOW - timedelta(days=20)
ANCIENT = NOW - timedelta(days=300)


@pytest.mark.django_db
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_names_a_table_and_may_do_what_it_says(rule: Rule) -> None:
    assert purges.purge(rule, NOW) == 0
    assert Purge.objects.get(rule=rule.name).ran_at == NOW


@pytest.mark.django_db
def test_old_letters_lose_their_text_and_stay_in_the_book(letters: Any) -> None:  # noqa: F811
    old, young = letters(1, at=OLD)[0], letters(1, at=YOUNG)[0]
    parked = letters(1, at=OLD, state="parked")[0]
    assert purges.purge(RULE["LETTER_BODIES"], NOW) == 1
    bodies = {letter.pk: bytes(letter.body) for letter in Letter.objects.all()}
    assert bodies == {old.pk: b"", young.pk: b"sealed", parked.pk: b"sealed"}, "a parked letter may be replayed"


@pytest.mark.django_db
def test_ancient_letters_go_and_those_that_wait_never_do(letters: Any) -> None:  # noqa: F811
    letters(2, at=ANCIENT)
    waiting, young = letters(1, at=ANCIENT, state="waiting")[0], letters(1, at=OLD)[0]
    assert purges.purge(RULE["LETTERS"], NOW) == 2
    assert set(Letter.objects.values_list("pk", flat=True)) == {waiting.pk, young.pk}


def a_call(cast: Cast, **said: Any) -> OutboundCall:
    when = {"due_at": OLD, "created_at": OLD, "answered_at": OLD, "told_at": OLD}
    more = {"corp": cast.corp, "api": "message/send", "body": b"x", "result": {"a": 1}, "state": "done"}
    return OutboundCall.objects.create(**{**when, **more, **said})


@pytest.mark.django_db
def test_calls_lose_what_they_said_once_everybody_has_heard_the_answer(cast: Cast) -> None:
    done, untold = a_call(cast), a_call(cast, told_at=None)
    planned = a_call(cast, state="planned", answered_at=None, told_at=None)
    assert purges.purge(RULE["CALL_BODIES"], NOW) == 1
    emptied = [call.pk for call in OutboundCall.objects.all() if not bytes(call.body)]
    assert emptied == [done.pk]
    assert purges.purge(RULE["CALLS"], NOW + timedelta(days=300)) == 1
    assert set(OutboundCall.objects.values_list("pk", flat=True)) == {untold.pk, planned.pk}


@pytest.mark.django_db
def test_alarms_that_are_over_go_and_open_ones_stay() -> None:
    for subject in ("over", "open"):
        alarms.sound("unknown_state", subject, at=NOW - timedelta(days=500))
    alarms.end("unknown_state", "over", at=NOW - timedelta(days=450))
    assert purges.purge(RULE["ALARMS"], NOW) == 1
    assert Alarm.objects.get().subject == "open"


@pytest.mark.django_db
def test_kept_answers_go_after_a_day() -> None:
    person = get_user_model().objects.create_user("ada", "ada-opens-the-shop")
    for key, days in (("old", 2), ("young", 0)):
        at = NOW - timedelta(days=days)
        KeptAnswer.objects.create(person=person, key=key, asked=b"", status=201, body="{}", kept_at=at)
    assert purges.purge(RULE["ANSWERS"], NOW) == 1
    assert KeptAnswer.objects.get().key == "young"


@pytest.mark.django_db
def test_it_goes_on_where_it_was_stopped(letters: Any, monkeypatch: Any) -> None:  # noqa: F811
    letters(25, at=OLD)
    taken = purges._step
    steps: Iterator[int] = iter(range(2))
    monkeypatch.setattr(purges, "_step", lambda *a: taken(*a) if next(steps, None) is not None else None)
    assert purges.purge(RULE["LETTER_BODIES"], NOW, batch=10) == 20
    monkeypatch.setattr(purges, "_step", taken)
    assert purges.purge(RULE["LETTER_BODIES"], NOW, batch=10) == 5
    assert Purge.objects.get().removed == 25


@pytest.mark.django_db
def test_twice_changes_nothing(letters: Any) -> None:  # noqa: F811
    letters(5, at=OLD)
    letters(5, at=ANCIENT)
    first = purges.run(NOW)
    assert (first["LETTERS"], first["LETTER_BODIES"]) == (5, 10)
    assert not any(purges.run(NOW).values())


MILLION = """
INSERT INTO wecom_letter (receiver_id, corp_id, digest, body, stream, shard, event, change_type, happened_at,
                          received_at, welcome, due_at, state, attempts, last_error, handled_at)
SELECT 1, 1, decode(lpad(to_hex(n), 64, '0'), 'hex'), decode(repeat('ab', 400), 'hex'), 'wm' || n %% 10000, n %% 64,
       'change_external_contact', 'add_external_contact', t, t, 'none', t, 'applied', 1, '', t
FROM (SELECT n, %s::timestamptz + n * interval '10 ms' AS t FROM generate_series(%s::int, %s::int) n) AS x
"""


def size() -> int:
    """Bytes of the table with its indexes, after a VACUUM as autovacuum makes it."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("VACUUM wecom_letter")
        cursor.execute("SELECT pg_total_relation_size('wecom_letter')")
        found = int(cursor.fetchone()[0])
    connection.close()  # the next one is the app role again
    return found


def put(since: int, until: int, at: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MILLION, [at, since, until])


class Door(threading.Thread):
    """Letters keep coming while the purge runs; it notes the slowest."""

    def __init__(self) -> None:
        super().__init__()
        self.enough, self.slowest, self.stored = threading.Event(), 0.0, 0

    def run(self) -> None:
        while not self.enough.wait(0.02):
            began = time.monotonic()
            put(5_000_000 + self.stored, 5_000_000 + self.stored, NOW)
            self.slowest, self.stored = max(self.slowest, time.monotonic() - began), self.stored + 1
        connections.close_all()


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_a_million_handled_letters_go_in_bounded_time_while_the_door_stays_open() -> None:
    put(1, 1_000_000, ANCIENT)
    full = size()
    door = Door()
    door.start()
    began = time.monotonic()
    removed = purges.purge(RULE["LETTERS"], NOW)
    took = time.monotonic() - began
    door.enough.set()
    door.join()
    assert removed == 1_000_000
    assert took < 120, "a night's stress day of three millions ends long before morning"
    assert door.stored > 10
    assert door.slowest < 3, "WeCom hangs up after five seconds"
    size()
    put(2_000_001, 2_900_000, NOW)
    assert size() < 1.2 * full, "the room of those that went is used again"


@pytest.mark.django_db
def test_settled_wishes_about_tags_go_and_open_ones_stay(cast: Cast) -> None:
    cast.add(MEI, "cai")
    tag = Tag.objects.create(group=TagGroup.objects.create(corp=cast.corp, group_id="etG", name="等级"), name="VIP")
    said: dict[str, Any] = {"member": cast.member(MEI), "tag": tag, "corp": cast.corp, "userid": "cai", "puts_on": True}
    kept = [
        Marking.objects.create(**said, at=at, state=state, settled_at=at if state == "done" else None).pk
        for at, state in ((ANCIENT, "waiting"), (ANCIENT, "asked"), (YOUNG, "done"))
    ]
    for state in ("done", "refused", "cancelled"):
        Marking.objects.create(**said, at=ANCIENT, state=state, settled_at=ANCIENT)
    assert purges.purge(RULE["MARKINGS"], NOW) == 3
    assert set(Marking.objects.values_list("pk", flat=True)) == set(kept)
