"""The processes of deploy/systemd, started as the units say, from this checkout and on free ports."""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from scrm.demo import programs
from scrm.demo.programs import Program
from scrm.embedded import postgres, valkey
from tests.chaos.house import TESTS_OWN, a_port
from tests.checks import SAFE

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy/systemd"
PATIENCE = 60.0


def lines(unit: str, key: str) -> list[str]:
    """Every value of a key of a unit."""
    text = (UNITS / f"{unit}.service").read_text()
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def words(unit: str, **ports: int) -> list[str]:
    """ExecStart with this checkout in the place of /opt/zhanggui, and other ports."""
    (said,) = lines(unit, "ExecStart")
    for port, free in ports.items():
        said = said.replace(f"--port {port.lstrip('_')}", f"--port {free}")
    said = said.replace("/opt/zhanggui/.venv/bin/python", sys.executable).replace("/opt/zhanggui", str(ROOT))
    return shlex.split(said)


@dataclass
class Installation:
    """PostgreSQL with the roles that bootstrap.sql makes, Valkey, and the environment of production."""

    folder: Path
    cluster: postgres.Cluster
    broker: valkey.Server
    database: str = "shop"
    port: int = field(default_factory=a_port)
    door: int = field(default_factory=a_port)
    running: dict[str, Program] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in TESTS_OWN}
        return kept | {
            **{**SAFE, "DATABASE_OWNER_URL": ""},
            "DATABASE_URL": self.cluster.url(f"{self.database}_app", self.database),
            "BROKER_URL": self.broker.url,
            "BEHIND_TLS_PROXY": "1",
            "TRUSTED_PROXIES": "1",
            "OUTBOUND_HOSTS": "127.0.0.1",
            "STATIC_ROOT": str(self.folder / "static"),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "metrics"),
        }

    @property
    def owner_env(self) -> dict[str, str]:
        return self.env | {"DATABASE_OWNER_URL": self.cluster.url(f"{self.database}_owner", self.database)}

    def bootstrap(self) -> str:
        """Runs bootstrap.sql as an operator would."""
        psql = [str(self.cluster.programs / "psql"), "-X", "-q", "-v", f"name={self.database}"]
        psql += ["-f", str(ROOT / "deploy/bootstrap.sql"), self.cluster.url(postgres.SUPERUSER, "postgres")]
        done = subprocess.run(psql, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        assert not done.returncode, done.stderr
        return done.stderr

    def manage(self, *said: str, **more: str) -> str:
        program = Program("manage", [sys.executable, "manage.py", *said], self.env | more, self.folder / "manage.log")
        return programs.run(program, patience=PATIENCE)

    def migrate(self) -> None:
        program = Program("migrate", words("zhanggui-migrate"), self.owner_env, self.folder / "migrate.log")
        programs.run(program, patience=PATIENCE)

    def start(self, *units: str) -> None:
        for unit in units:
            said = words(f"zhanggui-{unit}", _8000=self.port, _8001=self.door)
            said = [word.replace("/var/lib/zhanggui", str(self.folder)) for word in said]
            self.running[unit] = Program(unit, said, self.env, self.folder / f"{unit}.log")
            self.running[unit].start()

    def stop(self) -> None:
        programs.end(list(self.running.values()), patience=20)
