"""The life of customer groups; every change of members gives a new member_version (doc 92130)."""

from scrm.sandbox import letters
from scrm.sandbox.nouns import Group, Member, User
from scrm.sandbox.relations import Impossible
from scrm.sandbox.world import Corp, World

QR = 3


def create(world: World, corp: Corp, owner: User, name: str, members: list[str]) -> Group:
    """A new group of a member, with people in it from the start."""
    group = Group(world.id(corp, "wr"), name, owner.userid, world.clock.seconds(), member_version=world.hex())
    corp.groups[group.chat_id] = group
    for person in dict.fromkeys([owner.userid, *members]):
        _enter(world, corp, group, person, inviter=owner.userid, scene=1)
    _tell(world, corp, group, "create", [])
    return group


def join(world: World, corp: Corp, group: Group, people: list[str], *, inviter: str = "", scene: int = 1) -> None:
    """People come in: by invitation (1), by link (2) or by QR code (3, which letters call 3 and the others 0)."""
    fresh = [person for person in dict.fromkeys(people) if person not in group.members]
    if not fresh:
        raise Impossible("they are in the group already")
    for person in fresh:
        _enter(world, corp, group, person, inviter=inviter, scene=scene)
    _update(world, corp, group, "add_member", fresh, scene=("JoinScene", QR if scene == QR else 0))


def leave(world: World, corp: Corp, group: Group, people: list[str], *, removed: bool = False) -> None:
    """People go by themselves (QuitScene 0) or are removed (1)."""
    gone = [person for person in people if person in group.members]
    if not gone:
        raise Impossible("they are not in the group")
    if group.owner in gone:
        raise Impossible("the owner cannot leave: change the owner or dismiss the group")
    for person in gone:
        del group.members[person]
    group.admins = [each for each in group.admins if each not in gone]
    _update(world, corp, group, "del_member", gone, scene=("QuitScene", int(removed)))


def dismiss(world: World, corp: Corp, group: Group) -> None:
    """The group is no more."""
    group.dismissed = True
    _tell(world, corp, group, "dismiss", [])


def change(world: World, corp: Corp, group: Group, detail: str, value: str) -> None:
    """change_name, change_notice or change_owner; the new owner must be in the group."""
    if detail == "change_owner":
        if value not in group.members:
            raise Impossible(f"{value} is not in the group")
        group.owner = value
        group.admins = [each for each in group.admins if each != value]
    else:
        setattr(group, detail.removeprefix("change_"), value)
    _tell(world, corp, group, "update", [("UpdateDetail", detail)])


def _enter(world: World, corp: Corp, group: Group, person: str, *, inviter: str, scene: int) -> None:
    user, customer = corp.user(person), corp.customers.get(person)
    if user is None and customer is None:
        raise Impossible(f"nobody is called {person}")
    name = user.name if user else customer.name if customer else ""
    group.members[person] = Member(person, 1 if user else 2, world.clock.seconds(), scene, inviter, name)


def _update(world: World, corp: Corp, group: Group, detail: str, people: list[str], *, scene: tuple[str, int]) -> None:
    last, group.member_version = group.member_version, world.hex()
    fields: letters.Fields = [
        ("UpdateDetail", detail), scene, ("MemChangeCnt", len(people)), ("MemChangeList", people),
        ("LastMemVer", last), ("CurMemVer", group.member_version),
    ]  # fmt: skip
    _tell(world, corp, group, "update", fields)


def _tell(world: World, corp: Corp, group: Group, what: str, fields: letters.Fields) -> None:
    world.tell(
        corp, letters.chat(corp, world.clock.seconds(), what, group.chat_id, fields), about=corp.user(group.owner)
    )
