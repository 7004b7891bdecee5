"""A world that outlives its process: written to a file now and then, read at the next start."""

import pickle
import time
from pathlib import Path

from scrm.sandbox.sandbox import Sandbox


def keep(sandbox: Sandbox, place: Path) -> None:
    """Write corps, people and the clock; letters on their way and tokens are not kept."""
    world = sandbox.world
    with world.lock:
        said = pickle.dumps(
            {"corps": world.corps, "count": world._count, "ahead": max(0.0, world.clock.now() - time.time())}
        )
    half = place.with_name(place.name + ".new")
    half.write_bytes(said)
    half.rename(place)


def recall(sandbox: Sandbox, place: Path) -> bool:
    """Take the file's world in place of the fresh one; False when there is none of this corp and app."""
    if not place.exists():
        return False
    said = pickle.loads(place.read_bytes())  # noqa: S301  we wrote it
    corp = said["corps"].get(sandbox.corp_id)
    if corp is None or sandbox.agent_id not in corp.apps:
        return False
    url, world = sandbox.app.callback_url, sandbox.world
    world.corps, world._count = said["corps"], said["count"]
    world.dice.seed(time.time_ns())  # what was drawn after the last writing must not be drawn again
    world.clock.advance(said["ahead"])
    sandbox.corp, sandbox.app = corp, corp.apps[sandbox.agent_id]
    sandbox.listen(url)
    return True
