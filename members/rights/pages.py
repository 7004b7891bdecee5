"""Pages of HQ on which requests about data are written down, verified, approved and answered."""

import json
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import fields, profiles, sights
from members.models import Copy, DataRequest, Holiday, Member
from members.phones import NotAPhone
from members.rights import copies, corrections, erasures, forms, reports, requests
from scrm import clock
from scrm.audit import entries
from scrm.sheets import answers
from stores.access import Permission, demand

Kind, State = DataRequest.Kind, DataRequest.State
ON_A_PAGE = 50
AT_ONCE = 1000
# What somebody of HQ may say that she knows it by; what only the customer's page can know, the page says itself.
PROOFS = [(proof.value, proof.label) for proof in DataRequest.Proof if proof != DataRequest.Proof.HER_LINK]


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """Requests: the open ones by their term, or the answered ones, newest first."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    today, state = clock.day_of(clock.now()), request.GET.get("state", "open")
    rows = DataRequest.objects.visible_to(request.user).select_related("member")
    if state == "done":
        page, more = _page(request, rows.exclude(state__in=DataRequest.OPEN).order_by("-id"))
    else:
        page, more = list(rows.filter(state__in=DataRequest.OPEN).order_by("due_on", "id")[:AT_ONCE]), ""
    if page:
        entries.record_read(
            request.user, "members.datarequest", at=clock.now(), rows=len(page), filters={"state": state}
        )
    shown = {"rows": page, "more": more, "today": today, "state": state, "may_approve": _may_approve(request)}
    return render(request, "members/rights/shelf.html", shown)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Somebody asked by phone, letter or in a store: written down for the customer whom the address names."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    sight = sights.open_(request.user, request.GET.get("customer", ""))
    if sight is None:
        return render(request, "members/rights/ask.html", {"sight": None}, status=404 if request.GET else 200)
    if request.method == "POST":
        return _asked(request, sight)
    profiles.opened(request.user, sight.root, at=clock.now())
    shown = {"sight": sight, "kinds": Kind.choices, "ways": DataRequest.Way.choices, "today": clock.day_of(clock.now())}
    return render(request, "members/rights/ask.html", shown)


@login_required
@require_safe
def one(request: HttpRequest, public_id: str) -> HttpResponse:
    """One request: who asked what by when, and what is to be done next."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    return _shown(request, _found(request, public_id))


@login_required
@require_POST
def act(request: HttpRequest, public_id: str) -> HttpResponse:
    """The next step of a request."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    asked, do = _found(request, public_id), request.POST.get("do", "")
    steps = {"verify": _verify, "approve": _approve, "refuse": _refuse, "answer": _answer}
    if do not in steps:
        raise BadRequest
    try:
        steps[do](request, asked, clock.now())
    except requests.NotNow:
        messages.error(request, _("Somebody else did this just now, or it is not its turn. Look at the page again."))
    except requests.NotByYou:
        messages.error(
            request, _("You verified this request, or made the link by which it was asked: another person approves it.")
        )
    except NotAPhone:
        messages.error(request, _("This is no phone number. Nothing was changed."))
    except fields.Wrong:
        messages.error(request, _("A field cannot say this. Nothing was changed."))
    return redirect("members:right", public_id)


@login_required
@require_POST
def approve_many(request: HttpRequest) -> HttpResponse:
    """Erases the people of all ticked requests."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    demand(request.user, Permission.APPROVE)
    found = DataRequest.objects.visible_to(request.user).filter(public_id__in=request.POST.getlist("request")[:AT_ONCE])
    mine = [r for r in found.filter(kind=Kind.DELETE, state=State.VERIFIED) if _is_second(request, r)]
    now = clock.now()
    try:
        _erase(request, mine, now)
        messages.success(request, _("%(n)s people were erased.") % {"n": len(mine)})
    except requests.NotNow:
        messages.error(request, _("Somebody else did this just now, or it is not its turn. Look at the page again."))
    return redirect("members:rights")


