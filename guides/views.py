"""Code pages: what hangs in the shop, whom it leads to, what it brings; and customers whose store is not known."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from guides import bindings, codes, listings, ways
from guides.forms import CodeForm, NewCodeForm
from guides.models import Code, CodeGuide, Posting
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand
from stores.models import Store

ON_A_PAGE = 24
LAYOUTS = ("1", "2", "4")
LINE = 30  # characters of the call to action on a sheet


@login_required
@require_safe
def shelf(request: HttpRequest) -> HttpResponse:
    """The codes that the viewer may see."""
    demand(request.user, Permission.SEE_CODES)
    stores = Store.objects.visible_to(request.user)
    here = stores.filter(public_id=request.GET.get("store", "")).first()
    found = _seen(request).filter(_matches(request.GET.get("q", "").strip()))
    page = _page(request, _described(found.filter(store=here) if here else found))
    for one in page:
        one.condition = listings.condition(one)
    choices = list(stores[: ON_A_PAGE + 1])
    context = {
        "page": page,
        "here": here,
        "stores": choices if len(choices) <= ON_A_PAGE else [],
        "lost": _lost(request),
    }
    return render(request, "guides/codes.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest, public_id: str) -> HttpResponse:
    """One code: its picture, its people, its words."""
    demand(request.user, Permission.SEE_CODES)
    one = get_object_or_404(_described(_seen(request)), public_id=public_id)
    if request.method == "POST":
        _demand_hers(request, one)
    form = CodeForm(request.POST or None, instance=one)
    if "guides" in form.fields:
        form.fields["guides"].queryset = listings.guides_at(one.store, one.corp_id)  # type: ignore[attr-defined]
    if form.is_valid() and _saved(form, lambda: form.change(by=request.user)):
        messages.success(request, _("Saved. WeCom is being told."))
        return redirect("guides:code", public_id)
    stake = codes.at_stake(one, at=clock.now())
    people = listings.guides_at(one.store, one.corp_id) if one.kind == Code.Kind.STORE else None
    shown = {"code": one, "condition": listings.condition(one), "form": form, "stake": stake, "people": people}
    return render(request, "guides/code.html", shown, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def code_new(request: HttpRequest) -> HttpResponse:
    """First the store, unless there is only one; then the code."""
    demand(request.user, Permission.MANAGE_CODES)
    stores = Store.objects.visible_to(request.user, needs=Permission.MANAGE_CODES)
    if asked := request.GET.get("store"):
        store: Store | None = get_object_or_404(stores, public_id=asked)
    else:
        store = stores.get() if stores[:2].count() == 1 else None
    if store is None:
        q = request.GET.get("q", "").strip()
        found = stores.filter(Q(name__icontains=q) | Q(code__icontains=q) | Q(city__icontains=q))
        return render(request, "guides/code_new.html", {"page": _page(request, found.select_related("region"))})
    form = NewCodeForm(request.POST or None, instance=Code(store=store, kind=Code.Kind.STORE))
    form.fields["guides"].queryset = listings.guides_at(store)  # type: ignore[attr-defined]
    if form.is_valid() and (made := _saved(form, lambda: form.create(by=request.user))):
        messages.success(request, _("The code is being made; its picture appears in a few seconds."))
        return redirect("guides:code", made.public_id)
    shown = {"store": store, "form": form}
    return render(request, "guides/code_new.html", shown, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def code_delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Says what is at stake, then deletes."""
    demand(request.user, Permission.MANAGE_CODES)
    one = get_object_or_404(_seen(request), public_id=public_id)
    _demand_hers(request, one)
    if request.method == "POST":
        try:
            codes.delete(one, by=request.user, at=clock.now())
        except codes.CannotBe as why:
            messages.error(request, str(why))
            return redirect("guides:code", public_id)
        messages.success(request, _("“%s” was deleted; its customers and numbers stay.") % one.name)
        return redirect("guides:codes")
    return render(request, "guides/code_delete.html", {"code": one, "stake": codes.at_stake(one, at=clock.now())})


@login_required
@require_POST
def code_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Has a code made again that WeCom does not have any more."""
    demand(request.user, Permission.MANAGE_CODES)
    one = get_object_or_404(_seen(request), public_id=public_id)
    _demand_hers(request, one)
    try:
        ways.remake(one, by=request.user, at=clock.now())
    except ways.IsThere:
        messages.info(request, _("WeCom has this code; nothing was done."))
    else:
        messages.success(request, _("The code is being made again; print its new picture."))
    return redirect("guides:code", public_id)


@login_required
@require_safe
def qr(request: HttpRequest, public_id: str) -> HttpResponse:
    """The bytes of the code's picture."""
    demand(request.user, Permission.SEE_CODES)
    one = get_object_or_404(Code.objects.visible_to(request.user).alive(), public_id=public_id)
    if not one.qr_image:
        raise Http404
    content = bytes(one.qr_image)
    kind = "image/jpeg" if content[:2] == b"\xff\xd8" else "image/png"
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": "private, max-age=86400"})


