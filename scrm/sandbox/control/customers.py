"""What customers and guides do."""

from dataclasses import fields
from typing import Any

from scrm.sandbox import masses, relations
from scrm.sandbox.control.routes import Act, Wrong, route
from scrm.sandbox.nouns import ContactWay, Relation


@route("POST", "customers")
def meet(act: Act) -> dict[str, Any]:
    """A new WeChat person; who has a known unionid is the same as before."""
    given = {
        name: act.body.get(name) for name in ("name", "unionid", "gender", "type", "corp_name", "position", "avatar")
    }
    customer = relations.meet(act.world, act.corp, **given)
    return {"external_userid": customer.external_userid, "name": customer.name, "unionid": customer.unionid}


@route("POST", "scan")
def scan(act: Act) -> dict[str, Any]:
    """The person scans a code; confirm=false leaves the member's confirmation out."""
    customer, confirm = act.customer(), bool(act.body.get("confirm", True))
    if act.body.get("link_id"):
        link = act.corp.links.get(str(act.body["link_id"]))
        if link is None:
            raise Wrong(f"there is no link {act.body['link_id']}")
        channel = str(act.body.get("customer_channel") or "")
        return told(relations.follow(act.world, act.corp, customer, link, channel=channel, confirm=confirm))
    way = _way(act)
    relation = relations.scan(act.world, act.corp, customer, way, confirm=confirm)
    return {**told(relation), "config_id": way.config_id}


def _way(act: Act) -> ContactWay:
    if act.body.get("config_id"):
        way = act.corp.ways.get(str(act.body["config_id"]))
        if way is None or way.deleted:
            raise Wrong(f"there is no contact way {act.body['config_id']}")
        return way
    state = act.need("state")
    ways = [way for way in act.corp.ways.values() if way.state == state and not way.deleted]
    if not ways:
        raise Wrong(f"there is no contact way with the state {state}")
    return ways[-1]


@route("POST", "add")
def add(act: Act) -> dict[str, Any]:
    """An add without a code: by the customer (2: phone search), or by the guide."""
    user, customer = act.user(), act.customer()
    relation = relations.ask(
        act.world, act.corp, user, customer, state=str(act.body.get("state") or ""),
        add_way=int(act.body.get("add_way", 2)), confirm=act.body.get("confirm", True),
        oper=user.userid if act.body.get("by") == "guide" else customer.external_userid,
    )  # fmt: skip
    return told(relation)


@route("POST", "accept")
def accept(act: Act) -> dict[str, Any]:
    """The member confirms a customer who asked."""
    return told(relations.accept(act.world, act.corp, act.user(), act.relation()))


@route("POST", "delete")
def delete(act: Act) -> dict[str, Any]:
    """Either side ends it."""
    if act.need("by") not in ("customer", "guide"):
        raise Wrong('by is "customer" or "guide"')
    relation = act.relation()
    relations.delete(act.world, act.corp, relation, by=act.body["by"])
    return told(relation)


@route("POST", "edit")
def edit(act: Act) -> dict[str, Any]:
    """The guide writes in her client; `tags` are corp tag ids or names."""
    relation, body = act.relation(), act.body
    tags = None if body.get("tags") is None else [_tag_id(act, tag) for tag in body["tags"]]
    relations.edit(
        act.world, act.corp, relation, remark=body.get("remark"), description=body.get("description"),
        remark_company=body.get("company"), remark_mobiles=body.get("phones"), tags=tags,
        personal_tags=body.get("personal_tags"),
    )  # fmt: skip
    return told(relation)


def _tag_id(act: Act, wanted: str) -> str:
    for group in act.corp.tag_groups.values():
        for tag in group.alive:
            if wanted in (tag.id, tag.name):
                return tag.id
    raise Wrong(f"there is no tag {wanted}")


@route("POST", "say")
def say(act: Act) -> dict[str, Any]:
    """One of the two writes a message."""
    relation, by = act.relation(), str(act.body.get("by", "customer"))
    relations.say(act.world, act.corp, relation, by=by)
    act.sandbox.log.add(
        "message", act.world.clock.now(), what="chat", by=by, corp_id=act.corp.corp_id, userid=relation.userid,
        external_userid=relation.external_userid, text=str(act.body.get("text", "")),
    )  # fmt: skip
    return told(relation)


@route("POST", "confirm")
def confirm(act: Act) -> dict[str, Any]:
    """A guide confirms a mass send; outcome 1 sent, 2 no friend, 3 had enough, or as the world is."""
    mass, user = act.corp.masses.get(str(act.need("msgid"))), act.user()
    if mass is None:
        raise Wrong(f"there is no mass message {act.body['msgid']}")
    part = masses.confirm(act.world, act.corp, mass, user.userid, act.body.get("outcome"))
    for target, status in part.targets.items():
        if status == masses.SENT:
            whom = "chat_id" if target in act.corp.groups else "external_userid"
            act.sandbox.log.add(
                "message", act.world.clock.now(), what="mass", corp_id=act.corp.corp_id, userid=user.userid,
                text=mass.text, attachments=mass.attachments, msgid=mass.msgid, **{whom: target},
            )  # fmt: skip
    return {"msgid": mass.msgid, "userid": user.userid, "sent_at": part.sent_at, "targets": part.targets}


@route("POST", "rival")
def rival(act: Act) -> dict[str, Any]:
    """Another app sends its welcome for some seconds (41096); then it has (41051), or with wins=false has not."""
    relation = act.relation()
    if relation.welcome is None:
        raise Wrong("no welcome is open for the two")
    relation.welcome.rival_until = act.world.clock.now() + float(act.body.get("seconds", 0))
    relation.welcome.rival_wins = bool(act.body.get("wins", True))
    return told(relation)


def told(relation: Relation) -> dict[str, Any]:
    """A relation as JSON."""
    hidden = ("seq", "welcome", "shown_from", "hidden_from")
    row = {each.name: getattr(relation, each.name) for each in fields(relation) if each.name not in hidden}
    return {**row, "status": relation.status}
