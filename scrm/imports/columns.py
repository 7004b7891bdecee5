"""The columns of a kind of file: what they may be called, and how what stands in them is read."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from members import phones
from scrm.sheets.rows import Row, Unreadable

EXCELS_FIRST_DAY = date(1899, 12, 30)
DAYS = (date(1950, 1, 1), date(2100, 1, 1))
SERIAL = re.compile(r"\d{5}(\.\d+)?")
DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)?"
)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
CODE = re.compile(r"[\w./-]+")
SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
YES = {"是", "有", "y", "yes", "true", "1", "√", "对", "✓"}
NO = {"否", "无", "没有", "n", "no", "false", "0", "×", "不", "✗"}
HEADERS_WITHIN = 10


class Wrong(Exception):
    """What stands in a cell is not what the column is for."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Column:
    """A column; `names` are what people call it, the first of them in our template."""

    key: str
    label: Any
    names: tuple[str, ...]
    reads: Callable[[str], Any]
    example: str
    explains: Any
    is_needed: bool = False


@dataclass(slots=True)
class Draft:
    """A line as it was understood: by column, what it says; None where it says nothing."""

    number: int
    values: dict[str, Any]
    faults: list[dict[str, Any]] = field(default_factory=list)

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key)

    def has(self, code: str) -> bool:
        return any(fault["code"] == code for fault in self.faults)


def plain(text: str) -> str:
    """Full-width letters and digits as ordinary ones, runs of blanks as one."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())


def words(limit: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(said := plain(text)) > limit:
            raise Wrong("too_long")
        return said

    return read


def code(limit: int = 40) -> Callable[[str], str]:
    """Numbers of stores, staff and accounts; zeros in front are theirs."""

    def read(text: str) -> str:
        said = plain(text)
        if len(said) > limit:
            raise Wrong("too_long")
        if SHORTENED.fullmatch(said):
            raise Wrong("shortened", value=said)
        if not CODE.fullmatch(said.replace("@", "")):
            raise Wrong("no_code", value=said[:20])
        return said

    return read


def day(text: str) -> date:
    said = plain(text)
    try:
        if SERIAL.fullmatch(said):
            found = EXCELS_FIRST_DAY + timedelta(days=int(float(said)))
        elif parts := DAY.fullmatch(said) or COMPACT.fullmatch(said):
            found = date(*(int(part) for part in parts.groups()))
        else:
            found = datetime.fromisoformat(said).date()
    except (ValueError, OverflowError):
        raise Wrong("no_date", value=said[:20]) from None
    if not DAYS[0] <= found < DAYS[1]:
        raise Wrong("not_a_day_of_ours", value=str(found))
    return found


def yes_or_no(text: str) -> bool:
    said = plain(text).lower()
    if said in YES or said in NO:
        return said in YES
    raise Wrong("no_yes_or_no", value=said[:20])


def phone(text: str) -> str:
    said = plain(text)
    if SHORTENED.fullmatch(said):
        raise Wrong("shortened", value=said)
    try:
        return phones.normalised(said.removesuffix(".0"))
    except phones.NotAPhone:
        raise Wrong("no_phone", value=phones.masked(said)) from None


def choice(words_of: Mapping[str, Iterable[str]]) -> Callable[[str], str]:
    """One of some values, by any of its words."""
    known = {word.lower(): value for value, said in words_of.items() for word in (value, *said)}
    names = "、".join(next(iter(said)) for said in words_of.values())

    def read(text: str) -> str:
        said = plain(text).lower()
        if said not in known:
            raise Wrong("no_choice", value=said[:20], choices=names)
        return known[said]

    return read


def choices(words_of: Mapping[str, Iterable[str]]) -> Callable[[str], tuple[str, ...]]:
    """Several of some values, whatever separates them."""
    one = choice(words_of)

    def read(text: str) -> tuple[str, ...]:
        return tuple(sorted({one(part) for part in re.split(r"[、,，;；/|\n]+", plain(text)) if part.strip()}))

    return read


def _named(text: str) -> str:
    """A column's name, as it compares: without marks, blanks, and what stands in brackets."""
    said = re.sub(r"[（(【\[].*?[)）】\]]", "", plain(text).lower())
    return re.sub(r"[\s*＊:：_-]", "", said)


@dataclass(frozen=True)
class Header:
    """Which column stands where; and the titles of those that nobody knows."""

    number: int
    places: dict[int, Column]
    ignored: tuple[str, ...]


def header_in(row: Row, columns: Sequence[Column]) -> Header | None:
    """The header, if this line is one: two columns that we know, or the only one that a file needs."""
    known = {_named(name): column for column in columns for name in (*column.names, column.key)}
    places = {n: known[_named(text)] for n, text in enumerate(row.cells) if _named(text) in known}
    if len(places) < min(2, sum(1 for text in row.cells if text)) or not places:
        return None
    keys = [column.key for column in places.values()]
    if twice := sorted({row.cells[n] for n, column in places.items() if keys.count(column.key) > 1}):
        raise Unreadable("column_twice", columns="、".join(twice))
    if missing := [column.names[0] for column in columns if column.is_needed and column.key not in keys]:
        raise Unreadable("missing_columns", columns="、".join(missing))
    return Header(row.number, places, tuple(text[:30] for n, text in enumerate(row.cells) if text and n not in places))


def understood(row: Row, header: Header) -> tuple[dict[str, str], dict[str, str]]:
    """What a line says and what is wrong with its cells, by column."""
    cells = {column.key: row.cells[n] for n, column in header.places.items() if n < len(row.cells) and row.cells[n]}
    return cells, {header.places[n].key: fault for n, fault in row.faults.items() if n in header.places}


def draft(number: int, cells: Mapping[str, str], faults: Sequence[dict[str, Any]], columns: Sequence[Column]) -> Draft:
    """The line as it is understood, with all that is wrong with it."""
    made = Draft(number, {}, list(faults))
    broken = {fault.get("column") for fault in faults}
    for column in columns:
        text = cells.get(column.key, "")
        if not text:
            if column.is_needed and column.key not in broken:
                made.faults.append({"code": "needed", "column": column.key})
            continue
        try:
            made.values[column.key] = column.reads(text)
        except Wrong as why:
            made.faults.append({"code": why.code, "column": column.key, **why.detail})
    return made
