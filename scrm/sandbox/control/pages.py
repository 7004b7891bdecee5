"""Pages for people: a board to play with the world, the page behind a QR code, a chat window."""

from pathlib import Path
from typing import Any

from scrm.sandbox.control.routes import Act, Wrong, route
from scrm.sandbox.http import NOT_FOUND, Response
from scrm.sandbox.log import Row
from scrm.sandbox.nouns import ContactWay, Relation
from scrm.sandbox.relations import members_of

FILES = Path(__file__).parent.parent / "pages"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
SHOWN = 30


def file(name: str) -> Response:
    """A page of ours."""
    path = FILES / name
    return Response(200, path.read_bytes(), {"Content-Type": TYPES[path.suffix], "Cache-Control": "no-cache"})


@route("GET", "", locked=False)
def board(act: Act) -> Response:
    """Scan, add, delete and re-add by hand, and see what is sent."""
    return file("board.html")


@route("GET", "look.css", locked=False)
def look(act: Act) -> Response:
    return file("look.css")


@route("GET", "board.js", locked=False)
def script(act: Act) -> Response:
    return file("board.js")


@route("GET", "console", locked=False)
def console(act: Act) -> Response:
    """The corp's admin console: apps, callbacks, ranges, addresses, domains, members."""
    return file("console.html")


@route("GET", "console.js", locked=False)
def console_script(act: Act) -> Response:
    return file("console.js")


@route("GET", "code/*", locked=False)
def code(act: Act) -> Response:
    """What a customer's phone shows after the scan."""
    return file("code.html") if act.words[0] in act.corp.ways else NOT_FOUND


@route("GET", "code/*/behind")
def behind(act: Act) -> dict[str, Any]:
    """Who stands behind a code."""
    way = act.corp.ways.get(act.words[0])
    if way is None or way.deleted:
        raise Wrong("this code works no more")
    return {"corp": act.corp.name, "corp_id": act.corp.corp_id, **_way(act, way)}


@route("GET", "chat/*/*", locked=False)
def chat(act: Act) -> Response:
    """The chat of a member and a customer."""
    return file("chat.html")


@route("GET", "chat/*/*/said")
def said(act: Act) -> dict[str, Any]:
    """The two and what they said, welcomes among it."""
    user, relation = act.user(act.words[0]), act.corp.relation(act.words[0], act.words[1])
    if relation is None:
        raise Wrong("they never met")
    rows = [row for row in act.sandbox.log.since(kind="message") if _between(row, relation)]
    return {"user": {"name": user.name, "position": user.position}, **_relation(act, relation), "messages": rows}


def _between(row: Row, relation: Relation) -> bool:
    return row.get("userid") == relation.userid and row.get("external_userid") == relation.external_userid


@route("GET", "glance")
def glance(act: Act) -> dict[str, Any]:
    """What the board shows: codes, guides by shop, the latest relations, the latest events."""
    corp = act.corp
    able = [user for user in corp.users.values() if corp.can_serve(user)]
    latest = sorted(corp.relations.values(), key=lambda row: (row.createtime, row.seq))[-SHOWN:]
    mine = [row for row in act.sandbox.log.latest(400) if row.get("corp_id") in (None, "", corp.corp_id)]
    rows = [row for row in mine if row["kind"] != "api" or row["answer"].get("errcode")]
    return {
        "corp": corp.name, "corp_id": corp.corp_id, "now": act.world.clock.now(), "seed": act.world.seed,
        "corps": {each.corp_id: each.name for each in act.world.corps.values()},
        "callback_url": _callback_url(act), "letters_waiting": act.sandbox.courier.waiting(),
        "customers": len(corp.customers), "relations": len(corp.relations),
        "ways": [_way(act, way) for way in list(corp.ways.values())[-200:] if not way.deleted],
        "guides": [{"userid": user.userid, "name": user.name, "shop": _shop(act, user.departments)} for user in able],
        "latest": [_relation(act, row) for row in reversed(latest)],
        "events": [_event(row) for row in reversed(rows[-60:])],
    }  # fmt: skip


def _callback_url(act: Act) -> str:
    return next((app.callback_url for app in act.corp.apps.values() if app.callback_url), "")


def _shop(act: Act, places: list[int]) -> str:
    return "、".join(act.corp.departments[place].name for place in places if place in act.corp.departments)


def _way(act: Act, way: ContactWay) -> dict[str, Any]:
    people = members_of(act.corp, way)
    shops = sorted({_shop(act, user.departments) for user in people})
    return {
        "config_id": way.config_id, "state": way.state, "remark": way.remark,
        "people": [user.name for user in people], "shops": shops,
    }  # fmt: skip


def _relation(act: Act, row: Relation) -> dict[str, Any]:
    user, customer = act.corp.users.get(row.userid.lower()), act.corp.customers[row.external_userid]
    return {
        "userid": row.userid, "guide": user.name if user else row.userid,
        "shop": _shop(act, user.departments if user else []),
        "external_userid": row.external_userid, "customer": customer.name, "status": row.status,
        "guide_side": row.guide_side, "customer_side": row.customer_side, "createtime": row.createtime,
        "state": row.state,
    }  # fmt: skip


def _event(row: Row) -> Row:
    """A log row without what a board does not need."""
    kept = ("seq", "kind", "at", "xml", "state", "what", "text", "userid", "external_userid", "path", "by")
    event = {name: row[name] for name in kept if name in row}
    if row["kind"] == "callback":
        event["tries"] = [attempt["status"] for attempt in row["attempts"]]
    if row["kind"] == "api":
        event["errcode"], event["errmsg"] = row["answer"]["errcode"], row["answer"]["errmsg"].partition(", hint")[0]
    return event
