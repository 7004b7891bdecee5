"""What an endpoint is, what a call brings, and the table of all endpoints, filled by the modules beside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrm.sandbox.api.bodies import Body
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.nouns import App, Relation, User
from scrm.sandbox.world import Corp, World

if TYPE_CHECKING:
    from scrm.sandbox.sandbox import Sandbox


@dataclass
class Upload:
    """One part of a multipart body."""

    name: str
    filename: str
    content_type: str
    content: bytes


@dataclass
class Blob:
    """An answer that is a file."""

    content: bytes
    content_type: str
    filename: str


@dataclass
class Call:
    """One call of one endpoint, with who calls: all that an endpoint's function needs."""

    sandbox: "Sandbox"
    query: dict[str, str]
    body: Body
    uploads: list[Upload] = field(default_factory=list)
    ip: str = "127.0.0.1"
    corp: Corp = None  # type: ignore[assignment]
    app: App = None  # type: ignore[assignment]

    @property
    def world(self) -> World:
        return self.sandbox.world

    @property
    def now(self) -> float:
        return self.sandbox.world.clock.now()

    def user(self, userid: str, *, missing: int = 41009, unknown: int = 40003) -> User:
        """The member of a userid, or the endpoint's refusals."""
        if not userid:
            raise Refusal(missing)
        user = self.corp.user(userid)
        if user is None:
            raise Refusal(unknown)
        if not self.corp.seen_by(self.app, user):
            raise Refusal(60011)
        return user

    def listed(self, relation: Relation | None) -> bool:
        """Do reads show that the member has the customer? With `read_lag` they show the past."""
        if relation is None:
            return False
        past = self.now - self.sandbox.faults.amount("read_lag")
        if relation.guide_side:
            return relation.shown_from <= past
        return relation.hidden_from is not None and relation.hidden_from > past >= relation.shown_from

    def empty(self) -> bool:
        """Does the fault `empty_lists` strike this list?"""
        return self.sandbox.faults.strikes("empty_lists")


Function = Callable[[Call], "dict[str, Any] | Blob"]


@dataclass(frozen=True)
class Endpoint:
    """A path, the method it reads, the list fields that stay in its errors, and who may call it."""

    path: str
    method: str
    function: Function
    lists: tuple[str, ...]
    contact: bool
    token: bool


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    method: str, path: str, *, lists: tuple[str, ...] = (), contact: bool | None = None, token: bool = True
) -> Callable[[Function], Function]:
    """Enter a function into the table. Customer-contact endpoints are closed (48002) to apps without that right."""

    def enter(function: Function) -> Function:
        contacts = path.startswith("externalcontact/") if contact is None else contact
        ENDPOINTS["/cgi-bin/" + path] = Endpoint("/cgi-bin/" + path, method, function, lists, contacts, token)
        return function

    return enter
