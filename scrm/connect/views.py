"""The guided page: one card for each step, each loaded and checked by itself."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from guides import syncs
from guides.models import Sync
from scrm import clock
from scrm.connect import steps
from scrm.connect.forms import AppForm, CorpForm, ProofForm, shows_api_address
from scrm.wecom import corps
from scrm.wecom.models import Corp
from stores.access import Permission, demand


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The corps that are connected, and the first step of another."""
    demand(request.user, Permission.MANAGE_WECOM)
    form = CorpForm(request.POST or None)
    if not shows_api_address():
        del form.fields["api_base_url"]
    if form.is_valid():
        corp = corps.begin(**form.cleaned_data, by=request.user, at=clock.now())
        return redirect("connect:corp", corp.corp_id)
    return render(request, "connect/start.html", {"form": form, "corps": Corp.objects.order_by("pk")})


@login_required
@require_http_methods(["GET"])
def corp(request: HttpRequest, slug: str) -> HttpResponse:
    """All steps of one corp; what was done stays done, so one may leave and come back."""
    demand(request.user, Permission.MANAGE_WECOM)
    found = get_object_or_404(Corp, corp_id=slug)
    return render(request, "connect/corp.html", {"corp": found, "steps": steps.STEPS})


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def part(request: HttpRequest, slug: str) -> HttpResponse:
    """One step: how it stands now; POST does what it asks for."""
    demand(request.user, Permission.MANAGE_WECOM)
    found = get_object_or_404(Corp, corp_id=slug)
    step = steps.BY_NAME.get(request.GET.get("step", ""))
    if step is None:
        raise Http404
    case = steps.case_of(found, f"{request.scheme}://{request.get_host()}")
    act = ACTS.get(step.name)
    form, acted = act(request, case) if act else (None, False)
    if acted:
        case = steps.case_of(found, case.base_url)
        form = FRESH.get(step.name, lambda _case: None)(case)
    shown = {"step": step, "case": case, "form": form, "standing": steps.standing(step, case, clock.now())}
    if step.name == "callback" and case.receiver:
        shown["url"] = f"{case.base_url}/wecom/callback/{case.receiver.slug}/"
    if step.name == "sync":
        shown["sync"] = Sync.objects.filter(corp=found).order_by("-pk").first()
    answer = render(request, "connect/_step.html", {**shown, "number": steps.STEPS.index(step) + 1, "corp": found})
    if acted:
        answer["HX-Trigger"] = "recheck"
    return answer


Acted = tuple[Any, bool]


def _app(request: HttpRequest, case: steps.Case) -> Acted:
    if request.method != "POST":
        return _fresh_app(case), False
    form = AppForm(request.POST, known=case.app)
    if not form.is_valid():
        return form, False
    corps.give_app(case.corp, **form.cleaned_data, by=request.user, at=clock.now())
    return form, True


def _fresh_app(case: steps.Case) -> AppForm:
    return AppForm(initial={"agent_id": case.app.agent_id if case.app else None}, known=case.app)


def _callback(request: HttpRequest, case: steps.Case) -> Acted:
    """The values are made with the first look; a button makes new ones."""
    if case.app is None:
        return None, False
    receiver = corps.receive(case.app, by=request.user, at=clock.now())
    renews = request.method == "POST" and request.POST.get("act") == "renew"
    if renews:
        corps.renew_keys(receiver, by=request.user, at=clock.now())
    return None, renews or case.receiver is None


def _domain(request: HttpRequest, case: steps.Case) -> Acted:
    if request.method != "POST":
        return ProofForm(), False
    form = ProofForm(request.POST, request.FILES)
    if not form.is_valid():
        return form, False
    corps.prove(form.cleaned_data["code"], by=request.user, at=clock.now())
    return form, True


def _sync(request: HttpRequest, case: steps.Case) -> Acted:
    if request.method != "POST" or case.app is None:
        return None, False
    syncs.begin(case.corp, cause=Sync.Cause.CONNECT, by=request.user, at=clock.now())
    return None, True


Act = Callable[[HttpRequest, steps.Case], Acted]
ACTS: dict[str, Act] = {"app": _app, "callback": _callback, "domain": _domain, "sync": _sync}
FRESH: dict[str, Callable[[steps.Case], Any]] = {"app": _fresh_app, "domain": lambda _case: ProofForm()}
