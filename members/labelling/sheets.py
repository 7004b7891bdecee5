"""The tag library as a file that runs nothing."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members.labelling.library import hears_counts
from members.models import Tag
from scrm import clock
from scrm.audit import entries
from scrm.sheets import answers
from stores.access import Permission, demand


@login_required
@require_safe
def library(request: HttpRequest) -> FileResponse:
    """All living tags with group, kind, meaning, and counts for whom they are told."""
    demand(request.user, Permission.SEE_CODES)
    rows = Tag.objects.visible_to(request.user).filter(deleted_at=None, group__deleted_at=None)
    found = rows.select_related("group").order_by("group__name", "-rank", "pk")
    entries.record_export(request.user, "members.tag", at=clock.now(), rows=found.count())
    return answers.excel("tags", _("Tags"), _lines(found, hears_counts(request.user)))


def _lines(tags: Any, counts: bool) -> Iterator[list[Any]]:
    yield [_("Group"), _("Tag"), _("Kind"), _("What it means"), _("Customers"), _("Used by"), _("Last used"), "id"]
    for tag in tags:
        day = tag.used_at.date().isoformat() if tag.used_at else ""
        told = [tag.hits, tag.uses, day] if counts else ["", "", ""]
        yield [tag.group.name, tag.name, str(tag.get_kind_display()), tag.says, *told, tag.public_id]
