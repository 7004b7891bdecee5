"""The desk for the audit book and for alarms."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from scrm import clock
from scrm.audit import alarms, entries, kinds, search
from scrm.audit.models import Alarm, Entry
from scrm.sheets import answers

MOST = 50_000  # entries of one export
LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
HEAD = ["at", "who", "did", "verb", "thing", "customer", "store", "rows", "address", "request", "detail"]


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
    """The book, to search in and to take away."""

    paginator = InfinitePaginator  # counting millions would take longer than showing fifty
    list_display = ("shown_at", "who", "shown_verb", "shown_thing", "customer_link", "rows", "address")
    list_display_links = ("shown_at",)
    list_filter = search.FILTERS
    list_select_related = ("actor",)
    sortable_by = ()  # newest first, month by month
    show_facets = admin.ShowFacets.NEVER  # they would count millions
    search_fields = ("subject_id",)  # `search.found` looks
    search_help_text = _("A person's name, an address, or the id of a thing, customer or store")
    fields = (
        *("shown_at", "who", "shown_verb", "shown_thing", "customer_link", "store", "rows", "address", "request_id"),
        "shown_detail",
    )
    list_before_template = "audit/_about_search.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return search.found(queryset, search_term), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> Any:
        export, thing = self.admin_site.admin_view(self.export), self.admin_site.admin_view(self.thing)
        return [
            path("export/", export, name="audit_entries_export"),
            path("thing/<str:kind>/<str:id>/", thing, name="audit_thing"),
            *super().get_urls(),
        ]

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """What was found, as CSV; that it was taken away stands in the book."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request)[:MOST]
        except IncorrectLookupParameters as wrong:
            raise BadRequest("no such filter") from wrong
        lines = [self._line(entry) for entry in found.iterator(chunk_size=2000)]
        entries.record_export(request.user, "audit.entry", rows=len(lines), filters=request.GET.dict(), at=clock.now())
        return answers.csv(f"audit-{clock.day_of(clock.now())}", [HEAD, *lines])

    def thing(self, request: HttpRequest, kind: str, id: str) -> HttpResponse:
        """Leads to what an entry is about, as far as the viewer may see it."""
        back = reverse("admin:audit_entry_changelist")
        desk = {model._meta.label_lower: desk for model, desk in self.admin_site._registry.items()}.get(kind)
        if not self.has_view_permission(request) or desk is None:
            return redirect(back)
        field = "public_id" if hasattr(desk.model, "public_id") else "pk"
        rows = desk.get_queryset(request).filter(**{field: id}) if field == "public_id" or id.isdecimal() else ()
        if not rows or not desk.has_view_permission(request):
            self.message_user(request, _("This is not there any more, or is not yours to see."), messages.WARNING)
            return redirect(back)
        return redirect(f"admin:{kind.replace('.', '_')}_change", rows[0].pk)

    def _line(self, entry: Entry) -> list[Any]:
        at = entry.at.astimezone(clock.SHANGHAI)
        said = [f"{at:%Y-%m-%d %H:%M:%S}", self.who(entry), kinds.sentence(entry.verb), entry.verb, entry.subject_id]
        more = [entry.customer, entry.store, entry.rows, entry.address, entry.request_id]
        return [
            *said,
            *("" if value is None else value for value in more),
            json.dumps(entry.detail, ensure_ascii=False),
        ]

    @display(description=_("at"))
    def shown_at(self, entry: Entry) -> str:
        return f"{entry.at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}"

    @display(description=_("who"))
    def who(self, entry: Entry) -> str:
        return str(entry.actor) if entry.actor_id else kinds.part(entry.system)

    @display(description=_("did"))
    def shown_verb(self, entry: Entry) -> str:
        return kinds.deed(entry.verb)

    @display(description=_("thing"))
    def shown_thing(self, entry: Entry) -> str:
        name = kinds.thing(entry.kind)
        if not entry.subject_id:
            return name or str(entry.detail.get("page", ""))
        place = reverse("admin:audit_thing", args=[entry.kind, entry.subject_id])
        return format_html(LINK, place, f"{name} {entry.subject_id[:20]}")

    @display(description=_("customer"))
    def customer_link(self, entry: Entry) -> str:
        if not entry.customer:
            return "—"
        place = reverse("admin:audit_entry_changelist")
        return format_html(LINK, f"{place}?customer={entry.customer}", entry.customer)

    @display(description=_("detail"))
    def shown_detail(self, entry: Entry) -> str:
        pairs = (
            (name, value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False))
            for name, value in entry.detail.items()
        )
        return format_html_join("", "<p>{}: {}</p>", pairs) or "—"


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