@login_required
@require_safe
def copy(request: HttpRequest, public_id: str, kind: str = "") -> HttpResponse:
    """The zip, or the Excel book that lies in it, for whoever made it."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    found = get_object_or_404(
        Copy.objects.visible_to(request.user).select_related("request__member"), public_id=public_id
    )
    try:
        content = copies.fetch(found, by=request.user, at=clock.now())
    except copies.IsOver:
        raise Http404 from None
    if kind == "xlsx":
        return answers.book(found.public_id, copies.book_of(content))
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{found.public_id}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
@require_safe
def proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """What an erasure emptied, as a file with a seal."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    asked = _found(request, public_id)
    if asked.kind != Kind.DELETE or asked.state != State.DONE:
        raise Http404
    entries.record("datarequest.proved", by=request.user, subject=asked, at=clock.now())
    told = {**asked.result, "approved_by": asked.approved_by.username if asked.approved_by else ""}
    answer = HttpResponse(json.dumps(told, ensure_ascii=False, indent=1), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{asked.public_id}.json"'
    return answer


@login_required
@require_safe
def report(request: HttpRequest, kind: str = "") -> HttpResponseBase:
    """What an audit of personal data asks for, over a period (rules of 2025-05-01: every two years)."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    first, last = _period(request)
    told = reports.read(first, last)
    entries.record_export(request.user, "members.datarequest", at=clock.now(), rows=len(told), report="privacy")
    if not kind:
        return render(request, "members/rights/report.html", {"parts": told, "first": first, "last": last})
    return answers.csv(f"privacy-{first}-{last}", reports.lines(told))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def holidays(request: HttpRequest) -> HttpResponse:
    """Days on which the term stands still, and weekends on which it does not."""
    demand(request.user, Permission.MANAGE_RIGHTS)
    if request.method == "POST":
        _note_holiday(request)
        return redirect("members:holidays")
    today = clock.day_of(clock.now())
    rows = Holiday.objects.filter(day__year__gte=today.year - 1)[:200]
    return render(request, "members/rights/holidays.html", {"rows": rows})


def _found(request: HttpRequest, public_id: str) -> DataRequest:
    rows = DataRequest.objects.visible_to(request.user)
    return get_object_or_404(
        rows.select_related("member", "opened_by", "verified_by", "approved_by", "closed_by"), public_id=public_id
    )


def _shown(request: HttpRequest, asked: DataRequest) -> HttpResponse:
    now = clock.now()
    mine = Copy.objects.filter(request=asked, made_for=request.user.pk, expires_at__gt=now)  # type: ignore[misc]
    shown = {
        "one": asked,
        "wanted": json.loads(asked.wanted) if asked.wanted and asked.kind == Kind.CORRECT else {},
        "late": asked.is_open and asked.due_on < clock.day_of(now),
        "changed": forms.names_of(asked.result.get("changed", [])),
        "own_fields": forms.own_fields() if asked.kind == Kind.CORRECT and asked.state == State.VERIFIED else [],
        "genders": Member.Gender.choices,
        "proofs": PROOFS,
        "copy": mine.filter(fetched__lt=copies.FETCHES).first(),
        "may_approve": _may_approve(request) and _is_second(request, asked),
        "person": None if asked.member.erased_at else asked.member,
    }
    entries.record_read(request.user, asked, at=now, customer=asked.member)
    return render(request, "members/rights/one.html", shown)


def _asked(request: HttpRequest, sight: sights.Sight) -> HttpResponse:
    told, now = request.POST, clock.now()
    day = forms.day_of(told.get("asked_on", ""))
    since = min(clock.start_of(day), now) if day and day.year > 2000 else now
    if told.get("kind") not in Kind.values or told.get("way") not in DataRequest.Way.values:
        raise BadRequest
    try:
        words: dict[str, Any] = {"note": told.get("note", ""), "asked_at": since}
        made = requests.ask(sight.root, told["kind"], way=told["way"], at=now, by=request.user, **words)
    except requests.AlreadyAsked:
        messages.error(request, _("She asked for the same and waits for the answer."))
        return redirect("members:rights")
    return redirect("members:right", made.public_id)


def _verify(request: HttpRequest, asked: DataRequest, now: datetime) -> None:
    if request.POST.get("proof") not in dict(PROOFS):
        raise BadRequest
    requests.verify(asked, proof=request.POST["proof"], by=request.user, at=now)


def _approve(request: HttpRequest, asked: DataRequest, now: datetime) -> None:
    demand(request.user, Permission.APPROVE)
    _erase(request, [asked], now)
    messages.success(request, _("She is erased. The proof lies below."))


@transaction.atomic
def _erase(request: HttpRequest, asked: list[DataRequest], now: datetime) -> None:
    """Approved and done, or neither: an approved request that was not carried out would wait for nobody."""
    erasures.carry_out(requests.approve(asked, by=request.user, at=now), by=request.user, at=now)


def _refuse(request: HttpRequest, asked: DataRequest, now: datetime) -> None:
    requests.refuse(asked, reason=request.POST.get("reason", ""), by=request.user, at=now)


def _answer(request: HttpRequest, asked: DataRequest, now: datetime) -> None:
    if asked.kind == Kind.EXPORT:
        copies.make(asked, by=request.user, at=now)
    elif asked.kind == Kind.CORRECT:
        corrections.correct(asked, forms.right_of(request.POST), by=request.user, at=now)
    elif asked.kind == Kind.RESTRICT:
        requests.done(asked, {"restricted": True}, by=request.user, at=now)
    else:
        raise requests.NotNow


def _is_second(request: HttpRequest, asked: DataRequest) -> bool:
    return request.user.pk not in {asked.verified_by_id, asked.link_by_id}


def _may_approve(request: HttpRequest) -> bool:
    return bool(request.user.may(Permission.APPROVE))  # type: ignore[union-attr]


def _page(request: HttpRequest, rows: Any) -> tuple[list[Any], str]:
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 18:
        rows = rows.filter(pk__lt=int(after))
    page = list(rows[: ON_A_PAGE + 1])
    return page[:ON_A_PAGE], str(page[ON_A_PAGE - 1].pk) if len(page) > ON_A_PAGE else ""


def _period(request: HttpRequest) -> tuple[date, date]:
    """The days asked for; the last two years where none are."""
    today = clock.day_of(clock.now())
    days = []
    for name, usual in (("from", date(today.year - 2, today.month, 1)), ("to", today)):
        days.append(forms.day_of(request.GET.get(name, "")) or usual)
    return min(days), max(days)


def _note_holiday(request: HttpRequest) -> None:
    said = request.POST.get("day", "")
    day = forms.day_of(said)
    if day is None:
        raise BadRequest
    if request.POST.get("do") == "remove":
        Holiday.objects.filter(day=day).delete()
    else:
        told = {"works": "works" in request.POST, "name": request.POST.get("name", "").strip()[:60]}
        Holiday.objects.update_or_create(day=day, defaults=told)
    entries.record("holiday.noted", by=request.user, at=clock.now(), day=said)
