"""Bringing a file in, in one line."""

from collections.abc import Sequence
from typing import Any

import pytest

from scrm.imports import uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import
from tests.cast import NOW, Cast

Table = Sequence[Sequence[Any]]


def csv_of(rows: Table, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join(str(cell) for cell in row) for row in rows).encode(encoding)


class Desk:
    """Somebody at HQ with files."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def look(self, kind: str, rows: Table | bytes, *, at: Any = NOW, by: Any = None) -> Import:
        content = rows if isinstance(rows, bytes) else csv_of(rows)
        upload = uploads.take(KINDS[kind], content, file_name=f"{kind}.csv", by=by or self.cast.ada, at=at)
        uploads.work_on(upload, at=at)
        upload.refresh_from_db()
        return upload

    def make(self, upload: Import, *makes: str) -> Import:
        uploads.choose(upload, makes=set(makes), by=self.cast.ada, at=NOW)
        uploads.work_on(upload, at=NOW)
        upload.refresh_from_db()
        return upload

    def apply(self, upload: Import, *, at: Any = NOW) -> Import:
        uploads.apply(upload, by=self.cast.ada, at=at)
        uploads.work_on(upload, at=at)
        upload.refresh_from_db()
        return upload

    def bring(self, kind: str, rows: Table | bytes, *makes: str, at: Any = NOW) -> Import:
        upload = self.look(kind, rows, at=at)
        if makes:
            upload = self.make(upload, *makes)
        assert upload.state == "previewed", upload.problem
        before = upload.counts
        upload = self.apply(upload, at=at)
        assert upload.state == "applied", upload.problem
        assert upload.counts == before  # what was shown is what was done
        return upload


@pytest.fixture
def desk(cast: Cast) -> Desk:
    return Desk(cast)


def came_to(upload: Import) -> list[str]:
    return list(upload.rows.order_by("number").values_list("outcome", flat=True))  # type: ignore[attr-defined]


def said(upload: Import, number: int) -> str:
    """The answer to a line, as people read it."""
    from scrm.imports import pages

    kind = KINDS[upload.kind]
    rows = list(upload.rows.filter(number=number))  # type: ignore[attr-defined]
    (line,) = pages.lines(rows, kind, pages.shown_columns(upload, kind))
    return line.answer
