"""The desk for the audit book and for alarms."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from scrm import clock
from scrm.audit import alarms, entries, kinds
from scrm.audit.models import Alarm, Entry


class Unchangeable(ModelAdmin):
    """Rows that nobody types."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in self.model._meta.fields]


@admin.register(Entry)
class EntryAdmin(Unchangeable):
    paginator = InfinitePaginator  # counting millions would take longer than showing fifty
    list_display = ("at", "actor", "shown_verb", "shown_thing", "subject_id")
    list_filter = (("at", RangeDateTimeFilter),)
    list_select_related = ("actor",)
    search_fields = ("=verb", "=kind", "=subject_id", "actor__name")
    search_help_text = _("What was done, to which id, or by whom")
    fields = ("at", "actor", "shown_verb", "shown_thing", "subject_id", "detail")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("did"), ordering="verb")
    def shown_verb(self, entry: Entry) -> str:
        return kinds.deed(entry.verb)

    @display(description=_("kind of thing"), ordering="kind")
    def shown_thing(self, entry: Entry) -> str:
        return kinds.thing(entry.kind)


class OpenFilter(admin.SimpleListFilter):
    """Open alarms, unless the others are asked for."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("cleared")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        for value, title in ((None, _("open")), *self.lookup_choices):
            query = changelist.get_query_string({self.parameter_name: value} if value else {}, [self.parameter_name])
            yield {"selected": self.value() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        if self.value() == "all":
            return queryset
        return queryset.filter(cleared_at__isnull=self.value() != "no")


@admin.register(Alarm)
class AlarmAdmin(Unchangeable):
    list_display = ("shown_kind", "subject", "count", "first_at", "last_at", "cleared_at")
    list_filter = (OpenFilter,)
    search_fields = ("kind", "subject")
    fields = ("said_kind", "advice", "subject", "detail", "count", "first_at", "last_at", "cleared_at")
    actions = ("clear",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)  # cleared from the list, never edited

    @display(description=_("what happens"), ordering="kind", label={"open": "danger", "cleared": "success"})
    def shown_kind(self, alarm: Alarm) -> tuple[str, Any]:
        return "cleared" if alarm.cleared_at else "open", kinds.meaning(alarm.kind)[0]

    @display(description=_("what happens"))
    def said_kind(self, alarm: Alarm) -> Any:
        return kinds.meaning(alarm.kind)[0]

    @display(description=_("what to do"))
    def advice(self, alarm: Alarm) -> Any:
        return kinds.meaning(alarm.kind)[1]

    @action(description=_("Clear the chosen alarms"), permissions=["change"])
    @transaction.atomic
    def clear(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> None:
        at = clock.now()
        for alarm in queryset.filter(cleared_at=None):
            entries.record("alarm.cleared", by=request.user, subject=alarm, at=at, kind=alarm.kind)
        cleared = alarms.clear(queryset, at=at)
        said = ngettext("%(n)s alarm was cleared.", "%(n)s alarms were cleared.", cleared) % {"n": cleared}
        self.message_user(request, said, messages.SUCCESS)
