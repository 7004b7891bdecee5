"""What every desk of the admin has in common: each sees her own, and the audit book knows each change."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db import DataError, IntegrityError, models
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter

from scrm import clock
from scrm.audit import entries
from scrm.audit.noted import Noted
from stores.access import ADMIN
from stores.models import Brand
from stores.scope import ScopedQuerySet, scope_of


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
