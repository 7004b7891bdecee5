"""Corp tags (WeCom doc 92117): an app changes only what it made."""

from typing import Any

from scrm.sandbox import letters
from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.nouns import Tag, TagGroup

MOST_TAGS = 10_000
LONGEST = 30


@endpoint("POST", "externalcontact/get_corp_tag_list", lists=("tag_group",))
def get_corp_tag_list(call: Call) -> dict[str, Any]:
    """WeCom doc 92117: everything, or what tag_id or group_id (it wins) name; only then are the deleted shown."""
    groups, tags = call.body.texts("group_id") or [], call.body.texts("tag_id") or []
    every = [] if call.empty() else list(call.corp.tag_groups.values())
    if groups:
        shown = [_group(each, each.tags, deleted=True) for each in every if each.id in groups]
    elif tags:
        some = [(each, [tag for tag in each.tags if tag.id in tags]) for each in every]
        shown = [_group(each, its, deleted=True) for each, its in some if its]
    else:
        shown = [_group(each, each.alive) for each in every if not each.deleted]
    return {"tag_group": shown}


@endpoint("POST", "externalcontact/add_corp_tag")
def add_corp_tag(call: Call) -> dict[str, Any]:
    """WeCom doc 92117: tags into a group that exists (by id or name) or is made; doubles in one call collapse."""
    wanted = {tag.text("name"): tag.number("order", 0) or 0 for tag in reversed(call.body.parts("tag") or [])}
    if not wanted or "" in wanted:
        raise Refusal(41018)
    group = _target(call)
    if any(len(name) > LONGEST for name in (*wanted, group.name)):
        raise Refusal(40072)
    if any(tag.name in wanted for tag in group.alive):
        raise Refusal(40071)
    if sum(len(each.alive) for each in call.corp.tag_groups.values()) + len(wanted) > MOST_TAGS:
        raise Refusal(40126)
    if group.id not in call.corp.tag_groups:
        call.corp.tag_groups[group.id] = group
        _echo(call, "create", group.id, "tag_group")
    return {"tag_group": _group(group, [_new_tag(call, group, name, wanted[name]) for name in reversed(wanted)])}


def _target(call: Call) -> TagGroup:
    """The group that new tags go into, perhaps a new one that the corp does not have yet."""
    body, groups = call.body, [each for each in call.corp.tag_groups.values() if not each.deleted]
    if body.text("group_id"):
        found = [each for each in groups if each.id == body.text("group_id")]
        if not found:
            raise Refusal(40068)
        return found[0]
    name = body.text("group_name")
    if not name:
        raise Refusal(40063)
    found = [each for each in groups if each.name == name]
    if found:
        return found[0]
    order = body.number("order", 0) or 0
    return TagGroup(call.world.id(call.corp, "et"), name, int(call.now), order, call.app.agent_id)


def _new_tag(call: Call, group: TagGroup, name: str, order: int) -> Tag:
    tag = Tag(call.world.id(call.corp, "et"), name, group.id, int(call.now), order, call.app.agent_id)
    group.tags.append(tag)
    _echo(call, "create", tag.id, "tag")
    return tag


@endpoint("POST", "externalcontact/edit_corp_tag")
def edit_corp_tag(call: Call) -> dict[str, Any]:
    """WeCom doc 92117: a new name or order for a tag or a group."""
    wanted = call.body.text("id")
    if not wanted:
        raise Refusal(41017)
    group, thing = _find(call, wanted)
    _may(call, thing)
    name = call.body.text("name", thing.name)
    if not 0 < len(name) <= LONGEST:
        raise Refusal(40072)
    beside = group.alive if isinstance(thing, Tag) else call.corp.tag_groups.values()
    if any(each.name == name for each in beside if each is not thing and not each.deleted):
        raise Refusal(40071)
    thing.name, thing.order = name, call.body.number("order", thing.order) or 0
    _echo(call, "update", wanted, "tag" if isinstance(thing, Tag) else "tag_group")
    return {}


@endpoint("POST", "externalcontact/del_corp_tag")
def del_corp_tag(call: Call) -> dict[str, Any]:
    """WeCom doc 92117: with its last tag a group goes as well."""
    wanted = [*(call.body.texts("tag_id") or []), *(call.body.texts("group_id") or [])]
    if not wanted:
        raise Refusal(41017)
    found = [_find(call, each) for each in wanted]
    for _, thing in found:
        _may(call, thing)
    for group, thing in found:
        for each in remove(group, thing):
            _echo(call, "delete", each.id, "tag" if isinstance(each, Tag) else "tag_group")
    return {}


def remove(group: TagGroup, thing: Tag | TagGroup) -> list[Tag | TagGroup]:
    """Delete a tag or a group; what is told of: the group alone if it went."""
    thing.deleted = True
    if not group.alive or thing is group:
        group.deleted = True
        for tag in group.tags:
            tag.deleted = True
        return [group]
    return [thing]


def _find(call: Call, wanted: str) -> tuple[TagGroup, Tag | TagGroup]:
    for group in call.corp.tag_groups.values():
        things: list[Tag | TagGroup] = [group, *group.tags]
        for thing in things:
            if thing.id == wanted and not thing.deleted:
                return group, thing
    raise Refusal(40068)


def _may(call: Call, thing: Tag | TagGroup) -> None:
    if thing.owner != call.app.agent_id:
        raise Refusal(81011)


def _echo(call: Call, change: str, thing_id: str, kind: str) -> None:
    if call.world.switches.api_echo:
        call.world.tell(call.corp, letters.tag(call.corp, int(call.now), change, thing_id, kind))


def _group(group: TagGroup, tags: list[Tag], *, deleted: bool = False) -> dict[str, Any]:
    """A group as the API shows it, the greater order first; with deleted=True the flags are there."""
    return {
        "group_id": group.id,
        "group_name": group.name,
        "create_time": group.create_time,
        "order": group.order,
        **({"deleted": group.deleted} if deleted else {}),
        "tag": [
            {
                "id": tag.id, "name": tag.name, "create_time": tag.create_time, "order": tag.order,
                **({"deleted": tag.deleted} if deleted else {}),
            }
            for tag in sorted(tags, key=lambda tag: -tag.order)
        ],
    }  # fmt: skip
