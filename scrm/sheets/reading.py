"""The table in some bytes, whatever the file's name says that they are."""

from scrm.sheets import books, texts
from scrm.sheets.rows import Sheet, Unreadable

OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and Excel files with a password


def read(content: bytes, *, skip: str = "") -> Sheet:
    """The table, row by row in bounded memory; raises Unreadable, at once or while the rows are read."""
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("empty")
    if content.startswith(OLD_EXCEL):
        raise Unreadable("old_excel")
    if content.startswith(b"PK\x03\x04"):
        return books.read(content, skip=skip)
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise Unreadable("not_a_table")
    return texts.read(content)
