"""Handing on: batches, order within a stream, letters that fail, letters that wait, several workers at once."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import connection

from scrm.audit.models import Alarm, Entry
from scrm.wecom import events, inbox
from scrm.wecom.models import Letter
from tests.wecom.conftest import NOW

Deliver = Callable[..., Letter]
Later = Callable[[float], datetime]


class Ear:
    """Remembers what it was told, and cannot stand some customers."""

    def __init__(self, *unbearable: str) -> None:
        self.calls: list[list[str]] = []
        self.unbearable = set(unbearable)

    def __call__(self, received: Sequence[events.Received[Any]]) -> None:
        who = [one.event.external_userid for one in received]
        if self.unbearable.intersection(who):
            raise ZeroDivisionError("Mei, 13800000000")
        self.calls.append(who)

    def heard(self) -> list[str]:
        return [who for call in self.calls for who in call]


def states() -> dict[str, str]:
    return dict(Letter.objects.values_list("stream", "state"))


def test_a_batch_is_one_call_in_order_of_arrival(deliver: Deliver, routes: ModuleType) -> None:
    ear = Ear()
    routes.ROUTES = {events.ContactAdded: (ear,)}
    for name in ("wm1", "wm2", "wm3"):
        deliver(external_userid=name)
    assert inbox.hand_on(NOW) == 3
    assert ear.calls == [["wm1", "wm2", "wm3"]]
    assert states() == {"wm1": "applied", "wm2": "applied", "wm3": "applied"}
    assert inbox.hand_on(NOW) == 0


def test_a_letter_tells_its_handler_where_it_came_from(deliver: Deliver, routes: ModuleType) -> None:
    told: list[events.Received[Any]] = []
    routes.ROUTES = {events.ContactAdded: (told.extend,)}
    letter = deliver(state="s1")
    inbox.hand_on(NOW)
    assert told == [events.Received(letter.pk, bytes(letter.digest), letter.corp_id, told[0].event, NOW)]
    assert told[0].event == events.ContactAdded("cai", "wmMei", "s1", "", NOW)


def test_each_handler_of_a_type_is_told(deliver: Deliver, routes: ModuleType) -> None:
    ears = Ear(), Ear()
    routes.ROUTES = {events.ContactAdded: ears}
    deliver()
    inbox.hand_on(NOW)
    assert [ear.heard() for ear in ears] == [["wmMei"], ["wmMei"]]


def test_calls_follow_the_order_of_each_stream(deliver: Deliver, routes: ModuleType) -> None:
    order: list[tuple[str, list[str]]] = []

    def note(received: Sequence[events.Received[Any]]) -> None:
        order.append((type(received[0].event).__name__, [one.event.external_userid for one in received]))

    routes.ROUTES = {events.ContactAdded: (note,), events.CustomerDeletedGuide: (lambda received: note(received),)}
    for who, change in [("a", "add"), ("b", "del"), ("b", "add"), ("a", "del"), ("c", "add"), ("a", "add")]:
        deliver(
            external_userid=who,
            change={"add": "add_external_contact", "del": "del_follow_user"}[change],
            at=NOW + timedelta(seconds=len(order)),
            more=f"<N>{who}{change}{Letter.objects.count()}</N>",
        )
    inbox.hand_on(NOW)
    assert order == [("ContactAdded", ["a", "c"]), ("CustomerDeletedGuide", ["b", "a"]), ("ContactAdded", ["b", "a"])]


def test_types_with_the_same_handlers_share_a_call(deliver: Deliver, routes: ModuleType) -> None:
    ear = Ear()
    routes.ROUTES = {events.ContactAdded: (ear,), events.CustomerDeletedGuide: (ear,)}
    for n, change in enumerate(["add_external_contact", "del_follow_user", "add_external_contact"]):
        deliver(external_userid="wm1", change=change, at=NOW + timedelta(seconds=n))
    inbox.hand_on(NOW + timedelta(seconds=9))
    assert ear.calls == [["wm1", "wm1", "wm1"]]


def test_a_letter_that_nobody_wants_is_applied(deliver: Deliver) -> None:
    deliver()
    inbox.hand_on(NOW)
    assert states() == {"wmMei": "applied"}


def test_an_unknown_letter_is_kept_and_can_be_replayed_by_a_later_version(
    deliver: Deliver, routes: ModuleType, monkeypatch: pytest.MonkeyPatch, django_user_model: Any
) -> None:
    letter = deliver(change="a_change_of_tomorrow")
    inbox.hand_on(NOW)
    letter.refresh_from_db()
    assert letter.state == Letter.State.UNKNOWN
    ear = Ear()
    routes.ROUTES = {events.ContactAdded: (ear,)}
    monkeypatch.setitem(events.KINDS, ("change_external_contact", "a_change_of_tomorrow"), events._added)
    assert inbox.replay([letter], by=None, at=NOW) == 1
    inbox.hand_on(NOW)
    assert ear.heard() == ["wmMei"]
    assert Entry.objects.get().verb == "wecom.letter.replay"


def test_one_bad_letter_does_not_spoil_a_hundred(deliver: Deliver, routes: ModuleType) -> None:
    ear = Ear("wm13")
    routes.ROUTES = {events.ContactAdded: (ear,)}
    for number in range(101):
        deliver(external_userid=f"wm{number}")
    inbox.hand_on(NOW)
    assert sorted(ear.heard()) == sorted(f"wm{n}" for n in range(101) if n != 13)
    bad = Letter.objects.waiting().get()
    assert (bad.stream, bad.attempts, bad.due_at) == ("wm13", 1, NOW + timedelta(seconds=2))
    assert bad.last_error.startswith("ZeroDivisionError")
    assert "Mei" not in bad.last_error


def test_what_a_failed_batch_wrote_is_undone(deliver: Deliver, routes: ModuleType) -> None:
    def write_then_fail(received: Sequence[events.Received[Any]]) -> None:
        Letter.objects.filter(pk__in=[one.letter_id for one in received]).update(last_error="half done")
        raise ValueError

    routes.ROUTES = {events.ContactAdded: (write_then_fail,)}
    letter = deliver()
    inbox.hand_on(NOW)
    letter.refresh_from_db()
    assert letter.last_error.startswith("ValueError")


def test_after_eight_tries_with_growing_pauses_a_letter_is_parked(
    deliver: Deliver, routes: ModuleType, later: Later
) -> None:
    routes.ROUTES = {events.ContactAdded: (Ear("wmMei"),)}
    letter = deliver()
    due = []
    for _ in range(8):
        letter.refresh_from_db()
        due.append((letter.due_at - NOW).total_seconds())
        assert inbox.hand_on(letter.due_at - timedelta(seconds=1)) == 0
        assert inbox.hand_on(letter.due_at) == 1
    letter.refresh_from_db()
    assert due == [0, 2, 6, 14, 30, 62, 126, 254]
    assert (letter.state, letter.attempts) == ("parked", 8)
    assert inbox.hand_on(later(10_000)) == 0
    assert Alarm.objects.get().subject == str(letter.pk)


def test_a_letter_that_waits_does_not_hold_up_a_later_one_of_its_stream(deliver: Deliver, routes: ModuleType) -> None:
    ear = Ear()
    routes.ROUTES = {events.ContactAdded: (Ear("wmMei"),), events.CustomerDeletedGuide: (ear,)}
    deliver()
    inbox.hand_on(NOW)
    deliver(change="del_follow_user")
    assert inbox.hand_on(NOW) == 1
    assert ear.heard() == ["wmMei"]


def test_a_letter_that_nobody_can_read_is_parked_at_once(deliver: Deliver) -> None:
    letter = deliver(b"<xml><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType></xml>")
    inbox.hand_on(NOW)
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("parked", 0)
    assert letter.last_error == "Unreadable: UserID is missing"


def test_a_parked_letter_has_all_its_tries_again_after_a_replay(deliver: Deliver, routes: ModuleType) -> None:
    routes.ROUTES = {events.ContactAdded: (Ear("wmMei"),)}
    letter = deliver()
    inbox.park([letter], by=None, at=NOW)
    assert inbox.hand_on(NOW) == 0
    inbox.replay([letter], by=None, at=NOW)
    assert inbox.hand_on(NOW) == 1
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("waiting", 1)


def test_a_limit_leaves_the_rest_for_the_next_round(deliver: Deliver, routes: ModuleType) -> None:
    ear = Ear()
    routes.ROUTES = {events.ContactAdded: (ear,)}
    for number in range(5):
        deliver(external_userid=f"wm{number}")
    assert [inbox.hand_on(NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert ear.heard() == [f"wm{n}" for n in range(5)]


def work_until_empty(done: list[int]) -> None:
    try:
        while count := inbox.hand_on(NOW, limit=20, shards=16):
            done.append(count)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_several_workers_apply_each_letter_once(deliver: Deliver, routes: ModuleType) -> None:
    ear = Ear()
    routes.ROUTES = {events.ContactAdded: (ear,)}
    for number in range(200):
        deliver(external_userid=f"wm{number}")
    done: list[int] = []
    workers = [threading.Thread(target=work_until_empty, args=(done,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work_until_empty(done)
    assert sorted(ear.heard()) == sorted(f"wm{n}" for n in range(200))
    assert sum(done) == 200


@pytest.mark.django_db(transaction=True)
def test_a_stream_in_the_hands_of_one_worker_is_left_alone_by_another(deliver: Deliver, routes: ModuleType) -> None:
    deliver(external_userid="wm1")
    found: list[int] = []

    def another(_received: Any) -> None:
        thread = threading.Thread(target=work_until_empty, args=(found,))
        thread.start()
        thread.join()

    routes.ROUTES = {events.ContactAdded: (another,)}
    assert inbox.hand_on(NOW) == 1
    assert found == []
