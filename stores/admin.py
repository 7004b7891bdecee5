"""The desks for places and people."""

from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, PaginationInlineFormSet, UserChangeForm

from scrm import clock
from scrm.audit import entries
from stores import factors, places, seats, sessions, tokens
from stores.desks import ScopedAdmin, ScopedFilter, ScopedInline
from stores.forms import PersonCreationForm, SeatForm, StoreOpeningForm
from stores.models import (
    Brand,
    CityTier,
    Contract,
    DepartmentLink,
    Franchisee,
    Opening,
    Person,
    Placement,
    Region,
    Seat,
    Store,
)

admin.site.unregister(Group)  # what people may do comes from their seats


class DatedFormSet(PaginationInlineFormSet):
    """Records of one store that follow each other."""

    def clean(self) -> None:
        super().clean()
        forms = [f for f in self.forms if f.is_valid() and f.cleaned_data.get("starts_on") and not self._is_gone(f)]
        forms.sort(key=lambda f: f.cleaned_data["starts_on"])
        for form in forms:
            ends_on = form.cleaned_data.get("ends_on")
            if ends_on and ends_on <= form.cleaned_data["starts_on"]:
                form.add_error("ends_on", _("The end must come after the start."))
        for before, after in pairwise(forms):
            if (before.cleaned_data.get("ends_on") or date.max) > after.cleaned_data["starts_on"]:
                said = _("Two periods overlap: the one from %(first)s must end before the one from %(second)s begins.")
                first, second = before.cleaned_data["starts_on"], after.cleaned_data["starts_on"]
                raise ValidationError(said, params={"first": first, "second": second})

    def _is_gone(self, form: Any) -> bool:
        return bool(self.can_delete and self._should_delete_form(form))


class DatedInline(ScopedInline):
    formset = DatedFormSet
    ordering = ("starts_on",)


class PlacementInline(DatedInline):
    model = Placement


class OpeningInline(DatedInline):
    model = Opening


class ContractInline(DatedInline):
    model = Contract


class DepartmentInline(ScopedInline):
    model = DepartmentLink
    fields = ("corp", "department_id")


@admin.register(Brand)
class BrandAdmin(ScopedAdmin):
    list_display = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Brand.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Region)
