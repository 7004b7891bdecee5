"""Pages about data sources: how each is doing, what it told, and what to do when it does not."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import pulses, pushes, sources
from members.adapters import ADAPTERS, pos
from members.feeds import signatures
from members.feeds.forms import SourceForm
from members.models import Delivery, Push, Source
from scrm import clock
from stores.access import Permission, demand

ON_A_PAGE = 30


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """All sources, those that need somebody first."""
    demand(request.user, Permission.MANAGE_SOURCES)
    found = Source.objects.visible_to(request.user).select_related("owner")
    rows = pulses.of(list(found[:500]), at=clock.now())
    rows.sort(key=lambda one: not (one.is_late or one.is_ill or one.parked))
    return render(request, "members/feeds/sources.html", {"rows": rows})


@login_required
@require_safe
def source(request: HttpRequest, public_id: str) -> HttpResponse:
    """One source: its numbers, why rows were refused, its queue and its deliveries."""
    one, at = _asked(request, public_id), clock.now()
    older = request.GET.get("before", "")
    found = Delivery.objects.filter(source=one).select_related("by")
    found = found.filter(pk__lt=int(older)) if older.isdecimal() and len(older) < 19 else found
    told = list(found.order_by("-pk")[: ON_A_PAGE + 1])
    shown = {
        "source": one,
        "pulse": pulses.of([one], at=at)[0],
        "adapter": ADAPTERS.get(one.adapter),
        "reasons": pulses.reasons(one, at=at),
        "examples": pulses.examples(one),
        "queue": pulses.queue(one),
        "deliveries": told[:ON_A_PAGE],
        "more": told[ON_A_PAGE - 1].pk if len(told) > ON_A_PAGE else None,
        "push_url": request.build_absolute_uri(f"/api/v1/sources/{one.code}/push/"),
        "megabytes": settings.IMPORT_BYTES >> 20,
    }
    return render(request, "members/feeds/source.html", shown)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    demand(request.user, Permission.MANAGE_SOURCES)
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.said()
        made = sources.register(said.pop("code"), by=request.user, at=clock.now(), **said)
        return redirect("members:source", made.public_id)
    return _form(request, form, None)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    one = _asked(request, public_id)
    form = SourceForm(request.POST or None, source=one)
    if request.method == "POST" and form.is_valid():
        sources.change(one, by=request.user, at=clock.now(), **form.said())
        messages.success(request, _("Saved."))
        return redirect("members:source", public_id)
    return _form(request, form, one)


def _form(request: HttpRequest, form: SourceForm, one: Source | None) -> HttpResponse:
    shown = {"form": form, "source": one, "fields": pos.FIELDS, "needed": pos.NEEDED, "adapters": ADAPTERS.values()}
    return render(request, "members/feeds/edit.html", shown, status=400 if form.errors else 200)


@login_required
@require_POST
def state(request: HttpRequest, public_id: str) -> HttpResponse:
    one = _asked(request, public_id)
    wanted = Source.State.LIVE if request.POST.get("state") == "live" else Source.State.PAUSED
    sources.set_state(one, wanted, by=request.user, at=clock.now())
    return redirect("members:source", public_id)


@login_required
@require_POST
def secret(request: HttpRequest, public_id: str) -> HttpResponse:
    """A new secret, shown this once; or the one under which the source's system signs, as somebody typed it."""
    one = _asked(request, public_id)
    if "given" in request.POST:
        return _take_secret(request, one, request.POST["given"].strip())
    told = sources.new_secret(one, by=request.user, at=clock.now())
    answer = render(request, "members/feeds/secret.html", {"source": one, "secret": told})
    answer["Cache-Control"] = "no-store"
    return answer


def _take_secret(request: HttpRequest, one: Source, given: str) -> HttpResponse:
    if one.adapter == signatures.YOUZAN and 16 <= len(given) <= 200 and given.isascii() and given.isprintable():
        sources.take_secret(one, given, by=request.user, at=clock.now())
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("That is no secret of an app."))
    return redirect("members:source", one.public_id)


@login_required
@require_POST
def upload(request: HttpRequest, public_id: str) -> HttpResponse:
    """A file in the words of the source's adapter: kept first, then taken in."""
    one = _asked(request, public_id)
    demand(request.user, Permission.SEND_DATA)
    file: Any = request.FILES.get("file")
    if file is None or file.size > settings.IMPORT_BYTES:
        messages.error(request, _("Choose a file.") if file is None else _("The file is too large."))
        return redirect("members:source", public_id)
    at, body = clock.now(), file.read(settings.IMPORT_BYTES)
    push = pushes.keep(one, body, at=at, door=Delivery.Door.FILE, by=request.user, note=file.name or "")
    if push is None:
        messages.error(request, _("This very file was brought before."))
    else:
        messages.success(request, _("The file is kept and is being taken in."))
    return redirect("members:source", public_id)


@login_required
@require_POST
def replay(request: HttpRequest, public_id: str) -> HttpResponse:
    def again(chosen: list[Push]) -> str:
        count = pushes.replay(chosen, by=request.user, at=clock.now())
        return ngettext("%d push waits again.", "%d pushes wait again.", count) % count

    return _queue(request, public_id, again)


@login_required
@require_POST
def park(request: HttpRequest, public_id: str) -> HttpResponse:
    def aside(chosen: list[Push]) -> str:
        count = pushes.park(chosen, by=request.user, at=clock.now())
        return ngettext("%d push is set aside.", "%d pushes are set aside.", count) % count

    return _queue(request, public_id, aside)


def _queue(request: HttpRequest, public_id: str, act: Callable[[list[Push]], str]) -> HttpResponse:
    one = _asked(request, public_id)
    ids = [int(pk) for pk in request.POST.getlist("push")[:200] if pk.isdecimal() and len(pk) < 19]
    chosen = list(Push.objects.filter(source=one, pk__in=ids).exclude(state=Push.State.APPLIED))
    messages.success(request, act(chosen))
    return redirect("members:source", public_id)


def _asked(request: HttpRequest, public_id: str) -> Source:
    demand(request.user, Permission.MANAGE_SOURCES)
    found = Source.objects.visible_to(request.user).select_related("owner")
    return get_object_or_404(found, public_id=public_id)
