"""A server that says exactly the bytes of a case, whatever it is asked; only tokens it gives honestly."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.corpus.wecom_answers import Case, http

TOKEN = "canary-token-0123456789-abcdefghijklmnop"
Script = Callable[[str], Case | bytes]


class Raw:
    """`server.script` decides by path what is said; `server.asked` lists the paths."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked: list[str] = []
        self.enough = threading.Event()
        self.script: Script = lambda _path: http(b"{}")
        self.threads = [threading.Thread(target=self._accept, daemon=True)]

    def _accept(self) -> None:
        while not self.enough.is_set():
            with suppress(OSError):
                line, _ = self.listener.accept()
                thread = threading.Thread(target=self._answer, args=(line,), daemon=True)
                thread.start()
                self.threads.append(thread)

    def _answer(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            path = _request(line)
            self.asked.append(path)
            if path.endswith("/gettoken"):
                line.sendall(http(json.dumps({"errcode": 0, "access_token": TOKEN, "expires_in": 7200}).encode()))
                return
            said = self.script(path)
            self._say(line, said if isinstance(said, Case) else Case("", (said,), None))

    def _say(self, line: socket.socket, case: Case) -> None:
        for piece in case.pieces:
            if case.pause:
                self.enough.wait(case.pause)
            line.sendall(piece)
        if case.hang:
            self.enough.wait(30)


def _request(line: socket.socket) -> str:
    """The path of a request that was read to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [int(one.split(b":")[1]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length")]
    while sizes and len(body) < sizes[0]:
        body += line.recv(65536)
    return head.split(b" ")[1].decode().partition("?")[0]


@contextmanager
def running() -> Iterator[Raw]:
    server = Raw()
    server.threads[0].start()
    try:
        yield server
    finally:
        server.enough.set()
        server.listener.close()
