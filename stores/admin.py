"""The desk for places and people, and what every desk of this house has in common."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError, IntegrityError, models
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, PaginationInlineFormSet, UserChangeForm

from scrm import clock
from scrm.audit import entries
from scrm.audit.noted import Noted
from stores import factors, places, seats, sessions, tokens
from stores.access import ADMIN
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
from stores.scope import ScopedQuerySet, scope_of

admin.site.unregister(Group)  # what people may do comes from their seats


def in_sight(queryset: Any, viewer: Any) -> Any:
    """The rows that the viewer may see; tables that no store owns are whole."""
    return queryset.visible_to(viewer) if isinstance(queryset, ScopedQuerySet) else queryset


class InSight:
    """Rows and choices are those that the viewer may see."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return in_sight(super().get_queryset(request), request.user)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        choices = kwargs.get("queryset")
        everybody = db_field.remote_field.model._default_manager.all() if choices is None else choices
        kwargs["queryset"] = in_sight(everybody, request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class ScopedFilter(RelatedDropdownFilter):
    """A filter by a place, which offers only the viewer's own."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        mine = in_sight(field.remote_field.model._default_manager.all(), request.user)
        return field.get_choices(include_blank=False, limit_choices_to={"pk__in": mine.values("pk")})  # type: ignore[no-any-return]


class ScopedAdmin(InSight, Noted, ModelAdmin):
    """A desk: each sees her own, and the audit book knows each change, and each look at a customer's data."""

    compressed_fields = True
    warn_unsaved_form = True
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:  # type: ignore[override]
        """Below HQ an address asks only what the filters ask: fields and rows beside them may tell of other stores."""
        if not super().lookup_allowed(lookup, value, request):
            return False
        if scope_of(request.user).everything or not _names_a_field(self.model, lookup):
            return True
        told = [one[0] if isinstance(one, tuple) else one for one in (*self.get_list_filter(request), "pk")]
        told += filter(None, [self.date_hierarchy])
        return any(f"{lookup}__".startswith(f"{path}__") for path in told if isinstance(path, str))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _reaches(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _reaches(request.user, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (IntegrityError, DataError):  # what forms check came true in between
            said = _("Nothing was saved: it contradicts what is there already. Look at the dates and try again.")
            self.message_user(request, said, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Names of what was changed; values of switches, choices, days, numbers and places, never of texts."""
        parts = {f.prefix: len(f.changed_objects) + len(f.new_objects) + len(f.deleted_objects) for f in formsets or ()}
        said = {"fields": form.changed_data, "parts": {name: n for name, n in parts.items() if n}}
        if not add and (values := _turned(form)):
            said["values"] = values
        return json.dumps(said)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]
        self._write("added", request, obj)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]
        said = json.loads(message) if isinstance(message, str) and message.startswith("{") else {}
        self._write("changed", request, obj, **said)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> None:  # type: ignore[override]
        for obj in queryset:
            self._write("deleted", request, obj)

    def _write(self, did: str, request: HttpRequest, obj: models.Model, **detail: Any) -> None:
        verb = f"{obj._meta.model_name}.{did}"
        entries.record(verb, by=request.user, subject=obj, at=clock.now(), **detail)


def _reaches(viewer: Any, obj: Any) -> bool:
    """Whether one of the seats by which she may change such things covers this one."""
    rows: Any = type(obj)._default_manager.all() if obj else None
    _see, needs = ADMIN.get(obj._meta.label_lower, (None, None)) if obj else (None, None)
    if needs is None or not isinstance(rows, ScopedQuerySet) or scope_of(viewer, needs=needs).everything:
        return True
    return rows.visible_to(viewer, needs=needs).filter(pk=obj.pk).exists()


def _names_a_field(model: Any, lookup: str) -> bool:
    """Whether a part of an address asks the table; the others belong to filters and to the page."""
    try:
        model._meta.get_field(lookup.partition("__")[0])
    except FieldDoesNotExist:
        return False
    return True


PLAIN = (models.BooleanField, models.IntegerField, models.FloatField, models.DateField, models.ForeignKey)


def _turned(form: Any) -> dict[str, list[str]]:
    """What a changed field was and is, where that is nobody's name, text or secret."""
    fields = {field.name: field for field in getattr(getattr(form, "_meta", None), "model", Brand)._meta.fields}
    told = [n for n in form.changed_data if n in fields and (isinstance(fields[n], PLAIN) or fields[n].choices)]
    return {name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))] for name in told}


def _plain(value: Any) -> str:
    if isinstance(value, models.Model):
        return str(value.pk)
    return "" if value is None else str(value)


class WrittenByVerbs:
    """The verbs behind this desk write the audit book themselves."""

    def _write(self, did: str, request: HttpRequest, obj: models.Model, **detail: Any) -> None:
        pass


class ScopedInline(InSight, TabularInline):
    extra = 0
    show_change_link = False


class ReadOnly:
    """Rows to look at: other doors write them."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False


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
