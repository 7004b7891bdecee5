"""The desk for guides, channel codes and relations."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from guides import codes, postings
from guides.forms import CodeForm
from guides.listings import condition, guides_at, with_adds, works_elsewhere
from guides.models import Code, GroupChat, Guide, HouseAccount, Ownership, Posting, Relation
from members.admin import MemberAdmin
from scrm import clock
from stores.desks import ReadOnly, ScopedAdmin, ScopedFilter, ScopedInline, WrittenByVerbs

CONDITION = {"ready": "success", "making": "info", "trouble": "danger"}


class PostingInline(ScopedInline):
    """A posting begins today and ends today; the past stays as it was."""

    model = Posting
    fields = ("store", "is_manager", "starts_at", "ends_at")
    readonly_fields = ("starts_at", "ends_at")
    autocomplete_fields = ("store",)
    ordering = ("-ends_at", "starts_at")
    verbose_name_plural = _("Postings (tick “delete” to end one today; it stays in the book)")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:
        """Another store's guide is not posted here by its neighbours: her customers there would lose their store."""
        return super().has_add_permission(request, obj) and not (obj and works_elsewhere(obj, request.user))


@admin.register(Guide)
class GuideAdmin(ScopedAdmin):
    """Guides come from WeCom's directory; here they are posted, and given a login and a successor."""

    list_display = ("shown_name", "userid", "staff_number", "shown_stores", "shown_status", "can_contact")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("name", "userid", "=staff_number")
    readonly_fields = (
        *("name", "userid", "corp", "position", "staff_number", "status", "wecom_status", "can_contact"),
        *("contact_trouble", "contact_trouble_at", "left_at"),
    )
    fields = (*readonly_fields, "person", "successor")
    autocomplete_fields = ("person", "successor")
    inlines = (PostingInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = Posting.objects.visible_to(request.user).filter(ends_at=None).select_related("store")
        return super().get_queryset(request).prefetch_related(Prefetch("postings", seen, to_attr="seen_postings"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who signs in as her, and who follows her, matters at all her stores: who sees them all says it."""
        shared = ("person", "successor") if obj and works_elsewhere(obj, request.user) else ()
        return (*self.readonly_fields, *shared)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        person = obj.person
        if "person" in form.changed_data:
            obj.person_id = form.initial["person"]
            postings.employ(obj, person=person, at=clock.now())
        obj.save(update_fields=["successor"])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        at = clock.now()
        for posting in formset.deleted_objects:
            postings.recall(posting, at=at)
        for posting in formset.new_objects:
            postings.post(form.instance, to=posting.store, is_manager=posting.is_manager, at=at)
        changed = {posting.store_id for posting in [*formset.deleted_objects, *formset.new_objects]}
        codes.follow(changed, at=at)

    @display(description=_("guide"), ordering="name")
    def shown_name(self, guide: Guide) -> str:
        return str(guide)

    @display(description=_("stores"))
    def shown_stores(self, guide: Any) -> str:
        return "、".join(posting.store.name for posting in guide.seen_postings)

    @display(description=_("status"), label={"active": "success", "left": "danger", "inactive": "warning"})
    def shown_status(self, guide: Guide) -> tuple[str, str]:
        return guide.status, guide.get_status_display()


@admin.register(HouseAccount)
class HouseAccountAdmin(ScopedAdmin):
    list_display = ("store", "guide")
    list_select_related = ("store", "guide")
    search_fields = ("store__name", "guide__name")
    autocomplete_fields = ("store", "guide")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        codes.follow([form.instance.store_id], at=clock.now())


class CodeDeskForm(CodeForm):
    viewer: Any = None

    class Meta(CodeForm.Meta):
        fields = ("store", "kind", "name", "guides", "skip_verify", "remark", "tags")
        widgets: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if guides := self.fields.get("guides"):  # this form's own copy: the declared field is every code form's
            guides.widget = UnfoldAdminSelect2MultipleWidget()
            guides.queryset = self._guides()  # type: ignore[attr-defined]

    def _guides(self) -> Any:
        if self.instance.pk:
            return guides_at(self.instance.store, self.instance.corp_id)
        return Guide.objects.visible_to(self.viewer).able()


@admin.register(Code)
class CodeAdmin(WrittenByVerbs, ScopedAdmin):
    """Every change goes through the verbs of `codes`, which tell WeCom."""

    form = CodeDeskForm
    list_display = ("name", "store", "kind", "origin", "shown_condition", "shown_adds", "prints")
    list_filter = (
        ("store__region", ScopedFilter),
        ("kind", ChoicesDropdownFilter),
        ("origin", ChoicesDropdownFilter),
        ("trouble", ChoicesDropdownFilter),
    )
    list_select_related = ("store",)
    search_fields = ("name", "store__name", "store__code", "=config_id", "=state")
    autocomplete_fields = ("store",)
    seen = (
        *("said_condition", "origin", "hands_off", "shown_guides", "config_id", "state", "prints"),
        *("created_by", "created_at"),
    )
    readonly_fields = seen

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_adds(super().get_queryset(request).alive().defer("qr_image"), at=clock.now())

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        words: tuple[str, ...] = ("name", "guides", "skip_verify", "remark", "tags")
        if obj is None:
            return ((None, {"fields": ("store", "kind", *words)}),)
        if obj.kind == Code.Kind.STORE or not self.has_change_permission(request, obj):
            words = ("name", "skip_verify", "remark", "tags")
        return ((None, {"fields": ("store", "kind", *words)}), (_("At WeCom"), {"fields": self.seen}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("store", "kind", *self.seen) if obj else self.seen

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"viewer": request.user})

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, widget=UnfoldAdminSelect2MultipleWidget(), **kwargs)

    def view_on_site(self, code: Code) -> str:
        return reverse("guides:code", args=[code.public_id])

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        saved = form.change(by=request.user) if change else form.create(by=request.user)
        obj.pk, obj.public_id = saved.pk, saved.public_id

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is left to save."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        codes.delete(obj, by=request.user, at=clock.now())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.hands_off)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.hands_off)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for code in queryset.filter(hands_off=Code.HandsOff.NO):
            codes.delete(code, by=request.user, at=clock.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is at stake: the sheets that hang in shops, and the adds that still come."""
        stakes = {code: codes.at_stake(code, at=clock.now()) for code in objs}
        said = [
            _("%(code)s: %(prints)s sheets printed, %(adds)s adds in the last 30 days. Printed sheets stop working.")
            % {"code": code, "prints": stake["prints"], "adds": stake["recent_adds"]}
            for code, stake in stakes.items()
        ]
        counts = {
            str(_("channel codes")): len(stakes),
            str(_("sheets printed")): sum(stake["prints"] for stake in stakes.values()),
            str(_("adds in the last 30 days")): sum(stake["recent_adds"] for stake in stakes.values()),
        }
        return said, counts, set(), []

    @display(description=_("condition"), label=CONDITION)
    def shown_condition(self, code: Code) -> tuple[str, Any]:
        return condition(code)

    @display(description=_("condition"))
    def said_condition(self, code: Code) -> Any:
        return condition(code)[1]

    @display(description=_("adds in 7 days"))
    def shown_adds(self, code: Any) -> int:
        return code.adds  # type: ignore[no-any-return]

    @display(description=_("guides"))
    def shown_guides(self, code: Code) -> str:
        return "、".join(str(stand.guide) for stand in code.code_guides.select_related("guide")) or "—"


class RelationInline(ReadOnly, ScopedInline):
    model = Relation
    fields = ("guide", "store", "code", "state", "added_at", "ended_at")
    tab = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("guide", "store", "code__store")


class OwnershipInline(ReadOnly, ScopedInline):
    model = Ownership
    fields = ("store", "guide", "starts_at", "ends_at")
    tab = True


MemberAdmin.inlines = (*MemberAdmin.inlines, RelationInline, OwnershipInline)


@admin.register(Relation)
class RelationAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator  # counting millions would take longer than showing fifty
    list_display = ("member", "guide", "store", "shown_state", "added_at", "ended_at")
    list_filter = (("state", ChoicesDropdownFilter),)
    list_select_related = ("member", "guide", "store")
    search_fields = ("=member__identities__value", "member__name", "guide__name")
    fields = ("member", "guide", "store", "code", "state", "epoch", "opened_at", "added_at", "ended_at", "store_chosen")

    @display(description=_("state"), ordering="state", label={"live": "success", "lost": "danger", "half": "info"})
    def shown_state(self, relation: Relation) -> tuple[str, str]:
        return relation.state, relation.get_state_display()


@admin.register(GroupChat)
class GroupChatAdmin(ReadOnly, ScopedAdmin):
    list_display = ("name", "owner", "store", "customers", "staff", "changed_at", "dismissed_at")
    list_select_related = ("owner", "store")
    search_fields = ("name", "=chat_id", "owner__name")
    fields = ("name", "chat_id", "owner", "store", "customers", "staff", "changed_at", "dismissed_at", "read_at")
