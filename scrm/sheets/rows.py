"""What a table in a file comes to, whichever kind of file it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

COLUMNS_AT_MOST = 100
CELL_AT_MOST = 2000  # characters
LAST_ROW = 1_048_576  # of Excel
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


class Unreadable(Exception):
    """The file is no table that we read; the code says why, the rest says where."""

    def __init__(self, code: str, **where: object) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


@dataclass(slots=True)
class Row:
    """One line: its number in the file, its texts, and what is wrong with some of them."""

    number: int
    cells: list[str]
    faults: dict[int, str] = field(default_factory=dict)


@dataclass
class Sheet:
    """The rows with anything in them, one after another; and the names of sheets that were left unread."""

    rows: Iterator[Row]
    name: str = ""
    others: tuple[str, ...] = ()


def tidy(text: str) -> tuple[str, str]:
    """A cell's text without what nobody sees, and what is wrong with it, if anything."""
    text = text.translate(INVISIBLE).strip()
    if text.startswith('="') and text.endswith('"') and '"' not in text[2:-1]:
        return text[2:-1].strip(), ""  # how spreadsheets are told to keep the zeros of "00123"
    if len(text) > CELL_AT_MOST:
        return "", "too_long"
    if UNPRINTABLE.search(text):
        return "", "unprintable"
    if text.startswith(("=", "＝")):
        return "", "formula"
    return text.removeprefix("'"), ""  # our own files put it before what looks like a formula


def counted(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows that hold anything, unless they are more than we read."""
    seen = 0
    for row in rows:
        if row.number > LAST_ROW:
            raise Unreadable("too_many_rows", limit=settings.IMPORT_ROWS)
        while row.cells and not row.cells[-1] and len(row.cells) - 1 not in row.faults:
            row.cells.pop()
        if not any(row.cells) and not row.faults:
            continue
        if len(row.cells) > COLUMNS_AT_MOST:
            raise Unreadable("too_many_columns", line=row.number, limit=COLUMNS_AT_MOST)
        seen += 1
        if seen > settings.IMPORT_ROWS + 10:  # titles and the header are not counted
            raise Unreadable("too_many_rows", limit=settings.IMPORT_ROWS)
        yield row
