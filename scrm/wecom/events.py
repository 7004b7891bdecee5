"""What WeCom says, as frozen dataclasses. No Django here.

A text that WeCom left out is "", a number or list that it left out is None; `at` is the letter's CreateTime.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from scrm.wecom.envelope import Envelope, Unreadable, read

__all__ = ["Event", "Received", "UnknownEvent", "Unreadable", "parse"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in WeCom."""


@dataclass(frozen=True, slots=True)
class ContactAdded(Event):
    """Guide and customer are friends on both sides."""

    userid: str
    external_userid: str
    state: str
    welcome_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ContactHalfAdded(Event):
    """The customer added a guide who has not confirmed yet."""

    userid: str
    external_userid: str
    state: str
    welcome_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ContactEdited(Event):
    """The guide changed remark or tags; what changed must be read."""

    userid: str
    external_userid: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GuideDeletedContact(Event):
    """The guide deleted the customer, or lost her by a transfer (del_external_contact)."""

    userid: str
    external_userid: str
    by_transfer: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerDeletedGuide(Event):
    """The customer deleted the guide (del_follow_user); WeCom's lists keep showing the relation."""

    userid: str
    external_userid: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TransferFailed(Event):
    """The guide who should take over did not: reason is customer_refused or customer_limit_exceed."""

    userid: str
    external_userid: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ArchiveApproved(Event):
    """The customer agreed that the conversation is archived."""

    userid: str
    external_userid: str
    welcome_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatCreated(Event):
    chat_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatUpdated(Event):
    """detail: add_member, del_member, change_owner, change_name, change_notice; any may carry member fields."""

    chat_id: str
    detail: str
    join_scene: int | None
    quit_scene: int | None
    members: tuple[str, ...]
    last_version: str
    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatDismissed(Event):
    chat_id: str
    at: datetime


TagKind = Literal["tag", "tag_group"]


@dataclass(frozen=True, slots=True)
class TagCreated(Event):
    id: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TagUpdated(Event):
    id: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TagDeleted(Event):
    id: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TagsShuffled(Event):
    """The order of the tags of a group changed, or that of all groups (id is None)."""

    id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonCreated(Event):
    userid: str
    departments: tuple[int, ...] | None
    name: str | None
    status: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonUpdated(Event):
    """Only what changed is told; status 1 active, 2 disabled, 4 not activated, 5 left."""

    userid: str
    departments: tuple[int, ...] | None
    name: str | None
    status: int | None
    at: datetime
    new_userid: str | None = None


@dataclass(frozen=True, slots=True)
class PersonDeleted(Event):
    userid: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DepartmentCreated(Event):
    id: int
    name: str | None
    parent_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DepartmentUpdated(Event):
    id: int
    name: str | None
    parent_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DepartmentDeleted(Event):
    id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DirectoryTagUpdated(Event):
    """A tag of members (not of customers) lost or won people and departments."""

    tag_id: int
    added_userids: tuple[str, ...]
    removed_userids: tuple[str, ...]
    added_departments: tuple[int, ...]
    removed_departments: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class UnknownEvent(Event):
    """News for which this version has no word; the letter is kept and can be replayed by a later one."""

    event: str
    change_type: str
    at: datetime


