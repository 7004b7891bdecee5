"""`python -m scrm.demo.clean [folder …]`: stops a demo and removes what it made."""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

from scrm.embedded import places, postgres, valkey

PATIENCE = 30.0
FILES = ("keys.json", "environment.json", "demo.lock", "wecom.world", "beat*")


def clean(demo: Path) -> None:
    """Removes what a demo left in its folder, and the folder if nothing else is in it."""
    if not demo.exists():
        return
    stop(demo / "demo.lock")
    postgres.remove(demo / "pg")
    valkey.remove(demo / "valkey")
    places.forget(demo / "log")
    for pattern in FILES:
        for found in demo.glob(pattern):
            found.unlink()
    if not any(demo.iterdir()):
        demo.rmdir()


def stop(lock: Path) -> None:
    """Asks the demo that holds the lock to end, and waits until it has."""
    if not lock.exists():
        return
    with lock.open() as held:
        gives_up = time.monotonic() + PATIENCE
        asked = False
        while time.monotonic() < gives_up:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if not asked:
                    os.kill(int(held.read()), signal.SIGTERM)
                    asked = True
                time.sleep(0.1)
    sys.exit(f"the demo of {lock.parent} does not stop")


if __name__ == "__main__":
    for folder in sys.argv[1:] or [os.environ.get("DEMO_DIR") or ".demo"]:
        clean(Path(folder).resolve())
