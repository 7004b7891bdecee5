"""The other side of the wire: `python -m bench.load PORT FILE` sends a file's requests over kept-alive connections.

Closed loop (each connection sends its next request when it has its answer), or with `--rate` open loop: requests leave
at random instants of that rate whether answers come or not, and latency counts from the planned instant.
Prints one line of JSON.
"""

import argparse
import json
import random
import select
import socket
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import percentile
from bench.letters import read

HOST = "127.0.0.1"
SILENCE = 15.0  # seconds without any answer after which we stop waiting


@dataclass(slots=True)
class Line:
    """One connection, and the request that is on its way."""

    socket: socket.socket
    planned_at: float = 0.0
    held: bytes = b""


@dataclass(slots=True)
class Result:
    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def said(self) -> dict[str, Any]:
        ms = [1000 * latency for latency in self.latencies] or [0.0]
        return {
            "sent": self.sent,
            "ok": self.statuses["200"],
            "statuses": dict(self.statuses),
            "seconds": self.seconds,
            "p50": percentile(ms, 0.5),
            "p99": percentile(ms, 0.99),
            "late_p99": 1000 * percentile(self.lateness or [0.0], 0.99),
        }


def answered(held: bytes) -> str | None:
    """The status of a complete answer."""
    head, gap, body = held.partition(b"\r\n\r\n")
    if not gap:
        return None
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return held[9:12].decode() if len(body) >= length else None


def open_lines(port: int, count: int) -> list[Line]:
    lines = []
    for _ in range(count):
        made = socket.create_connection((HOST, port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines.append(Line(made))
    return lines


class Generator:
    """Sends, and notes what comes back."""

    def __init__(self, port: int, requests: list[bytes], connections: int) -> None:
        self.requests = deque(requests)
        self.idle = deque(open_lines(port, connections))
        self.busy: dict[int, Line] = {}
        self.result = Result()

    def send(self, planned_at: float) -> None:
        line = self.idle.popleft()
        line.planned_at, line.held = planned_at, b""
        line.socket.sendall(self.requests.popleft())
        self.busy[line.socket.fileno()] = line
        self.result.sent += 1

    def receive(self, timeout: float) -> bool:
        """Waits for answers, at most so long; whether anything came."""
        ready, _, _ = select.select(list(self.busy), [], [], max(0.0, timeout))
        for number in ready:
            line = self.busy[number]
            part = line.socket.recv(65536)
            line.held = line.held + part if line.held else part
            if not part:
                raise ConnectionError(f"the server hung up after {self.result.sent} requests")
            if status := answered(line.held):
                self.result.statuses[status] += 1
                self.result.latencies.append(time.perf_counter() - line.planned_at)
                del self.busy[number]
                self.idle.append(line)
        return bool(ready)

    def closed(self) -> Result:
        began = time.perf_counter()
        while self.requests or self.busy:
            while self.requests and self.idle:
                self.send(time.perf_counter())
            self.receive_or_fail()
        self.result.seconds = time.perf_counter() - began
        return self.result

    def open(self, rate: float, seed: int) -> Result:
        chance = random.Random(seed)
        began = due = time.perf_counter()
        while self.requests or self.busy:
            now = time.perf_counter()
            while self.requests and self.idle and due <= now:
                self.result.lateness.append(now - due)
                self.send(due)
                due += chance.expovariate(rate)
            if self.requests and self.idle:
                self.receive(due - time.perf_counter())
            else:
                self.receive_or_fail()
        self.result.seconds = time.perf_counter() - began
        return self.result

    def receive_or_fail(self) -> None:
        if not self.receive(SILENCE):
            raise TimeoutError(f"no answer for {SILENCE:g} s, {len(self.busy)} requests on their way")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("port", type=int)
    words.add_argument("file", type=Path)
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--count", type=int)
    words.add_argument("--connections", type=int, default=32)
    words.add_argument("--rate", type=float, help="requests a second, open loop")
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    requests = read(asked.file)[asked.first :][: asked.count]
    generator = Generator(asked.port, requests, asked.connections)
    result = generator.open(asked.rate, asked.seed) if asked.rate else generator.closed()
    json.dump(result.said(), sys.stdout)
    print()


if __name__ == "__main__":
    main()
