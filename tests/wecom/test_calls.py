"""Outbound calls: planned once, made after the commit, tried again by the table, never made twice if that matters."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import transaction

from scrm.audit.models import Alarm
from scrm.wecom import calls
from scrm.wecom.client import Client
from scrm.wecom.models import OutboundCall, Receiver
from tests.wecom.conftest import NOW
from tests.wecom.wire import NO_CONNECTION, OK, TIMEOUT, Wire

ADD, REMARK = "externalcontact/add_contact_way", "externalcontact/remark"
LIST, GET = "externalcontact/list_contact_way", "externalcontact/get_contact_way"
WAY = {**OK, "config_id": "c1", "qr_code": "http://127.0.0.1/q.png"}

pytestmark = pytest.mark.usefixtures("voice", "routes")
Later = Callable[[float], datetime]


@pytest.fixture
def answered(routes: ModuleType) -> list[OutboundCall]:
    """What listeners were told."""
    heard: list[OutboundCall] = []
    routes.ANSWERS = dict.fromkeys((ADD, REMARK), lambda found, at: heard.extend(found))
    return heard


def plan(receiver: Receiver, api: str = REMARK, **how: Any) -> OutboundCall:
    return calls.plan(receiver.corp, api, {"state": "s1"}, at=NOW, **how)


def test_a_call_is_made_once_and_its_answer_handed_on(
    receiver: Receiver, wire: Wire, answered: list[OutboundCall]
) -> None:
    wire.says(ADD, WAY)
    planned = plan(receiver, ADD)
    assert calls.lane(NOW, threads=1) == 2
    assert calls.lane(NOW, threads=1) == 0
    assert wire.bodies(ADD) == [{"state": "s1"}]
    assert [(c.pk, c.state, c.result) for c in answered] == [
        (planned.pk, "done", {"config_id": "c1", "qr_code": WAY["qr_code"]})
    ]


def test_two_plans_with_one_key_are_one_call(receiver: Receiver, wire: Wire) -> None:
    wire.says(REMARK, OK)
    assert plan(receiver, key="k") == plan(receiver, key="k")
    calls.plan_all([calls.Plan(receiver.corp, REMARK, {}, "k"), calls.Plan(receiver.corp_id, REMARK, {}, "l")], at=NOW)
    assert calls.make(NOW) == 2


def test_a_call_of_a_transaction_that_failed_is_never_made(receiver: Receiver) -> None:
    with transaction.atomic():
        plan(receiver)
        transaction.set_rollback(True)
    assert calls.make(NOW) == 0


def test_a_busy_wecom_is_asked_again_with_growing_pauses_eight_times(
    receiver: Receiver, wire: Wire, answered: list[OutboundCall]
) -> None:
    wire.says(REMARK, -1)
    call = plan(receiver)
    waited = []
    for _ in range(8):
        call.refresh_from_db()
        waited.append(round((call.due_at - NOW).total_seconds()))
        assert calls.make(call.due_at) == 1
    call.refresh_from_db()
    assert waited == [0, 2, 6, 14, 30, 62, 126, 254]
    assert (call.state, call.attempts, call.errcode) == ("failed", 8, -1)
    calls.tell(call.due_at)
    assert [c.state for c in answered] == ["failed"]


@pytest.mark.parametrize("code", [40003, 84061, 40058, 999_999])
def test_what_cannot_succeed_is_asked_once(receiver: Receiver, wire: Wire, code: int) -> None:
    wire.says(REMARK, code)
    call = plan(receiver)
    assert [calls.make(NOW + timedelta(hours=n)) for n in range(2)] == [1, 0]
    call.refresh_from_db()
    assert (call.state, call.errcode) == ("failed", code)


def test_a_programming_error_sounds_an_alarm(receiver: Receiver, wire: Wire) -> None:
    wire.says(REMARK, 40058)
    plan(receiver)
    calls.make(NOW)
    assert Alarm.objects.get().kind == "wecom.call.needs_fix"


def test_an_app_that_must_be_mended_is_asked_again_later_and_costs_no_tries(
    receiver: Receiver, wire: Wire, later: Later
) -> None:
    wire.says(REMARK, 60020, OK)
    call = plan(receiver)
    calls.make(NOW)
    call.refresh_from_db()
    assert (call.state, call.attempts, round((call.due_at - NOW).total_seconds())) == ("planned", 0, 600)
    assert calls.make(later(601)) == 1
    call.refresh_from_db()
    assert call.state == "done"


def test_a_ban_puts_off_all_calls_of_that_api_and_no_other(receiver: Receiver, wire: Wire) -> None:
    wire.says(REMARK, 45009)
    wire.says("externalcontact/mark_tag", OK)
    plan(receiver)
    calls.make(NOW)
    for number in range(5):
        plan(receiver, key=str(number))
    plan(receiver, "externalcontact/mark_tag")
    calls.make(NOW)
    assert (wire.count(REMARK), wire.count("externalcontact/mark_tag")) == (1, 1)
    put_off = OutboundCall.objects.filter(state="planned")
    assert {(c.attempts, c.due_at) for c in put_off} >= {(0, NOW + timedelta(seconds=60))}


def test_a_call_that_must_not_be_made_twice_is_looked_up_first(
    receiver: Receiver, wire: Wire, later: Later, answered: list[OutboundCall]
) -> None:
    wire.says(ADD, TIMEOUT)
    wire.says(
        LIST,
        {**OK, "contact_way": [{"config_id": "c0"}], "next_cursor": "x"},
        {**OK, "contact_way": [{"config_id": "c1"}]},
    )
    wire.says(GET, {**OK, "contact_way": {"state": "s0"}}, {**OK, "contact_way": {"state": "s1", "qr_code": "q"}})
    call = plan(receiver, ADD)
    calls.make(NOW)
    call.refresh_from_db()
    assert (call.state, call.in_doubt) == ("unknown", True)
    calls.lane(later(30), threads=1)
    assert wire.count(ADD) == 1
    assert [(c.state, c.result) for c in answered] == [("done", {"config_id": "c1", "qr_code": "q"})]


def test_a_call_that_left_no_trace_is_made_again(receiver: Receiver, wire: Wire, later: Later) -> None:
    wire.says(ADD, TIMEOUT, WAY)
    wire.says(LIST, {**OK, "contact_way": []})
    call = plan(receiver, ADD)
    calls.make(NOW)
    calls.make(later(30))
    call.refresh_from_db()
    assert (call.state, wire.count(ADD)) == ("done", 2)


def test_what_never_reached_wecom_is_simply_made_again(receiver: Receiver, wire: Wire, later: Later) -> None:
    wire.says(ADD, NO_CONNECTION, WAY)
    call = plan(receiver, ADD)
    calls.make(NOW)
    calls.make(later(3))
    call.refresh_from_db()
    assert (call.state, call.in_doubt, wire.count(LIST)) == ("done", False, 0)


def test_without_a_way_to_look_it_up_a_person_must(receiver: Receiver, wire: Wire, later: Later) -> None:
    wire.says("externalcontact/add_msg_template", TIMEOUT)
    call = plan(receiver, "externalcontact/add_msg_template")
    for number in range(3):
        calls.make(later(number * 60))
    call.refresh_from_db()
    assert (call.state, call.answered_at is not None, wire.count(call.api)) == ("unknown", True, 1)
    assert Alarm.objects.filter(kind="wecom.call.needs_fix").exists()


@pytest.mark.parametrize(
    ("api", "state", "made"), [(REMARK, "done", 1), (ADD, "done", 0)], ids=["harmless", "not twice"]
)
def test_a_call_of_a_process_that_died_is_taken_over(
    receiver: Receiver, wire: Wire, later: Later, api: str, state: str, made: int
) -> None:
    wire.says(api, OK)
    wire.says(LIST, {**OK, "contact_way": [{"config_id": "c1"}]})
    wire.says(GET, {**OK, "contact_way": {"state": "s1"}})
    call = plan(receiver, api)
    calls.claim(NOW, limit=10)
    assert calls.make(later(10)) == 0
    assert calls.make(later(60)) == 1
    call.refresh_from_db()
    assert (call.state, wire.count(api)) == (state, made)


def test_a_call_is_not_made_after_its_deadline(receiver: Receiver, wire: Wire, later: Later) -> None:
    wire.says(REMARK, OK)
    call = plan(receiver, deadline=later(5))
    calls.make(later(5))
    call.refresh_from_db()
    assert (call.state, call.attempts, wire.count(REMARK)) == ("expired", 0, 0)


def test_a_deaf_listener_is_told_again_and_nothing_is_made_twice(
    receiver: Receiver, wire: Wire, routes: ModuleType
) -> None:
    def deaf(_calls: Sequence[OutboundCall], _at: datetime) -> None:
        raise KeyError

    routes.ANSWERS = {REMARK: deaf}
    wire.says(REMARK, OK)
    call = plan(receiver)
    calls.make(NOW)
    tries = [calls.tell(NOW + timedelta(hours=n)) for n in range(9)]
    call.refresh_from_db()
    assert (sum(tries), call.tellings, call.told_at is not None, wire.count(REMARK)) == (8, 8, True, 1)
    assert Alarm.objects.get().kind == "wecom.answer.not_heard"


def test_one_answer_that_cannot_be_taken_does_not_spoil_the_others(
    receiver: Receiver, wire: Wire, routes: ModuleType
) -> None:
    wire.says(REMARK, OK)
    planned = [plan(receiver, key=str(number)) for number in range(9)]
    heard: list[int] = []

    def listen(found: Sequence[OutboundCall], _at: datetime) -> None:
        if planned[4] in found:
            raise KeyError
        heard.extend(call.pk for call in found)

    routes.ANSWERS = {REMARK: listen}
    calls.lane(NOW, threads=1)
    assert sorted(heard) == sorted(call.pk for call in planned if call != planned[4])


@pytest.mark.django_db(transaction=True)
def test_calls_are_made_side_by_side(receiver: Receiver, wire: Wire, voice: Client) -> None:
    wire.says(REMARK, OK)
    for number in range(30):
        plan(receiver, key=str(number))
    assert calls.lane(NOW, threads=4) == 60
    assert wire.count(REMARK) == 30
    assert wire.count("gettoken") == 1
