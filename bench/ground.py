"""What every figure stands on: a PostgreSQL that loses nothing, the schema in it, Django speaking to it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from scrm.embedded import postgres

ROOT = Path(__file__).parent.parent
OTHERS = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "BROKER_URL",
    "PROFILE",
    "DEBUG",
    "SENTRY_DSN",
    "FIELD_KEYS",
    "SECRET_KEY",
)
EMPTY = "empty_house"  # a migrated database without rows, from which others are made
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True)
class Ground:
    folder: Path
    cluster: postgres.Cluster
    env: dict[str, str]

    @property
    def log(self) -> Path:
        return self.folder / "servers.log"

    def postmaster(self) -> int:
        return self.cluster.pid() or 0

    def as_owner(self, *statements: str) -> None:
        """Runs what only the owner of the tables may."""
        with psycopg.connect(self.cluster.url_owner, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def empty(self, *tables: str) -> None:
        self.as_owner(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")

    def count(self, table: str) -> int:
        with psycopg.connect(self.cluster.url_owner) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # type: ignore[index,call-overload]

    def calm(self) -> None:
        """No checkpoint and no vacuum of an earlier figure runs into the next one."""
        with psycopg.connect(self.cluster.url(postgres.SUPERUSER), autocommit=True) as connection:
            connection.execute("CHECKPOINT")


@contextmanager
def prepared() -> Iterator[Ground]:
    """A migrated database in a folder of its own, gone afterwards; Django is set up and is the app role."""
    folder = Path(tempfile.mkdtemp(prefix="zhanggui-bench-"))
    try:
        cluster = postgres.start(folder / "pg")
        yield _migrated(folder, cluster)
    finally:
        postgres.remove(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)


def _migrated(folder: Path, cluster: postgres.Cluster) -> Ground:
    _must_be_durable(cluster)
    env = {name: value for name, value in os.environ.items() if name not in OTHERS}
    env |= {"PROFILE": "demo", "DJANGO_SETTINGS_MODULE": "scrm.settings", "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
    env |= {"DATABASE_URL": cluster.url_app, "BROKER_URL": "memory://", "WECOM_API_BASE_URL": "http://127.0.0.1:9"}
    migrate = [sys.executable, str(ROOT / "manage.py"), "migrate", "--no-input", "-v", "0"]
    subprocess.run(migrate, check=True, env={**env, "DATABASE_OWNER_URL": cluster.url_owner}, cwd=ROOT)
    with psycopg.connect(cluster.url(postgres.SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {EMPTY} TEMPLATE {postgres.DATABASE}")  # type: ignore[call-overload]
    for name in OTHERS:
        os.environ.pop(name, None)
    os.environ.update(env)
    import django

    django.setup()
    _be_quiet()
    return Ground(folder, cluster, env)


def _must_be_durable(cluster: postgres.Cluster) -> None:
    with psycopg.connect(cluster.url_app) as connection:
        lossy = [name for name in DURABLE if connection.execute(f"SHOW {name}").fetchone() != ("on",)]  # type: ignore[call-overload]
    if lossy:
        raise RuntimeError(f"{', '.join(lossy)} must be on, or the figures would mean nothing")


def _be_quiet() -> None:
    import logging
    import warnings

    warnings.filterwarnings("ignore", "No directory at", UserWarning)  # nobody has collected static files
    logging.getLogger().setLevel(logging.ERROR)
