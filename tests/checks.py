"""`make check`: everything that needs no test to be found wrong. `python -m tests.checks types floors` runs some."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scrm.embedded import postgres

BIN = Path(sys.executable).parent
MANAGE = (sys.executable, "manage.py")
SAFE = {  # what a careful operator would set; no server stands behind it
    "PROFILE": "production",
    "SECRET_KEY": "k9-this-is-long-enough-to-be-accepted-and-is-used-nowhere-else-3f81a7c2",
    "FIELD_KEYS": "f2-another-key-that-is-long-enough-and-used-nowhere-9b",
    "ALLOWED_HOSTS": "scrm.example.com",
    "BASE_URL": "https://scrm.example.com",
    "DATABASE_URL": "postgresql://app:word@db.example.com/zhanggui",
    "DATABASE_OWNER_URL": "postgresql://owner:word@db.example.com/zhanggui",
    "BROKER_URL": "redis://broker.example.com/0",
    "WECOM_API_BASE_URL": "https://qyapi.weixin.qq.com",
}


@dataclass(frozen=True)
class Check:
    name: str
    words: Sequence[str | Path]
    safe: bool = False  # in production's environment instead of the tests'


CHECKS = (
    Check("lint", [BIN / "ruff", "check", "--quiet", "."]),
    Check("format", [BIN / "ruff", "format", "--check", "--quiet", "."]),
    Check("types", [BIN / "mypy", "--no-error-summary"]),
    Check("floors", [BIN / "lint-imports", "--no-cache"]),
    Check("migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"]),
    Check("locks", [*MANAGE, "lintmigrations", "--settings", "tests.lint_settings", "--no-cache", "--quiet", "ok"]),
    Check("deploy", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], safe=True),
    Check("static", [*MANAGE, "collectstatic", "--no-input", "--verbosity", "0"], safe=True),
)


@contextmanager
def a_database() -> Iterator[dict[str, str]]:
    """The environment of a check that may ask the database; one is started unless DATABASE_URL names it."""
    with tempfile.TemporaryDirectory(prefix="zhanggui-check-") as home:
        urls = {}
        if "DATABASE_URL" not in os.environ:
            urls["DATABASE_URL"] = postgres.start(Path(home) / "pg", durable=False).url_owner
        try:
            yield {**os.environ, **urls, "PROFILE": "test", "BROKER_URL": "memory://", "STATIC_ROOT": f"{home}/static"}
        finally:
            postgres.remove(Path(home) / "pg")


def passes(check: Check, env: dict[str, str]) -> bool:
    began_at = time.monotonic()
    print(f"· {check.name} …", end="", flush=True)
    done = subprocess.run(check.words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    word = "failed" if done.returncode else "ok"
    print(f"\r· {check.name:<12}{word:<8}{time.monotonic() - began_at:5.1f} s")
    if done.returncode:
        print(done.stdout)
    return not done.returncode


def main(wanted: Sequence[str]) -> int:
    chosen = [check for check in CHECKS if not wanted or check.name in wanted]
    with a_database() as env:
        outcomes = [passes(check, {**env, **SAFE} if check.safe else env) for check in chosen]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
