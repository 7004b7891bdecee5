"""Tags put on many customers at once: of a segment, or of a list of ids; for WeCom's tags a run with its progress."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import sights, tagruns, wearings
from members.labelling import sentences
from members.models import Marking, Member, Segment, Tag, TagRun
from members.segments import counts
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand

IDS_AT_MOST = 5000
REFUSED_SHOWN = 50
NOBODY = gettext_lazy("Nobody was found: choose a segment, or paste ids of customers.")


@login_required
@require_http_methods(["GET", "POST"])
def shelf(request: HttpRequest) -> HttpResponse:
    """Runs so far, and a form for a new one: HQ's for everybody, others' for the customers of their stores."""
    demand(request.user, Permission.TAG_MANY)
    wrong = ""
    if request.method == "POST":
        found = _begin(request)
        if not isinstance(found, str):
            return found
        wrong = found
    living = Tag.objects.filter(deleted_at=None, group__deleted_at=None).exclude(kind=Tag.Kind.RULE)
    runs = TagRun.objects.visible_to(request.user).select_related("tag__group", "by")[:50]
    told = {
        "runs": runs,
        "tags": living.select_related("group").order_by("group__name", "-rank", "name")[:1000],
        "segments": Segment.objects.visible_to(request.user).live().order_by("name")[:500],
        "wrong": wrong,
        "typed": request.POST or request.GET,
    }
    return render(request, "members/labelling/runs.html", told, status=400 if wrong else 200)


def _begin(request: HttpRequest) -> HttpResponse | str:
    """Where to go after it was begun, or what is wrong with it."""
    viewer: Any = request.user
    tag = Tag.objects.select_related("group").filter(public_id=request.POST.get("tag", ""), deleted_at=None).first()
    if tag is None or tag.kind == Tag.Kind.RULE:
        return _("Choose a tag.")
    people = _people(request)
    if not people:
        return str(NOBODY)
    puts_on, at = request.POST.get("do") != "take", clock.now()
    if tag.kind == Tag.Kind.WECOM:
        name = request.POST.get("name", "").replace("\0", "").strip()[:120]
        try:
            run = tagruns.begin(people, tag, puts_on=puts_on, name=name, by=viewer, at=at)
        except tagruns.Nobody:
            return str(NOBODY)
        return redirect("members:tag_run", run.public_id)
    verb = wearings.put_on_many if puts_on else wearings.take_off_many
    changed = verb(viewer, people, tag, at=at)
    messages.success(request, _("%(n)s of %(all)s customers changed.") % {"n": changed, "all": len(people)})
    return redirect("members:tag", tag.public_id)


def _people(request: HttpRequest) -> Any:
    """The persons whom the form names."""
    viewer, at = request.user, clock.now()
    if segment := Segment.objects.visible_to(viewer).live().filter(public_id=request.POST.get("segment", "")).first():
        return counts.members(segment, viewer=viewer, at=at)
    named = request.POST.get("ids", "").replace(",", "\n").split()[:IDS_AT_MOST]
    seen = Member.objects.filter(public_id__in=named).values_list("pk", "same_person_as")
    roots = {same or pk for pk, same in seen}
    return set(sights.people(viewer).filter(pk__in=roots).values_list("pk", flat=True))


@login_required
@require_safe
def run(request: HttpRequest, public_id: str) -> HttpResponse:
    """How far a run has come; the page asks again by itself while it runs."""
    demand(request.user, Permission.TAG_MANY)
    rows = TagRun.objects.visible_to(request.user).select_related("tag__group", "by")
    found = get_object_or_404(rows, public_id=public_id)
    seen = Marking.objects.visible_to(request.user).filter(run=found)
    refused = list(seen.filter(state=Marking.State.REFUSED).select_related("member").order_by("pk")[:REFUSED_SHOWN])
    if refused:
        entries.record_read(request.user, Member._meta.label_lower, at=clock.now(), rows=len(refused), page="tag_run")
    answered = found.done + found.refused + found.unreachable + found.unchanged
    told = {
        "run": found,
        "answered": answered,
        "left": max(0, found.members - answered),
        "percent": min(100, answered * 100 // found.members) if found.members else 100,
        "refused": [(one, sentences.refused(one.errcode)) for one in refused],
    }
    part = "_run.html" if request.headers.get("HX-Target") == "run" else "run.html"
    return render(request, f"members/labelling/{part}", told)


@login_required
@require_POST
def turn(request: HttpRequest, public_id: str) -> HttpResponse:
    """Pauses a run, lets it go on, or stops it."""
    demand(request.user, Permission.TAG_MANY)
    found = get_object_or_404(TagRun.objects.visible_to(request.user), public_id=public_id)
    verbs = {"pause": tagruns.pause, "resume": tagruns.resume, "stop": tagruns.stop}
    verb = verbs.get(request.POST.get("do", ""))
    by: Any = request.user
    try:
        if verb:
            verb(found, by=by, at=clock.now())
    except tagruns.NotNow:
        messages.error(request, _("The run has moved on meanwhile; this is how it stands."))
    return redirect("members:tag_run", public_id)
