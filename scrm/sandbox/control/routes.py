"""The table of control calls, and how an HTTP request becomes one."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrm.sandbox.http import Request, Response, as_json
from scrm.sandbox.nouns import Customer, Relation, User
from scrm.sandbox.relations import Impossible
from scrm.sandbox.world import Corp, World

if TYPE_CHECKING:
    from scrm.sandbox.sandbox import Sandbox


class Wrong(ValueError):
    """A control call that asks for something that is not there, or does not say enough."""


@dataclass
class Act:
    """One control call: what it says and whom it is about."""

    sandbox: "Sandbox"
    corp: Corp
    body: dict[str, Any]
    query: dict[str, str]
    words: tuple[str, ...] = ()

    @property
    def world(self) -> World:
        return self.sandbox.world

    def need(self, name: str) -> Any:
        value = self.body.get(name)
        if value in (None, ""):
            raise Wrong(f"{name} is missing")
        return value

    def user(self, userid: str | None = None) -> User:
        userid = str(userid or self.need("userid"))
        user = self.corp.user(userid)
        if user is None:
            raise Wrong(f"there is no member {userid}")
        return user

    def customer(self) -> Customer:
        external_userid = str(self.need("external_userid"))
        if external_userid not in self.corp.customers:
            raise Wrong(f"there is no customer {external_userid}")
        return self.corp.customers[external_userid]

    def relation(self) -> Relation:
        user, customer = self.user(), self.customer()
        relation = self.corp.relation(user.userid, customer.external_userid)
        if relation is None:
            raise Wrong(f"{user.userid} and {customer.external_userid} never met")
        return relation


Doer = Callable[[Act], Any]
ROUTES: list[tuple[str, re.Pattern[str], Doer, bool]] = []


def route(method: str, path: str, *, locked: bool = True) -> Callable[[Doer], Doer]:
    """Enter a function for a path; each * is a word that it gets in `words`. It holds the world's lock."""

    def enter(doer: Doer) -> Doer:
        pattern = re.compile("/sandbox/" + re.escape(path).replace(r"\*", "([^/]+)") + "/?")
        ROUTES.append((method, pattern, doer, locked))
        return doer

    return enter


def call(sandbox: "Sandbox", method: str, path: str, body: dict[str, Any], query: dict[str, str]) -> Any:
    """Do a control call; LookupError when there is none such, ValueError when it cannot be done."""
    for its_method, pattern, doer, locked in ROUTES:
        match = pattern.fullmatch(path) if its_method == method else None
        if match is None:
            continue
        act = Act(sandbox, _corp(sandbox, body, query, match.groups()), body, query, match.groups())
        try:
            if not locked:
                return doer(act)
            with sandbox.world.lock:
                return doer(act)
        except Impossible as impossible:
            raise Wrong(str(impossible)) from impossible
        except (TypeError, AttributeError) as error:
            raise Wrong(f"cannot read the body: {error}") from error
    raise LookupError(f"no control call {method} {path}")


def _corp(sandbox: "Sandbox", body: dict[str, Any], query: dict[str, str], words: tuple[str, ...]) -> Corp:
    """The corp that is named; else the one whose code or customer is meant; else the main one."""
    corp_id = query.get("corp_id") or (body.get("corp_id") if "slug_url" not in body else None)
    if corp_id and corp_id not in sandbox.world.corps and "secret" not in body:
        raise Wrong(f"there is no corp {corp_id}")
    if corp_id:
        return sandbox.world.corps.get(str(corp_id), sandbox.corp)
    meant = {*words, *(str(body[name]) for name in ("config_id", "external_userid") if body.get(name))}
    return next((corp for corp in sandbox.world.corps.values() if _has_one_of(corp, meant)), sandbox.corp)


def _has_one_of(corp: Corp, ids: set[str]) -> bool:
    return any(each in corp.ways or each in corp.customers for each in ids)


def answer(sandbox: "Sandbox", request: Request) -> Response:
    """A control call or a page over HTTP."""
    try:
        said = json.loads(request.body) if request.body.strip() else {}
        if not isinstance(said, dict):
            raise Wrong("the body is no JSON object")
        result = call(sandbox, "GET" if request.method == "HEAD" else request.method, request.path, said, request.query)
    except LookupError as error:
        return as_json({"error": str(error)}, 404)
    except ValueError as error:
        return as_json({"error": str(error)}, 400)
    return result if isinstance(result, Response) else as_json(result)
