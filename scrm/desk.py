"""The admin as a whole: its side bar with what waits for somebody, and its Content-Security-Policy."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from guides.listings import unplaced
from guides.models import Code
from scrm.audit import kinds
from scrm.audit.models import Alarm
from scrm.wecom.models import App, Letter
from stores import sessions
from stores.access import Permission

STORES, WECOM, OPERATION = _("Stores and people"), _("WeCom"), _("Operation")
# Model, icon and badge of each entry; the words are the models' own.
GROUPS: tuple[tuple[Any, tuple[tuple[str, str, str], ...]], ...] = (
    (
        _("Customers and guides"),
        (
            ("guides.code", "qr_code_2", ""),
            ("campaigns.welcome", "waving_hand", ""),
            ("members.member", "group", ""),
            ("guides.relation", "handshake", ""),
            ("guides.guide", "badge", ""),
            ("guides.houseaccount", "support_agent", ""),
            ("guides.groupchat", "forum", ""),
            ("members.order", "receipt_long", ""),
            ("members.product", "inventory_2", ""),
            ("members.source", "input", ""),
            ("members.delivery", "move_to_inbox", ""),
            ("members.taggroup", "sell", ""),
            ("members.segment", "groups", ""),
            ("members.exclusivegroup", "join_inner", ""),
            ("members.audience", "ac_unit", ""),
            ("members.pack", "inventory", ""),
            ("members.merge", "call_merge", ""),
            ("members.review", "help_center", ""),
            ("members.blockedvalue", "block", ""),
            ("members.membergrade", "military_tech", ""),
            ("members.memberstage", "stairs", ""),
            ("members.graderule", "rule", ""),
            ("members.stagerule", "rule", ""),
        ),
    ),
    (
        STORES,
        (
            ("stores.store", "storefront", ""),
            ("stores.region", "map", ""),
            ("stores.citytier", "location_city", ""),
            ("stores.franchisee", "real_estate_agent", ""),
            ("stores.brand", "diamond", ""),
            ("stores.person", "person", ""),
        ),
    ),
    (
        WECOM,
        (
            ("wecom.letter", "mail", "parked_letters"),
            ("wecom.outboundcall", "outgoing_mail", ""),
            ("wecom.corp", "domain", ""),
            ("wecom.app", "apps", ""),
            ("wecom.receiver", "call_received", ""),
            ("wecom.quota", "speed", ""),
        ),
    ),
    (
        OPERATION,
        (
            ("audit.alarm", "notifications_active", "open_alarms"),
            ("wecom.alarmrecipient", "contact_mail", ""),
            ("audit.entry", "history", ""),
        ),
    ),
)
# Group, permission, words, icon and address of each page that lists no model.
PAGES = (
    (STORES, Permission.IMPORT, _("Imports"), "upload_file", "imports:shelf"),
    (WECOM, Permission.MANAGE_WECOM, _("Connect WeCom"), "cable", "connect:start"),
    (WECOM, Permission.MANAGE_WECOM, _("Sync with WeCom"), "sync", "syncs:page"),
    (WECOM, Permission.MANAGE_WECOM, _("Doctor"), "stethoscope", "doctor:page"),
    (OPERATION, Permission.SEE_LETTERS, _("State of the house"), "monitor_heart", "state"),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the side bar, with what the viewer may see."""
    from django.contrib import admin

    known = {model._meta.label_lower: model for model in admin.site._registry}
    groups = []
    for title, items in GROUPS:
        shown = [
            {
                "title": known[label]._meta.verbose_name_plural,
                "icon": icon,
                "link": reverse(f"admin:{label.replace('.', '_')}_changelist"),
                "badge": BADGES[badge]() if badge else "",
                "badge_variant": "danger",
            }
            for label, icon, badge in items
            if label in known and request.user.has_perm(_viewing(label))  # type: ignore[union-attr]
        ]
        groups.append({"title": title, "separator": True, "items": [*shown, *_pages(request.user, title)]})
    return groups


