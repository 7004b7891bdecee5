"""Every URL × every kind of viewer, with things of a store in the south: what comes back, in words.

The URLs come from the resolver, so one that nobody has thought about fails here until it has its line in the table.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from stores.access import ADMIN
from tests.cast import LAN, MEI, Cast, assemble

VIEWERS = ["anonymous", "eve", "ada", "otto", "paula", "ann", "rita", "fang", "ben", "cai", "ivy"]
WRITES = ["POST", "PUT", "PATCH", "DELETE"]
WORDS = {200: "page", 201: "made", 204: "gone", 302: "elsewhere", 400: "what?", 401: "key", 403: "may-not"}
WORDS |= {404: "unknown", 405: "cannot", 503: "not-now"}
MODEL_PAGE = re.compile(r"admin:(?P<label>[a-z]+_[a-z]+)_(?P<page>changelist|add|history|delete|change)")
OLD_PAGE = re.compile(r"admin/\w+/\w+/<path:object_id>/")  # where an object stood in admins of long ago: it redirects
TABLE = [line.split() for line in (Path(__file__).parent / "every_url.txt").read_text().splitlines() if line.strip()]
EXPECTED = {
    (url, method): dict(zip(VIEWERS, words, strict=True)) for url, method, *words in TABLE if not url.startswith("#")
}


def patterns() -> Iterator[tuple[str, URLPattern, str]]:
    """Each URL by its name (or its route, where it has none), with its pattern and its route."""
    yield from _walk(get_resolver(), "", "")


def _walk(resolver: Any, route: str, names: str) -> Iterator[tuple[str, URLPattern, str]]:
    for one in resolver.url_patterns:
        where = route + str(one.pattern)
        if isinstance(one, URLPattern):
            yield (f"{names}{one.name}" if one.name else where), one, where
        else:
            yield from _walk(one, where, f"{names}{one.namespace}:" if one.namespace else names)


URLS = {name: (pattern, route) for name, pattern, route in patterns()}
API = sorted(name for name in URLS if name.startswith("api:"))
MODEL_PAGES = sorted(name for name in URLS if MODEL_PAGE.fullmatch(name))
OTHERS = sorted(set(URLS) - set(API) - set(MODEL_PAGES))


Clients = dict[str, Client]


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The cast with a customer in the east and one in the south, played for all tests here; each undoes its doings."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = assemble()
        cast.add(MEI, "cai", code=cast.code())
        cast.add(LAN, "gu", code=cast.code(cast.fangs_first))
        yield cast
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(stage: Cast, django_db_blocker: Any) -> Clients:
    """A signed-in browser of each viewer."""
    found = {viewer: Client(raise_request_exception=False) for viewer in VIEWERS}
    with django_db_blocker.unblock():
        for viewer, client in found.items():
            if viewer != "anonymous":
                client.force_login(getattr(stage, viewer))
    return found


@pytest.fixture
def things(stage: Cast, db: None) -> dict[str, Any]:
    """What the south has, by the name of its model."""
    relation = stage.member(LAN).relations.get()
    found = {"store": stage.fangs_first, "person": stage.gu, "guide": stage.guide("gu"), "member": relation.member}
    return {**found, "relation": relation, "code": relation.code, "brand": stage.brand, "region": stage.south}


def thing_of(name: str, things: dict[str, Any]) -> Any:
    """What a URL of this name is about, a store if it does not say."""
    said = name.replace("auth_user", "person").replace("customer", "member").replace("identity", "member")
    nouns = [noun for noun in things if re.search(rf"(?<![a-z]){noun}(?![a-z])", said)]
    return things[nouns[0] if nouns else "store"]


def address(name: str, things: dict[str, Any]) -> str:
    """A URL that names things of the south wherever it names any."""
    pattern, route = URLS[name]
    thing = thing_of(name, things)
    values = {
        "public_id": thing.public_id,
        "object_id": thing.pk,
        "slug": "cast",
        "code": "abc",
        "handle": "abc",
        "url": "nowhere",
    }
    values |= {
        "id": thing.public_id if name in API else thing.pk,
        "app_label": "stores",
        "content_type_id": 1,
        "kind": "stores.store",
        "day": date(2026, 3, 2),
        "way": "entered",
        "token": "nobody",
        "number": 1,
    }
    if pattern.name is None:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>.*", lambda at: str(values[at[1] or at[2]]), route)
    known = {**pattern.pattern.converters, **pattern.pattern.regex.groupindex}
    query = f"?node={things['store'].public_id}" if name == "api:fact-list" else ""
    return reverse(name, kwargs={key: values[key] for key in known}) + query


def word(answer: Any) -> str:
    if answer.status_code == 302 and "login" in answer["Location"]:
        return "sign-in"
    return WORDS.get(answer.status_code, str(answer.status_code))


def body(name: str, things: dict[str, Any]) -> dict[str, Any]:
    if name == "api:code-list":
        return {"store": things["store"].public_id, "kind": "store", "name": "till"}
    return {"name": "window"} if name == "api:code-detail" else {}


def answers(clients: Clients, name: str, method: str, things: dict[str, Any]) -> dict[str, str]:
    """What each viewer hears; nothing that they do stays done."""
    url, said = address(name, things), {}
    sent = json.dumps(body(name, things)) if method != "GET" else ""
    for viewer, client in clients.items():
        cookies = client.cookies.copy()
        with transaction.atomic():
            said[viewer] = word(client.generic(method, url, sent, content_type="application/json"))
            transaction.set_rollback(True)
        client.cookies = cookies
    return said


def expected(name: str, method: str) -> dict[str, str] | None:
    """The line of the table; API doors that do not write say so to all who have a key."""
    if name in API and method != "GET" and (name, method) not in EXPECTED:
        return {viewer: "key" if viewer == "anonymous" else "cannot" for viewer in VIEWERS}
    return EXPECTED.get(("admin:old", method) if OLD_PAGE.fullmatch(name) else (name, method))


def test_the_table_names_no_url_that_is_not_there() -> None:
    assert {url for url, _method in EXPECTED} - {"admin:old"} <= set(URLS)


@pytest.mark.parametrize("name", [*OTHERS, *API])
def test_each_viewer_hears_what_the_table_says(clients: Clients, things: dict[str, Any], name: str) -> None:
    for method in ["GET", *WRITES] if name in API else ["GET"]:
        said = answers(clients, name, method, things)
        line = f"{name} {method} " + " ".join(said.values())
        assert said == expected(name, method), f"every_url.txt has no such line: {line}"


@pytest.mark.parametrize("name", [name for name in OTHERS if not name.startswith("admin")])
def test_who_may_not_look_may_not_post(clients: Clients, things: dict[str, Any], name: str) -> None:
    refused = {"sign-in", "may-not", "unknown"}
    posted = answers(clients, name, "POST", things)
    for viewer, said in (expected(name, "GET") or {}).items():
        assert said not in refused or posted[viewer] in {said, "cannot"}, (viewer, name)
        assert posted[viewer] != "500", (viewer, name)


def hears(stage: Cast, viewer: str, name: str, things: dict[str, Any]) -> set[str]:
    """What a viewer may hear from a page of the admin about a model, by what her seats say."""
    found = MODEL_PAGE.fullmatch(name)
    assert found is not None
    model = apps.get_model(found["label"].replace("_", ".", 1))
    person = getattr(stage, viewer, None)
    if person is None or not person.is_staff:
        return {"sign-in"}
    see, change = ADMIN[model._meta.label_lower]
    if not person.may(see):
        return {"may-not", "elsewhere"}
    if found["page"] == "changelist":
        return {"page"}
    if found["page"] == "add":
        return {"page", "may-not"} if change and person.may(change) else {"may-not"}
    rows: Any = model._default_manager.filter(pk=thing_of(name, things).pk)
    seen = rows.visible_to(person) if hasattr(rows, "visible_to") else rows
    return {"page", "may-not"} if seen.exists() else {"elsewhere", "may-not", "unknown"}


@pytest.mark.parametrize("name", MODEL_PAGES)
def test_the_admin_shows_what_seats_allow(stage: Cast, clients: Clients, things: dict[str, Any], name: str) -> None:
    for viewer, said in answers(clients, name, "GET", things).items():
        assert said in hears(stage, viewer, name, things), (viewer, name)


def test_every_model_in_the_admin_has_its_permissions() -> None:
    assert {model._meta.label_lower for model in admin.site._registry} <= set(ADMIN)


@pytest.mark.parametrize("name", [name for name, (_, route) in URLS.items() if re.search(r"<[^>]*id>", route)])
def test_no_id_breaks_a_page(clients: Clients, name: str, db: None) -> None:
    """For ids that nobody was given there is nothing; the admin leads back to where one came from."""
    parts = re.split(r"<[^>]*id>\)?(?:\[[^)]*\))?", re.sub(r"\(\?P|[$^]", "", URLS[name][1]))
    for id in ["s_%00", "%00", "%F0%9F%98%80", "x" * 3000, "%2e%2e", "-1", "9" * 40]:
        answer = clients["ada"].get("/" + id.join(parts))
        assert word(answer) in {"unknown", "elsewhere", "may-not", "what?", "cannot"}, id


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_no_form_with_a_nul_reaches_a_page(clients: Clients, things: dict[str, Any], kind: str) -> None:
    """PostgreSQL keeps no NUL in a text: the form is refused once, before any page reads it."""
    part = '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\0b\r\n--x--\r\n'
    sent = part if kind.startswith("multipart") else "phone=13764501893&name=a%00b"
    for url in {address(name, things) for name in (*OTHERS, *MODEL_PAGES)}:
        for viewer in () if url.startswith(("/api/", "/wecom/")) else ("anonymous", "ada"):
            answer = clients[viewer].generic("POST", url, sent, content_type=kind)
            assert answer.status_code == 400, (viewer, url)
