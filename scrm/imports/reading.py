"""From the bytes of a file to its lines in the database, with what is wrong with each by itself and beside others."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection

from scrm import bulk
from scrm.imports import columns
from scrm.imports.columns import Draft, Header
from scrm.imports.models import Import, ImportRow
from scrm.imports.verdicts import Kind
from scrm.sealed import seal
from scrm.sheets import reading
from scrm.sheets.rows import Row, Sheet, Unreadable

BATCH = 5000
EXPLAINS = "填写说明"  # the sheet of our templates that is not to be read
LINES = ("upload_id", "number", "cells", "faults", "outcome", "thing")
MARK = """
UPDATE imports_importrow r SET faults = r.faults || n.faults FROM unnest(%s::int[], %s::jsonb[]) AS n (number, faults)
WHERE r.upload_id = %s AND r.number = n.number
"""


def read(upload: Import, content: bytes, kind: Kind) -> dict[str, Any]:
    """What was found in the file, whose lines now stand in the database; raises Unreadable."""
    sheet = reading.read(content, skip=EXPLAINS)
    header, rows = _find_header(sheet, kind)
    beside = Beside(kind)
    lines = _lines(upload, header, rows, kind, beside)
    while batch := list(islice(lines, BATCH)):  # understood first: a statement may last a minute at most
        bulk.insert("imports_importrow", LINES, batch)
    if not beside.lines:
        raise Unreadable("only_header")
    _mark(upload, beside.faults())
    found = {column.key: sheet_title for column, sheet_title in _titles(header)}
    return {
        "columns": list(found),
        "ignored": list(header.ignored),
        "sheet": sheet.name,
        "others": list(sheet.others),
        "header": header.number,
        "lines": beside.lines,
    }


def _titles(header: Header) -> Iterator[tuple[columns.Column, str]]:
    return ((column, column.names[0]) for _place, column in sorted(header.places.items()))


def _find_header(sheet: Sheet, kind: Kind) -> tuple[Header, Iterator[Row]]:
    """The first line that names columns, above which a title may stand."""
    seen = 0
    for row in sheet.rows:
        if header := columns.header_in(row, kind.columns):
            return header, sheet.rows
        seen += 1
        if seen >= columns.HEADERS_WITHIN:
            break
    if not seen:
        raise Unreadable("empty")
    needed = [c.names[0] for c in kind.columns if c.is_needed] or [c.names[0] for c in kind.columns[:2]]
    raise Unreadable("no_header", columns="、".join(needed))


def _lines(
    upload: Import, header: Header, rows: Iterator[Row], kind: Kind, beside: "Beside"
) -> Iterator[Sequence[Any]]:
    place = ImportRow._meta.get_field("cells").aad  # type: ignore[union-attr]
    for row in rows:
        cells, broken = columns.understood(row, header)
        if not cells and not broken:
            continue
        faults = [{"code": code, "column": column} for column, code in broken.items()]
        beside.hear(columns.draft(row.number, cells, faults, kind.columns))
        sealed = seal(json.dumps(cells, ensure_ascii=False).encode(), place)
        yield upload.pk, row.number, sealed, json.dumps(faults), "", ""


def _mark(upload: Import, faults: dict[int, list[dict[str, Any]]]) -> None:
    if faults:
        numbers, told = list(faults), [json.dumps(f) for f in faults.values()]
        with connection.cursor() as cursor:
            cursor.execute(MARK, [numbers, told, upload.pk])


class Beside:
    """What lines of one file say about each other: the same twice, or what cannot both be true.

    Neither of two lines that contradict each other is better because it comes first: both are refused. Of lines that
    say the same one counts.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.lines = 0
        self.seen: dict[int, int] = {}  # line → what all of it says
        self.alone: dict[int, list[int]] = defaultdict(list)
        self.agree: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.spans: dict[int, list[tuple[date, date, int]]] = defaultdict(list)
        self.names: dict[int, list[int]] = defaultdict(list)

    def hear(self, draft: Draft) -> None:
        """Notes what a line claims, by fingerprints alone: hundreds of thousands of lines fit in memory."""
        self.lines += 1
        if draft.faults:
            return
        number = draft.number
        self.seen[number] = hash(tuple(sorted((k, str(v)) for k, v in draft.values.items())))
        for claim in self.kind.alone(draft):
            self.alone[hash(claim)].append(number)
        for claim, said in self.kind.agree(draft):
            self.agree[hash(claim)][hash(said)].append(number)
        if span := self.kind.span(draft):
            self.spans[hash(span[0])].append((span[1], span[2] or date.max, number))
        if name := self.kind.named(draft):
            self.names[hash(name)].append(number)

    def faults(self) -> dict[int, list[dict[str, Any]]]:
        """What is to be said of lines because of others."""
        found: dict[int, list[dict[str, Any]]] = {}
        for numbers in self.alone.values():
            self._compare(numbers, found)
        for sayings in self.agree.values():
            if len(sayings) > 1:
                firsts = [numbers[0] for numbers in sayings.values()]
                for numbers in sayings.values():
                    other = next(n for n in firsts if n != numbers[0])
                    _say(found, numbers, {"code": "twice", "line": other})
        for spans in self.spans.values():
            self._overlapping(spans, found)
        for numbers in self.names.values():
            if len(numbers) > 1:
                _say(found, [n for n in numbers if n not in found], {"code": "repeated_name"})
        return found

    def _compare(self, numbers: list[int], found: dict[int, list[dict[str, Any]]]) -> None:
        if len(numbers) < 2:
            return
        first = numbers[0]
        if len({self.seen[n] for n in numbers}) == 1:
            _say(found, numbers[1:], {"code": "same_as", "line": first})
            return
        for n in numbers:
            _say(found, [n], {"code": "twice", "line": first if n != first else numbers[1]})

    def _overlapping(self, spans: list[tuple[date, date, int]], found: dict[int, list[dict[str, Any]]]) -> None:
        """Lines whose times overlap; looked at in the order of their beginnings, the farthest end in mind."""
        spans = sorted({(starts, ends, self.seen[n]): (starts, ends, n) for starts, ends, n in spans}.values())
        for one, (starts, ends, number) in enumerate(spans):
            for other_starts, _other_ends, other in spans[one + 1 :]:
                if other_starts >= ends:
                    break
                _say(found, [number], {"code": "overlaps_line", "line": other})
                _say(found, [other], {"code": "overlaps_line", "line": number})
                if starts == ends:
                    break


def _say(found: dict[int, list[dict[str, Any]]], numbers: Iterable[int], fault: dict[str, Any]) -> None:
    for number in numbers:
        said = found.setdefault(number, [])
        if not any(fault["code"] == one["code"] for one in said):
            said.append(fault)
