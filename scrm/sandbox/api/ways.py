"""Contact ways, 联系我 (WeCom doc 92228)."""

from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.pages import page, window
from scrm.sandbox.nouns import NOT_ACTIVATED, ContactWay, User
from scrm.sandbox.relations import members_of

MANY = 100
DAYS_90 = 90 * 86_400


@endpoint("POST", "externalcontact/add_contact_way")
def add_contact_way(call: Call) -> dict[str, Any]:
    """WeCom doc 92228: a new way; qr_code only for scene 2."""
    kind, scene = call.body.number("type"), call.body.number("scene")
    for value, missing, invalid in ((kind, 41037, 41039), (scene, 41038, 41040)):
        if value is None:
            raise Refusal(missing)
        if value not in (1, 2):
            raise Refusal(invalid)
    way = ContactWay(call.world.hex(), kind or 0, scene or 0, int(call.now), call.app.agent_id)
    _write(call, way)
    way.is_exclusive = call.body.flag("is_exclusive", False)
    call.corp.ways[way.config_id] = way
    return {"config_id": way.config_id, **_qr_code(call, way)}


@endpoint("POST", "externalcontact/update_contact_way")
def update_contact_way(call: Call) -> dict[str, Any]:
    """WeCom doc 92228: user and party overwrite, fields not given keep their value, type and scene cannot change."""
    _write(call, _way(call))
    return {}


@endpoint("POST", "externalcontact/get_contact_way")
def get_contact_way(call: Call) -> dict[str, Any]:
    """WeCom doc 92228."""
    way = _way(call)
    return {
        "contact_way": {
            "config_id": way.config_id, "type": way.type, "scene": way.scene,
            **({"style": way.style} if way.scene == 1 else {}),
            "remark": way.remark, "skip_verify": way.skip_verify, "state": way.state, **_qr_code(call, way),
            "user": way.users, "party": way.parties, "is_temp": False, "is_exclusive": way.is_exclusive,
        }
    }  # fmt: skip


@endpoint("POST", "externalcontact/list_contact_way", lists=("contact_way",))
def list_contact_way(call: Call) -> dict[str, Any]:
    """WeCom doc 92228: the ways made in a time, by default in the last 90 days."""
    start = call.body.number("start_time", int(call.now) - DAYS_90) or 0
    end = call.body.number("end_time", int(call.now)) or 0
    ways = [] if call.empty() else [
        way for way in call.corp.ways.values() if not way.deleted and start <= way.create_time <= end
    ]  # fmt: skip
    limit = window(call, "limit", default=100, most=1000)
    some, cursor = page(call, ways, limit)
    return {"contact_way": [{"config_id": way.config_id} for way in some], "next_cursor": cursor}


@endpoint("POST", "externalcontact/del_contact_way")
def del_contact_way(call: Call) -> dict[str, Any]:
    """WeCom doc 92228: the code stops working, its customers keep their state."""
    _way(call).deleted = True
    return {}


def _way(call: Call) -> ContactWay:
    config_id = call.body.text("config_id")
    if not config_id:
        raise Refusal(41043)
    way = call.corp.ways.get(config_id)
    if way is None or way.deleted:
        raise Refusal(41044)
    return way


def _write(call: Call, way: ContactWay) -> None:
    """Check the body's fields, then put them into the way."""
    body = call.body
    users, parties = body.texts("user"), body.numbers("party")
    texts = {name: body.text(name, getattr(way, name)) for name in ("remark", "state")}
    if any(len(text) > 30 for text in texts.values()):
        raise Refusal(40058, "remark or state exceed max length 30. invalid Request Parameter")
    style = body.number("style", way.style)
    if way.scene == 1 and style not in ((1, 2, 3) if way.type == 1 else (1, 2)):
        raise Refusal(41042)
    users = way.users if users is None else [_able(call, userid).userid for userid in dict.fromkeys(users)]
    parties = way.parties if parties is None else list(dict.fromkeys(parties))
    _crowd(call, way, users, parties)
    way.users, way.parties, way.style = users, parties, style or 1
    way.remark, way.state = texts["remark"], texts["state"]
    way.skip_verify = body.flag("skip_verify", way.skip_verify)


def _able(call: Call, userid: str) -> User:
    """A member that may stand on a contact way: visible, activated, real-name verified, with customer contact."""
    user = call.user(userid)
    if user.status == NOT_ACTIVATED:
        raise Refusal(41054)
    if not user.verified:
        raise Refusal(40098)
    if not user.serves:
        raise Refusal(84074)
    return user


def _crowd(call: Call, way: ContactWay, users: list[str], parties: list[int]) -> None:
    """Type 1 has exactly one member and no department; type 2 one to a hundred with the departments opened up."""
    if any(party not in call.corp.departments for party in parties):
        raise Refusal(60123)
    if way.type == 1 and (len(users) != 1 or parties):
        raise Refusal(40058, "single contact way must have exactly one user. invalid Request Parameter")
    if way.type == 2 and not users and not parties:
        raise Refusal(40063)
    if len(members_of(call.corp, ContactWay("", 2, 2, 0, "", users=users, parties=parties))) > MANY:
        raise Refusal(41041)


def _qr_code(call: Call, way: ContactWay) -> dict[str, str]:
    return {"qr_code": f"{call.sandbox.base_url}/sandbox/qr/{way.config_id}.png"} if way.scene == 2 else {}
