"""What we say to WeCom: one token for all, one repeat, shared quotas, no answer trusted unseen, no secret logged."""

import logging
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from scrm.audit.models import Alarm
from scrm.wecom import errors, quotas, tokens
from scrm.wecom.client import Client, client_for, forget_clients
from scrm.wecom.models import App, Quota, Receiver
from tests.wecom.conftest import NOW, SECRET
from tests.wecom.wire import BASE, NO_CONNECTION, OK, TIMEOUT, Wire

FOLLOW = "externalcontact/get_follow_user_list"
PEOPLE = {**OK, "follow_user": ["cai", "dong"]}


def ask(voice: Client) -> list[str]:
    return voice.externalcontact.get_follow_user_list()


def test_a_call_carries_a_token_that_was_fetched_once(voice: Client, wire: Wire) -> None:
    wire.says(FOLLOW, PEOPLE)
    assert [ask(voice), ask(voice)] == [["cai", "dong"]] * 2
    assert wire.count("gettoken") == 1
    assert [query["access_token"] for api, query, _ in wire.asked if api == FOLLOW] == ["token-1"] * 2


def test_another_process_uses_the_token_that_the_first_one_fetched(
    voice: Client, wire: Wire, receiver: Receiver
) -> None:
    wire.says(FOLLOW, PEOPLE)
    ask(voice)
    forget_clients()
    ask(client_for(receiver.corp))
    assert wire.count("gettoken") == 1


def test_everything_goes_to_the_corps_own_address(voice: Client, wire: Wire) -> None:
    wire.says(FOLLOW, PEOPLE)
    wire.says("media/upload", {**OK, "type": "image", "media_id": "m1", "created_at": "1"})
    ask(voice)
    voice.media.upload("image", "图片.png", b"\x89PNG....")
    assert all(call.request.url.startswith(BASE) for call in wire.mock.calls)


@pytest.mark.parametrize("code", [40014, 42001])
def test_a_refused_token_is_replaced_once(voice: Client, wire: Wire, code: int) -> None:
    wire.says(FOLLOW, code, PEOPLE)
    assert ask(voice) == ["cai", "dong"]
    assert (wire.count(FOLLOW), wire.count("gettoken")) == (2, 2)


def test_a_token_that_is_refused_for_ever_costs_two_calls_and_one_new_token(voice: Client, wire: Wire) -> None:
    wire.says(FOLLOW, PEOPLE)
    ask(voice)
    wire.asked.clear()
    wire.says(FOLLOW, 42001)
    with pytest.raises(errors.TokenRefused):
        ask(voice)
    assert (wire.count(FOLLOW), wire.count("gettoken")) == (2, 1)


def test_a_token_is_not_replaced_by_one_who_held_an_older_one(voice: Client, wire: Wire, receiver: Receiver) -> None:
    wire.says(FOLLOW, PEOPLE)
    ask(voice)
    newer = tokens.replace(receiver.app, 1, voice.fetch_access_token, NOW)
    assert tokens.replace(receiver.app, 1, voice.fetch_access_token, NOW) == newer
    assert wire.count("gettoken") == 2


def test_an_upload_is_repeated_whole_after_a_refused_token(voice: Client, wire: Wire) -> None:
    wire.says("media/upload", 42001, {**OK, "media_id": "m1"})
    voice.media.upload("image", "a.png", b"picture-bytes")
    assert [b"picture-bytes" in body for body in wire.bodies("media/upload")] == [True, True]


@pytest.mark.django_db(transaction=True)
def test_forty_threads_with_a_dead_token_fetch_one(voice: Client, wire: Wire, receiver: Receiver) -> None:
    wire.says(FOLLOW, PEOPLE)
    ask(voice)
    wire.says(FOLLOW, lambda query: 42001 if query["access_token"] == "token-1" else PEOPLE)
    heard: list[list[str]] = []

    def work() -> None:
        try:
            heard.append(ask(voice))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [["cai", "dong"]] * 40
    assert wire.count("gettoken") == 2


