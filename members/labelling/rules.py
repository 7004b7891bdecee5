"""Tags that put themselves on: what counts how much, how fast it fades, from which score on the tag is worn."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members import eventkinds, scores
from members.labelling import sentences
from members.models import Order, TagGroup, TagRule
from members.tagchanges import CannotBe
from scrm import clock
from stores.access import Permission, demand

BLANK_LINES = 2
NUMBERS = ("points", "days")


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, public_id: str) -> HttpResponse:
    """A new tag by rule in a group of ours."""
    demand(request.user, Permission.MANAGE_TAGS)
    group = get_object_or_404(TagGroup, public_id=public_id, corp=None, deleted_at=None)
    wrong, by = "", request.user
    if request.method == "POST":
        try:
            told, name = _told(request), request.POST.get("name", "")
            told.pop("is_active")
            says = request.POST.get("says", "")
            rule = scores.define(group, name, says=says, by=by, at=clock.now(), **told)  # type: ignore[arg-type]
            messages.success(request, _("The tag is being put on; that takes some minutes."))
            return redirect("members:tag", rule.tag.public_id)
        except CannotBe as error:
            wrong = sentences.why(error)
    return _page(request, wrong, group=group, lines=_lines(request, []))


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """The rule of a tag."""
    demand(request.user, Permission.MANAGE_TAGS)
    rows = TagRule.objects.select_related("tag__group")
    rule = get_object_or_404(rows, tag__public_id=public_id, tag__deleted_at=None)
    wrong, by = "", request.user
    if request.method == "POST":
        try:
            scores.redefine(rule, by=by, at=clock.now(), **_told(request))  # type: ignore[arg-type]
            return redirect("members:tag", rule.tag.public_id)
        except CannotBe as error:
            wrong = sentences.why(error)
    return _page(request, wrong, group=rule.tag.group, rule=rule, lines=_lines(request, rule.clauses))


def _page(request: HttpRequest, wrong: str, **told: Any) -> HttpResponse:
    kinds = [(kind.name, kind.label) for kind in eventkinds.KINDS.values()]
    more = {"wrong": wrong, "typed": request.POST, "kinds": kinds, "channels": Order.Channel.choices}
    return render(request, "members/labelling/rule.html", {**told, **more}, status=400 if wrong else 200)


def _told(request: HttpRequest) -> dict[str, Any]:
    clauses = [clause for line in _typed(request) if (clause := _clause(line))]
    return {
        "clauses": clauses,
        "half_life": _whole(request.POST.get("half_life", "")),
        "threshold": _whole(request.POST.get("threshold", "")),
        "is_active": request.POST.get("is_active") == "on",
    }


def _typed(request: HttpRequest) -> list[dict[str, str]]:
    words = ("of", "points", "kind", "category", "sku", "channel", "yuan", "days")
    lists = {word: request.POST.getlist(word)[: scores.CLAUSES_AT_MOST + 1] for word in words}
    longest = max(map(len, lists.values()))
    return [{word: told[n].strip() if n < len(told) else "" for word, told in lists.items()} for n in range(longest)]


def _clause(line: dict[str, str]) -> dict[str, Any]:
    """A line of the form as a clause; nothing where it gives no points."""
    if not line["points"]:
        return {}
    words = ("category", "sku", "channel") if line["of"] == "order" else ("kind",)
    said: dict[str, Any] = {"of": line["of"], **{word: line[word] for word in words if line[word]}}
    said |= {word: _whole(line[word]) for word in NUMBERS if line[word]}
    if line["of"] == "order" and line["yuan"]:
        said["at_least_fen"] = (_whole(line["yuan"]) or 0) * 100
    return said


def _whole(text: str) -> int | None:
    """A whole number as people type it; -1, which nothing takes, for anything else."""
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) < 12 else -1


def _lines(request: HttpRequest, clauses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the form: as they were typed, or as they are, and some empty ones."""
    if request.method == "POST":
        return list(_typed(request))
    told = [{**clause, "yuan": clause["at_least_fen"] // 100 if "at_least_fen" in clause else ""} for clause in clauses]
    return [*told, *({} for _ in range(BLANK_LINES if told else BLANK_LINES + 1))]
