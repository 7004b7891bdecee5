"""Starts the demo step by step, keeps it running, and stops all of it."""

import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from scrm.demo import history, manage, programs
from scrm.demo.keys import Keys, keep
from scrm.demo.programs import Failed, Program
from scrm.demo.wishes import HOST, ROOT, CannotStart, Wishes, environment
from scrm.embedded import postgres, valkey

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Ctrl-C or SIGTERM."""


@dataclass
class Demo:
    wishes: Wishes
    keys: Keys
    env: dict[str, str]
    began_at: float = field(default_factory=time.monotonic)
    cluster: postgres.Cluster | None = None
    broker: valkey.Server | None = None
    running: list[Program] = field(default_factory=list)
    is_new: bool = False  # the world has no past yet

    # --- steps ---

    def open_the_house(self) -> None:
        """Everything in the order in which one needs the other, side by side where none does."""
        self._start_servers()
        self._start_wecom()
        self._once("migrate", self._manage("migrate", "--no-input", "--skip-checks"), owner=True)
        self.say("schema is up to date")
        self._wait_for("sandbox", f"{self.wishes.sandbox_url}/sandbox/time")
        self.say(f"sandbox WeCom is up on {self.wishes.sandbox_url}")
        self._start_product()
        logins = self._once("opening", [sys.executable, "-m", "scrm.demo.opening"])
        self.say("the brand is learnt from WeCom, its people have their logins")
        self._start_scheduler()
        self._wait_for("web", f"{self.wishes.base_url}/readyz")
        self.say("web, worker and scheduler are up")
        self.env["DEMO_TILL"] = till_login(logins)
        if self.is_new:
            self._once("history", [sys.executable, "-m", "scrm.demo.history"])
            self._once("till-past", [sys.executable, "-m", "scrm.demo.till", "past"])
            self._once("facts", self._manage("fill_facts"))
            self._once("night", [sys.executable, "-m", "scrm.demo.night"])
            self.say(f"{self.wishes.days} days of customers lie behind us")
        _ask(f"{self.wishes.sandbox_url}/sandbox/verify")  # as WeCom does when somebody saves a callback URL
        if self.wishes.rate > 0:
            self._keep("traffic", [sys.executable, "-m", "scrm.demo.traffic"])
            self._keep("till", [sys.executable, "-m", "scrm.demo.till"])
        self._say_where(logins)

    def _start_servers(self) -> None:
        if "DATABASE_URL" not in self.env:
            self.cluster = postgres.at(self.wishes.folder / "pg")  # known before it runs, so that Ctrl-C stops it
            self.cluster = postgres.start(self.wishes.folder / "pg")
            self.env["DATABASE_URL"] = self.cluster.url_app
            self.env["DATABASE_OWNER_URL"] = self.cluster.url_owner
            self.say("PostgreSQL is up")
        if "BROKER_URL" not in self.env:
            self.broker = valkey.start(self.wishes.folder / "valkey")
            self.env["BROKER_URL"] = self.broker.url
            self.say("Valkey is up")
        manage.remember(self.wishes.folder, self.env, set(environment({}, self.wishes, self.keys)))

    def _start_wecom(self) -> None:
        keys, wishes = self.keys, self.wishes
        corp = ["--corp-id", keys.corp_id, "--agent-id", keys.agent_id, "--secret", keys.secret]
        corp += ["--token", keys.token, "--aes-key", keys.aes_key]
        to_us = ["--slug", keys.slug, "--callback-url", f"{wishes.base_url}/wecom/callback/{keys.slug}/"]
        world = ["--port", wishes.sandbox_port, "--seed", wishes.seed, "--stores", wishes.stores]
        kept = wishes.folder / "wecom.world"
        world += ["--keep", kept]
        self.is_new = wishes.rate > 0 and wishes.days > 0 and not kept.exists()
        if self.is_new:
            world += ["--frozen-at", history.beginning(time.time(), days=wishes.days)]
        self._keep("sandbox", [sys.executable, "-m", "scrm.sandbox", *map(str, world), *corp, *to_us])

    def _start_product(self) -> None:
        web = ["--interface", "wsgi", "--host", HOST, "--port", str(self.wishes.port), "--workers", "2"]
        web += ["--blocking-threads", "4", "--respawn-failed-workers", "--no-ws", "scrm.wsgi:application"]
        self._keep("web", [sys.executable, "-m", "granian", *web])
        self._keep("work", self._manage("work"))

    def _start_scheduler(self) -> None:
        beat = ["-B", "-s", str(self.wishes.folder / "beat"), "-c", "2", "-l", "WARNING"]
        quietly = ["--without-gossip", "--without-mingle"]
        self._keep("celery", [sys.executable, "-m", "celery", "-A", "scrm", "worker", *beat, *quietly])

    def _say_where(self, logins: str) -> None:
        keys, base = self.keys, self.wishes.base_url
        for line in logins.splitlines():
            if line.startswith("login "):
                self.tell(line)
        self.tell(f"corp {keys.corp_id} {keys.agent_id} {keys.secret} {keys.token} {keys.aes_key} {keys.slug}")
        self.tell(f"boards {base}/dashboard/   admin {base}/admin/   API {base}/api/docs/")
        self.tell(f"WeCom {self.wishes.sandbox_url}/sandbox/   logs {self.wishes.folder / 'log'}")
        self.tell(f"ready {base}")

    # --- keeping it up ---

    def watch(self) -> None:
        """Runs until Stop: what falls is started again."""
        while True:
            for name, server in (("PostgreSQL", self.cluster), ("Valkey", self.broker)):
                if server and server.has_fallen():
                    server.ensure()
                    self.say(f"{name} fell and is up again")
            for program in self.running:
                if program.revive():
                    self.say(f"{program.name} fell and was started again (its log: {program.log})")
            time.sleep(0.2)

    def close(self) -> None:
        """Ends the programs, then their servers."""
        programs.end(self.running, patience=8)
        manage.forget(self.wishes.folder)
        if self.broker:
            self.broker.stop()
        if self.cluster:
            self.cluster.stop()

    # --- words ---

    def say(self, what: str) -> None:
        self.tell(f"{time.monotonic() - self.began_at:6.1f} s  {what}")

    def tell(self, line: str) -> None:
        print(line, flush=True)

    # --- programs ---

    def _manage(self, *words: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *words]

    def _program(self, name: str, words: list[str]) -> Program:
        return Program(name=name, words=words, env=dict(self.env), log=self.wishes.folder / "log" / f"{name}.log")

    def _once(self, name: str, words: list[str], *, owner: bool = False) -> str:
        program = self._program(name, words)
        if not owner:
            program.env = {key: value for key, value in self.env.items() if key != "DATABASE_OWNER_URL"}
        try:
            return programs.run(program, patience=300)
        finally:
            program.finish_off()

    def _keep(self, name: str, words: list[str]) -> None:
        program = self._program(name, words)
        program.env = {key: value for key, value in self.env.items() if key != "DATABASE_OWNER_URL"}
        self.running.append(program)
        program.start()

    def _wait_for(self, name: str, url: str, *, patience: float = 120) -> None:
        program = next(program for program in self.running if program.name == name)
        gives_up = time.monotonic() + patience
        while not _answers(url):
            if program.has_ended():
                raise Failed(f"{name} ended\n{program.tail()}")
            if time.monotonic() > gives_up:
                raise Failed(f"{url} does not answer\n{program.tail()}")
            time.sleep(0.1)


def till_login(logins: str) -> str:
    """The name and password with which the demo's tills send their orders: HQ's."""
    found = [line.split() for line in logins.splitlines() if line.startswith("login hq ")]
    return " ".join(found[0][2:4]) if found else ""


def run(env: Mapping[str, str]) -> int:
    """The whole life of a demo; gives the exit code."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    demo = lock = None
    try:
        wishes = Wishes.of(env)
        lock = _claim(wishes.folder)
        for name, port in (("PORT", wishes.port), ("SANDBOX_PORT", wishes.sandbox_port)):
            _must_be_free(name, port)
        demo = Demo(wishes=wishes, keys=keep(wishes.folder), env={})
        demo.env = environment(env, wishes, demo.keys)
        demo.open_the_house()
        demo.watch()
    except Stop:
        print("\nstopping", flush=True)
    except (CannotStart, Failed, postgres.NoPostgres, postgres.WouldNotStart, valkey.WouldNotStart) as problem:
        print(problem, file=sys.stderr, flush=True)
        return 1
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if demo is not None:
            demo.close()
        if lock is not None:
            lock.close()
    print("stopped; the data stay in", demo.wishes.folder if demo else "place", flush=True)
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)  # `make` passes the same signal on
    raise Stop


def _claim(folder: Path) -> IO[str]:
    """The folder is ours until the file is closed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "log").mkdir(exist_ok=True)
    lock = (folder / "demo.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CannotStart(f"A demo runs already in {folder}; stop it, or choose another DEMO_DIR") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))  # for `make clean`
    lock.flush()
    for log in (folder / "log").glob("*.log"):
        log.unlink()
    return lock


def _must_be_free(name: str, port: int) -> None:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
            door.listen()
        except (OSError, OverflowError) as problem:
            raise CannotStart(f"Port {port} is taken ({problem}); choose another: make demo {name}=…") from None


def _answers(url: str) -> bool:
    try:
        with _opener().open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _ask(url: str) -> None:
    with suppress(urllib.error.URLError, OSError), _opener().open(url, data=b"{}", timeout=10):
        pass


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
