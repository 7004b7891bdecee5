"""Tables as answers that a browser keeps as files; no cell of them runs."""

import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from scrm.sheets import inert

IN_MEMORY = 1 << 20  # bytes of a book; a larger one goes to disk


def file(kind: str, name: str, title: str, lines: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """As `xlsx` or as `csv`."""
    return excel(name, title, lines) if kind == "xlsx" else csv(name, lines)


def csv(name: str, lines: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Sent line by line, as the lines come."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(inert.csv_lines(lines), content_type="text/csv; charset=utf-8", headers=headers)


def written(name: str, lines: Iterable[str], *, length: int) -> StreamingHttpResponse:
    """Lines that `inert` wrote already, of so many bytes; nobody on the way keeps them."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(length),
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def excel(name: str, title: str, lines: Iterable[Sequence[Any]]) -> FileResponse:
    """A book of one sheet whose first line is a header."""
    out = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (the answer closes it)
    inert.write_xlsx(out, title, lines)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=f"{name}.xlsx", content_type=inert.EXCEL)


def book(name: str, content: bytes) -> HttpResponse:
    """A book that was written before, for its reader alone."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=inert.EXCEL, headers=headers)
