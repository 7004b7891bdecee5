"""The list of customers as a file, for those who may take customers away; phones stay masked."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members import cards, fields, persons, shelves, wearings
from members.models import Field, Member
from scrm import clock
from scrm.audit import entries
from scrm.clock import SHANGHAI
from scrm.sheets import answers
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
    return answers.file(kind, f"customers-{clock.day_of(at)}", _("Customers"), lines)


def _lines(viewer: Any, keys: list[int], at: Any) -> Iterator[list[Any]]:
    own = list(Field.objects.filter(is_active=True))
    head = [_("Id"), _("Name"), _("Lifecycle"), _("Grade"), _("Guides"), _("Phone"), _("Last order"), _("Member")]
    yield [*head, _("Tags"), *(field.name for field in own)]
    for start in range(0, len(keys), AT_ONCE):
        rows = Member.objects.filter(pk__in=keys[start : start + AT_ONCE]).order_by("-pk")
        circles = persons.circle(keys[start : start + AT_ONCE])
        worn = wearings.of_many(viewer, circles, at=at)
        filled = wearings.filled_many(viewer, circles, at=at)
        for card in cards.of(viewer, list(rows), at=at):
            hers = {one.field.pk: one for one in filled[card.member.pk]}
            tags = "、".join(str(one.tag) for one in worn[card.member.pk])
            yield [*_line(card), tags, *(_said(hers.get(field.pk)) for field in own)]


def _said(filled: wearings.Filled | None) -> Any:
    """What a field says of her; a personal one is masked like a phone, whoever takes the file."""
    if filled is None or filled.row is None:
        return ""
    value = "••••" if filled.field.is_personal else fields.plain(filled.value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "、".join(value) if isinstance(value, list) else value


def _line(card: cards.Card) -> list[Any]:
    guides = "、".join(f"{one.guide}（{one.store}）" for one in card.owners)
    last = f"{card.last_order.astimezone(SHANGHAI):%Y-%m-%d}" if card.last_order else ""
    name, yes = card.face.name, _("yes") if card.is_member else ""
    return [card.member.public_id, name, str(card.stage_words), card.grade, guides, card.phone, last, yes]
