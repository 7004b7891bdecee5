"""`make demo` from its first line to its last: everything up, customers on the boards, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scrm.demo import clean
from scrm.demo.wishes import ROOT
from scrm.embedded import places

ROLES = {"hq", "analyst", "region", "franchise", "manager", "guide"}
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "TEST_APP_ROLE", "PROFILE", "DJANGO_SETTINGS_MODULE")

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("demo")]


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    folder: Path
    base: str
    lines: list[str] = field(default_factory=list)

    def words(self, first: str) -> list[list[str]]:
        return [line.split() for line in self.lines if line.startswith(f"{first} ")]

    def ask(self, path: str, token: str = "", **body: Any) -> Any:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Token {token}"} if token else {})}
        said = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(urllib.request.Request(self.base + path, said, headers), timeout=10) as answer:
            return json.load(answer)

    def token(self, role: str) -> str:
        username, password = next(words[2:4] for words in self.words("login") if words[1] == role)
        return str(self.ask("/api/v1/token/", username=username, password=password)["token"])

    def processes(self) -> dict[int, str]:
        """Everything that was told of this demo's folder or sockets, by process id."""
        marks = [f"DEMO_DIR={self.folder}", *(str(places.socket_path(self.folder / name)) for name in ("pg", "valkey"))]
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                line, env = (place / "cmdline").read_text(), (place / "environ").read_text(errors="replace")
            except OSError:
                continue  # ended while we looked
            if any(mark in line + env for mark in marks):
                found[int(place.name)] = line.replace("\0", " ")
        return found


def a_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def until(what: Callable[[], object], *, seconds: float = 60) -> object:
    """What became true; a fallen server is not true yet."""
    pause = threading.Event()
    for _ in range(int(seconds * 10)):
        try:
            if found := what():
                return found
        except OSError:
            pass
        pause.wait(0.1)
    raise AssertionError("it did not come true in time")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, port = tmp_path_factory.mktemp("demo"), a_port()
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    env |= {
        "DEMO_DIR": str(folder),
        "PORT": str(port),
        "SANDBOX_PORT": str(a_port()),
        "DEMO_RATE": "300",
        "DEMO_DAYS": "3",
    }
    words = [sys.executable, str(ROOT / "manage.py"), "demo"]
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    running = Running(process, folder, f"http://127.0.0.1:{port}")
    try:
        for line in process.stdout:
            running.lines.append(line.rstrip())
            if line.startswith("ready "):
                break
        assert running.words("ready"), "\n".join(running.lines)
        yield running
    finally:
        process.terminate()
        process.wait(30)
        clean.clean(folder)


def test_it_says_where_to_look(demo: Running) -> None:
    assert demo.words("ready") == [["ready", demo.base]]
    assert {words[1] for words in demo.words("login")} >= ROLES
    assert [len(words) for words in demo.words("corp")] == [7]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_login_opens(demo: Running, role: str) -> None:
    assert demo.ask("/api/v1/me/", demo.token(role))


def test_the_brand_was_learnt(demo: Running) -> None:
    assert len(demo.ask("/api/v1/stores/?page_size=100", demo.token("hq"))["results"]) == 12


def test_scans_become_relations_with_a_code_and_a_store(demo: Running) -> None:
    token = demo.token("hq")

    def bound() -> list[dict[str, Any]]:
        rows = demo.ask("/api/v1/relations/?page_size=200", token)["results"]
        return [row for row in rows if row["code"] and row["store"]]

    assert until(bound)


def test_numbers_reach_the_board(demo: Running) -> None:
    token = demo.token("hq")
    node = demo.ask("/api/v1/stores/?page_size=100", token)["results"]

    def adds() -> int:
        rows = [demo.ask(f"/api/v1/facts/?node={each['id']}", token)["results"] for each in node]
        return sum(row["adds"] for store in rows for row in store)

    assert until(adds, seconds=90)


def test_the_doctor_finds_nothing_bad_in_it(demo: Running) -> None:
    words = [sys.executable, "-m", "scrm.demo.manage", "doctor", "--json"]

    def all_well() -> bool:  # the scheduler says once a minute that it lives
        told = subprocess.run(words, env={"DEMO_DIR": str(demo.folder)}, cwd=ROOT, capture_output=True, text=True)
        return "bad" not in {found["level"] for found in json.loads(told.stdout)["checks"]}

    assert until(all_well, seconds=90)


@pytest.mark.parametrize(
    "words", ["granian", "manage.py work", "celery", "scrm.sandbox", "valkey-server", "bin/postgres"]
)
def test_what_is_killed_comes_back(demo: Running, words: str) -> None:
    before = {pid for pid, line in demo.processes().items() if words in line}
    assert before
    os.kill(min(before), signal.SIGKILL)
    until(lambda: {pid for pid, line in demo.processes().items() if words in line} - before)
    until(lambda: demo.ask("/readyz"))


def test_the_worlds_clock_is_ours_even_after_its_fall(demo: Running) -> None:
    [wecom] = [words[1] for words in demo.words("WeCom")]
    with urllib.request.urlopen(wecom + "time", timeout=10) as answer:
        assert json.load(answer)["now"] == pytest.approx(time.time(), abs=30)


@on_linux
def test_sigterm_ends_all_of_it(demo: Running) -> None:
    processes = set(demo.processes())
    assert len(processes) > 5
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(20) == 0
    assert not processes & set(demo.processes())
