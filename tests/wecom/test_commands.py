"""connect_corp and work, as an operator runs them."""

import os
import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from scrm import clock
from scrm.management.commands import work
from scrm.wecom import client
from scrm.wecom.models import App, Corp, Letter, Receiver
from tests.corpus.callback_crypto import OTHER_KEY
from tests.corpus.callback_seal import Sender
from tests.wecom.conftest import SECRET
from tests.wecom.wire import BASE, Wire

HERE = Path(__file__).parents[2]


def connect(*more: str, **changes: str) -> str:
    said = {
        "corp-id": "wwcorp000001",
        "agent-id": "7",
        "secret": SECRET,
        "token": "tokenA",
        "aes-key": Sender().aes_key,
    }
    said |= {"slug": "shop", "api-base-url": BASE} | {name.replace("_", "-"): value for name, value in changes.items()}
    out = StringIO()
    client.forget_clients()
    call_command("connect_corp", *(f"--{name}={value}" for name, value in said.items()), *more, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_connecting_twice_changes_nothing(wire: Wire) -> None:
    assert connect() == connect() == "connected wwcorp000001 /wecom/callback/shop/\n"
    receiver = Receiver.objects.get()
    assert (receiver.token, receiver.previous_token, receiver.app.secret) == ("tokenA", "", SECRET)
    assert (Corp.objects.count(), App.objects.count()) == (1, 1)
    assert wire.asked[0][1] == {"corpid": "wwcorp000001", "corpsecret": SECRET}


@pytest.mark.django_db
def test_connecting_with_new_keys_keeps_the_old_ones_for_a_day(wire: Wire) -> None:
    connect()
    connect(token="tokenB", aes_key=OTHER_KEY)
    receiver = Receiver.objects.get()
    assert (receiver.token, receiver.previous_token, receiver.aes_key) == ("tokenB", "tokenA", OTHER_KEY)
    assert receiver.old_keys_until() is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"aes_key": "short"},
        {"aes_key": "$" + "A" * 42},
        {"token": "t" * 33},
        {"secret": "short"},
        {"slug": "a/b"},
        {"corp_id": "w w"},
        {"api_base_url": "ftp://127.0.0.1"},
    ],
    ids=str,
)
def test_values_of_the_wrong_form_are_refused(wire: Wire, wrong: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        connect(**wrong)
    assert not Corp.objects.exists()


@pytest.mark.django_db
def test_another_corps_address_is_not_taken_over(wire: Wire) -> None:
    connect()
    with pytest.raises(CommandError, match="Another corp"):
        connect(corp_id="wwcorp000002")


@pytest.mark.django_db
def test_a_wrong_secret_is_told_with_wecoms_code(wire: Wire) -> None:
    wire.says("gettoken", 40001)
    with pytest.raises(CommandError, match="40001"):
        connect()
    assert "connected" in connect("--no-check")


def test_a_lane_outlives_errors_and_a_lost_database(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, seen = threading.Event(), []
    answers: list[Any] = [OperationalError("gone"), ZeroDivisionError(), 3, 0]

    def lane(at: Any) -> int:
        seen.append(at)
        answer = answers.pop(0)
        if not answers:
            stop.set()
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(work, "LONGEST_PAUSE", 0.01)
    work.keep_running(work.Lane("test", lane, 0.01), stop)
    assert len(seen) == 4


@pytest.mark.django_db(transaction=True)
def test_work_once_applies_what_there_is(deliver: Any, routes: ModuleType) -> None:
    deliver(at=clock.now())
    call_command("work", "--once")
    assert Letter.objects.get().state == "applied"


@pytest.mark.django_db(transaction=True)
def test_work_applies_letters_until_it_is_told_to_stop(deliver: Any, database_urls: dict[str, str]) -> None:
    env = {**os.environ, **database_urls, "PROFILE": "test"}
    program = [sys.executable, "manage.py", "work"]
    deliver(b"<xml><CreateTime>1403610513</CreateTime><MsgType>event</MsgType><Event>of_tomorrow</Event></xml>")
    with subprocess.Popen(program, cwd=HERE, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any('"work.lane.done"' in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(20) == 0
    assert Letter.objects.get().state == "unknown"
