"""Files for people: templates to fill in, and the answer for each line of what they brought."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook

from scrm.imports import pages
from scrm.imports.models import Import
from scrm.imports.reading import EXPLAINS
from scrm.imports.verdicts import Kind
from scrm.sheets import inert
from scrm.sheets.answers import file


def template(kind: Kind) -> HttpResponse:
    """An empty file with the columns of a kind, and a sheet that explains them, with examples."""
    book = Workbook(write_only=True)
    inert.fill(book, str(kind.title), [[column.names[0] for column in kind.columns]])
    inert.fill(book, EXPLAINS, _explained(kind), width=34)
    answer = HttpResponse(content_type=inert.EXCEL)
    answer["Content-Disposition"] = f'attachment; filename="zhanggui-{kind.name}.xlsx"'
    book.save(answer)
    return answer


def _explained(kind: Kind) -> Iterator[list[str]]:
    yield [_("Column"), _("Needed"), _("What to write"), _("Example"), _("Also understood")]
    for column in kind.columns:
        needed = _("yes") if column.is_needed else ""
        yield [column.names[0], needed, str(column.explains), column.example, "、".join(column.names[1:])]


def answers(upload: Import, kind: Kind, rows: Any, *, ending: str) -> Any:
    """The lines as they were brought, each with its answer: to be mended and brought again."""
    told = _lines(upload, kind, rows)
    return file(ending, upload.public_id, str(kind.title), told)


def _lines(upload: Import, kind: Kind, rows: Any) -> Iterator[list[Any]]:
    present = [column for column in kind.columns if column.key in upload.found.get("columns", [])]
    yield [*(column.names[0] for column in present), _("Line"), _("Outcome"), _("Answer")]
    for line in pages.batches(rows, kind, present):
        yield [*line.cells, line.number, line.outcome_words, line.answer]