def test_after_three_refusals_an_app_asks_no_more_for_a_while(
    voice: Client, wire: Wire, at: Callable[[datetime], None]
) -> None:
    wire.says("gettoken", 40001)
    for _ in range(5):
        with pytest.raises(errors.NeedsFix):
            ask(voice)
    assert wire.count("gettoken") == 3
    at(NOW + timedelta(seconds=61))
    with pytest.raises(errors.NeedsFix):
        ask(voice)
    assert wire.count("gettoken") == 4
    assert Alarm.objects.get(kind="wecom.token.refused").count == 4


def test_another_app_does_not_suffer_from_a_wrong_secret(voice: Client, wire: Wire, receiver: Receiver) -> None:
    wire.says(FOLLOW, PEOPLE)
    other = App.objects.create(corp=receiver.corp, agent_id=2, secret=SECRET[:10] + "other")
    wire.says(
        "gettoken", lambda q: 40001 if q["corpsecret"] == SECRET else {**OK, "access_token": "t", "expires_in": 7200}
    )
    for _ in range(4):
        with pytest.raises(errors.NeedsFix):
            ask(voice)
    assert ask(client_for(receiver.corp, other)) == ["cai", "dong"]


def test_a_new_secret_starts_without_the_refusals_of_the_old_one(voice: Client, wire: Wire, receiver: Receiver) -> None:
    wire.says("gettoken", 40001)
    for _ in range(3):
        with pytest.raises(errors.NeedsFix):
            ask(voice)
    app = tokens.forget(App.objects.get(pk=receiver.app_id))
    app.secret = "a-new-secret-of-the-app"
    app.save()
    wire.says("gettoken", {**OK, "access_token": "t", "expires_in": 7200})
    wire.says(FOLLOW, PEOPLE)
    assert ask(client_for(receiver.corp, app)) == ["cai", "dong"]


def test_a_frequency_ban_rests_this_api_alone(voice: Client, wire: Wire, at: Callable[[datetime], None]) -> None:
    wire.says(FOLLOW, 45009, PEOPLE)
    wire.says("user/get", {**OK, "userid": "cai"})
    for _ in range(5):
        with pytest.raises(errors.BackOff) as rest:
            ask(voice)
        assert rest.value.until == NOW + timedelta(seconds=60)
    assert wire.count(FOLLOW) == 1
    assert voice.directory.user("cai")["userid"] == "cai"
    at(NOW + timedelta(seconds=60))
    assert ask(voice) == ["cai", "dong"]


def test_a_bucket_empties_and_fills(receiver: Receiver, settings: Any) -> None:
    settings.WECOM_CALLS_PER_MINUTE = 60
    corp = receiver.corp_id
    assert quotas.take(corp, "api", at=NOW, calls=100).calls == 30
    with pytest.raises(errors.BackOff) as full:
        quotas.take(corp, "api", at=NOW)
    assert full.value.until == NOW + timedelta(seconds=2)
    assert quotas.take(corp, "api", at=NOW + timedelta(seconds=10), calls=100).calls == 5
    assert quotas.take(corp, "other", at=NOW).calls == 1


def test_the_bucket_of_the_hour_holds_too(receiver: Receiver, settings: Any) -> None:
    settings.WECOM_CALLS_PER_MINUTE, settings.WECOM_CALLS_PER_HOUR = 100, 150
    taken = [quotas.take(receiver.corp_id, "api", at=NOW + timedelta(minutes=n), calls=100).calls for n in range(2)]
    assert taken == [50, 26]
    assert Quota.objects.get().api == "api"


