"""Tables as files: for spreadsheets that people open with a double click, and in which no cell may run."""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook

from scrm.audit import entries
from scrm.clock import SHANGHAI
from scrm.dashboard.kpis import KPIS, Kpi
from scrm.dashboard.nodes import Node
from scrm.dashboard.periods import Period
from scrm.dashboard.rankings import Ranking
from scrm.sheets import inert


def as_csv(table: Ranking, node: Node, period: Period, *, as_of: datetime | None) -> HttpResponse:
    """The table as CSV, UTF-8 with BOM."""
    told = "".join(inert.csv_lines(_lines(table, node, period, as_of)))
    return _file(told.encode(), "text/csv; charset=utf-8", node, table, period, "csv")


def as_xlsx(table: Ranking, node: Node, period: Period, *, as_of: datetime | None) -> HttpResponse:
    """The table as an Excel file; texts are texts, whatever they begin with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(str(table.title)[:31])
    sheet.column_dimensions["A"].width = 28
    sheet.freeze_panes = "B4"
    for n, line in enumerate(_lines(table, node, period, as_of)):
        sheet.append([inert.cell(sheet, value, is_head=n == 2) for value in line])
    out = io.BytesIO()
    book.save(out)
    return _file(out.getvalue(), inert.EXCEL, node, table, period, "xlsx")


def note(table: Ranking, node: Node, period: Period, *, kind: str, by: Any, at: datetime) -> None:
    """Leaves in the audit who took which numbers away."""
    subject = by if node.viewer is None else node.viewer
    entries.record(
        "numbers.exported",
        by=by,
        subject=subject,
        at=at,
        node=node.public_id,
        table=table.asked.part,
        first=str(period.first),
        last=str(period.last),
        rows=len(table.rows),
        kind=kind,
    )


def _lines(table: Ranking, node: Node, period: Period, as_of: datetime | None) -> Iterator[list[Any]]:
    until = f"{as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if as_of else ""
    yield [f"{node.name} · {table.title}", f"{period.first} – {period.last}", _("Data as of"), until]
    yield []
    yield [_("Name"), _("Note"), *(str(kpi.label) for kpi in KPIS)]
    for row in table.rows:
        yield [row.name, row.note, *(_number(kpi.of(row.sums), kpi) for kpi in KPIS)]


def _number(value: float | int | None, kpi: Kpi) -> float | int | str:
    """Money in yuan."""
    if value is None:
        return ""
    return round(value / 100, 2) if kpi.form == "fen" else round(value, 4)


def _file(body: bytes, mime: str, node: Node, table: Ranking, period: Period, ending: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=mime)
    name = f"{node.public_id}-{table.asked.part}-{period.first}-{period.last}.{ending}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
