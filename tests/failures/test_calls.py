"""What goes wrong with calls to WeCom, failure by failure (docs/failure-modes.md): those that no other test shows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType

import pytest

from scrm.audit.models import Alarm
from scrm.wecom import calls, errors, tokens, welcomes
from scrm.wecom.client import Client, client_for
from scrm.wecom.models import App, Letter, OutboundCall, Quota, Receiver
from tests.wecom.conftest import NOW, SECRET, at, deliver, receiver, routes, sender, voice, wire  # noqa: F401
from tests.wecom.wire import OK, TIMEOUT, Wire

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("voice", "routes")]
REMARK, SEND, WAY = "externalcontact/remark", "externalcontact/send_welcome_msg", "externalcontact/add_contact_way"
MASS = "externalcontact/add_msg_template"
FOLLOW = "externalcontact/get_follow_user_list"


def test_f23_a_token_that_is_older_than_ours_replaces_nothing(receiver: Receiver, wire: Wire) -> None:  # noqa: F811
    """F23: a process that wakes up late with a token that failed long ago must not end the one that works."""
    client = client_for(receiver.corp, receiver.app)
    wire.says(FOLLOW, {**OK, "follow_user": []})
    client.externalcontact.get_follow_user_list()
    for serial in (0, 1, 2):
        tokens.replace(receiver.app, serial, client.fetch_access_token, NOW)
    assert App.objects.get(pk=receiver.app_id).token_serial == 3 and wire.tokens == 3
    assert tokens.replace(receiver.app, 1, client.fetch_access_token, NOW).serial == 3 and wire.tokens == 3


def test_f25_two_apps_whose_secrets_begin_alike_have_two_tokens(receiver: Receiver, wire: Wire) -> None:  # noqa: F811
    """F25: a token belongs to an app, not to the beginning of its secret; none of it stands anywhere in clear."""
    other = App.objects.create(corp=receiver.corp, agent_id=2, secret=SECRET[:10] + "-and-other-ends")
    wire.says("gettoken", lambda q: {**OK, "access_token": f"for-{q['corpsecret'][-4:]}", "expires_in": 7200})
    first, second = client_for(receiver.corp, receiver.app), client_for(receiver.corp, other)
    assert first.access_token != second.access_token
    assert client_for(receiver.corp, receiver.app).access_token == first.access_token


def test_f26_a_wrong_secret_is_asked_for_ever_more_seldom(
    receiver: Receiver,  # noqa: F811
    wire: Wire,  # noqa: F811
    at: Callable[[datetime], None],  # noqa: F811
) -> None:
    """F26: 2,000 wrong questions an hour would shut the address out; a day of trying each second makes few of them."""
    wire.says("gettoken", 40091)
    client = client_for(receiver.corp, receiver.app)
    for minute in range(24 * 60):
        at(NOW + timedelta(minutes=minute))
        with pytest.raises(errors.NeedsFix):
            client.externalcontact.get_follow_user_list()
    assert 3 <= wire.count("gettoken") <= 40


def test_f27_a_ban_on_one_api_costs_two_calls_and_holds_up_no_welcome(
    receiver: Receiver,  # noqa: F811
    wire: Wire,  # noqa: F811
    deliver: Callable[..., Letter],  # noqa: F811
    routes: ModuleType,  # noqa: F811
) -> None:
    """F27: WeCom shuts an API of the app for a minute; hundreds of calls wait for it and a welcome goes out at once."""
    wire.says(REMARK, 45009)
    wire.says(SEND, OK)
    routes.FIRST = lambda received: {one.letter_id: {"text": {"content": "您好"}} for one in received}
    calls.plan_all([calls.Plan(receiver.corp, REMARK, {"n": n}, f"k{n}") for n in range(300)], at=NOW)
    for second in range(0, 50, 5):
        calls.make(NOW + timedelta(seconds=second), threads=1, limit=1)
    assert wire.count(REMARK) <= 2
    letter = deliver(welcome_code="W1")
    welcomes.lane(NOW, threads=1)
    letter.refresh_from_db()
    assert letter.welcome == "sent"
    wire.says(REMARK, OK)
    for minute in range(1, 60):
        calls.make(NOW + timedelta(minutes=minute), limit=100)
    assert not OutboundCall.objects.filter(api=REMARK).exclude(state="done").exists()


def test_f27_what_waits_for_a_quota_is_neither_failed_nor_lost(receiver: Receiver, wire: Wire) -> None:  # noqa: F811
    """F27: tries are counted only when something was asked; a call may wait a hundred times."""
    wire.says(REMARK, OK)
    call = calls.plan(receiver.corp, REMARK, {}, at=NOW)
    Quota.objects.update_or_create(
        corp=receiver.corp,
        api=REMARK,
        defaults={"minute_left": 9, "hour_left": 9, "refilled_at": NOW, "blocked_until": NOW + timedelta(hours=1)},
    )
    for minute in range(59):
        calls.make(NOW + timedelta(minutes=minute))
    call.refresh_from_db()
    assert (call.state, call.attempts) == ("planned", 0) and len(call.tries) <= 20
    calls.make(NOW + timedelta(hours=1))
    call.refresh_from_db()
    assert call.state == "done"


def test_f28_a_mass_message_without_an_answer_is_not_sent_again_by_guess(
    receiver: Receiver,  # noqa: F811
    wire: Wire,  # noqa: F811
) -> None:
    """F28: nobody can look up whether it was made, so a person is asked; a second one would reach customers twice."""
    wire.says(MASS, TIMEOUT, OK)
    call = calls.plan(receiver.corp, MASS, {"text": {}}, at=NOW)
    for minute in range(10):
        calls.make(NOW + timedelta(minutes=minute))
    call.refresh_from_db()
    assert (call.state, wire.count(MASS)) == ("unknown", 1)
    assert Alarm.objects.filter(kind="wecom.call.needs_fix").exists()


def test_f29_a_worker_that_was_asleep_sends_no_welcome_late(
    deliver: Callable[..., Letter],  # noqa: F811
    wire: Wire,  # noqa: F811
    routes: ModuleType,  # noqa: F811
) -> None:
    """F29: after 25 seconds a welcome is marked as too late; WeCom is not even asked."""
    routes.FIRST = lambda received: {one.letter_id: {"text": {"content": "您好"}} for one in received}
    letter = deliver(welcome_code="W1")
    welcomes.lane(NOW + timedelta(seconds=25), threads=1)
    letter.refresh_from_db()
    assert letter.welcome == "expired" and not [api for api, _, _ in wire.asked if api == SEND]


def test_f30_an_address_that_is_not_trusted_is_an_alarm_and_no_storm(
    receiver: Receiver,  # noqa: F811
    wire: Wire,  # noqa: F811
    at: Callable[[datetime], None],  # noqa: F811
) -> None:
    """F30: our address changed (60020): few questions, an alarm, and calls go on by themselves once it is mended."""
    wire.says("gettoken", 60020)
    call = calls.plan(receiver.corp, REMARK, {}, at=NOW)
    for minute in range(60):
        at(NOW + timedelta(minutes=minute))
        calls.make(NOW + timedelta(minutes=minute))
    assert wire.count("gettoken") <= 10 and wire.count(REMARK) == 0
    assert Alarm.objects.filter(kind="wecom.token.refused", cleared_at=None).exists()
    wire.says("gettoken", {**OK, "access_token": "t", "expires_in": 7200})
    wire.says(REMARK, OK)
    for minute in range(60, 140):
        at(NOW + timedelta(minutes=minute))
        calls.make(NOW + timedelta(minutes=minute))
    call.refresh_from_db()
    assert call.state == "done"


def test_each_try_is_remembered_with_its_reason(receiver: Receiver, wire: Wire, voice: Client) -> None:  # noqa: F811
    """What the trace tells of tries: when, which code, when again; the last one is the answer."""
    wire.says(REMARK, TIMEOUT, -1, OK)
    call = calls.plan(receiver.corp, REMARK, {}, at=NOW)
    for _ in range(3):
        call.refresh_from_db()
        calls.make(call.due_at)
    call.refresh_from_db()
    told = [(one["errcode"], one.get("why"), bool(one.get("again_at"))) for one in call.tries]
    assert told == [(None, "TimedOut", True), (-1, "Retry", True), (0, None, False)]
