"""`python -m scrm.embedded.clean [folder …]`: stops the embedded servers and removes the demo's data."""

import os
import sys
from pathlib import Path

from scrm.embedded import places, postgres, valkey

PARTS = (("pg", postgres.remove), ("valkey", valkey.remove))
MADE = ("log", "keys.json", "keys.env", "demo.lock")


def clean(demo: Path) -> None:
    """Removes what a demo left in its folder, and the folder if nothing else is in it."""
    for name, remove in PARTS:
        remove(demo / name)
    places.forget(demo / "log")
    for found in demo.iterdir() if (demo / "demo.json").exists() else ():
        found.unlink() if found.is_file() else places.forget(found)
    if demo.exists() and not any(demo.iterdir()):
        demo.rmdir()


if __name__ == "__main__":
    for folder in sys.argv[1:] or [os.environ.get("DEMO_DIR") or ".demo"]:
        clean(Path(folder).resolve())
