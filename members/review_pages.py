"""Pages for HQ: are these two one person, who was merged with whom, which ids are shared, which say nothing."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import blocks, duplicates, merges, phones, reviews
from members.models import BlockedValue, Identity, Merge, Review
from scrm import clock
from scrm.audit import entries
from scrm.sheets import answers
from stores.access import Permission, demand

ON_A_PAGE = 30


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The next question with both persons side by side, and what was answered last."""
    demand(request.user, Permission.MERGE_MEMBERS)
    state = request.GET.get("state", Review.State.OPEN)
    state = state if state in reviews.WAITING else Review.State.OPEN
    asked = Review.objects.visible_to(request.user).filter(state=state).select_related("low", "high", "identity")
    waiting = asked.filter(pk__gt=_number(request, "after")).order_by("pk")
    one = waiting.first()
    both = reviews.sides(one) if one else None
    if one:
        entries.record_read(request.user, "members.member", at=clock.now(), rows=2, page="reviews")
    done = Review.objects.filter(decided_at__isnull=False).exclude(state=Review.State.LATER)
    shown = {
        "one": one,
        "sides": both,
        "state": state,
        "left": waiting[: ON_A_PAGE + 1].count(),
        "on_a_page": ON_A_PAGE,
        "done": done.select_related("low", "high", "by").order_by("-decided_at")[:10],
    }
    return render(request, "members/reviews.html", shown)


@login_required
@require_POST
def decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """The answer to one question."""
    demand(request.user, Permission.MERGE_MEMBERS)
    one = get_object_or_404(Review.objects.visible_to(request.user), public_id=public_id)
    word = request.POST.get("word", "")
    try:
        if word == "undo":
            reviews.take_back(one, by=request.user, at=clock.now())
            messages.success(request, _("Taken back: the rules say who is who again."))
        elif word in reviews.ANSWERS:
            reviews.answer(one, word, by=request.user, at=clock.now())
    except reviews.NotAsked:
        messages.warning(request, _("Somebody else was faster, or it settled itself."))
    except merges.Contradicted:
        messages.error(request, _("An earlier decision says that they are two people. Undo that one first."))
    return redirect("members:reviews")


@login_required
@require_safe
def merged(request: HttpRequest) -> HttpResponse:
    """Who was merged with whom, newest first."""
    demand(request.user, Permission.MERGE_MEMBERS)
    rows = Merge.objects.visible_to(request.user).select_related("winner", "loser", "by", "undone_by").order_by("-pk")
    if after := _number(request, "after"):
        rows = rows.filter(pk__lt=after)
    page = list(rows[: ON_A_PAGE + 1])
    entries.record_read(request.user, "members.merge", at=clock.now(), rows=len(page[:ON_A_PAGE]))
    more = page[ON_A_PAGE - 1].pk if len(page) > ON_A_PAGE else ""
    return render(request, "members/merges.html", {"rows": page[:ON_A_PAGE], "more": more})


@login_required
@require_POST
def unmerge(request: HttpRequest, public_id: str) -> HttpResponse:
    demand(request.user, Permission.MERGE_MEMBERS)
    one = get_object_or_404(Merge.objects.visible_to(request.user), public_id=public_id)
    try:
        merges.undo(one, by=request.user, at=clock.now())
        messages.success(request, _("Two people again, and they stay it."))
    except merges.AlreadyUndone:
        messages.warning(request, _("This merge was undone already."))
    return redirect("members:merges")


@login_required
@require_safe
def shared(request: HttpRequest) -> HttpResponse:
    """Which ids several customers claim, by reason."""
    demand(request.user, Permission.MERGE_MEMBERS)
    kind, state = _sieve(request)
    page = duplicates.page(kind=kind, state=state, after=_number(request, "after"), most=ON_A_PAGE + 1)
    entries.record_read(request.user, "members.identity", at=clock.now(), rows=len(page[:ON_A_PAGE]), page="duplicates")
    more = page[ON_A_PAGE - 1].identity if len(page) > ON_A_PAGE else ""
    table = [(k, Identity.Kind(k).label, n) for k, n in sorted(duplicates.counts().items())]
    shown = {"rows": page[:ON_A_PAGE], "more": more, "table": table, "kind": kind, "state": state}
    return render(request, "members/duplicates.html", shown)


@login_required
@require_safe
def shared_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a file."""
    demand(request.user, Permission.MERGE_MEMBERS)
    demand(request.user, Permission.EXPORT_CUSTOMERS)
    kind, state = _sieve(request)
    rows = list(duplicates.everything(kind=kind, state=state))
    told = {"kind": kind, "state": state}
    entries.record_export(request.user, "members.identity", at=clock.now(), rows=len(rows), filters=told)
    return answers.csv(f"duplicates-{clock.day_of(clock.now())}", _lines(rows))


def _lines(rows: list[duplicates.Shared]) -> Iterator[list[Any]]:
    yield [_("Kind"), _("Value"), _("Customers"), _("Persons"), _("State"), _("Ids")]
    words = {"one": _("one person"), "apart": _("not merged"), "blocked": _("blocked")}
    for row in rows:
        ids = " ".join(member.public_id for member in row.members)
        yield [str(row.kind_words), row.shown, row.count, row.persons, words[row.state], ids]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def blocked(request: HttpRequest) -> HttpResponse:
    """Ids that say nothing about who somebody is; HQ adds to them and frees them."""
    demand(request.user, Permission.MERGE_MEMBERS)
    if request.method == "POST":
        _block(request)
        return redirect("members:blocked_ids")
    page = duplicates.blocked(_number(request, "after"), ON_A_PAGE + 1)
    more = page[ON_A_PAGE - 1].pk if len(page) > ON_A_PAGE else ""
    shown = {"rows": page[:ON_A_PAGE], "more": more, "kinds": Identity.Kind, "reasons": BlockedValue.Reason}
    return render(request, "members/blocked_ids.html", shown)


def _block(request: HttpRequest) -> None:
    said = request.POST
    at = clock.now()
    if said.get("free", "").isdecimal() and len(said["free"]) < 18:
        touched = blocks.turn(get_object_or_404(BlockedValue, pk=int(said["free"])), by=request.user, at=at)
        merges.settle(touched, at=at, by=request.user)
        return
    kind, reason = said.get("kind", ""), said.get("reason", "")
    try:
        if kind not in Identity.Kind.values or reason not in BlockedValue.Reason.values or not said.get("value"):
            raise phones.NotAPhone
        touched = blocks.put(kind, said["value"], app=said.get("app", ""), reason=reason, by=request.user, at=at)
        merges.settle(touched, at=at, by=request.user)
        messages.success(request, _("It joins nobody from now on."))
    except phones.NotAPhone:
        messages.error(request, _("This is not a whole number."))


def _sieve(request: HttpRequest) -> tuple[str, str]:
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    return kind if kind in Identity.Kind.values else "", state if state in duplicates.STATES else ""


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
