"""Pages for staff: registration links and posters, the versions of the terms, what the page asks."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import terms
from members.joins import invites
from members.models import Consent, Field, Invite, JoinForm, Terms
from members.terms import VersionIsTaken
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand
from stores.models import Store
from stores.scope import scope_of

ON_A_PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: HttpRequest) -> HttpResponse:
    """The registration links of the viewer's stores; a new one for a store."""
    demand(request.user, Permission.SEE_CODES)
    now = clock.now()
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_CODES)
        made = invites.make(_store(request), by=request.user, at=now, name=request.POST.get("name", ""))
        return redirect("members:invite", made.public_id)
    page, more = _page(request)
    stores = Store.objects.visible_to(request.user, needs=Permission.MANAGE_CODES)
    shown = {"rows": page, "more": more, "stores": stores.order_by("code")[:300], "terms": terms.present(at=now)}
    return render(request, "members/joins/links.html", {**shown, "everywhere": scope_of(request.user).everything})


@login_required
@require_safe
def link(request: HttpRequest, public_id: str) -> HttpResponse:
    """One link with its QR code, to be printed or sent."""
    demand(request.user, Permission.SEE_CODES)
    one = get_object_or_404(_seen(request).select_related("store", "person", "made_by"), public_id=public_id)
    address = address_of(request, one)
    return render(request, "members/joins/link.html", {"one": one, "address": address, "qr": invites.picture(address)})


@login_required
@require_POST
def link_end(request: HttpRequest, public_id: str) -> HttpResponse:
    demand(request.user, Permission.MANAGE_CODES)
    rows = _seen(request, needs=Permission.MANAGE_CODES)
    invites.end(get_object_or_404(rows, public_id=public_id), by=request.user, at=clock.now())
    messages.success(request, _("The link is over. Take its posters down."))
    return redirect("members:invite", public_id)


def address_of(request: HttpRequest, one: Invite) -> str:
    """The whole address of a link."""
    path = reverse("join", args=[invites.token(one)])
    return settings.BASE_URL + path if settings.BASE_URL else request.build_absolute_uri(path)


def _seen(request: HttpRequest, *, needs: str = Permission.SEE_CODES) -> Any:
    """Links that are for everybody; those for one customer are shown to whoever made them."""
    return Invite.objects.visible_to(request.user, needs=needs).filter(member=None)


def _page(request: HttpRequest) -> tuple[list[Invite], str]:
    rows = _seen(request).select_related("store", "person").order_by("-id")
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 18:
        rows = rows.filter(pk__lt=int(after))
    page = list(rows[: ON_A_PAGE + 1])
    return page[:ON_A_PAGE], str(page[ON_A_PAGE - 1].pk) if len(page) > ON_A_PAGE else ""


def _store(request: HttpRequest) -> Store | None:
    """The store of the form; HQ may leave it out, others not."""
    said = request.POST.get("store", "")
    if not said and scope_of(request.user, needs=Permission.MANAGE_CODES).everything:
        return None
    return get_object_or_404(Store.objects.visible_to(request.user, needs=Permission.MANAGE_CODES), public_id=said)


class TermsForm(forms.Form):
    """A new version; a text that is left empty asks for nothing."""

    version = forms.CharField(label=gettext_lazy("Version"), max_length=60)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    body = forms.CharField(label=gettext_lazy("Privacy notice"), widget=forms.Textarea(attrs={"rows": 10}))
    valid_from = forms.DateField(
        label=gettext_lazy("Valid from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Any = None, *, before: Terms | None) -> None:
        super().__init__(data)
        texts = before.purposes if before else terms.usual()
        if before:
            self.fields["title"].initial, self.fields["body"].initial = before.title, before.body
        for purpose in Consent.Purpose:
            area = forms.Textarea(attrs={"rows": 2})
            words = forms.CharField(label=purpose.label, required=False, widget=area, initial=texts.get(purpose, ""))
            self.fields[f"text_{purpose}"] = words
            self.fields[f"same_{purpose}"] = forms.BooleanField(required=False)

    def rows(self) -> list[tuple[Any, Any]]:
        return [(self[f"text_{p}"], self[f"same_{p}"]) for p in Consent.Purpose]

    def publish(self, *, by: Any, at: datetime) -> Terms:
        told = self.cleaned_data
        day = told["valid_from"]
        return terms.publish(
            told["version"],
            {p: told[f"text_{p}"] for p in Consent.Purpose},
            title=told["title"],
            body=told["body"],
            valid_from=max(clock.start_of(day), at) if day else at,
            wording_only=[p for p in Consent.Purpose if told[f"same_{p}"]],
            by=by,
            at=at,
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def wording(request: HttpRequest) -> HttpResponse:
    """The versions of the terms, and a form for the next one."""
    demand(request.user, Permission.MANAGE_MEMBERS)
    now = clock.now()
    holds = terms.present(at=now)
    form = TermsForm(request.POST or None, before=Terms.objects.filter(controller=None).first())
    if form.is_valid():
        try:
            form.publish(by=request.user, at=now)
        except VersionIsTaken:
            form.add_error(
                "version", _("There is a version of this name. Versions are never changed: give the next one.")
            )
        else:
            messages.success(request, _("Published. Whoever registers from then on sees this version."))
            return redirect("members:terms")
    past = Terms.objects.filter(controller=None)[:20]
    shown = {"form": form, "past": past, "holds": holds}
    return render(request, "members/joins/terms.html", shown, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def asking(request: HttpRequest) -> HttpResponse:
    """What the registration page asks beside the phone."""
    demand(request.user, Permission.MANAGE_MEMBERS)
    page = JoinForm.objects.order_by("pk").first() or JoinForm(changed_at=clock.now())
    if request.method == "POST":
        _ask(page, request.POST, by=request.user, at=clock.now())
        messages.success(request, _("Saved. The page asks this from now on."))
        return redirect("members:join_form")
    fields = Field.objects.filter(is_active=True).exclude(kind=Field.Kind.CHOICES)
    return render(request, "members/joins/asking.html", {"page": page, "fields": fields})


def _ask(page: JoinForm, told: Any, *, by: Any, at: datetime) -> None:
    page.intro = " ".join(told.get("intro", "").split())[:200]
    page.asks_name, page.asks_birthday, page.changed_at = "name" in told, "birthday" in told, at
    keys = Field.objects.filter(is_active=True, key__in=told.getlist("field")[:20])
    page.fields = list(keys.values_list("key", flat=True))
    page.save()
    entries.record("join_form.changed", by=by, subject=page, at=at, name=page.asks_name, birthday=page.asks_birthday)
