"""Cursors: opaque, and dead after the fault `expire_cursors`."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from scrm.sandbox.api.endpoints import Call
from scrm.sandbox.api.errors import Refusal

Row = TypeVar("Row")


def window(call: Call, name: str, *, default: int, most: int) -> int:
    """The limit that a call asks for, clamped."""
    wanted = call.body.number(name) or default
    return max(1, min(wanted, most))


def page(call: Call, rows: Sequence[Row], limit: int, cursor: str | None = None) -> tuple[list[Row], str]:
    """(the rows after the cursor, the next cursor or "")."""
    start = position(call, call.body.text("cursor") if cursor is None else cursor)
    end = start + limit
    return list(rows[start:end]), cursor_at(call, end) if end < len(rows) else ""


def position(call: Call, cursor: str) -> int:
    """Where a cursor points; 50100 for one that is not ours or has died."""
    if not cursor:
        return 0
    try:
        age, _, place = base64.urlsafe_b64decode(cursor.encode() + b"==").decode().partition(":")
        age, place = int(age[2:]), int(place)  # type: ignore[assignment]
    except ValueError as error:
        raise Refusal(50100) from error
    if age != call.sandbox.cursor_age:
        raise Refusal(50100)
    return place  # type: ignore[return-value]


def cursor_at(call: Call, place: int) -> str:
    """An opaque cursor for a place."""
    return base64.urlsafe_b64encode(f"c.{call.sandbox.cursor_age:08d}:{place:020d}".encode()).decode().rstrip("=")
