"""`python -m scrm.demo.manage <command> …`: a management command in the environment of a demo."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scrm.demo.wishes import ROOT

NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL")


def remember(folder: Path, env: Mapping[str, str], names: set[str]) -> None:
    """Writes down, for its owner's eyes only, what the demo tells its programs."""
    said = {name: env[name] for name in sorted(names | set(NAMES)) if name in env}
    with os.fdopen(os.open(_place(folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(said, file, indent=1)


def recall(folder: Path) -> dict[str, str]:
    """What the demo of this folder tells its programs; raises FileNotFoundError where there is none."""
    said: dict[str, str] = json.loads(_place(folder).read_text())
    return said


def forget(folder: Path) -> None:
    """No demo runs here any more."""
    _place(folder).unlink(missing_ok=True)


def _place(folder: Path) -> Path:
    return folder / "environment.json"


def run(words: list[str], env: Mapping[str, str]) -> None:
    """Becomes `manage.py` with these words; ends with a sentence when no demo runs."""
    folder = Path(env.get("DEMO_DIR") or ROOT / ".demo").resolve()
    try:
        said = recall(folder)
    except FileNotFoundError:
        sys.exit(f"No demo runs in {folder}: start it with `make demo`, or choose another DEMO_DIR.")
    os.execve(sys.executable, [sys.executable, str(ROOT / "manage.py"), *words], {**env, **said})  # noqa: S606


if __name__ == "__main__":
    run(sys.argv[1:], os.environ)
