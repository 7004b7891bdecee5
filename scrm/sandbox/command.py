"""The command, with Django or without: flags, two lines of output, a clean end."""

import argparse
import signal
import threading
from pathlib import Path
from typing import Any

from scrm.sandbox import memory
from scrm.sandbox.sandbox import Sandbox

APP = ("corp_id", "agent_id", "secret", "token", "aes_key", "slug", "callback_url")
KEEP_EVERY = 3.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags; what is not given is made from the seed."""
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (loopback)")
    parser.add_argument("--port", type=int, default=8100, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world")
    parser.add_argument("--stores", type=int, default=12, help="shops of the sample brand")
    parser.add_argument("--customers", type=int, default=0, help="customers that each guide has from the start")
    parser.add_argument("--threads", type=int, default=8, help="how many letters are sent at the same time")
    parser.add_argument("--keep", default="", help="a file in which the world outlives this process")
    parser.add_argument("--frozen-at", type=float, help="Unix seconds at which the clock stands until it is driven")
    for name in APP:
        parser.add_argument(f"--{name.replace('_', '-')}", default="", help=f"{name} of the main app")


def serve(options: dict[str, Any]) -> None:
    """Run until SIGINT or SIGTERM."""
    given = {name: options[name] for name in APP if options[name]}
    world = {name: options[name] for name in ("seed", "stores", "customers", "frozen_at")}
    place = Path(options["keep"]) if options["keep"] else None
    if place and place.exists():
        world["frozen_at"] = None  # a world that is remembered has a time of its own
    sandbox = Sandbox(**world, **given)
    if place:
        memory.recall(sandbox, place)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    sandbox.start(host=options["host"], port=options["port"], threads=options["threads"])
    print(sandbox.corp_line, flush=True)
    print(f"sandbox {sandbox.base_url}", flush=True)
    if place:
        _keep_often(sandbox, place, done)
    done.wait()
    sandbox.stop()
    if place:
        memory.keep(sandbox, place)


def _keep_often(sandbox: Sandbox, place: Path, done: threading.Event) -> None:
    """Write the world whenever something has happened, until `done`."""
    written = -1
    while not done.wait(KEEP_EVERY):
        if sandbox.log.seq != written:
            written = sandbox.log.seq
            memory.keep(sandbox, place)
