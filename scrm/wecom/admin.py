"""The desk for the gateway: who we speak for, what came in, what went out."""

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from scrm import clock, sealed
from scrm.audit import entries
from scrm.audit.noted import Noted
from scrm.wecom import inbox, masking, receivers, tokens
from scrm.wecom.envelope import Unreadable
from scrm.wecom.forms import AppForm, CorpForm, ReceiverForm
from scrm.wecom.models import AlarmRecipient, App, Corp, Letter, OutboundCall, Quota, Receiver

COUNTED_TO = 10_000
STATE_COLOURS = {"waiting": "info", "applied": "success", "parked": "danger", "unknown": "warning"}
CALL_COLOURS = {"done": "success", "failed": "danger", "unknown": "warning", "expired": "warning"}


class ShortSighted(Paginator):
    """Counts no further than a person turns pages; these tables have millions of rows."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:COUNTED_TO].count())


class Desk(ModelAdmin):
    """Nothing is deleted here, and each change is written into the audit book by name, without values."""

    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.store(obj, form)
        verb = f"wecom.{obj._meta.model_name}.{'changed' if change else 'added'}"
        entries.record(verb, by=request.user, subject=obj, at=clock.now(), fields=list(form.changed_data))

    def store(self, obj: Any, form: Any) -> None:
        obj.save()

    def log_addition(self, *_args: Any) -> None:
        """The audit book has it."""

    log_change = log_addition


class Shown(Noted, Desk):
    """Rows to look at, many of them."""

    paginator = ShortSighted
    list_filter_submit = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self.fields or ())


@admin.register(Corp)
class CorpAdmin(Desk):
    form = CorpForm
    list_display = ("corp_id", "name", "api_base_url")
    fields = (
        *("corp_id", "name", "api_base_url", "staff_number_attribute", "staff_number_required"),
        *("contacts_included", "contact_price_fen"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("corp_id",) if obj else ()


@admin.register(App)
class AppAdmin(Desk):
    form = AppForm
    list_display = ("agent_id", "name", "corp", "token_expires_at", "token_failures", "closed_until")
    list_select_related = ("corp",)
    fields = (
        "corp",
        "agent_id",
        "name",
        "secret",
        "secret_set_at",
        "token_expires_at",
        "token_failures",
        "token_errcode",
        "closed_until",
    )
    readonly_fields = ("secret_set_at", "token_expires_at", "token_failures", "token_errcode", "closed_until")

    def store(self, app: App, form: Any) -> None:
        if "secret" in form.changed_data:
            tokens.forget(app)
            app.secret_set_at = clock.now()
        app.save()


@admin.register(Receiver)
class ReceiverAdmin(Desk):
    form = ReceiverForm
    list_display = ("slug", "corp", "app", "verified_at", "rotated_at")
    list_select_related = ("corp", "app")
    fields = ("corp", "app", "slug", "token", "aes_key", "verified_at", "rotated_at")
    readonly_fields = ("verified_at", "rotated_at")

    def store(self, receiver: Receiver, form: Any) -> None:
        """New keys go in beside the old ones, which stay good for a day."""
        wanted = receiver.token, receiver.aes_key
        if receiver.pk:
            before = Receiver.objects.get(pk=receiver.pk)
            receiver.token, receiver.aes_key = before.token, before.aes_key
        receiver.save()
        receivers.rotate(receiver, token=str(wanted[0]), aes_key=str(wanted[1]), at=clock.now())


@admin.register(Letter)
class LetterAdmin(Shown):
    list_display = ("id", "received_at", "event", "change_type", "stream", "shown_state", "shown_welcome", "attempts")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("welcome", ChoicesDropdownFilter),
        "event",
        ("receiver", RelatedDropdownFilter),
    )
    search_fields = ("=stream",)
    search_help_text = _("The whole external_userid, chat_id or userid")
    ordering = ("-id",)
    actions = ("replay", "park")
    fields = (
        *("id", "receiver", "event", "change_type", "stream", "happened_at", "received_at", "state", "attempts"),
        *("due_at", "last_error", "handled_at", "welcome", "said"),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What a letter says is for those who manage the connection."""
        managed = request.user.has_perm("wecom.change_corp")
        return [name for name in self.fields if managed or name != "said"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        return super().get_queryset(request).defer("body")

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, letter: Letter) -> tuple[str, str]:
        return letter.state, letter.get_state_display().partition(":")[0].partition("：")[0]

    @display(description=_("welcome"))
    def shown_welcome(self, letter: Letter) -> str:
        return "" if letter.welcome == Letter.Welcome.NONE else letter.get_welcome_display()

    @display(description=_("letter"))
    def said(self, letter: Letter) -> str:
        try:
            return format_html_join("", "<div><b>{}</b> {}</div>", masking.masked(letter.xml()))
        except (Unreadable, sealed.CannotOpen):
            return "—"

    @action(description=_("Apply again"), permissions=["change"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        count = inbox.replay(list(queryset.defer(None)), by=request.user, at=clock.now())
        self.message_user(request, ngettext("%d letter waits again.", "%d letters wait again.", count) % count)

    @action(description=_("Set aside"), permissions=["change"])
    def park(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        count = inbox.park(list(queryset.defer(None)), by=request.user, at=clock.now())
        said = ngettext("%d letter was set aside.", "%d letters were set aside.", count) % count
        self.message_user(request, said, messages.WARNING)


@admin.register(OutboundCall)
class OutboundCallAdmin(Shown):
    list_display = ("id", "created_at", "api", "corp", "shown_state", "attempts", "errcode", "answered_at")
    list_filter = (("state", ChoicesDropdownFilter), "api", ("corp", RelatedDropdownFilter))
    list_select_related = ("corp",)
    ordering = ("-id",)
    fields = (
        *("id", "corp", "app", "api", "key", "state", "attempts", "in_doubt", "due_at", "deadline", "called_at"),
        *("errcode", "last_error", "answered_at", "told_at", "letter", "created_at"),
    )

    @display(description=_("state"), label=CALL_COLOURS)
    def shown_state(self, call: OutboundCall) -> tuple[str, str]:
        return call.state, call.get_state_display()


@admin.register(Quota)
class QuotaAdmin(Shown):
    list_display = ("api", "corp", "minute_limit", "hour_limit", "blocked_until")
    list_select_related = ("corp",)
    fields = ("api", "corp", "minute_limit", "hour_limit", "minute_left", "hour_left", "refilled_at", "blocked_until")


@admin.register(AlarmRecipient)
class AlarmRecipientAdmin(Desk):
    list_display = ("userid", "corp")
    list_select_related = ("corp",)
    search_fields = ("userid",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: AlarmRecipient) -> None:
        entries.record("wecom.alarmrecipient.deleted", by=request.user, subject=obj, at=clock.now())
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AlarmRecipient]) -> None:
        for one in queryset:
            self.delete_model(request, one)