class RegionAdmin(ScopedAdmin):
    list_display = ("name", "code", "store_count")
    search_fields = ("name", "code")
    inlines = (DepartmentInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = models.Q(stores__in=Store.objects.visible_to(request.user))
        return super().get_queryset(request).annotate(n_stores=models.Count("stores", filter=seen))

    @display(description=_("stores"), ordering="n_stores")
    def store_count(self, region: Any) -> int:
        return region.n_stores  # type: ignore[no-any-return]


@admin.register(Store)
class StoreAdmin(ScopedAdmin):
    list_display = ("name", "code", "region", "shown_kind", "city")
    list_filter = (("region", ScopedFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("region",)
    search_fields = ("name", "code", "city")
    inlines = (PlacementInline, OpeningInline, ContractInline, DepartmentInline)
    fieldsets = (
        (None, {"fields": ("name", "code", "region", "kind")}),
        (_("Where it is"), {"fields": ("city", "address", ("latitude", "longitude")), "classes": ("tab",)}),
    )
    add_fieldsets = ((None, {"fields": ("name", "code", "region", "opens_on", "city", "address")}),)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if not change:
            kwargs["form"] = StoreOpeningForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("region", "kind") if obj else ()  # its dated records say both

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        fields = {name: form.cleaned_data[name] for name in ("code", "name", "city", "address")}
        opened = places.open_store(form.cleaned_data["region"], on=form.cleaned_data["opens_on"], **fields)
        obj.pk, obj.public_id = opened.pk, opened.public_id

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        places.settle(form.instance, on=clock.day_of(clock.now()))

    @display(description=_("kind"), ordering="kind", label={"direct": "info", "franchise": "warning"})
    def shown_kind(self, store: Store) -> tuple[str, str]:
        return store.kind, store.get_kind_display()


@admin.register(CityTier)
class CityTierAdmin(ScopedAdmin):
    list_display = ("city", "tier")
    list_editable = ("tier",)
    list_filter = (("tier", ChoicesDropdownFilter),)
    search_fields = ("city",)


@admin.register(Franchisee)
class FranchiseeAdmin(ScopedAdmin):
    list_display = ("name", "legal_name", "brand")
    search_fields = ("name", "legal_name")


class SeatInline(ScopedInline):
    """Seats are given and taken, never changed."""

    model = Seat
    form = SeatForm
    fields = ("role", "region", "franchisee", "store", "starts_at", "ends_at")
    readonly_fields = ("starts_at", "ends_at")
    autocomplete_fields = ("store",)
    ordering = ("-ends_at", "starts_at")
    verbose_name_plural = _("Seats (tick “delete” to take one away today; it stays in the book)")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(clock.SHANGHAI):%m-%d %H:%M}"


@admin.register(Person)
class PersonAdmin(ScopedAdmin, UserAdmin):  # type: ignore[misc]
    form = UserChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("name", "username", "shown_seats", "is_active")
    list_filter = (("seats__role", ChoicesDropdownFilter), "is_active")
    search_fields = ("name", "username")
    ordering = ("username",)
    filter_horizontal = ()
    inlines = (SeatInline,)
    fieldsets = (
        (None, {"fields": ("name", "username", "password", "is_active")}),
        (_("Sign-in"), {"fields": ("shown_factor", "shown_sessions", "shown_tokens"), "classes": ("tab",)}),
    )
    readonly_fields = ("shown_factor", "shown_sessions", "shown_tokens")
    actions_submit_line = ("end_everywhere", "reset_factor")
    add_fieldsets = ((None, {"fields": ("name", "username", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = Seat.objects.visible_to(request.user).filter(ends_at=None)
        placed = seen.select_related("region", "franchisee", "store")
        return super().get_queryset(request).prefetch_related(models.Prefetch("seats", placed, to_attr="seen_seats"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what she did stays hers; she is made inactive

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        at = clock.now()
        for seat in formset.deleted_objects:
            seats.take(seat, at=at, by=request.user)
        for seat in formset.new_objects:
            seats.give(form.instance, seat.role, at=at, by=request.user, **seat.place)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            sessions.end_all([obj.pk], at=clock.now())

    def has_end_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm("stores.change_person")  # type: ignore[union-attr]

    @action(description=_("Sign out everywhere"), permissions=["end"])
    def end_everywhere(self, request: HttpRequest, obj: Any) -> None:
        """Every session and API token of hers ends."""
        sessions.end_all([obj.pk], at=clock.now())
        entries.record("person.sessions_ended", by=request.user, subject=obj, at=clock.now())
        self.message_user(request, _("She is signed out everywhere, and her API tokens are gone."))

    @action(description=_("Reset the second factor"), permissions=["end"])
    def reset_factor(self, request: HttpRequest, obj: Any) -> None:
        """For whoever lost her phone; she sets up a new one when she signs in next."""
        factors.remove(obj, by=request.user, at=clock.now())
        self.message_user(request, _("The second factor is reset, and she is signed out everywhere."))

    @display(description=_("second factor"))
    def shown_factor(self, person: Any) -> str:
        if not factors.is_on(person):
            return str(_("off"))
        return str(_("on, %(n)d recovery codes left") % {"n": factors.codes_left(person)})

    @display(description=_("signed in on"))
    def shown_sessions(self, person: Any) -> str:
        found = sessions.of(person, at=clock.now())
        said = [f"{one.device or '—'} · {one.get_way_display() or '—'} · {_when(one.seen_at)}" for one in found]
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in said)) or "—"

    @display(description=_("API tokens"))
    def shown_tokens(self, person: Any) -> str:
        found = tokens.of(person, at=clock.now())
        said = [f"{one.name or '—'} · {_when(one.last_used_at or one.made_at)}" for one in found]
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in said)) or "—"

    @display(description=_("seats"))
    def shown_seats(self, person: Any) -> str:
        return "、".join(str(seat) for seat in person.seen_seats)
