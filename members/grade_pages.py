"""Pages about grades: how buyers spread over the scores, and one customer's grades with a manager's word."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from members import cards, grades, grading, profiles, sights
from members.models import Grade, GradeChange, GradeCount, MemberGrade, Round
from members.views import seen
from scrm import clock
from stores.access import Permission, demand
from stores.models import Store, Tier
from stores.scope import scope_of

MOST_STORES = 60
HISTORY = 20


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """How buyers spread over recency, frequency, money and grades: of the brand, a tier of cities or one store."""
    demand(request.user, Permission.SEE_BOARDS)
    stores = Store.objects.visible_to(request.user, needs=Permission.SEE_BOARDS)
    all_ = scope_of(request.user, needs=Permission.SEE_BOARDS).everything
    asked = request.GET.get("store", "")
    here = get_object_or_404(stores, public_id=asked) if asked else None if all_ else stores.first()
    counted = GradeCount.objects.filter(store=here) if here or all_ else GradeCount.objects.none()
    tier = request.GET.get("tier", "")[:3]
    if here is None and tier.isdecimal():
        counted = counted.filter(tier=int(tier))
    made = Round.objects.filter(pk=grading.ROUND).first()
    choices = list(stores.order_by("code")[: MOST_STORES + 1])
    shown = {
        "here": here,
        "stores": choices if len(choices) <= MOST_STORES else [],
        "tiers": Tier.choices if all_ and here is None else [],
        "rule": grading.rule_on(clock.day_of(clock.now())),
        "as_of": made and made.at,
    }
    return render(request, "members/grades.html", {**shown, **_spread(counted)})


def _spread(counted: QuerySet[GradeCount]) -> dict[str, Any]:
    """Buyers by grade with what they spent, and the square of recency and frequency."""
    by_grade = {row["grade"]: row for row in counted.values("grade").annotate(n=Sum("people"), fen=Sum("spent_fen"))}
    total = sum(row["n"] for row in by_grade.values())
    spent = sum(row["fen"] or 0 for row in by_grade.values())
    square: dict[int, dict[int, int]] = defaultdict(dict)
    for r, f, n in (
        counted.values_list("score_r", "score_f").annotate(n=Sum("people")).values_list("score_r", "score_f", "n")
    ):
        square[r][f] = n
    most = max((n for row in square.values() for n in row.values()), default=0)
    cells = [
        (r, [(square[r].get(f, 0), _shade(square[r].get(f, 0), most)) for f in range(1, 6)]) for r in range(5, 0, -1)
    ]
    lines = [_line(grade, by_grade.get(grade), total, spent) for grade in Grade.values]
    return {"total": total, "grades": lines, "cells": cells}


def _shade(n: int, most: int) -> int:
    return 0 if not n else 1 + (4 * n - 1) // most


def _line(grade: str, row: Any, total: int, spent: int) -> dict[str, Any]:
    n, fen = (row["n"], row["fen"] or 0) if row else (0, 0)
    share, worth = (100 * n / total if total else 0), (100 * fen / spent if spent else 0)
    return {"grade": grade, "people": n, "share": share, "yuan": fen / 100, "worth": worth}


@login_required
@require_http_methods(["GET", "POST"])
def of_customer(request: HttpRequest, public_id: str) -> HttpResponse:
    """A customer's grades with their figures and how they changed; POST sets one by hand or takes that back."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight = seen(request, public_id)
    profiles.opened(request.user, sight.root, at=clock.now())
    if request.method == "POST":
        demand(request.user, Permission.SET_GRADES)
        _set(request, sight)
        return redirect("members:customer", sight.root.public_id)
    summed = sights.summed(request.user, [sight.root.pk], at=clock.now())
    stores = Store.objects.visible_to(request.user, needs=Permission.SEE_CUSTOMERS)
    all_ = scope_of(request.user, needs=Permission.SEE_CUSTOMERS).everything
    there = Q() if all_ else Q(store__in=stores.values("pk")) | (Q(store=None) if summed else Q(pk__in=[]))
    shown = {
        "sight": sight,
        "grades": list(cards.grades(request.user, summed, [sight.root.pk]).select_related("store", "override_by")),
        "changes": GradeChange.objects.filter(there, member=sight.root)
        .select_related("store", "by")
        .order_by("-at", "-pk")[:HISTORY],
        "places": _places(request, sight),
        "choices": Grade.values,
        "usual": clock.day_of(clock.now()) + grades.USUAL_TERM,
        "first": clock.day_of(clock.now()) + timedelta(days=1),
        "last": clock.day_of(clock.now()) + grades.LONGEST_TERM,
    }
    return render(request, "members/_grades.html", shown)


def _places(request: HttpRequest, sight: sights.Sight) -> list[tuple[str, str]]:
    """Where the viewer may set her grade: at the stores of hers that know the customer; HQ brand-wide too."""
    viewer: Any = request.user
    if not viewer.may(Permission.SET_GRADES):
        return []
    hers = Store.objects.visible_to(viewer, needs=Permission.SET_GRADES)
    met = (cards.related(name).objects.filter(member__in=sight.circle) for name in ("relations", "joinings", "orders"))
    relations, joinings, orders = (rows.order_by().values("store") for rows in met)  # joined, all would meet all
    known = hers.filter(Q(pk__in=relations) | Q(pk__in=joinings) | Q(pk__in=orders))
    whole = [("", _("Brand"))] if scope_of(viewer, needs=Permission.SET_GRADES).everything else []
    return whole + [(store.public_id, store.name) for store in known.distinct()[:MOST_STORES]]


def _set(request: HttpRequest, sight: sights.Sight) -> None:
    places = dict(_places(request, sight))
    asked = request.POST.get("store", "")
    wanted = Grade.values if not request.POST.get("take_back") else [request.POST.get("grade")]
    if asked not in places or request.POST.get("grade") not in wanted:
        messages.error(request, _("That grade or store is not to be had here."))
        return
    store = Store.objects.get(public_id=asked) if asked else None
    held = MemberGrade.objects.filter(member=sight.root, store=store, override_until__isnull=False).first()
    if request.POST.get("take_back"):
        if held:
            grades.take_back(held, by=request.user, at=clock.now())
            messages.success(request, _("The rule's grade holds again."))
        return
    _say(request, sight, store)


def _say(request: HttpRequest, sight: sights.Sight, store: Store | None) -> None:
    until = _day(request.POST.get("until", ""))
    try:
        if until is None:
            raise grades.NoSuchTerm
        grades.set_by_hand(
            sight.root, store=store, grade=request.POST["grade"], until=until,
            reason=request.POST.get("reason", ""), by=request.user, at=clock.now(),
        )  # fmt: skip
    except grades.NoReason:
        messages.error(request, _("A grade set by hand needs a reason."))
    except grades.NoSuchTerm:
        messages.error(request, _("A grade set by hand ends on a later day, within a year."))
    else:
        messages.success(request, _("The grade is set; on its last day the rule's returns by itself."))


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None
