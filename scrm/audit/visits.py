"""From where the present request comes, for whoever writes the audit book on its behalf."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

_address: ContextVar[str | None] = ContextVar("address", default=None)


@contextmanager
def from_address(text: str) -> Iterator[None]:
    """Until the block ends, what is recorded comes from this address; no address where it is none."""
    token = _address.set(_readable(text))
    try:
        yield
    finally:
        _address.reset(token)


def address() -> str | None:
    """The address of the present request; None outside of any."""
    return _address.get()


def request_id() -> str:
    """The id under which the log speaks of the present request or task."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64]


def _readable(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:  # a Unix socket, or a proxy that writes names
        return None
