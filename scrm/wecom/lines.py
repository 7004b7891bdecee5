"""Lines to WeCom on which nobody keeps us waiting: the read timeout is for an answer as a whole.

The timeout of a socket begins anew with each byte, so a server (or a proxy on the way) that drips one byte a second
could hold a worker for hours.
"""

import http.client
import io
import socket
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from scrm import outbound

LARGEST_ANSWER = 32 * 1024 * 1024  # unpacked; a corp's whole directory has a few megabytes


class _Until(io.RawIOBase):
    """The bytes of a socket, up to an instant of the monotonic clock."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self.sock, self.until = sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer as a whole took too long")
        self.sock.settimeout(left)
        return self.sock.recv_into(buffer)


class _Answer(http.client.HTTPResponse):
    """An answer that is read within the timeout that the socket had when it began."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        patience = sock.gettimeout()
        if patience is not None:
            self._plain = self.fp  # holds the socket open as long as the answer is read
            self.fp = io.BufferedReader(_Until(sock, time.monotonic() + patience))

    def close(self) -> None:
        super().close()
        if plain := self.__dict__.pop("_plain", None):
            plain.close()


class _Line(HTTPConnection):
    response_class = _Answer


class _SecureLine(HTTPSConnection):
    response_class = _Answer


class _Lines(HTTPConnectionPool):
    ConnectionCls = _Line


class _SecureLines(HTTPSConnectionPool):
    ConnectionCls = _SecureLine


class Adapter(outbound.Fence):
    """Speaks to allowed hosts, over such lines."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Lines, "https": _SecureLines}
