"""Welcomes: first of all, once for a code, inside WeCom's window, and each outcome with its reason."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from scrm.audit.models import Alarm
from scrm.wecom import calls, events, inbox, welcomes
from scrm.wecom.models import Letter
from tests.wecom.conftest import NOW
from tests.wecom.wire import NO_CONNECTION, OK, TIMEOUT, Wire

SEND = "externalcontact/send_welcome_msg"
HELLO = {"text": {"content": "您好"}}

pytestmark = pytest.mark.usefixtures("voice")
Deliver, Later = Callable[..., Letter], Callable[[float], datetime]


@pytest.fixture(autouse=True)
def say_hello(routes: ModuleType) -> None:
    routes.FIRST = lambda received: {one.letter_id: HELLO for one in received}


def outcome(letter: Letter) -> str:
    letter.refresh_from_db()
    return letter.welcome


def run(*seconds: float) -> None:
    for after in seconds:
        welcomes.lane(NOW + timedelta(seconds=after), threads=1)


def test_a_welcome_is_said_before_the_letter_is_applied(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, OK)
    letter = deliver(welcome_code="CODE")
    run(0)
    assert wire.bodies(SEND) == [{"welcome_code": "CODE", **HELLO}]
    assert (outcome(letter), letter.state) == ("sent", "waiting")


def test_once_said_it_is_not_said_again(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, OK)
    letter = deliver(welcome_code="CODE")
    deliver(welcome_code="CODE")
    run(0, 1, 2)
    inbox.replay([letter], by=None, at=NOW)
    run(3)
    assert wire.count(SEND) == 1


def test_the_composer_sees_all_that_wait_at_once(deliver: Deliver, wire: Wire, routes: ModuleType) -> None:
    wire.says(SEND, OK)
    seen: list[list[type]] = []

    def compose(received: Sequence[events.Received[Any]]) -> dict[int, Any]:
        seen.append([type(one.event) for one in received])
        return {}

    routes.FIRST = compose
    deliver(welcome_code="A", external_userid="a")
    deliver(welcome_code="B", external_userid="b", change="add_half_external_contact")
    deliver(welcome_code="C", external_userid="c", change="msg_audit_approved")
    run(0)
    assert seen == [[events.ContactAdded, events.ContactHalfAdded, events.ArchiveApproved]]


def test_nothing_to_say_is_an_outcome(deliver: Deliver, wire: Wire, routes: ModuleType) -> None:
    routes.FIRST = lambda received: {one.letter_id: None for one in received}
    letter = deliver(welcome_code="CODE")
    run(0)
    assert outcome(letter) == "nothing"


def test_a_missing_code_is_explained(deliver: Deliver) -> None:
    letter = deliver()
    run(0)
    assert outcome(letter) == "missing"
    assert letter.get_welcome_display()


@pytest.mark.parametrize(("happened", "reached"), [(0, 18), (0, 25), (-18, 0), (30, 18)], ids=str)
def test_too_late_is_recorded_and_not_sent(
    deliver: Deliver, wire: Wire, later: Later, happened: int, reached: int
) -> None:
    wire.says(SEND, OK)
    letter = deliver(welcome_code="CODE", **{"at": NOW}, more=f"<N>{happened}</N>")
    Letter.objects.filter(pk=letter.pk).update(happened_at=later(happened))
    run(reached)
    assert (outcome(letter), wire.count(SEND)) == ("expired", 0)


def test_a_chat_that_had_begun_stops_it(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, 41051)
    letter = deliver(welcome_code="CODE")
    run(0, 1, 5)
    assert (outcome(letter), wire.count(SEND)) == ("elsewhere", 1)


def test_somebody_else_who_is_sending_is_waited_for(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, 41096, 41096, OK)
    letter = deliver(welcome_code="CODE")
    run(0, 0.3, 1, 1.2, 2)
    assert (outcome(letter), wire.count(SEND)) == ("sent", 3)


def test_a_code_that_wecom_does_not_know_is_given_up(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, 41050)
    letter = deliver(welcome_code="CODE")
    run(0, 1, 5)
    assert (outcome(letter), wire.count(SEND)) == ("failed", 1)


def test_a_try_without_an_answer_is_repeated_and_41051_then_means_that_it_arrived(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, TIMEOUT, 41051)
    letter = deliver(welcome_code="CODE")
    run(0, 1)
    assert (outcome(letter), wire.count(SEND)) == ("sent", 2)


def test_a_try_that_never_left_the_house_does_not_explain_41051(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, NO_CONNECTION, 41051)
    letter = deliver(welcome_code="CODE")
    run(0, 1)
    assert outcome(letter) == "elsewhere"


@pytest.mark.parametrize("answer", [-1, 45033, TIMEOUT, 41096], ids=str)
def test_no_try_is_made_after_the_window(deliver: Deliver, wire: Wire, answer: Any) -> None:
    wire.says(SEND, answer)
    letter = deliver(welcome_code="CODE")
    run(*range(18))
    tries = wire.count(SEND)
    run(*range(18, 40))
    assert 3 <= tries <= 18
    assert (outcome(letter), wire.count(SEND)) == ("expired", tries)


def test_a_ban_that_outlasts_the_window_ends_it(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, 45009)
    letter = deliver(welcome_code="CODE")
    run(0, 1)
    assert (outcome(letter), wire.count(SEND)) == ("expired", 1)


def test_two_apps_that_hear_of_one_add_say_one_welcome(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, OK)
    first = deliver(welcome_code="CODE")
    second = deliver(welcome_code="CODE", more="<Other>app</Other>")
    run(0)
    assert (outcome(first), outcome(second), wire.count(SEND)) == ("sent", "elsewhere", 1)


def test_one_that_cannot_be_composed_does_not_spoil_the_others(
    deliver: Deliver, wire: Wire, routes: ModuleType
) -> None:
    def compose(received: Sequence[events.Received[Any]]) -> dict[int, Any]:
        if any(one.event.external_userid == "wm3" for one in received):
            raise KeyError("13800000000")
        return {one.letter_id: HELLO for one in received}

    routes.FIRST = compose
    wire.says(SEND, OK)
    letters = [deliver(welcome_code=f"C{n}", external_userid=f"wm{n}") for n in range(6)]
    run(0)
    assert [outcome(letter) for letter in letters] == ["sent", "sent", "sent", "failed", "sent", "sent"]
    assert Alarm.objects.get().kind == "wecom.welcome.not_composed"


def test_a_call_is_written_before_it_is_made_and_taken_over_inside_the_window(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, OK)
    letter = deliver(welcome_code="CODE")
    welcomes.compose(NOW)
    assert calls.claim(NOW, limit=10, welcomes=True)  # and here the process died
    run(1, 5)
    assert wire.count(SEND) == 0
    run(9)
    assert (outcome(letter), wire.count(SEND)) == ("sent", 1)


def test_a_call_taken_over_after_the_window_is_not_made(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, OK)
    letter = deliver(welcome_code="CODE")
    welcomes.compose(NOW)
    calls.claim(NOW, limit=10, welcomes=True)
    run(19)
    assert (outcome(letter), wire.count(SEND)) == ("expired", 0)


def test_ordinary_calls_leave_welcomes_alone(deliver: Deliver, wire: Wire) -> None:
    wire.says(SEND, OK)
    deliver(welcome_code="CODE")
    welcomes.compose(NOW)
    assert calls.make(NOW) == 0


def test_the_code_is_in_no_log(deliver: Deliver, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    wire.says(SEND, 41050)
    deliver(welcome_code="CANARYCODE", external_userid="wmCanary")
    run(0)
    assert not {"CANARYCODE", "您好"} & set(caplog.text.replace('"', " ").split())
