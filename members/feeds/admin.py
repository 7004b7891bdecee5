"""The desk for sources and what they delivered: to look at, and the few facts that HQ may change here; maps of fields,
secrets and pauses have pages of their own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.paginator import InfinitePaginator

from members import sources
from members.models import Delivery, Source
from scrm import clock
from stores.desks import ReadOnly, ScopedAdmin

CHANGEABLE = ("name", "owner", "expected_every", "error_percent")


@admin.register(Source)
class SourceAdmin(ScopedAdmin):
    list_display = ("name", "code", "kind", "adapter", "owner", "state", "expected_every", "error_percent")
    list_filter = (("kind", ChoicesDropdownFilter), ("state", ChoicesDropdownFilter))
    list_select_related = ("owner",)
    search_fields = ("code", "name")
    ordering = ("code",)
    fields: Any = ("code", *CHANGEABLE, "kind", "adapter", "state", "fields", "options", "created_at")
    readonly_fields = ("code", "kind", "adapter", "state", "fields", "options", "created_at")
    autocomplete_fields = ("owner",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in CHANGEABLE if name in form.changed_data}
        sources.change(obj, by=request.user, at=clock.now(), **said)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator
    list_display = ("at", "source", "kind", "door", "rows", "created", "updated", "unchanged", "rejected", "by")
    list_filter = (("kind", ChoicesDropdownFilter), ("door", ChoicesDropdownFilter))
    list_select_related = ("source", "by")
    search_fields = ("=source__code",)
    search_help_text = _("Code of a source")
    ordering = ("-pk",)
    fields: Any = (
        *("source", "kind", "door", "at", "by", "rows", "created", "updated", "unchanged", "rejected"),
        *("reasons", "examples", "note"),
    )