@login_required
@require_http_methods(["GET", "POST"])
def sheet(request: HttpRequest) -> HttpResponse:
    """A4 pages to print; POST counts the prints and comes back to have them printed."""
    demand(request.user, Permission.SEE_CODES)
    asked = request.GET.getlist("code")
    chosen = list(_described(_seen(request).filter(public_id__in=asked, qr_image__isnull=False)))
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_CODES)
        codes.printed(chosen, by=request.user, at=clock.now())
        return redirect(f"{request.get_full_path()}&print=now")
    layout = request.GET.get("layout", "1")
    shown = {
        "codes": chosen,
        "layout": layout if layout in LAYOUTS else "1",
        "layouts": LAYOUTS,
        "line": request.GET.get("line", "")[:LINE] or _line(),
        "missing": len(asked) - len(chosen),
    }
    return render(request, "guides/sheet.html", shown)


@login_required
@require_http_methods(["GET", "POST"])
def unplaced(request: HttpRequest) -> HttpResponse:
    """Customers of guides who work at several stores: where does each belong?"""
    demand(request.user, Permission.PLACE_CUSTOMERS)
    lost = listings.unplaced(request.user)
    if request.method == "POST":
        relation = get_object_or_404(lost.select_related("guide"), public_id=request.POST.get("relation", ""))
        choices = listings.stores_for(relation, request.user)
        store = get_object_or_404(choices, public_id=request.POST.get("store", ""))
        bindings.place(relation, store=store, by=request.user, at=clock.now())
        messages.success(request, _("Noted: %s.") % store.name)
        return redirect(request.get_full_path())
    page = _page(request, lost.select_related("guide", "member").order_by("-added_at"))
    _offer_stores(page, request.user)
    if len(page):
        entries.record_read(request.user, "guides.relation", rows=len(page), at=clock.now(), page="unplaced")
    return render(request, "guides/unplaced.html", {"page": page})


def _seen(request: HttpRequest) -> QuerySet[Code]:
    return Code.objects.visible_to(request.user).alive().select_related("store").defer("qr_image")


def _demand_hers(request: HttpRequest, one: Code) -> None:
    """Raises PermissionDenied where none of the seats by which she may change codes covers this one."""
    if not Code.objects.visible_to(request.user, needs=Permission.MANAGE_CODES).filter(pk=one.pk).exists():
        raise PermissionDenied(Permission.MANAGE_CODES)


def _described(found: QuerySet[Code]) -> Any:
    """With adds, people and whether there is a picture, without reading pictures."""
    people = Prefetch("code_guides", CodeGuide.objects.select_related("guide"))
    drawn = found.annotate(has_picture=Q(qr_image__isnull=False)).prefetch_related(people)
    return listings.with_adds(drawn, at=clock.now()).order_by("store__code", "name", "pk")


def _matches(q: str) -> Q:
    return Q(name__icontains=q) | Q(store__name__icontains=q) | Q(store__code__icontains=q) if q else Q()


def _page(request: HttpRequest, found: Any) -> Any:
    return Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))


def _saved(form: Any, act: Any) -> Code | None:
    """What the verb made of the form; its refusal stands on the form."""
    try:
        return act()  # type: ignore[no-any-return]
    except codes.CannotBe as why:
        form.add_error(None, str(why))
        return None


def _line() -> str:
    """What a sheet says to customers: in the shops' language, whatever the printing person reads."""
    with translation.override(settings.LANGUAGE_CODE):
        return _("Scan to add your guide on WeCom")


def _lost(request: HttpRequest) -> int:
    """How many customers wait for a store; 100 stands for more."""
    if not request.user.may(Permission.PLACE_CUSTOMERS):  # type: ignore[union-attr]
        return 0
    return listings.unplaced(request.user)[:100].count()


def _offer_stores(relations: Any, viewer: Any) -> None:
    """Gives each relation `choices`: the stores at which it may be placed."""
    mine = Store.objects.visible_to(viewer)
    posted = Posting.objects.filter(guide__in={r.guide_id for r in relations}, ends_at=None, store__in=mine)
    choices: dict[int, list[Store]] = {}
    for posting in posted.select_related("store").order_by("store__code"):
        choices.setdefault(posting.guide_id, []).append(posting.store)
    for relation in relations:
        relation.choices = choices.get(relation.guide_id, [])
