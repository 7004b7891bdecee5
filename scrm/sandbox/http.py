"""A small HTTP/1.1 server with kept-alive connections, one thread for each; enough for clients that we trust."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedIOBase
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qsl, unquote

LINE = 65_536
BIGGEST = 64 * 1024 * 1024


@dataclass
class Request:
    """What a client sent; header names are lower case, of a query's repeated name the last value counts."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ip: str = "127.0.0.1"


@dataclass
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self, *, keep: bool, head_only: bool) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}", "Server: nginx", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", f"Connection: {'keep-alive' if keep else 'close'}", "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + (b"" if head_only else self.body)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"


NOT_FOUND = Response(404, b"<html><body><h1>404 Not Found</h1></body></html>", {"Content-Type": "text/html"})
BAD = Response(400, b"bad request", {"Content-Type": "text/plain"})

Answer = Callable[[Request], Response | None]


def as_json(data: Any, status: int = 200) -> Response:
    body = json.dumps(data, ensure_ascii=False).encode()
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8"})


class Server(ThreadingTCPServer):
    """Listens on a host and port (0: any free one) and gives each request to `answer`; None cuts the connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512
    block_on_close = False

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self.answer = answer
        super().__init__((host, port), Line)


class Line(StreamRequestHandler):
    """One connection, as long as the client keeps it."""

    disable_nagle_algorithm = True
    timeout = 120
    server: Server

    def handle(self) -> None:
        try:
            while self._one():
                pass
        except (OSError, ValueError):
            return

    def _one(self) -> bool:
        """Read one request and answer it; False when the connection is over."""
        first = self.rfile.readline(LINE)
        if not first.strip():
            return bool(first)
        method, target, version = first.decode("latin-1").split()
        headers = _headers(self.rfile)
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _body(self.rfile, headers)
        path, _, query = target.partition("?")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        response = self.server.answer(Request(method, unquote(path), pairs, headers, body, self.client_address[0]))
        if response is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        asked = headers.get("connection", "").lower()
        keep = asked != "close" if version == "HTTP/1.1" else asked == "keep-alive"
        self.wfile.write(response.wire(keep=keep, head_only=method == "HEAD"))
        return keep


def _headers(stream: BufferedIOBase) -> dict[str, str]:
    headers = {}
    while line := stream.readline(LINE).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def _body(stream: BufferedIOBase, headers: dict[str, str]) -> bytes:
    """The body by its length, or in chunks."""
    if headers.get("transfer-encoding", "").lower() != "chunked":
        length = int(headers.get("content-length") or 0)
        if not 0 <= length <= BIGGEST:
            raise ValueError("a body of impossible length")
        return stream.read(length)
    chunks = []
    while size := int(stream.readline(LINE).split(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline(LINE)
    while stream.readline(LINE).strip():
        pass
    return b"".join(chunks)
