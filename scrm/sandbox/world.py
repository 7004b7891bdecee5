"""The world: corps with all that is in them, the dice, the clock and the switches. Verbs are in the modules beside."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from scrm.sandbox.clock import Clock
from scrm.sandbox.nouns import (
    NOT_ACTIVATED,
    App,
    ContactWay,
    Customer,
    Department,
    Group,
    Link,
    MassMessage,
    Media,
    Relation,
    TagGroup,
    User,
    Welcome,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
URL_SAFE = LETTERS + "-_"


@dataclass
class Switches:
    """How this world behaves where WeCom leaves a choice; POST /sandbox/switches changes them.

    half_first        a scan of a skip_verify code gives add_half_external_contact before add_external_contact
    createtime_kept   a customer who deleted a guide and adds her again gets the old createtime: true, false or "dice"
    api_echo          changes made through the API give callbacks too (the real WeCom gives none)
    phone_edits       an edit of nothing but the phones gives edit_external_contact
    short_contact     change_contact letters carry only ids and departments (new receivers since 2022-08-15)
    figures_late      seconds after its end for which a day's behaviour figures are all zeros; 0: they are there at once
    list_id_for_apps  user/list_id answers apps too, not only the contact-sync secret
    details_for_sync  the contact-sync secret may read user/list, user/get, … (old corps; else 48009)
    refuse_escapes    a body with \\uXXXX is refused with 40033
    reuse_seal        a callback that is sent again has the same nonce, timestamp and ciphertext
    retry_spacing     seconds of the world's clock before each of the three retries of a callback
    callback_timeout  seconds (of real time) that a receiver has
    verify_timeout    seconds (of real time) that it has when its address is saved
    wrong_secrets     wrong secrets in an hour after which gettoken refuses an address for an hour
    per_minute        calls of one API in a minute, and per_hour, before 45009
    concurrent        calls of one API at the same time before 45033; 0 = any number
    """

    half_first: bool = False
    createtime_kept: bool | str = False
    api_echo: bool = False
    phone_edits: bool = True
    short_contact: bool = True
    figures_late: float = 0.0
    list_id_for_apps: bool = False
    details_for_sync: bool = False
    refuse_escapes: bool = False
    reuse_seal: bool = False
    retry_spacing: tuple[float, ...] = (1.0, 2.0, 4.0)
    callback_timeout: float = 5.0
    verify_timeout: float = 1.0
    wrong_secrets: int = 20
    per_minute: int = 10_000
    per_hour: int = 150_000
    concurrent: int = 0

    def turn(self, **values: Any) -> None:
        """Set some switches; an unknown name is a ValueError."""
        for name, value in values.items():
            if name not in self.__dataclass_fields__:
                raise ValueError(f"there is no switch {name}; there are {', '.join(self.__dataclass_fields__)}")
            setattr(self, name, tuple(value) if name == "retry_spacing" else value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Corp:
    """One company: its directory, its customers, and what the API calls by id."""

    corp_id: str
    name: str
    prefix: str
    apps: dict[str, App] = field(default_factory=dict)
    departments: dict[int, Department] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    unionids: dict[str, Customer] = field(default_factory=dict)
    relations: dict[tuple[str, str], Relation] = field(default_factory=dict)
    by_user: dict[str, dict[str, Relation]] = field(default_factory=dict)
    by_customer: dict[str, dict[str, Relation]] = field(default_factory=dict)
    ways: dict[str, ContactWay] = field(default_factory=dict)
    assigned: dict[tuple[str, str], str] = field(default_factory=dict)
    tag_groups: dict[str, TagGroup] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    masses: dict[str, MassMessage] = field(default_factory=dict)
    received: Counter[tuple[str, str]] = field(default_factory=Counter)
    media: dict[str, Media] = field(default_factory=dict)
    welcomes: dict[str, tuple[Welcome, float]] = field(default_factory=dict)
    oauth_codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    user_tickets: dict[str, tuple[str, float]] = field(default_factory=dict)
    happenings: dict[tuple[str, int], Counter[str]] = field(default_factory=dict)
    replies: dict[tuple[str, int], dict[str, list[float]]] = field(default_factory=dict)

    def user(self, userid: str) -> User | None:
        """A member who has not left; userids know no case."""
        user = self.users.get(userid.lower())
        return user if user and user.here else None

    def relation(self, userid: str, external_userid: str) -> Relation | None:
        return self.relations.get((userid.lower(), external_userid))

    def people_of(self, department_id: int, *, deep: bool = False) -> Iterator[User]:
        """The members of a department, with deep=True of its subtree, each once."""
        wanted = self.subtree(department_id) if deep else {department_id}
        return (user for user in self.users.values() if user.here and wanted.intersection(user.departments))

    def subtree(self, department_id: int) -> set[int]:
        found, edge = {department_id}, {department_id}
        while edge:
            edge = {each.id for each in self.departments.values() if each.parent_id in edge} - found
            found |= edge
        return found

    def seen_by(self, app: App, user: User) -> bool:
        """Is the member inside the app's visible range?"""
        return app.visible is None or any(self.department_seen_by(app, each) for each in user.departments)

    def department_seen_by(self, app: App, department_id: int) -> bool:
        return app.visible is None or any(department_id in self.subtree(root) for root in app.visible)

    def can_serve(self, user: User) -> bool:
        return user.here and user.serves and user.status != NOT_ACTIVATED and user.verified


class World:
    """Everything that there is. `lock` is held by whoever reads or changes it; `post` is told each letter."""

    def __init__(self, *, seed: int = 1, clock: Clock | None = None) -> None:
        self.seed = seed
        self.clock = clock or Clock()
        self.dice = random.Random(seed)
        self.switches = Switches()
        self.corps: dict[str, Corp] = {}
        self.lock = threading.RLock()
        self.post: Callable[[App, str], None] = lambda app, xml: None
        self.counted = 0

    def count(self) -> int:
        """The next of 1, 2, 3 …"""
        self.counted += 1
        return self.counted

    def word(self, length: int, letters: str = URL_SAFE) -> str:
        return "".join(self.dice.choices(letters, k=length))

    def hex(self, length: int = 32) -> str:
        return self.word(length, "0123456789abcdef")

    def id(self, corp: Corp, kind: str) -> str:
        """An id in WeCom's shape: wm and wo for people, wr for groups, et for tags; the corp is part of it."""
        return kind + corp.prefix + self.word(22)

    def apps(self) -> Iterator[App]:
        return (app for corp in self.corps.values() for app in corp.apps.values())

    def tell(self, corp: Corp, xml: str, *, about: User | None = None, kind: str = "customer") -> None:
        """Post a letter to each app of the corp that listens to its kind and sees the member it is about."""
        for app in corp.apps.values():
            listens = app.customer_events if kind == "customer" else app.contact_events
            if listens and not app.disabled and (about is None or corp.seen_by(app, about)):
                self.post(app, xml)
