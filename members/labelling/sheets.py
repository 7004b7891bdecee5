"""The tag library as a file that runs nothing."""

import tempfile
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members.models import Tag
from scrm import clock
from scrm.audit import entries
from scrm.sheets import inert
from stores.access import Permission, demand

IN_MEMORY = 1 << 20


@login_required
@require_safe
def library(request: HttpRequest) -> FileResponse:
    """All living tags with group, kind, meaning and counts."""
    demand(request.user, Permission.SEE_CODES)
    rows = Tag.objects.visible_to(request.user).filter(deleted_at=None, group__deleted_at=None)
    found = rows.select_related("group").order_by("group__name", "-rank", "pk")
    out = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (the answer closes it)
    inert.write_xlsx(out, _("Tags"), _lines(found))
    out.seek(0)
    entries.record_export(request.user, "members.tag", at=clock.now(), rows=found.count())
    return FileResponse(out, as_attachment=True, filename="tags.xlsx", content_type=inert.EXCEL)


def _lines(tags: Any) -> Iterator[list[Any]]:
    yield [_("Group"), _("Tag"), _("Kind"), _("What it means"), _("Customers"), _("Used by"), _("Last used"), "id"]
    for tag in tags:
        day = tag.used_at.date().isoformat() if tag.used_at else ""
        kind = str(tag.get_kind_display())
        yield [tag.group.name, tag.name, kind, tag.says, tag.hits, tag.uses, day, tag.public_id]
