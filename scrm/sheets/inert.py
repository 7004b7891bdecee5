"""Cells that run nothing, whoever opens the file: for spreadsheets that people open with a double click."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

BOM = "\ufeff"  # without it Excel takes UTF-8 for GBK
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Chinese Excel takes wide ones too
NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\']")  # of a sheet
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay."""
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) else value


def cell(sheet: Any, value: Any, *, is_head: bool = False) -> Any:
    """A cell for an openpyxl sheet; a text in it is a text, whatever it begins with."""
    text = ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
    made = WriteOnlyCell(sheet, value=text)
    if isinstance(value, str):
        made.data_type = "s"  # openpyxl takes "=…" for a formula; as "s" it is written as an inline string
    elif isinstance(value, float):
        made.number_format = "0.0%"
    if is_head:
        made.font = Font(bold=True)
    return made


def csv_lines(lines: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV for a stream, line by line; a BOM goes first."""
    yield BOM
    out = io.StringIO()
    writer = csv.writer(out)
    for line in lines:
        writer.writerow([harmless(value) for value in line])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def write_xlsx(out: IO[bytes], title: str, lines: Iterable[Sequence[Any]], *, width: int = 18) -> None:
    """An Excel file whose first line is a header; rows go to disk as they come."""
    book = Workbook(write_only=True)
    fill(book, title, lines, width=width)
    book.save(out)


def write_book(out: IO[bytes], sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]], *, width: int = 18) -> None:
    """An Excel file of several sheets, each with its title and its lines."""
    book = Workbook(write_only=True)
    for title, lines in sheets:
        fill(book, NOT_IN_A_TITLE.sub(" ", title).strip(), lines, width=width)
    book.save(out)


def fill(book: Workbook, title: str, lines: Iterable[Sequence[Any]], *, width: int = 18) -> None:
    """Adds a sheet to a write-only book."""
    sheet = book.create_sheet(title[:31])
    sheet.sheet_format.defaultColWidth = width
    sheet.freeze_panes = "A2"
    for n, line in enumerate(lines):
        sheet.append([cell(sheet, value, is_head=n == 0) for value in line])
