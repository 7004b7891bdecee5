"""Segments as a list, and the page of one: its size by day, its rule, who came and went, who is in it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pyroaring import BitMap

from members import cards
from members.models import Change, Member, Segment, SegmentVersion
from members.segments import bits, counts, definitions, plans, scopes
from members.segments.pages import editing, questions, sentences, trends
from members.segments.pages.questions import Questions
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand
from stores.scope import scope_of

ON_A_PAGE = 50
SAMPLE = 10
DAYS_SHOWN = 14


@dataclass(frozen=True)
class People:
    """One page of people as `members/_cards.html` shows them."""

    cards: list[Any]
    next: str
    total: int
    is_filtered: bool = True


def is_hq(request: HttpRequest) -> bool:
    """Whether the viewer sees all of a segment; others see how many, and who, of their own stores."""
    return scope_of(request.user).everything


def demand_hq(request: HttpRequest) -> None:
    if not is_hq(request):
        raise PermissionDenied(Permission.SEE_SEGMENTS)


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """The segments with their sizes; at HQ also how these move, who made them and what uses them."""
    demand(request.user, Permission.SEE_SEGMENTS)
    at, q = clock.now(), request.GET.get("q", "").strip()[:60]
    found = Segment.objects.visible_to(request.user).live().filter(name__icontains=q).order_by("name", "pk")
    shown = list(_after(found, request.GET.get("after", "")).select_related("version", "group")[: ON_A_PAGE + 1])
    more, shown = (shown[ON_A_PAGE - 1].public_id if len(shown) > ON_A_PAGE else ""), shown[:ON_A_PAGE]
    if is_hq(request):
        _describe(shown, request.user, at=at)
    else:
        for one in shown:
            one.here = len(counts.members(one, viewer=request.user, at=at))  # type: ignore[attr-defined]
    context = {"segments": shown, "next": more, "q": q, "is_hq": is_hq(request), "as_of": at}
    return render(request, "members/segments/shelf.html", context)


def _after(found: Any, public_id: str) -> Any:
    """The list below the segment that stood last."""
    last = Segment.objects.filter(public_id=public_id).values_list("name", "pk").first() if public_id else None
    if last is None:
        return found
    return found.filter(name__gte=last[0]).exclude(name=last[0], pk__lte=last[1])


def _describe(shown: list[Segment], viewer: Any, *, at: datetime) -> None:
    """Gives each segment its sentence, its line of sizes, yesterday's coming and going, its maker and its users."""
    asked = questions.present()
    names = sentences.names_in([one.version.rule for one in shown if one.version], asked, viewer)
    day, used = clock.day_of(at), uses(shown, at=at)
    days = trends.of(shown, until=day)
    first = SegmentVersion.objects.filter(segment__in=shown, number=1).select_related("by")
    makers = {version.segment_id: version.by for version in first}
    for one in shown:
        told: Any = one
        told.sentence = sentences.sentence(one.version.rule, asked, names) if one.version else ""
        told.spark = trends.spark(days[one.pk])
        told.yesterday = next((d for d in days[one.pk] if d.day == day - timedelta(days=1)), None)
        told.maker = makers.get(one.pk)
        told.uses = used[one.pk]


def seen(request: HttpRequest, public_id: str) -> Segment:
    """A segment that is kept up to date; a stranger's 404 otherwise."""
    demand(request.user, Permission.SEE_SEGMENTS)
    found = Segment.objects.visible_to(request.user).live().select_related("version__by", "group")
    return get_object_or_404(found, public_id=public_id)


@login_required
@require_safe
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One segment. Below HQ: how many of it are in the viewer's stores, and the way to them."""
    one, at = seen(request, public_id), clock.now()
    if not is_hq(request):
        here = len(counts.members(one, viewer=request.user, at=at))
        return render(request, "members/segments/here.html", {"segment": one, "here": here, "as_of": at})
    asked = questions.present()
    versions = list(one.versions.select_related("by").order_by("-number")[:21])  # type: ignore[attr-defined]
    names = sentences.names_in([version.rule for version in versions], asked, request.user)
    days = trends.of([one], until=clock.day_of(at))[one.pk]
    context = {
        "segment": one,
        "tree": sentences.tree(one.version.rule, asked, names) if one.version else None,
        "days": days[: -DAYS_SHOWN - 1 : -1],
        "chart": trends.chart(days),
        "versions": _told(versions, asked, names),
        "uses": uses([one], at=at)[one.pk],
        "audiences": one.audiences.select_related("by")[:6],  # type: ignore[attr-defined]
    }
    return render(request, "members/segments/page.html", context)


