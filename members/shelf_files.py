"""The list of customers as a file, for those who may take customers away; phones stay masked."""

import tempfile
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members import cards, shelves
from members.models import Member
from scrm import clock
from scrm.audit import entries
from scrm.clock import SHANGHAI
from scrm.sheets import inert
from stores.access import Permission, demand

MOST = 100_000  # lines of one file; who needs more filters by store or region
AT_ONCE = 1000


@login_required
@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The customers whom the list shows, as CSV or Excel."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    demand(request.user, Permission.EXPORT_CUSTOMERS)
    at = clock.now()
    asked = {name: str(value) for name, value in request.GET.items() if name != "after"}
    keys = shelves.found(request.user, asked, at=at).order_by("-pk").values_list("pk", flat=True)[:MOST]
    chosen = list(keys)
    entries.record_export(request.user, "members.member", at=at, rows=len(chosen), filters=asked, format=kind)
    lines = _lines(request.user, chosen, at)
    name = f"customers-{clock.day_of(at)}"
    if kind == "csv":
        stream = StreamingHttpResponse(inert.csv_lines(lines), content_type="text/csv; charset=utf-8")
        stream["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return stream
    out = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    inert.write_xlsx(out, _("Customers"), lines)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=f"{name}.xlsx", content_type=inert.EXCEL)


def _lines(viewer: Any, keys: list[int], at: Any) -> Iterator[list[Any]]:
    yield [_("Id"), _("Name"), _("Lifecycle"), _("Grade"), _("Guides"), _("Phone"), _("Last order"), _("Member")]
    for start in range(0, len(keys), AT_ONCE):
        rows = Member.objects.filter(pk__in=keys[start : start + AT_ONCE]).order_by("-pk")
        for card in cards.of(viewer, list(rows), at=at):
            yield _line(card)


def _line(card: cards.Card) -> list[Any]:
    guides = "、".join(f"{one.guide}（{one.store}）" for one in card.owners)
    last = f"{card.last_order.astimezone(SHANGHAI):%Y-%m-%d}" if card.last_order else ""
    name, yes = card.face.name, _("yes") if card.is_member else ""
    return [card.member.public_id, name, str(card.stage_words), card.grade, guides, card.phone, last, yes]
