"""What happened, in order: each callback, each API call, each message that somebody received."""

import threading
from collections import OrderedDict
from itertools import takewhile
from typing import Any

LENGTH = 100_000

Row = dict[str, Any]


class Log:
    """A bounded list of rows. A row that changes (a callback is tried again) moves to the end with a new `seq`."""

    def __init__(self, length: int = LENGTH) -> None:
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._length = length
        self._seq = 0
        self._lock = threading.Lock()

    @property
    def seq(self) -> int:
        """The number of the latest row."""
        return self._seq

    def go_on_from(self, seq: int) -> None:
        """Rows of a world that is taken up again are later than those before."""
        self._seq = max(self._seq, seq)

    def add(self, kind: str, at: float, **what: Any) -> Row:
        """A new row, with an `id` that stays and a `seq` that grows whenever the row changes."""
        with self._lock:
            self._seq += 1
            row = {"id": self._seq, "seq": self._seq, "kind": kind, "at": round(at, 3), **what}
            self._rows[self._seq] = row
            if len(self._rows) > self._length:
                self._rows.popitem(last=False)
        return row

    def change(self, row: Row, **what: Any) -> None:
        """The row says something new, at the end of the log."""
        with self._lock:
            self._seq += 1
            row.update(what, seq=self._seq)
            self._rows[row["id"]] = row
            self._rows.move_to_end(row["id"])

    def since(self, seq: int = 0, *, kind: str | None = None, limit: int | None = None) -> list[Row]:
        """Rows later than `seq`, oldest first, at most `limit` of them."""
        with self._lock:
            later = list(takewhile(lambda row: row["seq"] > seq, reversed(self._rows.values())))
            rows = [dict(row) for row in reversed(later) if kind is None or row["kind"] == kind]
        return rows if limit is None else rows[:limit]

    def latest(self, count: int) -> list[Row]:
        with self._lock:
            rows = [row for row, _ in zip(reversed(self._rows.values()), range(count), strict=False)]
            return [dict(row) for row in reversed(rows)]
