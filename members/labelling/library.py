"""The tag library: groups, their tags, what is on its way to WeCom, and what nobody uses."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from members import labels, samples, sights, tagchanges, taglives
from members.labelling import sentences
from members.models import Tag, TagChange, TagGroup
from members.tagchanges import CannotBe
from members.taglives import InUse
from scrm import clock
from scrm.wecom.models import Corp
from stores.access import Permission, demand

SETTLED_SHOWN = 8


@login_required
@require_http_methods(["GET", "POST"])
def shelf(request: HttpRequest) -> HttpResponse:
    """All groups with their tags; POST makes a group."""
    demand(request.user, Permission.SEE_CODES)
    wrong = _make_group(request) if request.method == "POST" else ""
    if request.method == "POST" and not wrong:
        return redirect("members:tags")
    living = Tag.objects.filter(deleted_at=None).order_by("-rank", "pk")
    groups = TagGroup.objects.visible_to(request.user).filter(deleted_at=None).select_related("corp")
    q = request.GET.get("q", "").strip()[:60]
    if q:
        groups = groups.filter(pk__in=Tag.objects.filter(name__icontains=q, deleted_at=None).values("group"))
        living = living.filter(name__icontains=q)
    shown = groups.order_by("corp", "-rank", "name").prefetch_related(Prefetch("tags", living, to_attr="living"))
    told = {
        "groups": shown,
        "q": q,
        "wrong": wrong,
        "typed": request.POST,
        "corps": Corp.objects.order_by("pk"),
        "changes": _changes(),
        "unused": taglives.unused(clock.now()).count(),
        "counts": hears_counts(request.user),
    }
    return render(request, "members/labelling/tags.html", told, status=400 if wrong else 200)


def hears_counts(viewer: Any) -> bool:
    """Whether he reads how many of all the brand's customers bear a tag: a franchisee's people do not."""
    return not sights.is_of_franchisee(viewer, at=clock.now())


def _changes(**only: Any) -> list[dict[str, Any]]:
    """What is on its way to WeCom, and what it refused of late, in words."""
    rows = TagChange.objects.filter(**only).select_related("group", "tag", "by", "corp")
    open_ones = list(rows.filter(state__in=tagchanges.OPEN).order_by("pk")[:50])
    refused = list(rows.filter(state=TagChange.State.REFUSED).order_by("-settled_at")[:SETTLED_SHOWN])
    return [
        {"change": one, "why": sentences.refused(one.errcode) if one.state == TagChange.State.REFUSED else ""}
        for one in [*open_ones, *refused]
    ]


def _make_group(request: HttpRequest) -> str:
    """What is wrong with the group that somebody wants, if anything."""
    demand(request.user, Permission.MANAGE_TAGS)
    by: Any = request.user
    names = request.POST.get("names", "").splitlines()
    try:
        if request.POST.get("corp"):
            corp = get_object_or_404(Corp, pk=request.POST["corp"] if request.POST["corp"][:18].isdecimal() else 0)
            tagchanges.create(corp, names, group_name=request.POST.get("name", ""), by=by, at=clock.now())
            messages.success(request, _("WeCom is being asked for it; that takes some seconds."))
        else:
            made = labels.group(request.POST.get("name", ""), by=by, at=clock.now())
            for name in filter(str.strip, names):
                labels.tag(made, name, by=by, at=clock.now())
    except CannotBe as error:
        return sentences.why(error)
    return ""


@login_required
@require_http_methods(["GET", "POST"])
def group(request: HttpRequest, public_id: str) -> HttpResponse:
    """One group: its tags in order, further ones, another name."""
    demand(request.user, Permission.SEE_CODES)
    rows = TagGroup.objects.visible_to(request.user).filter(deleted_at=None).select_related("corp")
    found = get_object_or_404(rows, public_id=public_id)
    wrong = ""
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_TAGS)
        try:
            _change_group(request, found)
            return redirect("members:tags" if request.POST.get("do") == "delete" else request.path)
        except (CannotBe, InUse) as error:
            wrong = sentences.why(error)
    tags = list(found.tags.filter(deleted_at=None).order_by("-rank", "pk"))  # type: ignore[attr-defined]
    told = {
        **{"group": found, "tags": tags, "wrong": wrong, "typed": request.POST, "changes": _changes(group=found)},
        "counts": hears_counts(request.user),
    }
    return render(request, "members/labelling/group.html", told, status=400 if wrong else 200)


def _change_group(request: HttpRequest, group: TagGroup) -> None:
    by: Any = request.user
    said: dict[str, Any] = {"by": by, "at": clock.now()}
    writes: Any = tagchanges if group.corp else labels
    do = request.POST.get("do")
    if do == "rename":
        (tagchanges.edit if group.corp else labels.change)(group, name=request.POST.get("name", ""), **said)
    elif do == "delete":
        writes.delete(group, **said)
    elif do == "add" and group.corp:
        tagchanges.create(group.corp, request.POST.get("names", "").splitlines(), group=group, **said)
    elif do == "add":
        for name in filter(str.strip, request.POST.get("names", "").splitlines()):
            labels.tag(group, name, **said)
    elif do in ("up", "down"):
        writes.order(_moved(group, request.POST.get("tag", ""), -1 if do == "up" else 1), **said)


def _moved(group: TagGroup, public_id: str, by: int) -> list[Tag]:
    """The group's tags in order, one of them a place further up or down."""
    tags = list(group.tags.filter(deleted_at=None).order_by("-rank", "pk"))  # type: ignore[attr-defined]
    here = next((n for n, tag in enumerate(tags) if tag.public_id == public_id), None)
    if here is None or not 0 <= here + by < len(tags):
        return []
    tags.insert(here + by, tags.pop(here))
    return tags


