"""Changes of WeCom's tag libraries that HQ asks for: written here, made one by one, settled by WeCom's answer.

Whoever spoke to WeCom last is right: a name that somebody gave there before our change arrives is overwritten by it,
one given afterwards stays, and our library is read again after each answer. Only what HQ changed is sent, so that a
tag that is moved keeps whatever name it has by then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, Min, OuterRef

from members import libraries, taglives
from members.models import Tag, TagChange, TagGroup, TagLibrary
from scrm.audit import entries
from scrm.wecom import calls
from scrm.wecom.models import Corp, OutboundCall
from stores.models import Person

log = structlog.get_logger()

Kind, State = TagChange.Kind, TagChange.State
LONGEST = 30  # characters of a name, WeCom's limit
MOST_TAGS = 10_000  # of a corp, WeCom's limit
AT_ONCE = 100
NOT_OURS = {81011}
APIS = {
    Kind.CREATE: "externalcontact/add_corp_tag",
    Kind.EDIT: "externalcontact/edit_corp_tag",
    Kind.DELETE: "externalcontact/del_corp_tag",
}
AMENDS_WITHIN = timedelta(hours=1)
A_PLACE = 1 << 31  # the greatest order that WeCom takes


class CannotBe(Exception):
    """WeCom would refuse this; the code says why."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@transaction.atomic
def create(
    corp: Corp,
    names: Sequence[str],
    *,
    group: TagGroup | None = None,
    group_name: str = "",
    by: Person | None,
    at: datetime,
) -> TagChange:
    """New tags, in a group that exists or in a new one. Raises CannotBe."""
    _lock(corp)
    wanted = list(dict.fromkeys(_named(name) for name in names if name.strip()))
    if not wanted:
        raise CannotBe("nothing")
    if len(wanted) > AT_ONCE:
        raise CannotBe("too_many_at_once", limit=AT_ONCE)
    title = group.name if group else _named(group_name)
    if group is None and _live_groups(corp).filter(name=title).exists():
        raise CannotBe("group_exists", name=title)
    taken = _names_in(corp, group, title) & set(wanted)
    if taken:
        raise CannotBe("name_taken", name=min(taken))
    if _count(corp) + len(wanted) > MOST_TAGS:
        raise CannotBe("library_full", limit=MOST_TAGS)
    said: dict[str, Any] = {"tags": [{"name": name} for name in wanted]}
    return _ask(corp, Kind.CREATE, said if group else {**said, "group_name": title}, group=group, by=by, at=at)


@transaction.atomic
def edit(
    thing: Tag | TagGroup, *, name: str | None = None, rank: int | None = None, by: Person | None, at: datetime
) -> TagChange | None:
    """Another name or place of a tag or a group; None where it has both already. Raises CannotBe."""
    corp, group = _place_of(thing)
    _lock(corp)
    wanted: dict[str, Any] = {}
    latest = _latest(thing)
    if name is not None and (said := _named(name)) != latest["name"]:
        beside = _names_in(corp, group, group.name) if isinstance(thing, Tag) else _group_names(corp)
        if said in beside:
            raise CannotBe("name_taken", name=said)
        wanted["name"] = said
    if rank is not None and rank != latest["order"]:
        wanted["order"] = max(0, min(rank, A_PLACE - 1))
    if not wanted:
        return None
    tag = thing if isinstance(thing, Tag) else None
    before = {"name": thing.name, "order": thing.rank}
    return _ask(corp, Kind.EDIT, wanted, group=group, tag=tag, before=before, by=by, at=at)


@transaction.atomic
def order(things: Sequence[Tag] | Sequence[TagGroup], *, by: Person | None, at: datetime) -> int:
    """How many of these tags, or groups, of one corp are to get another place, so that they stand in this order."""
    asked, listed = 0, list[Any](things)
    for place, thing in enumerate(reversed(listed), 1):
        asked += edit(thing, rank=place, by=by, at=at) is not None
    return asked


