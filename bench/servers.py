"""Servers under test: started, asked, measured by /proc, ended."""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scrm.embedded import children

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
ASGI = ("--interface", "asginl", "--workers", "1")
WSGI = ("--interface", "wsgi", "--workers", "2", "--blocking-threads", "16")


@dataclass(frozen=True)
class Server:
    """A running server and the port that it listens on."""

    pid: int
    port: int


def free_port() -> int:
    with socket.create_server((HOST, 0)) as door:
        return int(door.getsockname()[1])


@contextmanager
def granian(app: str, how: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[Server]:
    """The application behind granian, ready to answer."""
    port = free_port()
    words = [sys.executable, "-m", "granian", *how, "--host", HOST, "--port", str(port), "--no-ws"]
    with log.open("ab") as output:
        process = children.spawn([*words, "--log-level", "warning", app], output=output, env=env, cwd=str(ROOT))
    try:
        _wait_for(port)
        yield Server(process.pid, port)
    finally:
        process.terminate()
        with suppress(Exception):
            process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on {port}")


def cpu_of(*roots: int) -> float | None:
    """CPU seconds that these processes and all below them have used; None where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return None
    below, used = _family()
    waiting, total = list(roots), 0.0
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0.0)
        waiting += below.get(pid, ())
    return total


def _family() -> tuple[dict[int, list[int]], dict[int, float]]:
    below: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    tick = os.sysconf("SC_CLK_TCK")
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = place.read_text().rpartition(")")[2].split()
            pid = int(place.parent.name)
            below.setdefault(int(fields[1]), []).append(pid)
            used[pid] = sum(map(int, fields[11:15])) / tick  # own and of children that have ended
    return below, used
