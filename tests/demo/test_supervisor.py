"""What the demo asks before it starts."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scrm.demo.keys import keep
from scrm.demo.wishes import ROOT, CannotStart, Wishes, environment


def start(folder: Path, **env: object) -> "subprocess.CompletedProcess[str]":
    told = {"DEMO_DIR": str(folder), **{name: str(value) for name, value in env.items()}}
    words = [sys.executable, "-m", "scrm.demo"]
    return subprocess.run(words, env={**os.environ, **told}, cwd=ROOT, capture_output=True, text=True)


def test_wishes_have_the_documented_defaults() -> None:
    wishes = Wishes.of({})
    assert (wishes.port, wishes.sandbox_port, wishes.stores, wishes.rate, wishes.seed) == (8000, 8100, 12, 30, 1)
    assert wishes.folder == ROOT / ".demo"


def test_no_traffic_is_a_wish() -> None:
    assert Wishes.of({"DEMO_RATE": "0"}).rate == 0


def test_a_wish_that_is_no_number_is_named() -> None:
    with pytest.raises(CannotStart, match="PORT is 'web'"):
        Wishes.of({"PORT": "web"})


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start(tmp_path, **{"PORT": 0, "SANDBOX_PORT": 0, name: port})
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr and f"make demo {name}=" in done.stderr
    assert not (tmp_path / "pg").exists()


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with (tmp_path / "demo.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = start(tmp_path, PORT=0, SANDBOX_PORT=0)
    assert done.returncode == 1
    assert "A demo runs already" in done.stderr


def test_programs_are_told_the_demos_keys_and_not_the_callers(tmp_path: Path) -> None:
    keys = keep(tmp_path)
    env = environment({"SECRET_KEY": "mine", "PROFILE": "production"}, Wishes.of({}), keys)
    assert (env["SECRET_KEY"], env["PROFILE"]) == (keys.secret_key, "demo")
