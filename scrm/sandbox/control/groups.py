"""The life of groups."""

from dataclasses import asdict
from typing import Any

from scrm.sandbox import groups
from scrm.sandbox.control.routes import Act, Wrong, route
from scrm.sandbox.nouns import Group


@route("POST", "groups")
def create(act: Act) -> dict[str, Any]:
    owner = act.user(str(act.need("owner")))
    return told(groups.create(act.world, act.corp, owner, str(act.need("name")), _people(act, needed=False)))


@route("POST", "groups/*/join")
def join(act: Act) -> dict[str, Any]:
    """Scene 1: invited, 2: by link, 3: by QR code."""
    group, scene = _group(act), int(act.body.get("scene") or 1)
    groups.join(act.world, act.corp, group, _people(act), inviter=str(act.body.get("inviter") or ""), scene=scene)
    return told(group)


@route("POST", "groups/*/leave")
def leave(act: Act) -> dict[str, Any]:
    group = _group(act)
    groups.leave(act.world, act.corp, group, _people(act), removed=bool(act.body.get("removed")))
    return told(group)


@route("POST", "groups/*/dismiss")
def dismiss(act: Act) -> dict[str, Any]:
    group = _group(act)
    groups.dismiss(act.world, act.corp, group)
    return told(group)


@route("POST", "groups/*/rename")
def rename(act: Act) -> dict[str, Any]:
    return _change(act, "change_name", str(act.need("name")))


@route("POST", "groups/*/notice")
def notice(act: Act) -> dict[str, Any]:
    return _change(act, "change_notice", str(act.need("notice")))


@route("POST", "groups/*/owner")
def owner(act: Act) -> dict[str, Any]:
    return _change(act, "change_owner", act.user().userid)


def _change(act: Act, detail: str, value: str) -> dict[str, Any]:
    group = _group(act)
    groups.change(act.world, act.corp, group, detail, value)
    return told(group)


def _group(act: Act) -> Group:
    group = act.corp.groups.get(act.words[0])
    if group is None or group.dismissed:
        raise Wrong(f"there is no group {act.words[0]}")
    return group


def _people(act: Act, *, needed: bool = True) -> list[str]:
    """The people whom the body names: members, external_userid or userid."""
    said = [*(act.body.get("members") or []), act.body.get("external_userid"), act.body.get("userid")]
    names = [str(each) for each in said if each]
    if needed and not names:
        raise Wrong("external_userid, userid or members is missing")
    return [user.userid if (user := act.corp.user(name)) else name for name in names]


def told(group: Group) -> dict[str, Any]:
    row = asdict(group)
    return {**row, "members": list(row["members"].values())}