E = TypeVar("E", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event with the letter that brought it; corp_id is our Corp's primary key."""

    letter_id: int
    digest: bytes
    corp_id: int
    event: E
    received_at: datetime


def _pair(s: Envelope) -> tuple[str, str]:
    return s.must("UserID"), s.must("ExternalUserID")


def _added(s: Envelope) -> Event:
    return ContactAdded(*_pair(s), s.text("State"), s.text("WelcomeCode"), s.created_at())


def _half_added(s: Envelope) -> Event:
    return ContactHalfAdded(*_pair(s), s.text("State"), s.text("WelcomeCode"), s.created_at())


def _guide_deleted(s: Envelope) -> Event:
    return GuideDeletedContact(*_pair(s), s.text("Source") == "DELETE_BY_TRANSFER", s.created_at())


def _chat_updated(s: Envelope) -> Event:
    return ChatUpdated(
        s.must("ChatId"),
        s.text("UpdateDetail"),
        s.number("JoinScene"),
        s.number("QuitScene"),
        tuple(s.items.get("MemChangeList", ())),
        s.text("LastMemVer"),
        s.text("CurMemVer"),
        s.created_at(),
    )


def _directory_tag(s: Envelope) -> Event:
    return DirectoryTagUpdated(
        s.must_number("TagId"),
        s.parts("AddUserItems"),
        s.parts("DelUserItems"),
        s.numbers("AddPartyItems") or (),
        s.numbers("DelPartyItems") or (),
        s.created_at(),
    )


def _person(s: Envelope) -> tuple[str, tuple[int, ...] | None, str | None, int | None, datetime]:
    return s.must("UserID"), s.numbers("Department"), s.maybe("Name"), s.number("Status"), s.created_at()


def _department(s: Envelope) -> tuple[int, str | None, int | None, datetime]:
    return s.must_number("Id"), s.maybe("Name"), s.number("ParentId"), s.created_at()


KINDS: dict[tuple[str, str], Callable[[Envelope], Event]] = {
    ("change_external_contact", "add_external_contact"): _added,
    ("change_external_contact", "add_half_external_contact"): _half_added,
    ("change_external_contact", "edit_external_contact"): lambda s: ContactEdited(
        *_pair(s), s.text("State"), s.created_at()
    ),
    ("change_external_contact", "del_external_contact"): _guide_deleted,
    ("change_external_contact", "del_follow_user"): lambda s: CustomerDeletedGuide(
        *_pair(s), s.text("State"), s.created_at()
    ),
    ("change_external_contact", "transfer_fail"): lambda s: TransferFailed(
        *_pair(s), s.text("FailReason"), s.created_at()
    ),
    ("change_external_contact", "msg_audit_approved"): lambda s: ArchiveApproved(
        *_pair(s), s.text("WelcomeCode"), s.created_at()
    ),
    ("change_external_chat", "create"): lambda s: ChatCreated(s.must("ChatId"), s.created_at()),
    ("change_external_chat", "update"): _chat_updated,
    ("change_external_chat", "dismiss"): lambda s: ChatDismissed(s.must("ChatId"), s.created_at()),
    ("change_external_tag", "create"): lambda s: TagCreated(s.must("Id"), s.text("TagType") or "tag", s.created_at()),
    ("change_external_tag", "update"): lambda s: TagUpdated(s.must("Id"), s.text("TagType") or "tag", s.created_at()),
    ("change_external_tag", "delete"): lambda s: TagDeleted(s.must("Id"), s.text("TagType") or "tag", s.created_at()),
    ("change_external_tag", "shuffle"): lambda s: TagsShuffled(s.maybe("Id"), s.created_at()),
    ("change_contact", "create_user"): lambda s: PersonCreated(*_person(s)),
    ("change_contact", "update_user"): lambda s: PersonUpdated(*_person(s), s.maybe("NewUserID")),
    ("change_contact", "delete_user"): lambda s: PersonDeleted(s.must("UserID"), s.created_at()),
    ("change_contact", "create_party"): lambda s: DepartmentCreated(*_department(s)),
    ("change_contact", "update_party"): lambda s: DepartmentUpdated(*_department(s)),
    ("change_contact", "delete_party"): lambda s: DepartmentDeleted(s.must_number("Id"), s.created_at()),
    ("change_contact", "update_tag"): _directory_tag,
}


def parse(xml: bytes) -> Event:
    """The event of a decrypted letter, UnknownEvent for one that we have no word for; raises Unreadable."""
    letter = read(xml)
    kind = letter.named()
    known = KINDS.get(kind)
    return known(letter) if known else UnknownEvent(*kind, letter.created_at())