HTML = "<html>please log in</html>"


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        "",
        '{"errcode":0,"follow_user":["cai"',
        "[]",
        "null",
        '"ok"',
        {"errcode": "0", "follow_user": []},
        {"errcode": 0.0, "follow_user": []},
        {"errcode": None, "follow_user": []},
        {"errcode": True, "follow_user": []},
        {"errcode": 0},
        {"errcode": 0, "follow_user": "cai"},
        {"errcode": 0, "follow_user": None},
        {"errcode": 0, "follow_user": [], "total": 1.5},
        '{"errcode":0,"follow_user":[NaN]}',
    ],
    ids=str,
)
def test_an_answer_of_another_shape_is_no_answer(voice: Client, wire: Wire, answer: Any) -> None:
    wire.says(FOLLOW, answer)
    with pytest.raises(errors.BadReply):
        ask(voice)


def test_an_answer_may_leave_out_the_errcode(voice: Client, wire: Wire) -> None:
    wire.says(FOLLOW, {"follow_user": []})
    assert ask(voice) == []


def test_figures_may_have_fractions(voice: Client, wire: Wire) -> None:
    wire.says("externalcontact/get_user_behavior_data", {**OK, "behavior_data": [{"reply_percentage": 60.25}]})
    assert voice.externalcontact.get_user_behavior_data(userid=["cai"])["behavior_data"][0]["reply_percentage"] == 60.25


@pytest.mark.parametrize(("error", "arrived"), [(TIMEOUT, True), (NO_CONNECTION, False)], ids=["read", "connect"])
def test_a_timeout_says_whether_wecom_may_have_acted(
    voice: Client, wire: Wire, error: Exception, arrived: bool
) -> None:
    wire.says(FOLLOW, error)
    with pytest.raises(errors.TimedOut) as timeout:
        ask(voice)
    assert timeout.value.arrived is arrived
    assert timeout.value.__cause__ is None


def test_changing_a_contact_way_sends_only_what_is_given(voice: Client, wire: Wire) -> None:
    wire.says("externalcontact/update_contact_way", OK)
    voice.externalcontact.update_contact_way(config_id="c1", user=["cai"])
    assert wire.bodies("externalcontact/update_contact_way") == [{"config_id": "c1", "user": ["cai"]}]


@pytest.mark.parametrize(("code", "kind"), sorted(errors.ACTIONS.items()), ids=str)
def test_each_code_of_the_table_raises_its_class(
    voice: Client, wire: Wire, code: int, kind: type[errors.Refused]
) -> None:
    wire.says(FOLLOW, code)
    with pytest.raises(kind) as refused:
        ask(voice)
    assert refused.value.errcode == code
    assert "1.2.3.4" not in str(refused.value)


def test_an_unknown_code_means_to_give_up(voice: Client, wire: Wire) -> None:
    wire.says(FOLLOW, 999_999)
    with pytest.raises(errors.GiveUp):
        ask(voice)


def test_no_log_holds_a_secret_or_a_token(voice: Client, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire.says(FOLLOW, PEOPLE, TIMEOUT, HTML, 42001)
    ask(voice)
    for _ in range(3):
        with pytest.raises(errors.Refused):
            ask(voice)
    logging.getLogger("urllib3.connectionpool").warning(
        "Failed to parse headers (url=%s)", f"{BASE}/x?access_token=token-1&a=b"
    )
    assert "access_token=…&a=b" in caplog.text
    assert not re.search(f"token-[0-9]|{SECRET}", caplog.text)


def test_the_database_holds_no_secret_in_clear(voice: Client, wire: Wire, receiver: Receiver) -> None:
    wire.says(FOLLOW, PEOPLE)
    ask(voice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, access_token FROM wecom_app")
        secret, token = cursor.fetchone()
    assert SECRET.encode() not in bytes(secret)
    assert b"token-1" not in bytes(token)


def test_wechatpy_speaks_nowhere_but_in_the_gateway() -> None:
    house = Path(__file__).parents[2]
    rooms = [
        house / room
        for room in ("stores", "members", "guides", "campaigns", "scrm/dashboard", "scrm/rest", "scrm/audit")
    ]
    assert not [path for room in rooms for path in room.rglob("*.py") if "wechatpy" in path.read_text("utf-8")]
