"""The desk for segments: to look at; they are made and changed on their own pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from members.models import Audience, ExclusiveGroup, Segment, SegmentVersion
from stores.admin import ReadOnly, ScopedAdmin, ScopedInline


class VersionInline(ReadOnly, ScopedInline):
    model = SegmentVersion
    fk_name = "segment"
    fields = ("number", "rule", "by", "at")


@admin.register(Segment)
class SegmentAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator
    list_display = ("name", "group", "priority", "size", "counted_at", "archived_at")
    list_filter = ("group",)
    search_fields = ("name", "description")
    fields = ("name", "description", "group", "priority", "size", "counted_at", "made_at", "archived_at")
    inlines = (VersionInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("group")


@admin.register(ExclusiveGroup)
class ExclusiveGroupAdmin(ReadOnly, ScopedAdmin):
    list_display = ("name",)
    search_fields = ("name",)
    fields = ("name",)


@admin.register(Audience)
class AudienceAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator
    list_display = ("name", "segment", "purpose", "size", "at")
    list_filter = ("purpose",)
    search_fields = ("name", "segment__name")
    fields = ("name", "segment", "version", "purpose", "planned", "size", "suppressed", "erased", "at", "by")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("segment", "version__segment")
