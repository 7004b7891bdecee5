"""The tabs of a customer's page: each is a page part of its own owner, loaded when it is opened."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from stores.access import Permission


@dataclass(frozen=True)
class Tab:
    """`name` is the URL's, which takes the customer's `public_id`."""

    slug: str
    label: Any
    permission: Permission
    name: str


TABS: tuple[Tab, ...] = (
    Tab("timeline", _("Timeline"), Permission.SEE_CUSTOMERS, "members:customer_timeline"),
    Tab("orders", _("Orders"), Permission.SEE_CUSTOMERS, "members:customer_orders"),
    Tab("grades", _("Grades"), Permission.SEE_CUSTOMERS, "members:customer_grades"),
    Tab("tags", _("Tags"), Permission.SEE_CUSTOMERS, "members:customer_tags"),
    Tab("fields", _("Fields"), Permission.SEE_CUSTOMERS, "members:customer_fields"),
    Tab("identities", _("Ids"), Permission.SEE_CUSTOMERS, "members:customer_identities"),
    Tab("consents", _("Consent"), Permission.SEE_CUSTOMERS, "members:customer_consents"),
)


def chosen(tabs: list[Tab], slug: str) -> Tab | None:
    """The tab that the address names, else the first."""
    return next((tab for tab in tabs if tab.slug == slug), tabs[0] if tabs else None)


def of(viewer: Any) -> list[Tab]:
    """The tabs that the viewer may open."""
    return [tab for tab in TABS if viewer.may(tab.permission)]
