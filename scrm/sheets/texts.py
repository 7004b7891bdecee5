"""Tables in text: CSV and its kin, in the encodings that spreadsheets write."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from scrm.sheets.rows import COLUMNS_AT_MOST, Row, Sheet, Unreadable, counted, tidy

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
DELIMITERS = ",\t;|，"
QUOTED = re.compile(r'"[^"]*"?')
SAMPLE = 8192
BLOCK = 1 << 20


def read(content: bytes) -> Sheet:
    """The table of a text file; raises Unreadable, at once or while its rows are read."""
    encoding = encoding_of(content)
    head = _head(content, encoding)
    if head.lstrip().startswith("<"):
        raise Unreadable("web_page")
    if sum(ord(c) < 32 and c not in "\t\r\n\0" for c in head) > max(8, len(head) // 50):
        raise Unreadable("not_a_table")
    stream = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    return Sheet(counted(_rows(stream, delimiter_of(head))))


def encoding_of(content: bytes) -> str:
    """The encoding in which all of the bytes are text; raises Unreadable."""
    for bom, name in BOMS:
        if content.startswith(bom):
            return _checked(content, name)
    sample = content[:SAMPLE]
    if sample[1::2].count(0) > len(sample) // 6:
        return _checked(content, "utf-16-le")
    if sample[::2].count(0) > len(sample) // 6:
        return _checked(content, "utf-16-be")
    return next((name for name in ("utf-8", "gb18030") if _decodes(content, name)), "") or _unknown()


def _checked(content: bytes, name: str) -> str:
    return name if _decodes(content, name) else _unknown()


def _unknown() -> str:
    raise Unreadable("unknown_encoding")


def _decodes(content: bytes, name: str) -> bool:
    """Whether all of it is text in this encoding, looked at block by block."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for start in range(0, len(content), BLOCK):
            decoder.decode(content[start : start + BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _head(content: bytes, encoding: str) -> str:
    return content[:SAMPLE].decode(encoding, "ignore")


def delimiter_of(head: str) -> str:
    """What separates cells: the sign that the fullest of the first lines has most of, outside quotes."""
    lines = [QUOTED.sub("", line) for line in head.splitlines()[:10]]
    return max(DELIMITERS, key=lambda sign: max((line.count(sign) for line in lines), default=0))


def _rows(stream: io.TextIOWrapper, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    number = 1
    while True:
        try:
            told = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            # An error names a quote that never closes, or a cell without end.
            raise Unreadable("endless_cell" if "limit" in str(wrong) else "broken_quotes", line=number) from None
        yield _row(number, told[: COLUMNS_AT_MOST + 1])
        number = reader.line_num + 1


def _row(number: int, told: list[str]) -> Row:
    tidied = [tidy(text) for text in told]
    return Row(
        number, [text for text, _fault in tidied], {n: fault for n, (_text, fault) in enumerate(tidied) if fault}
    )
