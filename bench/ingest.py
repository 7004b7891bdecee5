"""Letters in: the product's door behind granian, beside a bare ASGI application that does the least there is to do."""

import json
import random
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import floor, letters
from bench.figures import Figure, Target, at_least, at_most, beside, percentile, value_at_most
from bench.ground import Ground
from bench.servers import ASGI, ROOT, WSGI, Server, cpu_of, granian
from scrm.embedded import postgres

NAIVE_LETTERS = 150
LETTERS = "wecom_letter"


@dataclass(frozen=True)
class Design:
    """A way to answer letters: which application, how it is served, where its rows go."""

    name: str
    app: str
    how: tuple[str, ...]
    table: str = LETTERS


FLOOR = Design("floor", "bench.floor:application", ASGI, floor.TABLE)
DOOR = Design("ASGI door", "scrm.asgi:application", ASGI)
PAGES = Design("WSGI with pages", "scrm.wsgi:application", WSGI)
NAIVE = Design(
    "naive peer", "bench.naive:application", ("--interface", "wsgi", "--workers", "2", "--blocking-threads", "16")
)


@dataclass
class Rounds:
    """What each design's rounds gave."""

    rate: dict[Design, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[Design, list[float]] = field(default_factory=lambda: defaultdict(list))
    p50: dict[Design, list[float]] = field(default_factory=lambda: defaultdict(list))
    p99: dict[Design, list[float]] = field(default_factory=lambda: defaultdict(list))
    late: list[float] = field(default_factory=list)
    replies: int = 0
    missing: int = 0


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """The figures of ingest, all from interleaved rounds over the same letters."""
    count, rounds, open_count = (2500, 2, 900) if quick else (8000, 5, 1500)
    connect_corp()
    make_floor(ground)
    corpus = ground.folder / "letters"
    letters.write(letters.adds(count), corpus)
    found = Rounds()
    with ExitStack() as running:
        servers = {
            d: running.enter_context(granian(d.app, d.how, ground.env, ground.log)) for d in (FLOOR, DOOR, PAGES, NAIVE)
        }
        order = [FLOOR, DOOR, PAGES]
        for design in order:
            _send(ground, servers[design], corpus, ["--count", "500"])  # warm
        for _ in range(rounds):
            random.shuffle(order)
            for design in order:
                closed_round(ground, design, servers[design], corpus, found, count)
        closed_round(ground, NAIVE, servers[NAIVE], corpus, found, NAIVE_LETTERS)
        for n in range(rounds):
            random.shuffle(order)
            for design in order:
                open_round(ground, design, servers[design], corpus, found, open_count // rounds, seed=n)
    return figures(found, rounds, open_count // rounds * rounds)


def connect_corp() -> None:
    """A corp with one receiver."""
    from scrm import clock
    from scrm.wecom import corps

    corps.connect(
        corp_id=letters.CORP_ID,
        agent_id=letters.AGENT_ID,
        secret="secret-of-the-bench",
        token=letters.TOKEN,
        aes_key=letters.AES_KEY,
        slug=letters.SLUG,
        at=clock.now(),
    )


def make_floor(ground: Ground) -> None:
    """A table of the same shape for the floor."""
    ground.as_owner(
        f"CREATE TABLE IF NOT EXISTS {floor.TABLE} (LIKE {LETTERS} INCLUDING ALL)",
        f"GRANT ALL ON {floor.TABLE} TO {postgres.APP}",
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {postgres.APP}",
    )


def closed_round(ground: Ground, design: Design, server: Server, corpus: Path, found: Rounds, count: int) -> None:
    """As fast as 32 connections go."""
    _clear(ground, design)
    before = cpu_of(server.pid, ground.postmaster())
    said = _send(ground, server, corpus, ["--count", str(count)])
    after = cpu_of(server.pid, ground.postmaster())
    _check(ground, design, said, found)
    found.rate[design].append(said["ok"] / said["seconds"])
    if before is not None and after is not None:
        found.cpu[design].append(1e6 * (after - before) / said["ok"])


def open_round(
    ground: Ground, design: Design, server: Server, corpus: Path, found: Rounds, count: int, *, seed: int
) -> None:
    """300 letters a second at random instants, whether answers come or not."""
    _clear(ground, design)
    said = _send(ground, server, corpus, ["--count", str(count), "--rate", "300", "--seed", str(seed)])
    _check(ground, design, said, found)
    found.p50[design].append(said["p50"])
    found.p99[design].append(said["p99"])
    found.late.append(said["late_p99"])


def _clear(ground: Ground, design: Design) -> None:
    if design is NAIVE:
        return
    ground.empty(design.table)
    ground.calm()


def _send(ground: Ground, server: Server, corpus: Path, words: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.load", str(server.port), str(corpus), *words]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=ground.env)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-300:] + ground.log.read_text()[-2000:])
    return dict(json.loads(done.stdout))


def _check(ground: Ground, design: Design, said: dict[str, Any], found: Rounds) -> None:
    """Every letter that was answered is in the table."""
    if said["ok"] != said["sent"]:
        raise RuntimeError(f"{design.name} answered {said['statuses']} to {said['sent']} letters; see {ground.log}")
    if design is not NAIVE:
        found.replies += said["ok"]
        found.missing += max(0, said["ok"] - ground.count(design.table))


def figures(found: Rounds, rounds: int, open_count: int) -> list[Figure]:
    rate, cpu = found.rate, found.cpu
    naive = rate[NAIVE]
    told = [
        beside("ingest: ASGI door, letters", "1/s", rate[DOOR], rate[FLOOR], target=at_least(0.8)),
        beside("ingest: WSGI with pages, letters", "1/s", rate[PAGES], rate[FLOOR], target=at_least(0.4)),
        Figure("ingest: ASGI door × naive peer", *_times(rate[DOOR], naive), NAIVE_LETTERS, at_least(20)),
    ]
    if cpu[DOOR]:
        told.append(beside("ingest: ASGI door, CPU a letter", "µs", cpu[DOOR], cpu[FLOOR], target=at_most(1.25)))
        told.append(beside("ingest: WSGI with pages, CPU a letter", "µs", cpu[PAGES], cpu[FLOOR]))
    for design, limit in ((DOOR, 50), (PAGES, 50)):
        told.append(_latency(found, design, open_count, value_at_most(limit)))
    told.append(Figure("ingest: the generator's own lateness, p99", percentile(found.late, 0.5), "ms", n=open_count))
    told.append(
        Figure("ingest: answered but not stored", found.missing, "letters", n=found.replies, target=value_at_most(0))
    )
    return told


def _times(ours: list[float], naive: list[float]) -> tuple[float, str, float, float]:
    mine, theirs = percentile(ours, 0.5), percentile(naive, 0.5)
    return mine, "1/s", theirs, mine / theirs


def _latency(found: Rounds, design: Design, n: int, target: Target) -> Figure:
    said = beside("", "ms", found.p99[design], found.p99[FLOOR])
    return Figure(f"ingest: {design.name}, p99 at 300/s", said.value, "ms", said.floor, said.ratio, n, target)
