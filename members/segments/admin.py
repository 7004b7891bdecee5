"""The desk for segments: to look at; they are made and changed on their own pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from members.models import Audience, ExclusiveGroup, Pack, PackDownload, Segment, SegmentVersion
from stores.desks import ReadOnly, ScopedAdmin, ScopedInline


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


class DownloadInline(ReadOnly, ScopedInline):
    """Who took it when; whose ids they were stays closed."""

    model = PackDownload
    fields = ("at", "by", "people", "rows", "left_out")


@admin.register(Pack)
class PackAdmin(ReadOnly, ScopedAdmin):
    """Asked for, decided and downloaded on the packs' own pages; the salt is shown to nobody."""

    paginator = InfinitePaginator
    list_display = ("audience", "platform", "use", "state", "asked_by", "asked_at", "decided_by", "expires_at")
    list_filter = ("state", "platform")
    search_fields = ("audience__name", "reason")
    fields = (
        *("audience", "platform", "use", "reason", "ids", "app", "state", "asked_by", "asked_at"),
        *("decided_by", "decided_at", "answer", "expires_at", "ended_at"),
    )
    inlines = (DownloadInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request).select_related("audience", "asked_by", "decided_by")
        return found.defer("audience__body")
