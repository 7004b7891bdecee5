"""Bringing files in: choose one, look at what it would do, have it done."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from scrm import clock
from scrm.audit import entries
from scrm.imports import files, pages, uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportRow
from scrm.imports.verdicts import Kind
from stores.access import Permission, demand

log = structlog.get_logger()
ON_A_PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def shelf(request: HttpRequest) -> HttpResponse:
    """The kinds of files with their templates, what was brought in, and the place to bring a new one."""
    demand(request.user, Permission.IMPORT)
    kinds = pages.kinds_for(request.user)
    wrong = ""
    if request.method == "POST":
        kind = next((k for k in kinds if k.name == request.POST.get("kind")), None)
        file = request.FILES.get("file")
        if kind and file:
            return _taken(request, kind, file)
        wrong = _("Choose a file.") if kind else _("Choose what the file is about.")
    found = Import.objects.visible_to(request.user).filter(kind__in=[k.name for k in kinds]).select_related("by")
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    for one in page:
        one.title = KINDS[one.kind].title  # type: ignore[attr-defined]
        one.problem_words = pages.problem(one)  # type: ignore[attr-defined]
    shown = {"kinds": kinds, "chosen": request.POST.get("kind") or request.GET.get("kind"), "page": page}
    limits = {"megabytes": settings.IMPORT_BYTES >> 20, "lines": settings.IMPORT_ROWS}
    return render(request, "imports/shelf.html", {**shown, **limits, "wrong": wrong}, status=400 if wrong else 200)


def _taken(request: HttpRequest, kind: Kind, file: Any) -> HttpResponse:
    content = file.read(settings.IMPORT_BYTES + 1)
    at = clock.now()
    upload = uploads.take(kind, content, file_name=file.name or "", by=request.user, at=at)
    _at_once(upload)
    return redirect("imports:upload", upload.public_id)


def _at_once(upload: Import) -> None:
    """A small import is worked on while the page waits; what fails there the worker tries again."""
    if uploads.is_small(upload):
        try:
            uploads.work_on(upload, at=clock.now())
        except DatabaseError as error:
            log.warning("imports.later", upload=upload.pk, error=type(error).__name__)


@login_required
@require_safe
def upload(request: HttpRequest, public_id: str) -> HttpResponse:
    """What would become of each line, or what has become of it."""
    one, kind = _asked(request, public_id)
    if request.headers.get("HX-Request") and one.is_at_work:
        return render(request, "imports/_at_work.html", {"upload": one})
    if request.headers.get("HX-Request") and request.GET.get("part") == "state":
        return HttpResponse(headers={"HX-Refresh": "true"})
    asked = request.GET.get("outcome", "")
    rows = one.rows.all()  # type: ignore[attr-defined]
    rows = rows.filter(outcome=asked) if asked in ImportRow.Outcome.values else rows
    columns = pages.shown_columns(one, kind)
    page = Paginator(rows.order_by("number"), ON_A_PAGE).get_page(request.GET.get("page"))
    shown = [] if one.is_at_work else pages.lines(list(page), kind, columns)
    _noted(request, one, len(shown))
    context = {
        "upload": one,
        "kind": kind,
        "columns": columns,
        "page": page,
        "lines": shown,
        "asked": asked,
        "tiles": [(value, label, one.counts.get(value, 0)) for value, label in ImportRow.Outcome.choices],
        "total": sum(one.counts.values()),
        "to_do": one.counts.get("created", 0) + one.counts.get("updated", 0),
        "missing": pages.missing(one, kind),
        "problem": pages.problem(one),
    }
    return render(request, "imports/upload.html", context)


def _noted(request: HttpRequest, one: Import, lines: int) -> None:
    """Who looks at lines of members looks at customers' data."""
    if lines and one.kind == "members":
        entries.record_read(request.user, one, at=clock.now(), rows=lines)


@login_required
@require_POST
def choose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Names that nobody knows are to be made, or not; then all lines are looked at again."""
    makes = set(request.POST.getlist("make")) & {"region", "franchisee"}
    return _done(request, public_id, lambda one, **who: uploads.choose(one, makes=makes, **who))


@login_required
@require_POST
def apply(request: HttpRequest, public_id: str) -> HttpResponse:
    return _done(request, public_id, uploads.apply)


@login_required
@require_POST
def discard(request: HttpRequest, public_id: str) -> HttpResponse:
    one, _kind = _asked(request, public_id)
    try:
        uploads.discard(one, by=request.user, at=clock.now())
    except uploads.NotNow:
        messages.error(request, _("This import has moved on meanwhile."))
        return redirect("imports:upload", public_id)
    messages.success(request, _("Discarded; nothing was brought in."))
    return redirect("imports:shelf")


def _done(request: HttpRequest, public_id: str, act: Callable[..., Import]) -> HttpResponse:
    one, _kind = _asked(request, public_id)
    try:
        _at_once(act(one, by=request.user, at=clock.now()))
    except uploads.NotNow:
        messages.error(request, _("This import has moved on meanwhile."))
    return redirect("imports:upload", public_id)


@login_required
@require_safe
def lines(request: HttpRequest, public_id: str) -> HttpResponse:
    """The lines with their answers, as an Excel file or as CSV."""
    one, kind = _asked(request, public_id)
    ending = "csv" if request.GET.get("as") == "csv" else "xlsx"
    asked = request.GET.get("outcome", "")
    rows = one.rows.all()  # type: ignore[attr-defined]
    rows = rows.filter(outcome=asked) if asked in ImportRow.Outcome.values else rows
    about = {"outcome": asked} if asked in ImportRow.Outcome.values else {}
    entries.record_export(request.user, one, at=clock.now(), rows=rows.count(), filters=about, file=ending)
    return files.answers(one, kind, rows, ending=ending)  # type: ignore[no-any-return]


@login_required
@require_safe
def template(request: HttpRequest) -> HttpResponse:
    """An empty file to fill in."""
    demand(request.user, Permission.IMPORT)
    kind = KINDS.get(request.GET.get("kind", ""))
    if kind is None:
        raise Http404
    return files.template(kind)


def _asked(request: HttpRequest, public_id: str) -> tuple[Import, Kind]:
    """An import that the viewer may see, and its kind, which her seats must allow."""
    demand(request.user, Permission.IMPORT)
    found = Import.objects.visible_to(request.user).select_related("by")
    one = get_object_or_404(found, public_id=public_id)
    kind = KINDS[one.kind]
    demand(request.user, kind.needs)
    return one, kind
