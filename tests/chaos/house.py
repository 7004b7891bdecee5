"""The real product as processes on a PostgreSQL that loses nothing, a WeCom that delivers until it is answered, and
the books that both leave behind.
"""

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from scrm.demo import programs
from scrm.demo.programs import Program
from scrm.embedded import postgres
from tests.corpus.callback_seal import Sender, added

ROOT = Path(__file__).parents[2]
SLUG = "chaos"
TESTS_OWN = ("DATABASE_URL", "DATABASE_OWNER_URL", "TEST_APP_ROLE", "PROFILE", "BROKER_URL")
LONGEST = 60.0  # seconds that anything may take here

# What the books must say of each letter that was answered: stored once, applied, one fact, one relation.
BOOKS = """
SELECT stream, count(DISTINCT l.id), bool_and(l.state = 'applied'), count(DISTINCT f.id), count(DISTINCT r.id)
FROM wecom_letter l LEFT JOIN guides_relationfact f ON f.letter_id = l.id
LEFT JOIN guides_relation r ON r.member_id = f.member_id AND r.guide_id = f.guide_id GROUP BY stream
"""


@dataclass
class House:
    """Web and worker, which can be killed and started again."""

    cluster: postgres.Cluster
    folder: Path
    env: dict[str, str]
    port: int
    sender: Sender = field(default_factory=Sender)

    def __post_init__(self) -> None:
        web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(self.port), "--no-ws"]
        web += ["--blocking-threads", "8", "--log-level", "warning", "scrm.wsgi:application"]
        self.web = self._program("web", web)
        self.worker = self._program("worker", [sys.executable, str(ROOT / "manage.py"), "work"])

    def _program(self, name: str, words: list[str], **more: str) -> Program:
        return Program(name=name, words=words, env={**self.env, **more}, log=self.folder / f"{name}.log")

    def manage(self, *words: str, **more: str) -> None:
        programs.run(
            self._program("manage", [sys.executable, str(ROOT / "manage.py"), *words], **more), patience=LONGEST
        )

    def furnish(self) -> None:
        """Tables, and a corp whose letters the sender seals."""
        self.manage("migrate", "--no-input", "-v", "0", DATABASE_OWNER_URL=self.cluster.url_owner)
        keys = ["--token", self.sender.token, "--aes-key", self.sender.aes_key, "--slug", SLUG, "--no-check"]
        corp = ["--corp-id", self.sender.receiveid, "--agent-id", "1000002", "--secret", "secret-of-chaos"]
        self.manage("connect_corp", *corp, *keys)

    def open(self) -> None:
        """Starts what does not run, and waits until the door answers."""
        self.cluster.ensure()
        for program in (self.web, self.worker):
            if program.process is None or program.has_ended():
                program.start()
        until(lambda: self.ask("GET", "/healthz") == 200)

    def kill(self, program: Program) -> None:
        """kill -9 of a whole family."""
        program.finish_off()

    def kill_postgres(self) -> None:
        """kill -9 of the postmaster and of all its children, as if the machine had died."""
        postmaster = self.cluster.pid()
        assert postmaster
        for pid in (postmaster, *children_of(postmaster)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.cluster.process is not None:
            self.cluster.process.wait()

    def close(self) -> None:
        programs.end([self.web, self.worker], patience=5)

    def ask(self, method: str, path: str, body: bytes | None = None) -> int:
        """The status of one request."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request(method, path, body)
            return line.getresponse().status
        finally:
            line.close()

    def deliver(self, who: str) -> int:
        """The answer to the letter that says that this customer added Cai."""
        query, body = self.sender.post(added(external_userid=who))
        return self.ask("POST", f"/wecom/callback/{SLUG}/?{query}", body)

    def query(self, words: str) -> list[Any]:
        with psycopg.connect(self.cluster.url_owner) as connection:
            return connection.execute(words).fetchall()  # type: ignore[call-overload,no-any-return]

    def as_superuser(self, *statements: str) -> None:
        with psycopg.connect(self.cluster.url(postgres.SUPERUSER), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def all_applied(self) -> None:
        """Waits until no letter waits."""
        until(lambda: self.query("SELECT count(*) FROM wecom_letter WHERE state = 'waiting'") == [(0,)])

    def faults(self, answered: set[str]) -> dict[str, Any]:
        """What the books say otherwise than they should; empty when every answered letter was applied once."""
        books = {stream: tuple(said) for stream, *said in self.query(BOOKS)}
        wrong = {who: books.get(who) for who in answered if books.get(who) != (1, True, 1, 1)}
        return wrong | dict.fromkeys(books.keys() - answered, "never answered")


class Wecom:
    """Delivers distinct letters from several threads, each again until it is answered with 200."""

    def __init__(self, house: House, name: str, threads: int = 6) -> None:
        self.house, self.name = house, name
        self.answered: set[str] = set()
        self.refused = 0
        self.slowest = 0.0
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=self._deliver, args=(n,)) for n in range(threads)]

    def _deliver(self, thread: int) -> None:
        number = 0
        while not self.enough.is_set():
            number += 1
            who = f"wm{self.name}{thread}x{number}"
            while not self._try(who):
                self.enough.wait(0.05)
            self.answered.add(who)

    def _try(self, who: str) -> bool:
        began = time.monotonic()
        try:
            status = self.house.deliver(who)
        except (OSError, http.client.HTTPException):
            status = 0  # the door is gone, or its answer was lost
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.refused += status == 503
        return status == 200

    def more(self, count: int = 150) -> None:
        """Waits until so many more letters are answered."""
        wanted = len(self.answered) + count
        until(lambda: len(self.answered) >= wanted)


@contextmanager
def delivering(house: House, name: str) -> Iterator[Wecom]:
    """Letters keep coming; at the end all of them have been answered."""
    wecom = Wecom(house, name)
    for thread in wecom.threads:
        thread.start()
    try:
        yield wecom
    finally:
        wecom.enough.set()
        for thread in wecom.threads:
            thread.join(LONGEST)


def children_of(parent: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(place.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(place.parent.name))
    return found


def until(what: Callable[[], object], *, seconds: float = LONGEST) -> None:
    """Waits for something to become true; a server that is down is not true yet."""
    pause, gives_up = threading.Event(), time.monotonic() + seconds
    while time.monotonic() < gives_up:
        with suppress(OSError, http.client.HTTPException, psycopg.OperationalError):
            if what():
                return
        pause.wait(0.05)
    raise AssertionError("it did not come true in time")


def a_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def environment(cluster: postgres.Cluster, folder: Path) -> dict[str, str]:
    """For the product's processes; their broker is a socket behind which nobody listens."""
    env = {name: value for name, value in os.environ.items() if name not in TESTS_OWN}
    broker = f"redis+socket://{folder / 'nobody.sock'}"
    env |= {"PROFILE": "demo", "DATABASE_URL": cluster.url_app, "BROKER_URL": broker, "PYTHONPATH": str(ROOT)}
    return env | {"DJANGO_SETTINGS_MODULE": "scrm.settings", "WECOM_API_BASE_URL": "http://127.0.0.1:9"}
