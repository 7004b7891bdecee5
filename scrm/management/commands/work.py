"""Applies the inbox, says welcomes, makes calls; needs PostgreSQL and nothing else."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from scrm import clock
from scrm.audit import heartbeats
from scrm.watch import rounds
from scrm.wecom import calls, inbox, routes, welcomes
from scrm.wecom.models.letters import SHARDS

log = structlog.get_logger()

LONGEST_PAUSE = 5.0  # seconds between tries while the database is away


class Lane(NamedTuple):
    """Work that is done in a loop by one thread, with a rest when there is none."""

    name: str
    run: Callable[[datetime], int]
    rest: float = 1.0


class Command(BaseCommand):
    help = "Apply the inbox, send welcomes and make outbound calls until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--inbox-threads", type=int, default=2, help="threads that apply letters (2)")
        parser.add_argument("--once", action="store_true", help="work until there is nothing left, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        lanes = all_lanes(options["inbox_threads"])
        if options["once"]:
            return until_empty(lanes)
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        threads = [threading.Thread(target=keep_running, args=(lane, stop), name=lane.name) for lane in lanes]
        for thread in threads:
            thread.start()
        log.info("work.started", lanes=[lane.name for lane in lanes])
        while not stop.wait(60):
            pass
        for thread in threads:
            thread.join()
        with suppress(DatabaseError):
            heartbeats.stop("work")
        log.info("work.stopped")


def all_lanes(inbox_threads: int) -> list[Lane]:
    """The gateway's lanes, welcomes first, then those of the route table."""
    share = -(-SHARDS // inbox_threads)
    applying = partial(inbox.hand_on, shards=share)
    return [
        Lane("welcomes", welcomes.lane, 0.2),
        *(Lane(f"inbox-{n + 1}", applying) for n in range(inbox_threads)),
        Lane("calls", calls.lane),
        *(Lane(_name(lane), lane) for lane in routes.lanes()),
        Lane("watch", rounds.lane, 15),
    ]


def _name(lane: Callable[..., Any]) -> str:
    return f"{getattr(lane, '__module__', '')}.{getattr(lane, '__name__', type(lane).__name__)}".lstrip(".")


def keep_running(lane: Lane, stop: threading.Event) -> None:
    """Runs a lane until told to stop. No error ends it: it rests, longer each time, on a fresh connection."""
    failures = 0
    structlog.contextvars.bind_contextvars(lane=lane.name)  # a thread has contexts of its own
    while not stop.is_set():
        started = time.monotonic()
        try:
            done = lane.run(clock.now())
        except Exception as error:
            failures += 1
            log.error("work.lane.failed", error=inbox.outline(error), in_a_row=failures)
            connection.close()
            stop.wait(min(0.2 * 2**failures, LONGEST_PAUSE))
            continue
        failures = 0
        if done:
            log.info("work.lane.done", done=done, seconds=round(time.monotonic() - started, 3))
        else:
            stop.wait(lane.rest)
    connection.close()


def until_empty(lanes: list[Lane]) -> None:
    """Runs every lane in turn until a whole round does nothing."""
    while sum(lane.run(clock.now()) for lane in lanes):
        pass
