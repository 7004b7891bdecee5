"""The builder: a segment put together from conditions, with a count and a sample that follow what is filled in."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import cards
from members.models import Segment
from members.segments import counts, definitions, rules
from members.segments.pages import blocks, drafts, editing, questions, sentences, usual
from members.segments.pages.drafts import Draft, Group, Line
from members.segments.pages.questions import Questions
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand

SAMPLE = 10


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """An empty builder, or one that begins with a usual segment."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    asked = questions.present()
    if request.method == "POST":
        return _told(request, asked, None)
    begun = usual.named(request.GET.get("usual", ""), asked)
    rule = begun.rule if begun else _asked_for(request)
    draft = drafts.from_rule(rule, asked) if rule else None
    about = {"name": str(begun.name) if begun else "", "usual": usual.offered(asked)}
    return _shown(request, asked, draft or drafts.empty(), None, **about)


def _asked_for(request: HttpRequest) -> Any:
    """The rule that a link to the builder carries; none where it is not one that can be counted."""
    try:
        rule = json.loads(request.GET.get("rule", "")[:8000])
    except (ValueError, RecursionError):
        return None
    return rule if not rules.check(rule) else None


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """The builder with a segment's present rule. A rule that is deeper than the builder goes is not changed here."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    one = get_object_or_404(
        Segment.objects.visible_to(request.user).live().select_related("version"), public_id=public_id
    )
    asked = questions.present()
    if request.method == "POST":
        return _told(request, asked, one)
    draft = drafts.from_rule(one.version.rule, asked) if one.version else drafts.empty()
    if draft is None:
        return render(request, "members/segments/too_deep.html", {"segment": one, **_read(one, asked, request.user)})
    return _shown(request, asked, draft, one, name=one.name, description=one.description)


def _read(one: Segment, asked: Questions, viewer: Any) -> dict[str, Any]:
    rule = one.version.rule if one.version else {}
    return {"tree": sentences.tree(rule, asked, sentences.names_in([rule], asked, viewer))}


def _told(request: HttpRequest, asked: Questions, one: Segment | None) -> HttpResponse:
    """What somebody did on the builder: a line more or less, another question, or the whole saved."""
    draft, deed = drafts.read(request.POST), request.POST.get("do", "look")
    if deed == "save":
        return _save(request, asked, draft, one)
    return _shown(request, asked, draft, one, focus=_change(draft, deed), **_typed(request))


def _typed(request: HttpRequest) -> dict[str, str]:
    return {
        "name": request.POST.get("name", "")[:60].strip(),
        "description": request.POST.get("description", "")[:200].strip(),
    }


def _change(draft: Draft, deed: str) -> str:
    """Does what a button says to the draft; the part to go on with."""
    what, _colon, where = deed.partition(":")
    match what:
        case "group" if len(draft.groups) < drafts.GROUPS_AT_MOST:
            draft.groups.append(Group(lines=[Line()]))
            return f"g{len(draft.groups) - 1}-c0"
        case "add" if where.isdecimal() and int(where) < len(draft.groups):
            lines = draft.groups[int(where)].lines
            if len(lines) < drafts.LINES_AT_MOST:
                lines.append(Line())
            return f"g{where}-c{len(lines) - 1}"
        case "ungroup" if where.isdecimal() and int(where) < len(draft.groups) > 1:
            del draft.groups[int(where)]
            return "g0"
        case "drop":
            return _drop(draft, where)
    return ""


def _drop(draft: Draft, where: str) -> str:
    for g, group in enumerate(draft.groups):
        for c in range(len(group.lines)):
            if where == f"g{g}-c{c}":
                del group.lines[c]
                return f"g{g}"
    return ""


def _save(request: HttpRequest, asked: Questions, draft: Draft, one: Segment | None) -> HttpResponse:
    """The segment as it is from now on; or the builder again with what is wrong at its place and all that was typed."""
    typed, problems = _typed(request), {}
    if not typed["name"]:
        problems["name"] = _("Give it a name.")
    rule = drafts.to_rule(draft, asked)
    if rule is None and not draft.problems:
        problems["rule"] = _("Add at least one condition.")
    if problems or rule is None:
        return _shown(request, asked, draft, one, problems=problems, **typed)
    try:
        seen = _whole(request.POST.get("version", ""))
        saved = editing.save(one, rule, **typed, seen=seen, by=request.user, at=clock.now())
    except editing.NameTaken:
        problems["name"] = _("Another segment has this name.")
    except rules.BadRule as wrong:
        problems["rule"] = drafts.blame(draft, wrong.problems)
    except definitions.Circle as circle:
        problems["rule"] = _("It would have to be counted before itself: %s") % circle
    except editing.ChangedMeanwhile as theirs:
        return _shown(request, asked, draft, theirs.segment, told=_meanwhile(theirs.segment), theirs=True, **typed)
    else:
        return _to(request, reverse("members:segment", args=[saved.public_id]))
    return _shown(request, asked, draft, one, problems=problems, **typed)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _meanwhile(theirs: Segment) -> str:
    by = theirs.version.by if theirs.version else None
    words = _(
        "%(who)s has saved this segment meanwhile. What you filled in is still here; "
        "saving now puts it in place of theirs."
    )
    return words % {"who": by or _("Somebody else")}


def _to(request: HttpRequest, where: str) -> HttpResponse:
    """There, whether a form or htmx asks."""
    return HttpResponse(headers={"HX-Redirect": where}) if request.headers.get("HX-Request") else redirect(where)


def _shown(request: HttpRequest, asked: Questions, draft: Draft, one: Segment | None, **more: Any) -> HttpResponse:
    """The builder. What is wrong is answered with 400, but to htmx, which would show nothing of it."""
    shown = {
        "segment": one,
        "draft": draft,
        "blocks": blocks.of(draft, asked, request.user, focus=more.get("focus", "")),
        "menu": asked.grouped(),
        "version": one.version.number if one and one.version else 0,
        "problems": {},
        **more,
    }
    is_wrong = bool(draft.problems or shown["problems"] or more.get("told"))
    status = 400 if is_wrong and not request.headers.get("HX-Request") else 200
    return render(request, "members/segments/build.html", shown, status=status)


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How many people the builder's conditions mean now, ten of them, and the rule as a sentence."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    at, asked = clock.now(), questions.present()
    draft = drafts.read(request.POST)
    rule = drafts.to_rule(draft, asked)
    if rule is None:
        words = _("Complete the conditions, then you see how many people they mean.")
        return render(request, "members/segments/_preview.html", {"problem": words})
    try:
        who = counts.found(rule, viewer=request.user, at=at)
    except rules.BadRule as wrong:
        return render(request, "members/segments/_preview.html", {"problem": wrong.problems[0].message})
    sample = cards.of(request.user, counts.people(counts.spread(who, SAMPLE)), at=at)
    if sample:
        entries.record_read(request.user, "members.member", rows=len(sample), at=at, page="segment_preview")
    sentence = sentences.sentence(rule, asked, sentences.names_in([rule], asked, request.user))
    told = [{"card": card, "name": masked(card.face.name)} for card in sample]
    shown = {"count": len(who), "sentence": sentence, "sample": told, "as_of": at}
    return render(request, "members/segments/_preview.html", shown)


def masked(name: str) -> str:
    """The first sign of a name: a sample is to be judged, not contacted."""
    return f"{name[:1]}**" if name else ""


@login_required
@require_safe
def pick(request: HttpRequest) -> HttpResponse:
    """What a text finds for one input of a line, below what was chosen already."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    question = questions.present().get(request.GET.get("question", ""))
    name = request.GET.get("name", "")[:80]
    part = name.split("-", 2)[-1]
    one = (
        next((i for op in question.ops for i in op.inputs if i.name == part and i.is_choice), None)
        if question
        else None
    )
    if question is None or one is None:
        raise Http404
    said = {part: request.GET.getlist(name), part + blocks.SEARCH: [request.GET.get(name + blocks.SEARCH, "")]}
    field = blocks.choices(question, one, name, said, request.user)
    return render(request, "members/segments/_options.html", {"field": field})
