"""The admin as a whole: its side bar with what waits for somebody, and its Content-Security-Policy."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from scrm.audit.models import Alarm
from scrm.wecom.models import Letter

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
            ("members.taggroup", "sell", ""),
        ),
    ),
    (
        _("Stores and people"),
        (
            ("stores.store", "storefront", ""),
            ("stores.region", "map", ""),
            ("stores.franchisee", "real_estate_agent", ""),
            ("stores.brand", "diamond", ""),
            ("stores.person", "person", ""),
        ),
    ),
    (
        _("WeCom"),
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
        _("Operation"),
        (
            ("audit.alarm", "notifications_active", "open_alarms"),
            ("audit.entry", "history", ""),
        ),
    ),
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
        groups.append({"title": title, "separator": True, "items": shown})
    return groups


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


# unfold's pages run Alpine, which compiles its attributes; nothing else may run there, and nothing of others is loaded.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'"
)


def policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the admin's own Content-Security-Policy, where the strict one is switched off."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
            response.setdefault("Content-Security-Policy", POLICY)
        return response

    return answer