@login_required
@require_http_methods(["GET", "POST"])
def tag(request: HttpRequest, public_id: str) -> HttpResponse:
    """One tag: what it means, who uses it, how right it is; another name, or its end."""
    demand(request.user, Permission.SEE_CODES)
    rows = Tag.objects.visible_to(request.user).filter(deleted_at=None).select_related("group__corp", "rule")
    found = get_object_or_404(rows, public_id=public_id)
    wrong = ""
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_TAGS)
        try:
            return _change_tag(request, found)
        except (CannotBe, InUse) as error:
            wrong = sentences.why(error)
    counts = hears_counts(request.user)
    told = {
        "tag": found,
        "wrong": wrong,
        "counts": counts,
        "uses": taglives.uses([found.pk]).get(found.pk, []) if counts else [],
        "accuracy": samples.accuracy(found),
        "samples": found.samples.order_by("-pk")[:5],  # type: ignore[attr-defined]
        "changes": _changes(tag=found),
    }
    return render(request, "members/labelling/tag.html", told, status=400 if wrong else 200)


def _change_tag(request: HttpRequest, tag: Tag) -> HttpResponse:
    by: Any = request.user
    said: dict[str, Any] = {"by": by, "at": clock.now()}
    do, is_wecoms = request.POST.get("do"), tag.group.corp is not None
    if do == "delete":
        (tagchanges.delete if is_wecoms else labels.delete)(tag, **said)
        return redirect("members:tag_group", tag.group.public_id)
    if do == "draw":
        return redirect("members:tag_sample", samples.draw(tag, **said).public_id)
    if is_wecoms:
        tagchanges.edit(tag, name=request.POST.get("name", ""), **said)
    else:
        labels.change(tag, name=request.POST.get("name", ""), says=request.POST.get("says", ""), **said)
    return redirect(request.path)


@login_required
@require_safe
def unused(request: HttpRequest) -> HttpResponse:
    """Tags that nothing uses and nobody has put on for 90 days."""
    demand(request.user, Permission.SEE_CODES)
    idle = taglives.unused(clock.now()).select_related("group__corp").order_by("hits", "pk")[:500]
    told = {"tags": idle, "days": taglives.UNUSED_AFTER.days, "counts": hears_counts(request.user)}
    return render(request, "members/labelling/unused.html", told)
