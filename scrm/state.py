"""The page on how the house is: who runs, what waits, what customers cost, what is kept how long."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from scrm import clock, gauges, health
from scrm.audit.models import Heartbeat, Purge
from scrm.dashboard import contacts
from scrm.keeping.rules import RULES
from stores.access import Permission

LATE = 180  # seconds; a heart that beats every minute is taken for still after that
NIGHTLY = {"backup"}
INNER = {"watch"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    viewer: Any = request.user
    if not viewer.may(Permission.SEE_LETTERS):
        raise PermissionDenied
    return render(request, "admin/state.html", {**admin.site.each_context(request), **state()})


def state() -> dict[str, Any]:
    """Everything that the page shows, as of now."""
    at = clock.now()
    beats = Heartbeat.objects.exclude(name__in=INNER).order_by("name", "host")
    return {
        "title": _("State of the house"),
        "at": at,
        "numbers": [
            (_("callbacks waiting"), gauges.letters()["waiting"]),
            (_("seconds waited at most"), round(gauges.oldest_waiting(at))),
            (_("calls to WeCom to be made"), sum(gauges.calls().values())),
            (_("open alarms"), sum(gauges.alarms().values())),
        ],
        "broker": health.broker_state(),
        "database_bytes": _database_bytes(),
        "beats": [(beat, _is_late(beat, at)) for beat in beats],
        "costs": contacts.costs(),
        "kept": _kept(),
    }


def _is_late(beat: Heartbeat, at: Any) -> bool:
    return beat.name not in NIGHTLY and (at - beat.at).total_seconds() > LATE


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _kept() -> list[dict[str, Any]]:
    """Each rule of what is kept how long, with its last run."""
    runs = Purge.objects.in_bulk(field_name="rule")
    kept = [{"what": rule.what, "days": rule.days, "run": runs.get(rule.name)} for rule in RULES]
    others = (("IMPORT_ROWS", _("Lines of imports")), ("AUDIT", _("The audit book, by whole months")))
    return kept + [{"what": what, "days": settings.KEEP_DAYS[name], "run": None} for name, what in others]
