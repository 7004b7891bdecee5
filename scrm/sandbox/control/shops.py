"""People and shops, corp tags of the console."""

from dataclasses import asdict
from typing import Any

from scrm.sandbox import letters, shops
from scrm.sandbox.api.tags import remove
from scrm.sandbox.control.routes import Act, Wrong, route
from scrm.sandbox.nouns import Department, Tag, TagGroup


@route("POST", "departments")
def open_department(act: Act) -> dict[str, Any]:
    known = {name: str(act.body[name]) for name in ("kind", "city", "franchisee") if name in act.body}
    parent_id = int(act.body.get("parent_id") or 1)
    return asdict(shops.open_department(act.world, act.corp, str(act.need("name")), parent_id, **known))


@route("POST", "departments/*")
def change_department(act: Act) -> dict[str, Any]:
    place = _department(act)
    known = {name: act.body[name] for name in ("name", "parent_id") if name in act.body}
    shops.change_department(act.world, act.corp, place, **known)
    return asdict(place)


@route("DELETE", "departments/*")
def close_department(act: Act) -> dict[str, Any]:
    place = _department(act)
    shops.close_department(act.world, act.corp, place)
    return asdict(place)


def _department(act: Act) -> Department:
    number = int(act.words[0]) if act.words[0].isdigit() else -1
    if number not in act.corp.departments:
        raise Wrong(f"there is no department {act.words[0]}")
    return act.corp.departments[number]


@route("POST", "users")
def join(act: Act) -> dict[str, Any]:
    act.need("department")
    known = _known(act)
    return asdict(shops.join(act.world, act.corp, known.pop("departments"), **known))


@route("POST", "users/*")
def change(act: Act) -> dict[str, Any]:
    known = {name: value for name, value in _known(act).items() if name != "userid"}
    return asdict(shops.change(act.world, act.corp, act.user(act.words[0]), **known))


@route("POST", "users/*/leave")
def leave(act: Act) -> dict[str, Any]:
    user = act.user(act.words[0])
    shops.leave(act.world, act.corp, user)
    return asdict(user)


def _known(act: Act) -> dict[str, Any]:
    """The body's words about a member; `department` is one id or a list."""
    known = {name: value for name, value in act.body.items() if name != "corp_id"}
    if "department" in known:
        given = known.pop("department")
        known["departments"] = [int(each) for each in (given if isinstance(given, list) else [given])]
    return known


@route("POST", "tags")
def create_tag(act: Act) -> dict[str, Any]:
    """The console makes a tag, and its group if there is none of that name."""
    named = str(act.need("group"))
    groups = [each for each in act.corp.tag_groups.values() if not each.deleted and named in (each.id, each.name)]
    group = groups[0] if groups else TagGroup(act.world.id(act.corp, "et"), named, act.world.clock.seconds())
    if not groups:
        act.corp.tag_groups[group.id] = group
        _tell(act, "create", group)
    tag = Tag(act.world.id(act.corp, "et"), str(act.need("name")), group.id, group.create_time)
    group.tags.append(tag)
    _tell(act, "create", tag)
    return asdict(tag)


@route("POST", "tags/shuffle")
def shuffle(act: Act) -> dict[str, Any]:
    """The console sorts the tags of a group, or the groups: the letter has no TagType."""
    found = _find(act, str(act.body["id"]))[0] if act.body.get("id") else None
    for order, tag in enumerate(reversed(found.alive if found else [])):
        tag.order = order
    xml = letters.tag(act.corp, act.world.clock.seconds(), "shuffle", found.id if found else None, None)
    act.world.tell(act.corp, xml)
    return {}


@route("POST", "tags/*")
def change_tag(act: Act) -> dict[str, Any]:
    thing = _find(act, act.words[0])[1]
    thing.name, thing.order = str(act.body.get("name", thing.name)), int(act.body.get("order", thing.order))
    _tell(act, "update", thing)
    return asdict(thing)


@route("DELETE", "tags/*")
def delete_tag(act: Act) -> dict[str, Any]:
    group, thing = _find(act, act.words[0])
    for each in remove(group, thing):
        _tell(act, "delete", each)
    return {}


def _find(act: Act, wanted: str) -> tuple[TagGroup, Tag | TagGroup]:
    for group in act.corp.tag_groups.values():
        things: list[Tag | TagGroup] = [group, *group.tags]
        for thing in things:
            if wanted == thing.id and not thing.deleted:
                return group, thing
    raise Wrong(f"there is no tag or group {wanted}")


def _tell(act: Act, change: str, thing: Tag | TagGroup) -> None:
    kind = "tag" if isinstance(thing, Tag) else "tag_group"
    act.world.tell(act.corp, letters.tag(act.corp, act.world.clock.seconds(), change, thing.id, kind))
