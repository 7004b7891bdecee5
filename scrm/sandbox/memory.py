"""A world that outlives its process: written to a file now and then, read at the next start."""

import hashlib
import pickle
import time
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from scrm.sandbox import nouns, world
from scrm.sandbox.sandbox import Sandbox

NO_WORLD = (OSError, pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError)


def shape() -> str:
    """A digest of what the world is made of: a file of another shape is not read."""
    kinds = {kind for module in (nouns, world) for kind in vars(module).values() if isinstance(kind, type)}
    names = sorted(f"{kind.__name__}.{each.name}" for kind in kinds if is_dataclass(kind) for each in fields(kind))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def keep(sandbox: Sandbox, place: Path) -> None:
    """Write corps, people, switches and the clock; letters on their way, tokens and the log are not kept."""
    its = sandbox.world
    with its.lock:
        said = {"shape": shape(), "corps": its.corps, "count": its.counted, "switches": its.switches.as_dict()}
        written = pickle.dumps({**said, "ahead": max(0.0, its.clock.now() - time.time()), "seq": sandbox.log.seq})
    half = place.with_name(place.name + ".new")
    half.write_bytes(written)
    half.rename(place)


def recall(sandbox: Sandbox, place: Path) -> bool:
    """Take the file's world in place of the fresh one; False when there is none of this corp, app and shape."""
    said = _read(place)
    corp = said["corps"].get(sandbox.corp_id) if said.get("shape") == shape() else None
    if corp is None or sandbox.agent_id not in corp.apps:
        return False
    given, its = sandbox.app, sandbox.world
    its.corps, its.counted = said["corps"], said["count"]
    its.switches.turn(**said["switches"])
    its.dice.seed(time.time_ns())  # what was drawn after the last writing must not be drawn again
    its.clock.advance(said["ahead"])
    sandbox.log.go_on_from(said["seq"])
    sandbox.corp, sandbox.app = corp, corp.apps[sandbox.agent_id]
    for name in ("secret", "token", "aes_key", "slug"):
        setattr(sandbox.app, name, getattr(given, name))
    sandbox.listen(given.callback_url or sandbox.app.callback_url)
    return True


def _read(place: Path) -> dict[str, Any]:
    """What the file says; nothing when it is none of ours."""
    try:
        said = pickle.loads(place.read_bytes())  # noqa: S301  we wrote it
    except NO_WORLD:
        return {}
    return said if isinstance(said, dict) else {}
