"""The cross table of two ways to divide customers: on the page, as a file, and whom a cell is made of."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members.models import Segment, TagGroup
from members.segments import crosses
from members.segments.crosses import Cell, Table
from members.segments.pages import listing
from scrm import clock
from scrm.audit import entries
from scrm.sheets import answers
from stores.access import Permission, demand

SHOWS = ("people", "gmv", "repurchase")
GROUPS_SHOWN = 200
SHADES = 6


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Choose two, then see the table."""
    demand(request.user, Permission.SEE_SEGMENTS)
    rows, columns = request.GET.get("rows", ""), request.GET.get("columns", "")
    groups = TagGroup.objects.visible_to(request.user).filter(deleted_at=None)[:GROUPS_SHOWN]
    shown: dict[str, Any] = {
        "groups": [(f"tag_group:{group.public_id}", group.name) for group in groups],
        "others": crosses.plain_axes(),
        "segments": Segment.objects.visible_to(request.user).live()[:GROUPS_SHOWN],
        "rows": rows,
        "columns": columns,
        "is_hq": listing.is_hq(request),
        "show": _one_of(request.GET.get("show", ""), SHOWS),
    }
    if rows and columns:
        shown |= _crossed(request, rows, columns)
    return render(request, "members/segments/cross.html", shown)


def _one_of(text: str, words: tuple[str, ...]) -> str:
    return text if text in words else words[0]


def _crossed(request: HttpRequest, rows: str, columns: str) -> dict[str, Any]:
    at = clock.now()
    try:
        table = crosses.table(rows, columns, viewer=request.user, at=at, among=_among(request))
    except crosses.NoAxis:
        raise Http404 from None
    show = _one_of(request.GET.get("show", ""), SHOWS)
    most = max((_weight(cell, show) for line in table.cells for cell in line), default=0)
    body = [
        (side, [_shown(cell, most, show, request, side.key, column.key) for cell, column in line], _text(margin, show))
        for side, line, margin in _lines(table)
    ]
    feet = [_text(margin, show) for margin in table.column_margins]
    return {"table": table, "body": body, "feet": feet, "whole": _text(table.whole, show), "as_of": at}


def _lines(table: Table) -> Iterator[Any]:
    for side, line, margin in zip(table.rows.sides, table.cells, table.row_margins, strict=True):
        yield side, list(zip(line, table.columns.sides, strict=True)), margin


def _shown(cell: Cell, most: float, show: str, request: HttpRequest, row: str, column: str) -> dict[str, Any]:
    asked = {name: request.GET[name] for name in ("rows", "columns", "among") if request.GET.get(name)}
    link = f"{reverse('members:cross_people')}?{urlencode({**asked, 'row': row, 'column': column})}"
    part = int(-(-SHADES * _weight(cell, show) // most)) if most else 0
    return {"people": cell.people, "text": _text(cell, show), "part": part, "link": link}


def _weight(cell: Cell, show: str) -> float:
    return {"people": cell.people, "gmv": cell.fen, "repurchase": cell.repurchase or 0}[show]


def _text(cell: Cell, show: str) -> str:
    """What a cell shows of itself."""
    if show == "people":
        return f"{cell.people:,}"
    if show == "gmv":
        return f"¥{cell.fen / 100:,.0f}"
    return "—" if cell.repurchase is None else f"{cell.repurchase:.1%}"


def _among(request: HttpRequest) -> Segment | None:
    """The segment whose people alone are looked at, if one was chosen."""
    if not (asked := request.GET.get("among")):
        return None
    found = Segment.objects.visible_to(request.user).live().filter(public_id=asked).select_related("version").first()
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Who stands in a cell."""
    demand(request.user, Permission.SEE_SEGMENTS)
    at = clock.now()
    axes = {name: request.GET.get(name, "") for name in ("rows", "row", "columns", "column")}
    try:
        who = crosses.people(**axes, viewer=request.user, at=at, among=_among(request))
        title = " · ".join(_words(axes[name], axes[side]) for name, side in (("rows", "row"), ("columns", "column")))
    except crosses.NoAxis:
        raise Http404 from None
    rule = dict(crosses.rule_of(**axes))
    if rule and (among := request.GET.get("among")):
        rule["all"] = [*rule["all"], {"field": "segment", "op": "in", "value": [among]}]
    build = ""
    if rule and request.user.may(Permission.MANAGE_SEGMENTS):  # type: ignore[union-attr]
        build = f"{reverse('members:segment_new')}?{urlencode({'rule': json.dumps(rule)})}"
    back = f"{reverse('members:cross')}?{urlencode({name: axes[name] for name in ('rows', 'columns')})}"
    return listing.listed(request, who, at=at, title=title, back=back, build=build, about={"page_of": "cross"})


def _words(key: str, side: str) -> str:
    words = crosses.words(key, side)
    return words or _("all")


@login_required
@require_safe
def file(request: HttpRequest) -> StreamingHttpResponse:
    """The table as CSV: a line for each cell, and one for each margin."""
    demand(request.user, Permission.SEE_SEGMENTS)
    demand(request.user, Permission.EXPORT_NUMBERS)
    at = clock.now()
    try:
        asked = request.GET.get("rows", ""), request.GET.get("columns", "")
        table = crosses.table(*asked, viewer=request.user, at=at, among=_among(request))
    except crosses.NoAxis:
        raise Http404 from None
    lines = list(_told(table))
    entries.record_export(request.user, "members.tag", at=at, rows=len(lines) - 1, page="cross", axes=list(asked))
    return answers.csv("cross", lines)


def _told(table: Table) -> Iterator[list[Any]]:
    down, across = table.rows, table.columns
    yield [
        down.label,
        across.label,
        _("People"),
        _("GMV of 365 days (yuan)"),
        _("Buyers of 365 days"),
        _("Bought on 2 days or more"),
        _("Repurchase"),
    ]
    for side, line, margin in _lines(table):
        for cell, column in line:
            yield [side.label, column.label, *_numbers(cell)]
        yield [side.label, _("all"), *_numbers(margin)]
    for column, margin in zip(across.sides, table.column_margins, strict=True):
        yield [_("all"), column.label, *_numbers(margin)]
    yield [_("all"), _("all"), *_numbers(table.whole)]


def _numbers(cell: Cell) -> list[Any]:
    rate = "" if cell.repurchase is None else round(cell.repurchase, 4)
    return [cell.people, cell.fen / 100, cell.buyers, cell.again, rate]
