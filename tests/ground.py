"""What every test stands on, loaded by `-p tests.ground` before Django reads its settings.

A PostgreSQL of its own for each run (unless DATABASE_URL names one), and no network but this machine.
"""

import atexit
import ipaddress
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scrm.embedded import postgres

PREFIX = "zhanggui-tests-"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_here: list[Path] = []  # the folder of the cluster that this process started


class NetworkIsBlocked(RuntimeError):
    """A test wanted to speak to another machine."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """A wrapper, since those run before pytest-django's hook, which loads the settings."""
    os.environ.update(PROFILE="test", BROKER_URL="memory://", NO_PROXY="*")
    for name in PROXIES:
        os.environ.pop(name, None)
    _name_the_database()
    _block_the_network()
    return (yield)


def pytest_unconfigure() -> None:
    while _here:
        _remove(_here.pop())


def _name_the_database() -> None:
    """DATABASE_URL becomes the owner's, who can make the test database; APP_ROLE is who the tests then are."""
    if "TEST_APP_ROLE" in os.environ:
        return  # a worker of xdist: its parent did this
    if "DATABASE_URL" in os.environ:
        owner = os.environ.get("DATABASE_OWNER_URL")
        role = urlsplit(os.environ["DATABASE_URL"]).username if owner else None
        os.environ.update(DATABASE_URL=owner or os.environ["DATABASE_URL"], TEST_APP_ROLE=role or "")
        return
    _sweep()
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    _here.append(home)
    atexit.register(pytest_unconfigure)  # pytest does not call it when settings fail to load
    (home / "pid").write_text(str(os.getpid()))
    cluster = postgres.start(home / "pg", durable=False)
    os.environ.update(DATABASE_URL=cluster.url_owner, TEST_APP_ROLE=postgres.APP)
    signal.signal(signal.SIGTERM, lambda *_: _interrupted())


def _interrupted() -> None:
    raise KeyboardInterrupt  # so that pytest tidies up after `kill` as it does after Ctrl-C


def _sweep() -> None:
    """Removes what killed runs left behind; their servers ended with them."""
    for pid in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/pid"):
        if pid.stat().st_uid == os.geteuid() and not _lives(int(pid.read_text() or 0)):
            _remove(pid.parent)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _remove(home: Path) -> None:
    postgres.remove(home / "pg")
    shutil.rmtree(home, ignore_errors=True)


def _block_the_network() -> None:
    def guarded(name: str) -> Any:
        original = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(str(address[0])):
                raise NetworkIsBlocked(f"{NetworkIsBlocked.__doc__} ({address[0]})")
            return original(self, address)

        return connect

    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_here(str(name)):
            raise NetworkIsBlocked(f"{NetworkIsBlocked.__doc__} ({name})")
        return look_up(host, *rest, **named)

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, guarded(name))
    socket.getaddrinfo = getaddrinfo


def _is_here(host: str) -> bool:
    if host in ("localhost", "", "0.0.0.0", "::"):  # noqa: S104
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return host == socket.gethostname()