@transaction.atomic
def delete(thing: Tag | TagGroup, *, by: Person | None, at: datetime) -> TagChange:
    """A tag, or a group with all its tags, is to go from WeCom, and from all customers. Raises CannotBe, InUse."""
    corp, group = _place_of(thing)
    _lock(corp)
    tag = thing if isinstance(thing, Tag) else None
    tags = [tag] if tag else list(group.tags.filter(deleted_at=None))  # type: ignore[attr-defined]
    taglives.refuse_if_used([one.pk for one in tags])
    again = TagChange.objects.filter(corp=corp, kind=Kind.DELETE, group=group, tag=tag, state__in=OPEN).first()
    return again or _ask(corp, Kind.DELETE, {}, group=group, tag=tag, before={"name": thing.name}, by=by, at=at)


OPEN = (State.WAITING, State.ASKED)


def _ask(
    corp: Corp,
    kind: TagChange.Kind,
    wanted: dict[str, Any],
    *,
    group: TagGroup | None,
    tag: Tag | None = None,
    before: dict[str, Any] | None = None,
    by: Person | None,
    at: datetime,
) -> TagChange:
    change = TagChange.objects.create(
        corp=corp, kind=kind, wanted=wanted, group=group, tag=tag, before=before or {}, by=by, at=at
    )
    entries.record("tagchange.asked", by=by, subject=change, at=at, kind=kind, tag=_id(tag), group=_id(group))
    return change


def _id(thing: Tag | TagGroup | None) -> str:
    return thing.public_id if thing else ""


def _lock(corp: Corp) -> None:
    """Nobody else asks for changes of this library meanwhile."""
    Corp.objects.select_for_update(no_key=True).get(pk=corp.pk)


def _named(name: str) -> str:
    said = " ".join(name.split())
    if not said:
        raise CannotBe("no_name")
    if len(said) > LONGEST:
        raise CannotBe("too_long", limit=LONGEST)
    if not said.isprintable():
        raise CannotBe("no_name")
    return said


def _place_of(thing: Tag | TagGroup) -> tuple[Corp, TagGroup]:
    """The corp and the group of something that we may change at WeCom; raises CannotBe."""
    group = thing.group if isinstance(thing, Tag) else thing
    if group.corp is None:
        raise CannotBe("not_wecoms")
    if thing.deleted_at or group.deleted_at:
        raise CannotBe("gone")
    if thing.is_foreign:
        raise CannotBe("foreign")
    return group.corp, group


def _live_groups(corp: Corp) -> Any:
    return TagGroup.objects.filter(corp=corp, deleted_at=None)


def _waiting(corp: Corp | None) -> Any:
    return TagChange.objects.filter(corp=corp, state__in=OPEN).order_by("pk")


def _latest(thing: Tag | TagGroup) -> dict[str, Any]:
    """Name and place as they will be once all that was asked for is done."""
    tag, group = (thing, thing.group) if isinstance(thing, Tag) else (None, thing)
    said = {"name": thing.name, "order": thing.rank}
    for change in _waiting(group.corp).filter(kind=Kind.EDIT, tag=tag, group=group):
        said |= change.wanted
    return said


def _names_in(corp: Corp, group: TagGroup | None, title: str) -> set[str]:
    """The names that tags of a group have, or were asked to have."""
    names = set(group.tags.filter(deleted_at=None).values_list("name", flat=True)) if group else set()  # type: ignore[attr-defined]
    for change in _waiting(corp):
        if change.kind == Kind.CREATE and (
            change.group == group if group else change.wanted.get("group_name") == title
        ):
            names |= {tag["name"] for tag in change.wanted["tags"]}
        elif change.kind == Kind.EDIT and change.tag_id and change.group == group:
            names |= {change.wanted.get("name", "")}
    return names


def _group_names(corp: Corp) -> set[str]:
    asked = {change.wanted.get("group_name", "") for change in _waiting(corp)}
    return set(_live_groups(corp).values_list("name", flat=True)) | asked


def _count(corp: Corp) -> int:
    asked = sum(len(change.wanted["tags"]) for change in _waiting(corp) if change.kind == Kind.CREATE)
    return int(Tag.objects.filter(group__corp=corp, deleted_at=None).count()) + asked


def lane(at: datetime) -> int:
    """How many changes WeCom is now asked for: of each corp the oldest, once the one before is settled (a lane)."""
    begun = TagChange.objects.filter(corp=OuterRef("corp"), state=State.ASKED)
    waiting = TagChange.objects.filter(state=State.WAITING).exclude(Exists(begun))
    next_ones = waiting.order_by().values("corp").annotate(first=Min("pk")).values_list("first", flat=True)
    return _amend(at) + sum(_begin(pk, at=at) for pk in list(next_ones))


