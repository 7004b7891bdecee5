"""What you may do: permissions, the roles that carry them, and how Django's admin asks for them."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm import clock

if TYPE_CHECKING:
    from stores.models import Person


class Permission(StrEnum):
    """One thing that a seat may allow."""

    ENTER_ADMIN = "enter_admin"
    SEE_BOARDS = "see_boards"
    SEE_OWN_NUMBERS = "see_own_numbers"
    SEE_STORES = "see_stores"
    SEE_PEOPLE = "see_people"
    SEE_CUSTOMERS = "see_customers"
    SEE_CODES = "see_codes"
    SEE_LETTERS = "see_letters"
    SEE_AUDIT = "see_audit"
    EXPORT_NUMBERS = "export_numbers"
    MANAGE_STORES = "manage_stores"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_GUIDES = "manage_guides"
    MANAGE_CODES = "manage_codes"
    MANAGE_TAGS = "manage_tags"
    MANAGE_WELCOMES = "manage_welcomes"
    MANAGE_WECOM = "manage_wecom"
    REPLAY_LETTERS = "replay_letters"
    PLACE_CUSTOMERS = "place_customers"
    APPROVE = "approve"
    IMPORT = "import"
    REVEAL_PHONES = "reveal_phones"
    TAG_CUSTOMERS = "tag_customers"
    TAG_MANY = "tag_many"
    RECORD_CONSENT = "record_consent"
    MANAGE_MEMBERS = "manage_members"
    MERGE_MEMBERS = "merge_members"
    MANAGE_RIGHTS = "manage_rights"
    MANAGE_SOURCES = "manage_sources"
    SEND_DATA = "send_data"
    SEE_SEGMENTS = "see_segments"
    MANAGE_SEGMENTS = "manage_segments"
    EXPORT_CUSTOMERS = "export_customers"
    SET_GRADES = "set_grades"
    INVITE_CUSTOMERS = "invite_customers"


class Role(models.TextChoices):
    """A kind of seat."""

    HQ_ADMIN = "hq_admin", _("HQ administrator")
    HQ_OPERATOR = "hq_operator", _("HQ operator")
    APPROVER = "approver", _("approver")
    ANALYST = "analyst", _("analyst")
    REGION_MANAGER = "region_manager", _("region manager")
    FRANCHISE_OWNER = "franchise_owner", _("franchise owner")
    STORE_MANAGER = "store_manager", _("store manager")
    GUIDE = "guide", _("guide")
    AGENCY = "agency", _("agency")

    @classmethod
    def at_brand(cls) -> list[str]:
        return [cls.HQ_ADMIN, cls.HQ_OPERATOR, cls.APPROVER, cls.ANALYST]

    @classmethod
    def at_store(cls) -> list[str]:
        return [cls.STORE_MANAGER, cls.GUIDE, cls.AGENCY]


P = Permission
_READ = {P.SEE_BOARDS, P.SEE_STORES, P.SEE_PEOPLE, P.SEE_CUSTOMERS, P.SEE_CODES, P.SEE_SEGMENTS, P.EXPORT_NUMBERS}
_SERVE = {P.REVEAL_PHONES, P.TAG_CUSTOMERS, P.RECORD_CONSENT}
_FLOOR = _READ | _SERVE | {P.ENTER_ADMIN, P.MANAGE_CODES, P.MANAGE_WELCOMES, P.PLACE_CUSTOMERS, P.SET_GRADES}
_FLOOR |= {P.INVITE_CUSTOMERS, P.TAG_MANY}
_OPERATE = {
    P.MANAGE_MEMBERS,
    P.MERGE_MEMBERS,
    P.MANAGE_SOURCES,
    P.SEND_DATA,
    P.SEE_SEGMENTS,
    P.MANAGE_SEGMENTS,
    P.EXPORT_CUSTOMERS,
}
ROLES: dict[str, frozenset[Permission]] = {
    Role.HQ_ADMIN: frozenset(set(Permission) - {P.SEE_OWN_NUMBERS}),
    Role.HQ_OPERATOR: frozenset(
        _FLOOR | _OPERATE | {P.SEE_LETTERS, P.MANAGE_STORES, P.MANAGE_GUIDES, P.MANAGE_TAGS, P.REPLAY_LETTERS, P.IMPORT}
    ),
    Role.APPROVER: frozenset(
        _READ | {P.ENTER_ADMIN, P.APPROVE, P.SEE_LETTERS, P.SEE_AUDIT, P.SEE_SEGMENTS, P.MANAGE_RIGHTS}
    ),
    Role.ANALYST: frozenset(_READ | {P.ENTER_ADMIN, P.SEE_LETTERS, P.SEE_AUDIT, P.SEE_SEGMENTS, P.MANAGE_SEGMENTS}),
    Role.REGION_MANAGER: frozenset(_FLOOR | {P.MANAGE_GUIDES}),
    Role.FRANCHISE_OWNER: frozenset(_FLOOR | {P.MANAGE_GUIDES}),
    Role.STORE_MANAGER: frozenset(_FLOOR),
    Role.GUIDE: frozenset(_SERVE | {P.SEE_OWN_NUMBERS, P.SEE_STORES, P.SEE_CUSTOMERS, P.SEE_CODES, P.PLACE_CUSTOMERS}),
    Role.AGENCY: frozenset({P.SEE_BOARDS, P.SEE_STORES}),
}

# Which permission lets a person see and change a model in the admin; what is absent is closed to everybody.
ADMIN: dict[str, tuple[Permission, Permission | None]] = {
    "stores.brand": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.region": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.store": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.citytier": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.placement": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.opening": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.franchisee": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.contract": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.departmentlink": (P.SEE_STORES, P.MANAGE_STORES),
    "stores.person": (P.SEE_PEOPLE, P.MANAGE_PEOPLE),
    "stores.seat": (P.SEE_PEOPLE, P.MANAGE_PEOPLE),
    "members.member": (P.SEE_CUSTOMERS, None),
    "members.identity": (P.SEE_CUSTOMERS, None),
    "members.joining": (P.SEE_CUSTOMERS, None),
    "members.consent": (P.SEE_CUSTOMERS, None),
    "members.graderule": (P.SEE_CUSTOMERS, P.MANAGE_MEMBERS),
    "members.stagerule": (P.SEE_CUSTOMERS, P.MANAGE_MEMBERS),
    "members.membergrade": (P.SEE_CUSTOMERS, None),
    "members.memberstage": (P.MANAGE_MEMBERS, None),
    "members.segment": (P.MANAGE_SEGMENTS, None),
    "members.segmentversion": (P.MANAGE_SEGMENTS, None),
    "members.exclusivegroup": (P.MANAGE_SEGMENTS, None),
    "members.audience": (P.MANAGE_SEGMENTS, None),
    "members.pack": (P.APPROVE, None),
    "members.packdownload": (P.APPROVE, None),
    "members.merge": (P.MERGE_MEMBERS, None),
    "members.review": (P.MERGE_MEMBERS, None),
    "members.blockedvalue": (P.MERGE_MEMBERS, None),
    "members.order": (P.SEE_CUSTOMERS, None),
    "members.orderline": (P.SEE_CUSTOMERS, None),
    "members.refund": (P.SEE_CUSTOMERS, None),
    "members.source": (P.MANAGE_SOURCES, P.MANAGE_SOURCES),
    "members.delivery": (P.MANAGE_SOURCES, None),
    "members.product": (P.SEE_STORES, None),
    "members.stock": (P.SEE_STORES, None),
    "members.taggroup": (P.SEE_CODES, P.MANAGE_TAGS),
    "members.tag": (P.SEE_CODES, P.MANAGE_TAGS),
    "guides.guide": (P.SEE_PEOPLE, P.MANAGE_GUIDES),
    "guides.posting": (P.SEE_PEOPLE, P.MANAGE_GUIDES),
    "guides.houseaccount": (P.SEE_PEOPLE, P.MANAGE_GUIDES),
    "guides.relation": (P.SEE_CUSTOMERS, None),
    "guides.ownership": (P.SEE_CUSTOMERS, None),
    "guides.code": (P.SEE_CODES, P.MANAGE_CODES),
    "guides.groupchat": (P.SEE_CUSTOMERS, None),
    "campaigns.welcome": (P.SEE_CODES, P.MANAGE_WELCOMES),
    "wecom.corp": (P.SEE_LETTERS, P.MANAGE_WECOM),
    "wecom.app": (P.MANAGE_WECOM, P.MANAGE_WECOM),
    "wecom.receiver": (P.MANAGE_WECOM, P.MANAGE_WECOM),
    "wecom.letter": (P.SEE_LETTERS, P.REPLAY_LETTERS),
    "wecom.outboundcall": (P.SEE_LETTERS, None),
    "wecom.quota": (P.SEE_LETTERS, None),
    "wecom.alarmrecipient": (P.MANAGE_WECOM, P.MANAGE_WECOM),
    "audit.entry": (P.SEE_AUDIT, None),
    "audit.alarm": (P.SEE_LETTERS, P.REPLAY_LETTERS),
}


def permissions_of(person: "Person") -> frozenset[Permission]:
    """The union of what her present seats allow."""
    seats = person.seats.at(clock.now()).values_list("role", flat=True)  # type: ignore[attr-defined]
    return frozenset().union(*(ROLES[role] for role in seats))


def demand(person: Any, permission: Permission) -> None:
    """Raises PermissionDenied (403) for a reader who may not do this."""
    if not (getattr(person, "is_active", False) and person.may(permission)):
        raise PermissionDenied(permission)


def may_in_admin(person: "Person", perm: str) -> bool:
    """Whether Django's `app.action_model` is allowed."""
    app_label, _dot, codename = perm.partition(".")
    action, _underscore, model = codename.partition("_")
    see, change = ADMIN.get(f"{app_label}.{model}", (None, None))
    needed = see if action == "view" else change
    return needed is not None and person.may(needed)