def _told(versions: list[SegmentVersion], asked: Questions, names: sentences.Names) -> list[SegmentVersion]:
    """The newest twenty with `differs`: what each changed of the one before."""
    for n, version in enumerate(versions):
        before = versions[n + 1].rule if n + 1 < len(versions) else None
        version.differs = sentences.differences(before, version.rule, asked, names) if before else []  # type: ignore[attr-defined]
    return versions[:20]


@login_required
@require_safe
def sample(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ten of the segment's people."""
    one, at = seen(request, public_id), clock.now()
    who = counts.members(one, viewer=request.user, at=at)
    shown = cards.of(request.user, counts.people(counts.spread(who, SAMPLE)), at=at)
    if shown:
        entries.record_read(
            request.user, "members.member", rows=len(shown), at=at, page="segment_sample", segment=public_id
        )
    return render(request, "members/segments/_sample.html", {"cards": shown})


@login_required
@require_safe
def people(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who is in the segment now, page by page."""
    one, at = seen(request, public_id), clock.now()
    who = counts.members(one, viewer=request.user, at=at)
    return listed(request, who, at=at, segment=one, title=_("In it now"), about={"segment": public_id})


@login_required
@require_safe
def moved(request: HttpRequest, public_id: str, day: date, way: str) -> HttpResponse:
    """Who entered a segment, or left it, on a day."""
    one, at = seen(request, public_id), clock.now()
    demand_hq(request)
    rows = Change.objects.filter(segment=one, day=day).values_list(way, flat=True)
    who = scopes.within(request.user, bits.union(bits.unpacked(body) for body in rows), at=at)
    words = {"entered": _("Entered on %(day)s"), "left": _("Left on %(day)s")}[way] % {"day": day}
    about = {"segment": public_id, "day": str(day), "way": way}
    days = settings.KEEP_DAYS["SEGMENT_MOVES"]
    gone = days if day <= clock.day_of(at - timedelta(days=days)) else 0
    return listed(request, who, at=at, segment=one, title=words, about=about, gone_after=gone)


def listed(
    request: HttpRequest, who: BitMap, *, at: Any, title: str, about: dict[str, Any], **more: Any
) -> HttpResponse:
    """A page of these people, below the one that stood last; audited."""
    last = Member.objects.filter(public_id=request.GET.get("after", "")).values_list("pk", flat=True).first() or 0
    keys = counts.following(who, last, ON_A_PAGE + 1)
    shown = counts.people(keys[:ON_A_PAGE])
    if shown:
        entries.record_read(request.user, "members.member", rows=len(shown), at=at, page="segment_people", **about)
    following = shown[-1].public_id if len(keys) > ON_A_PAGE and shown else ""
    found = People(cards.of(request.user, shown, at=at), following, len(who))
    context = {"page": found, "title": title, "as_of": at, **more}
    part = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "cards"
    return render(request, "members/_cards.html" if part else "members/segments/people.html", context)


@login_required
@require_POST
def restore(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """The rule of an older version holds again, as a new version."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    one = seen(request, public_id)
    try:
        editing.restore(one, number, by=request.user, at=clock.now())
    except SegmentVersion.DoesNotExist:
        raise Http404 from None
    except (definitions.BadRule, definitions.Circle):
        messages.error(request, _("That version names something that is no longer there."))
    else:
        messages.success(request, _("Version %(n)s holds again.") % {"n": number})
    return redirect("members:segment", public_id)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Says what uses it, then deletes."""
    demand(request.user, Permission.MANAGE_SEGMENTS)
    one, at = seen(request, public_id), clock.now()
    if request.method == "POST":
        try:
            definitions.archive(one, by=request.user, at=at)
        except definitions.IsUsed:
            return redirect("members:segment_delete", public_id)
        messages.success(request, _("“%s” was deleted.") % one.name)
        return redirect("members:segments")
    return render(request, "members/segments/delete.html", {"segment": one, "uses": uses([one], at=at)[one.pk]})


def uses(shown: Collection[Segment], *, at: datetime) -> dict[int, list[Segment]]:
    """By segment, the segments whose rules refer to it."""
    found: dict[int, list[Segment]] = {one.pk: [] for one in shown}
    for plan in plans.of_day(clock.day_of(at)):
        for pk in plans.referred(plan.tree) & found.keys():
            found[pk].append(plan.segment)
    return found
