"""The fields that the brand makes for itself: made, renamed, switched off."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from members import fields, mentions
from members.labelling import sentences
from members.models import Field
from scrm import clock
from stores.access import Permission, demand


@login_required
@require_http_methods(["GET", "POST"])
def shelf(request: HttpRequest) -> HttpResponse:
    """All fields; POST makes one."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    wrong = ""
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_MEMBERS)
        try:
            _make(request)
            return redirect("members:fields")
        except fields.Wrong as error:
            wrong = sentences.why(error)
    told = {
        "fields": Field.objects.visible_to(request.user).order_by("-is_active", "-rank", "pk"),
        "kinds": Field.Kind.choices,
        "wrong": wrong,
        "typed": request.POST,
    }
    return render(request, "members/labelling/fields.html", told, status=400 if wrong else 200)


def _make(request: HttpRequest) -> None:
    said, by = request.POST, request.user
    fields.make(
        said.get("key", "").strip(),
        said.get("name", ""),
        said.get("kind", ""),
        choices=said.get("choices", "").splitlines(),
        is_personal=said.get("is_personal") == "on",
        by=by,  # type: ignore[arg-type]
        at=clock.now(),
    )


@login_required
@require_http_methods(["GET", "POST"])
def field(request: HttpRequest, public_id: str) -> HttpResponse:
    """One field; POST changes it, switches it off or on, or deletes it."""
    demand(request.user, Permission.MANAGE_MEMBERS)
    found, wrong = get_object_or_404(Field, public_id=public_id), ""
    if request.method == "POST":
        try:
            _change(request, found)
            return redirect("members:fields")
        except fields.Wrong as error:
            wrong = sentences.why(error)
    told = {"field": found, "wrong": wrong, "typed": request.POST, "uses": mentions.field_uses(found.key)}
    return render(request, "members/labelling/field.html", told, status=400 if wrong else 200)


def _change(request: HttpRequest, field: Field) -> None:
    by: Any = request.user
    said, do = request.POST, request.POST.get("do")
    if do == "delete":
        return fields.delete(field, by=by, at=clock.now())
    if do in ("off", "on"):
        fields.change(field, is_active=do == "on", by=by, at=clock.now())
        return None
    rank = said.get("rank", "").strip()
    fields.change(
        field,
        name=said.get("name", ""),
        choices=said.get("choices", "").splitlines(),
        is_personal=said.get("is_personal") == "on",
        rank=int(rank) if rank.lstrip("-").isdecimal() and len(rank) < 6 else None,
        by=by,
        at=clock.now(),
    )
    return None
