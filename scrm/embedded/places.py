"""Where an embedded server keeps its things: beside the caller's folder, or where `nobody` may go."""

import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE = Path("/var/lib/zhanggui")  # only root writes in /var/lib, and nobody may enter it
WHERE = "where"  # the file in the caller's folder that names the true one
LONGEST_TEMP = 60  # a socket's whole path must stay under about 100 bytes, TMPDIR may be longer than that


def is_root() -> bool:
    return os.geteuid() == 0


def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def key_of(home: Path) -> str:
    """Ten letters that stand for a folder and the user who asks."""
    return hashlib.sha256(f"{os.geteuid()}:{home.resolve()}".encode()).hexdigest()[:10]


def true_home(home: Path) -> Path:
    """The folder that the server's own user can reach; a root-owned one is elsewhere, and `home/where` says where."""
    home.mkdir(parents=True, exist_ok=True)
    if not is_root():
        home.chmod(0o700)
        return home
    elsewhere = _elsewhere(home)
    elsewhere.mkdir(parents=True, exist_ok=True)
    os.chown(elsewhere, nobody().pw_uid, nobody().pw_gid)
    elsewhere.chmod(0o700)
    (home / WHERE).write_text(f"{elsewhere}\n")
    return elsewhere


def orphan(home: Path) -> Path | None:
    """What root's server left elsewhere when somebody removed `home` by hand, and with it the keys to its data."""
    lost = is_root() and not (home / WHERE).exists() and _elsewhere(home).exists()
    return _elsewhere(home) if lost else None


def _elsewhere(home: Path) -> Path:
    return STATE / "clusters" / key_of(home)


def forget(home: Path) -> None:
    """Removes a stopped server's folder, wherever it is."""
    where = home / WHERE
    if is_root() and where.exists():
        elsewhere = Path(where.read_text().strip())
        if elsewhere.parent == STATE / "clusters":
            shutil.rmtree(elsewhere, ignore_errors=True)
    shutil.rmtree(socket_path(home), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def socket_path(home: Path) -> Path:
    """A short path, the same each time, for the sockets of the server in `home`."""
    temp = tempfile.gettempdir()
    return Path(temp if len(temp) <= LONGEST_TEMP else "/tmp") / f"zhanggui-{key_of(home)}"  # noqa: S108


def socket_dir(home: Path, *, uid: int, gid: int) -> Path:
    """Makes `socket_path`: nobody but that user (and root) may enter, so the socket itself needs no password."""
    place = socket_path(home)
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if place.is_symlink() or found.st_uid not in (uid, os.geteuid()):
        raise PermissionError(f"{place} belongs to somebody else; remove it or set TMPDIR")
    if found.st_uid != uid:
        os.chown(place, uid, gid)
    place.chmod(0o700)
    return place


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """Only one process at a time makes or starts what is in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
