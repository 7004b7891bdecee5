"""The world as JSON, and the files that people look at: QR images, uploaded pictures."""

import io
from dataclasses import asdict
from typing import Any

import segno

from scrm.sandbox.control.customers import told
from scrm.sandbox.control.machine import told as told_app
from scrm.sandbox.control.routes import Act, route
from scrm.sandbox.http import NOT_FOUND, Response


@route("GET", "world")
def world(act: Act) -> dict[str, Any]:
    """All there is in the corp; ?parts=users,relations gives only these."""
    parts = {
        "corp": _corp, "apps": _apps, "departments": _departments, "users": _users, "customers": _customers,
        "relations": _relations, "groups": _groups, "contact_ways": _ways, "tags": _tags,
        "links": _links, "mass_messages": _masses,
    }  # fmt: skip
    wanted = act.query.get("parts", "").split(",") if act.query.get("parts") else list(parts)
    said = {name: parts[name](act) for name in wanted if name in parts}
    return {"clock": act.world.clock.now(), "seed": act.world.seed, **said}


def _corp(act: Act) -> dict[str, Any]:
    return {"corp_id": act.corp.corp_id, "name": act.corp.name, "corps": list(act.world.corps)}


def _apps(act: Act) -> list[Any]:
    return [told_app(app) for app in act.corp.apps.values()]


def _departments(act: Act) -> list[Any]:
    return [asdict(each) for each in act.corp.departments.values()]


def _users(act: Act) -> list[Any]:
    return [asdict(each) for each in act.corp.users.values()]


def _customers(act: Act) -> list[Any]:
    return [asdict(each) for each in act.corp.customers.values()]


def _relations(act: Act) -> list[Any]:
    return [told(each) for each in act.corp.relations.values()]


def _groups(act: Act) -> list[Any]:
    return [{**asdict(each), "members": list(asdict(each)["members"].values())} for each in act.corp.groups.values()]


def _ways(act: Act) -> list[Any]:
    base = f"{act.sandbox.base_url}/sandbox/qr/"
    ways = [each for each in act.corp.ways.values() if not each.deleted]
    return [{**asdict(each), "qr_code": f"{base}{each.config_id}.png"} for each in ways]


def _tags(act: Act) -> list[Any]:
    return [asdict(each) for each in act.corp.tag_groups.values()]


def _links(act: Act) -> list[Any]:
    return [{**asdict(each), "url": each.url} for each in act.corp.links.values()]


def _masses(act: Act) -> list[Any]:
    return [asdict(each) for each in act.corp.masses.values()]


@route("GET", "qr/*.png")
def qr(act: Act) -> Response:
    """The QR image of a contact way; it leads to /sandbox/code/<config_id>, where one can scan it by hand."""
    if act.words[0] not in act.corp.ways:
        return NOT_FOUND
    image = io.BytesIO()
    code = segno.make_qr(f"{act.sandbox.base_url}/sandbox/code/{act.words[0]}", error="m")
    code.save(image, kind="png", scale=10, border=4)
    return Response(200, image.getvalue(), {"Content-Type": "image/png", "Cache-Control": "max-age=86400"})


@route("GET", "img/*")
def picture(act: Act) -> Response:
    """A picture that media/uploadimg took."""
    kept = act.corp.media.get("img:" + act.words[0])
    return Response(200, kept.content, {"Content-Type": kept.content_type}) if kept else NOT_FOUND
