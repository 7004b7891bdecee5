"""The desk for welcomes, with a look at what the customer will see."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from campaigns.forms import AttachmentForm, WelcomeForm
from campaigns.models import ATTACHMENTS, Attachment, Welcome
from stores.desks import InSight, ScopedAdmin, ScopedFilter


class AttachmentInline(InSight, StackedInline):
    model = Attachment
    form = AttachmentForm
    extra = 0
    max_num = ATTACHMENTS
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fields = ("kind", "rank", "picture_file", "title", "description", "url", "picture_url", "appid", "page")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("picture")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_max=True, **kwargs)

    # An attachment is part of its welcome: who may change that may change this.
    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:
        return request.user.has_perm("campaigns.change_welcome")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.change_welcome")

    has_delete_permission = has_change_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.view_welcome")


@admin.register(Welcome)
class WelcomeAdmin(ScopedAdmin):
    form = WelcomeForm
    list_display = ("name", "shown_level", "shown_place", "active")
    list_filter = (("store__region", ScopedFilter), "active")
    list_select_related = ("store", "code__store")
    search_fields = ("name", "store__name", "store__code", "code__name")
    autocomplete_fields = ("store", "code")
    readonly_fields = ("preview",)
    fields = ("name", ("store", "code"), "text", "active", "preview")
    inlines = (AttachmentInline,)

    class Media:
        js = ("campaigns/preview.js",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"viewer": request.user})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        said, counts, _lacking, protected = super().get_deleted_objects(objs, request)
        return said, counts, set(), protected  # its attachments go with it

    def get_urls(self) -> Any:
        picture = self.admin_site.admin_view(self.picture)
        return [path("picture/<slug:public_id>/", picture, name="campaigns_picture"), *super().get_urls()]

    def picture(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """The bytes of an attachment's picture."""
        mine = Attachment.objects.filter(welcome__in=self.get_queryset(request), public_id=public_id)
        content = mine.values_list("picture", flat=True).first()
        if not content or not self.has_view_permission(request):
            raise Http404
        kind = "image/png" if bytes(content[:4]) == b"\x89PNG" else "image/jpeg"
        return HttpResponse(bytes(content), content_type=kind, headers={"Cache-Control": "private, max-age=600"})

    @display(description=_("what the customer sees"))
    def preview(self, welcome: Welcome) -> str:
        shown = welcome.attachments.defer("picture") if welcome.pk else ()
        return render_to_string("campaigns/_bubble.html", {"welcome": welcome, "attachments": shown})

    @display(description=_("said by"), label={"brand": "info", "store": "success", "code": "warning"})
    def shown_level(self, welcome: Welcome) -> tuple[str, Any]:
        return "code" if welcome.code_id else "store" if welcome.store_id else "brand", welcome.level

    @display(description=_("place"))
    def shown_place(self, welcome: Welcome) -> str:
        return str(welcome.code or welcome.store or "—")
