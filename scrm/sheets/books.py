"""Tables in Excel files. A file is a zip that somebody else made: its parts are weighed before they are read."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook

from scrm.sheets.rows import COLUMNS_AT_MOST, LAST_ROW, Row, Sheet, Unreadable, counted, tidy

MEGABYTE = 1 << 20
UNPACKED_AT_MOST = 400 * MEGABYTE
PARTS_AT_MOST = 2000
# What openpyxl holds in memory as a whole.
HEAVY = {"xl/sharedStrings.xml": 80 * MEGABYTE, "xl/styles.xml": 4 * MEGABYTE, "xl/workbook.xml": 2 * MEGABYTE}
ROW_AT_MOST = 8 * MEGABYTE
MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*ref="[A-Z]+(\d+):[A-Z]+(\d+)"')
ROW_BOUND = re.compile(rb"</?(?:\w+:)?row[ >/]")
DIGITS = 10**15  # Excel keeps fifteen of a number, and makes zeros of the others
ZEROS = re.compile(r"0{2,}")


def read(content: bytes, *, skip: str = "") -> Sheet:
    """The first visible sheet with anything in it, but not the one called `skip`; raises Unreadable."""
    try:
        for name in weigh(content):
            refuse_endless_rows(name, content)  # openpyxl would make a cell of each of its cells
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that openpyxl leaves out
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        visible = [s for s in book.worksheets if s.sheet_state == "visible" and s.title != skip]
        chosen = next((s for s in visible if _has_content(s)), None)
    except Unreadable:
        raise
    except Exception:  # whatever openpyxl makes of a file that is none
        raise Unreadable("broken_book") from None
    if chosen is None:
        raise Unreadable("empty")
    others = tuple(s.title for s in visible if s is not chosen and _has_content(s))
    return Sheet(counted(_rows(chosen, content)), chosen.title, others)


def weigh(content: bytes) -> list[str]:
    """The parts that may be sheets; raises Unreadable for a zip that would unpack to more than anybody's table."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        if len(parts) > PARTS_AT_MOST or sum(part.file_size for part in parts) > UNPACKED_AT_MOST:
            raise Unreadable("too_big_inside")
        if any(part.file_size > HEAVY.get(part.filename, UNPACKED_AT_MOST) for part in parts):
            raise Unreadable("too_big_inside")
        if any(part.flag_bits & 1 for part in parts):
            raise Unreadable("locked_book")
        others = {name.lower() for name in HEAVY}
        large = [part.filename for part in parts if part.file_size > ROW_AT_MOST]
        return [name for name in large if name.lower().endswith(".xml") and name.lower() not in others]


def _has_content(sheet: Any) -> bool:
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    return any(
        cell is not None
        for row in sheet.iter_rows(max_row=50, max_col=COLUMNS_AT_MOST, values_only=True)
        for cell in row
    )


def _rows(sheet: Any, content: bytes) -> Iterator[Row]:
    try:
        refuse_merged_cells(sheet, content)
        for number, told in enumerate(sheet.iter_rows(max_col=COLUMNS_AT_MOST + 1), 1):
            yield _row(number, told)
            if number > LAST_ROW:
                return
    except Unreadable:
        raise
    except Exception:
        raise Unreadable("broken_book") from None


def refuse_endless_rows(name: str, content: bytes) -> None:
    """Raises Unreadable where one row is larger than anybody's."""
    since_row = 0
    for seen, fresh in _blocks(name, content):
        bounds = [found.start() for found in ROW_BOUND.finditer(seen)]
        since_row = len(seen) - bounds[-1] if bounds else since_row + fresh
        if since_row > ROW_AT_MOST:
            raise Unreadable("too_big_inside")


def refuse_merged_cells(sheet: Any, content: bytes) -> None:
    """Raises Unreadable where cells below the first row are merged."""
    for seen, _fresh in _blocks(sheet._worksheet_path.lstrip("/"), content):
        for found in MERGED.finditer(seen):
            if int(found[1]) > 1 or int(found[2]) > 10:
                raise Unreadable("merged_cells", line=int(found[1]))


def _blocks(name: str, content: bytes) -> Iterator[tuple[bytes, int]]:
    """A part of the file by megabytes, each with the end of the one before, and how much of it is new."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed, packed.open(name) as stream:
        tail = b""
        while block := stream.read(MEGABYTE):
            seen = tail + block
            yield seen, len(block)
            tail = seen[-200:]


def _row(number: int, told: Any) -> Row:
    row = Row(number, [])
    for n, cell in enumerate(told):
        text, fault = _text(cell)
        row.cells.append(text)
        if fault:
            row.faults[n] = fault
    return row


def _text(cell: Any) -> tuple[str, str]:
    """What a cell shows, as text; and what is wrong with it, if anything."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return "", "formula"
    if cell.data_type == "e":
        return "", "error_value"
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), ""
    if isinstance(value, datetime):
        return (value.date() if value.time() == time() else value).isoformat(), ""
    if isinstance(value, date | time):
        return value.isoformat(), ""
    return _number(cell, value)


def _number(cell: Any, value: Any) -> tuple[str, str]:
    if not isinstance(value, int | float):
        return "", "error_value"
    if abs(value) >= DIGITS:
        return "", "too_many_digits"
    if isinstance(value, float) and value != int(value):
        return repr(value), ""
    zeros = ZEROS.fullmatch(cell.number_format or "")  # a number that is shown with zeros in front is meant with them
    return str(int(value)).zfill(len(zeros[0]) if zeros else 0), ""
