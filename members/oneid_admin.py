"""The admin of who is one person: merges, questions and ids that say nothing, to look at. They are decided on the pages
of their own, which show what would follow."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from members.models import BlockedValue, Merge, Review
from stores.desks import ReadOnly, ScopedAdmin


class Book(ReadOnly, ScopedAdmin):
    """Rows that a page of ours writes; `room` is its address."""

    paginator = InfinitePaginator
    ordering = ("-id",)
    room = ""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.list_display, "decided_at_page")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    @display(description=_("decided on"))
    def decided_at_page(self, _row: Any) -> str:
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
        return format_html(link, reverse(self.room), _("the page for it"))


@admin.register(Merge)
class MergeAdmin(Book):
    room = "members:merges"
    list_display = ("public_id", "winner", "loser", "rule", "reason", "at", "by", "undone_at", "undone_by")
    list_filter = (("rule", ChoicesDropdownFilter),)
    list_select_related = ("winner", "loser", "by", "undone_by")
    search_fields = ("public_id", "winner__public_id", "loser__public_id")


@admin.register(Review)
class ReviewAdmin(Book):
    room = "members:reviews"
    list_display = ("public_id", "low", "high", "why", "against", "state", "at", "decided_at", "by")
    list_filter = (("state", ChoicesDropdownFilter), ("why", ChoicesDropdownFilter))
    list_select_related = ("low", "high", "by")
    search_fields = ("public_id", "low__public_id", "high__public_id")


@admin.register(BlockedValue)
class BlockedValueAdmin(Book):
    room = "members:blocked_ids"
    list_display = ("shown", "kind", "app", "reason", "blocks", "at", "by")
    list_filter = (("kind", ChoicesDropdownFilter), ("reason", ChoicesDropdownFilter), "blocks")
    list_select_related = ("by",)