@transaction.atomic
def _begin(pk: int, *, at: datetime) -> bool:
    change = TagChange.objects.select_related("corp", "group", "tag").get(pk=pk)
    _lock(change.corp)
    change.refresh_from_db(fields=["state"])
    if change.state != State.WAITING or TagChange.objects.filter(corp=change.corp, state=State.ASKED).exists():
        return False
    change.state = State.ASKED
    change.save(update_fields=["state"])
    calls.plan(change.corp, APIS[Kind(change.kind)], _body(change), key=f"tagchange:{change.pk}", at=at)
    return True


def _body(change: TagChange) -> dict[str, Any]:
    """What WeCom is asked; of a group of another corp's making we know the id alone."""
    thing = change.tag or change.group
    wecom_id = (change.tag.tag_id if change.tag else change.group.group_id) if thing and change.group else None
    if change.kind == Kind.CREATE:
        where = {"group_id": wecom_id} if wecom_id else {"group_name": change.wanted["group_name"]}
        return {**where, "tag": change.wanted["tags"]}
    if change.kind == Kind.EDIT:
        return {"id": wecom_id, **change.wanted}
    return {"tag_id" if change.tag else "group_id": [wecom_id]}


def answered(told: Sequence[OutboundCall], at: datetime) -> None:
    """WeCom's answers to changes of tag libraries; the libraries are read again, whatever it answered."""
    ours = {int(key[10:]): call for call in told if (key := call.key or "").startswith("tagchange:")}
    found = TagChange.objects.select_for_update(of=("self",)).select_related("corp", "group", "tag")
    for change in found.filter(pk__in=ours, state=State.ASKED).order_by("pk"):
        _hear(change, ours[change.pk], at=at)
    libraries.library_changed({call.corp_id for call in told}, at=at)


def _hear(change: TagChange, call: OutboundCall, *, at: datetime) -> None:
    done = call.state == OutboundCall.State.DONE
    if done and change.kind == Kind.CREATE:
        _made(change, (call.result or {}).get("tag_group") or {}, at=at)
    elif done and change.kind == Kind.EDIT:
        libraries.renamed(change.tag or change.group, change.wanted)
    elif done:
        libraries.gone(change.tag or change.group, at=at)
    elif call.errcode in NOT_OURS:
        libraries.is_foreign(change.tag or change.group)
    change.state, change.errcode, change.settled_at = State.DONE if done else State.REFUSED, call.errcode, at
    change.save(update_fields=["state", "errcode", "settled_at", "group"])
    log.info("members.tags.change_settled", change=change.public_id, state=change.state, errcode=change.errcode)


def _made(change: TagChange, said: dict[str, Any], *, at: datetime) -> None:
    if said.get("group_id"):
        libraries.add(change.corp, said, at=at)
        change.group = TagGroup.objects.get(corp=change.corp, group_id=said["group_id"])


def _amend(at: datetime) -> int:
    """How many refused changes turn out to be done, now that the library was read: somebody did the same, or we did
    and the answer was lost."""
    read = TagLibrary.objects.filter(corp=OuterRef("corp"), read_at__gte=OuterRef("settled_at"))
    refused = TagChange.objects.filter(Exists(read), state=State.REFUSED, settled_at__gt=at - AMENDS_WITHIN)
    done = [change.pk for change in refused.select_related("corp", "group", "tag") if _holds(change)]
    return TagChange.objects.filter(pk__in=done).update(state=State.DONE, errcode=0) if done else 0


def _holds(change: TagChange) -> bool:
    thing = change.tag or change.group
    if change.kind == Kind.DELETE:
        return bool(thing and thing.deleted_at)
    if change.kind == Kind.EDIT:
        said = {"name": thing.name, "order": thing.rank} if thing and not thing.deleted_at else {}
        return all(said.get(word) == value for word, value in change.wanted.items())
    group = change.group or _live_groups(change.corp).filter(name=change.wanted.get("group_name")).first()
    names = set(Tag.objects.filter(group=group, deleted_at=None).values_list("name", flat=True)) if group else set()
    return names >= {tag["name"] for tag in change.wanted["tags"]}
