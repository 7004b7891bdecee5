"""The directory's life: members come, move and leave; departments open, change and close (doc 90970)."""

from typing import Any

from scrm.sandbox import letters
from scrm.sandbox.brand import department, hire
from scrm.sandbox.nouns import LEFT, Department, User
from scrm.sandbox.relations import Impossible
from scrm.sandbox.world import Corp, World


def join(world: World, corp: Corp, places: list[int], **known: Any) -> User:
    """A new member of some departments: create_user."""
    _exist(corp, places)
    userid = known.get("userid")
    if userid and userid.lower() in corp.users:
        raise Impossible(f"there is a member {userid} already")
    user = hire(world, corp, places, position=known.pop("position", "导购"), serves=known.pop("serves", True))
    if userid:
        del corp.users[user.userid.lower()]
        corp.users[userid.lower()] = user
    _write(corp, user, known)
    _tell(world, corp, "create_user", user, Department=_places(user), Name=user.name, Position=user.position)
    return user


def change(world: World, corp: Corp, user: User, **known: Any) -> User:
    """Other departments, name, position, userid …: update_user, unless only what no letter tells has changed."""
    before, quiet = _places(user), {"console_welcome", "serves", "verified"}
    _exist(corp, known.get("departments", []))
    new_userid = known.pop("new_userid", None)
    _write(corp, user, known)
    moved = _places(user) if _places(user) != before else None
    renamed = _rename(corp, user, new_userid) if new_userid else {}
    if renamed or set(known) - quiet:
        long = {"Name": user.name, "Position": user.position, "Status": user.status} if known else {}
        _tell(world, corp, "update_user", user, **renamed, Department=moved, **long)
    return user


def leave(world: World, corp: Corp, user: User) -> None:
    """The member leaves the corp: delete_user. Her relations stay in the world, the API shows them no more."""
    user.left_at, user.status = world.clock.now(), LEFT
    for each in corp.departments.values():
        each.leaders = [leader for leader in each.leaders if leader != user.userid]
    _tell(world, corp, "delete_user", user)


def open_department(world: World, corp: Corp, name: str, parent_id: int, **known: str) -> Department:
    """A new department: create_party."""
    _exist(corp, [parent_id])
    made = department(corp, name, parent_id, kind=known.pop("kind", "store"), **known)
    _tell_party(world, corp, "create_party", made, ("Name", made.name), ("ParentId", str(parent_id)))
    return made


def change_department(world: World, corp: Corp, place: Department, **known: Any) -> None:
    """A new name or parent: update_party."""
    parent_id = int(known.get("parent_id", place.parent_id))
    _exist(corp, [parent_id])
    if parent_id in corp.subtree(place.id):
        raise Impossible("a department cannot be under itself")
    place.name, place.parent_id = known.get("name", place.name), parent_id
    _tell_party(world, corp, "update_party", place, ("Name", place.name), ("ParentId", str(place.parent_id)))


def close_department(world: World, corp: Corp, place: Department) -> None:
    """An empty department goes: delete_party."""
    if corp.subtree(place.id) != {place.id} or any(corp.people_of(place.id)):
        raise Impossible("the department is not empty")
    del corp.departments[place.id]
    _tell_party(world, corp, "delete_party", place)


def _exist(corp: Corp, places: list[int]) -> None:
    for place in places:
        if place not in corp.departments:
            raise Impossible(f"there is no department {place}")


def _write(corp: Corp, user: User, known: dict[str, Any]) -> None:
    for name, value in known.items():
        if name not in User.__dataclass_fields__:
            raise Impossible(f"a member has no {name}")
        setattr(user, name, value)
    for each in corp.departments.values():
        led = each.id in user.leads and each.id in user.departments
        each.leaders = [leader for leader in each.leaders if leader != user.userid] + [user.userid] * led


def _rename(corp: Corp, user: User, new_userid: str) -> dict[str, str]:
    """The member has a new userid from now on, in her relations and codes too; the letter has both."""
    if new_userid.lower() in corp.users:
        raise Impossible(f"there is a member {new_userid} already")
    old = user.userid
    corp.users[new_userid.lower()] = corp.users.pop(old.lower())
    rows = corp.by_user.pop(old.lower(), {})
    for external_userid, row in rows.items():
        row.userid = new_userid
        corp.relations[new_userid.lower(), external_userid] = corp.relations.pop((old.lower(), external_userid))
        its = corp.by_customer[external_userid]
        its[new_userid.lower()] = its.pop(old.lower())
    corp.by_user[new_userid.lower()] = rows
    for way in corp.ways.values():
        way.users = [new_userid if each == old else each for each in way.users]
    for place in corp.departments.values():
        place.leaders = [new_userid if each == old else each for each in place.leaders]
    user.userid = new_userid
    return {"UserID": old, "NewUserID": new_userid}


def _places(user: User) -> str:
    return ",".join(str(each) for each in user.departments)


def _tell(world: World, corp: Corp, what: str, user: User, **fields: Any) -> None:
    """A member's letter; the short form has ids and departments only."""
    said = {"UserID": user.userid, **fields}
    if world.switches.short_contact:
        said = {name: said.get(name) for name in ("UserID", "NewUserID", "Department")}
    xml = letters.directory(corp, world.clock.seconds(), what, list(said.items()))
    world.tell(corp, xml, about=user, kind="directory")


def _tell_party(world: World, corp: Corp, what: str, place: Department, *fields: tuple[str, str]) -> None:
    kept = [each for each in fields if each[0] != "Name" or not world.switches.short_contact]
    xml = letters.directory(corp, world.clock.seconds(), what, [("Id", place.id), *kept])
    world.tell(corp, xml, kind="directory")