def _pages(viewer: Any, group: Any) -> list[dict[str, Any]]:
    """The pages of a group that list no model, as far as the viewer may open them."""
    return [
        {"title": title, "icon": icon, "link": reverse(name)}
        for of, needed, title, icon, name in PAGES
        if of is group and viewer.may(needed)
    ]


def _viewing(label: str) -> str:
    return label.replace(".", ".view_")


def _count(rows: Any) -> str:
    """How many, as a badge says it: nothing for none, and no more than 99."""
    n = rows[:100].count()
    return "" if not n else str(n) if n < 100 else "99+"


BADGES = {
    "open_alarms": lambda: _count(Alarm.objects.filter(cleared_at=None)),
    "parked_letters": lambda: _count(Letter.objects.parked()),
}


def front(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The front page: what waits for the viewer, each with its number and its place; and the newest alarms."""
    viewer: Any = request.user
    waiting = [
        (_("open alarms"), "audit.view_alarm", "admin:audit_alarm_changelist", Alarm.objects.filter(cleared_at=None)),
        (_("parked callbacks"), "wecom.view_letter", "admin:wecom_letter_changelist", Letter.objects.parked()),
        (
            _("codes in trouble"),
            "guides.view_code",
            "admin:guides_code_changelist",
            Code.objects.visible_to(viewer).alive().exclude(trouble=Code.Trouble.NONE),
        ),
        (_("customers without a store"), Permission.PLACE_CUSTOMERS, "guides:unplaced", unplaced(viewer)),
    ]
    context["waiting"] = [
        {"title": title, "link": reverse(place), "count": _count(rows) or "0"}
        for title, needed, place, rows in waiting
        if (viewer.may(needed) if isinstance(needed, Permission) else viewer.has_perm(needed))
    ]
    context["begins_here"] = viewer.may(Permission.MANAGE_WECOM) and not App.objects.exists()
    if viewer.has_perm("audit.view_alarm"):
        newest = Alarm.objects.filter(cleared_at=None).order_by("-last_at")[:5]
        context["alarms"] = [(alarm, *kinds.meaning(alarm.kind)) for alarm in newest]
    return context


# unfold's pages run Alpine, which compiles its attributes; nothing else may run there, and nothing of others is loaded.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; "
    f"form-action {' '.join(settings.FORMS_LEAD_TO)}; base-uri 'none'; object-src 'none'"
)


def policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the admin's own Content-Security-Policy, where the strict one is switched off."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
            response.setdefault("Content-Security-Policy", POLICY)
        return response

    return answer


def leavers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: who left while a file was made does not get it, and a file that is being sent stops."""

    def answer(request: HttpRequest) -> HttpResponse:
        response: Any = get_response(request)
        person: Any = getattr(request, "user", None)
        is_file = response.streaming or response.headers.get("Content-Disposition", "").startswith("attachment")
        if not (is_file and person and person.is_authenticated):
            return response  # type: ignore[no-any-return]
        if not sessions.is_in(person):
            raise PermissionDenied("she left")
        if response.streaming and not response.is_async:
            response.streaming_content = sessions.while_in(person, response.streaming_content)
        return response  # type: ignore[no-any-return]

    return answer


def readable(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a query or a form with a NUL, which no text in the database can hold, is a 400 on every page.

    The API's parser and filters and WeCom's door say so themselves, each in its own form.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(("/api/", "/wecom/")) and _has_nul(request):
            raise BadRequest("a NUL in what was sent")
        return get_response(request)

    return answer


def _has_nul(request: HttpRequest) -> bool:
    if "%00" in request.META.get("QUERY_STRING", ""):
        return True
    try:
        forms = (request.POST, *([] if request.method != "POST" else [_names(request.FILES)]))
    except UnreadablePostError:
        raise BadRequest("the form ends in the middle") from None
    return any("\0" in name or any("\0" in said for said in values) for form in forms for name, values in form.lists())


def _names(files: MultiValueDict[str, Any]) -> MultiValueDict[str, str]:
    """Files by what they are called: their content is bytes, of which a NUL is one."""
    return MultiValueDict({name: [str(file.name) for file in of] for name, of in files.lists()})
