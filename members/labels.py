"""Tags of our own, which WeCom never hears of: their groups, names and order. People or rules put them on customers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from members import taglives
from members.models import Tag, TagGroup
from members.tagchanges import CannotBe
from scrm.audit import entries
from stores.models import Person

LONGEST = 60
MOST_TAGS = 5000  # alive at a time: more are no labels, but a field's values


def group(name: str, *, by: Person | None, at: datetime) -> TagGroup:
    """A new group of ours. Raises CannotBe."""
    with transaction.atomic():
        _alone()
        said = named(name)
        if _groups().filter(name=said).exists():
            raise CannotBe("group_exists", name=said)
        made = TagGroup.objects.create(corp=None, name=said)
        entries.record("taggroup.created", by=by, subject=made, at=at)
        return made


def tag(
    group: TagGroup, name: str, *, says: str = "", kind: Tag.Kind = Tag.Kind.INTERNAL, by: Person | None, at: datetime
) -> Tag:
    """A new tag of ours. Raises CannotBe."""
    with transaction.atomic():
        _alone()
        _may(group)
        said = named(name)
        if group.tags.filter(name=said, deleted_at=None).exists():  # type: ignore[attr-defined]
            raise CannotBe("name_taken", name=said)
        if Tag.objects.filter(group__corp=None, deleted_at=None).count() >= MOST_TAGS:
            raise CannotBe("library_full", limit=MOST_TAGS)
        made = Tag.objects.create(group=group, kind=kind, name=said, says=says.strip()[:300], made_at=at)
        entries.record("tag.created", by=by, subject=made, at=at, kind=kind)
        return made


def change(
    thing: Tag | TagGroup,
    *,
    name: str | None = None,
    says: str | None = None,
    rank: int | None = None,
    by: Person | None,
    at: datetime,
) -> bool:
    """Whether this has another name, meaning or place now. Raises CannotBe."""
    with transaction.atomic():
        _alone()
        _may(thing)
        wanted: dict[str, Any] = {}
        if name is not None and (said := named(name)) != thing.name:
            if _beside(thing).filter(name=said, deleted_at=None).exists():
                raise CannotBe("name_taken", name=said)
            wanted["name"] = said
        if says is not None and isinstance(thing, Tag) and says.strip() != thing.says:
            wanted["says"] = says.strip()[:300]
        if rank is not None and rank != thing.rank:
            wanted["rank"] = rank
        if not wanted:
            return False
        type(thing)._default_manager.filter(pk=thing.pk).update(**wanted)
        entries.record(f"{thing._meta.model_name}.changed", by=by, subject=thing, at=at, what=sorted(wanted))
        return True


def order(things: Sequence[Tag] | Sequence[TagGroup], *, by: Person | None, at: datetime) -> int:
    """How many of these have another place now that they stand in this order."""
    places = list(enumerate(reversed(list[Any](things)), 1))
    return sum(change(thing, rank=place, by=by, at=at) for place, thing in places)


@transaction.atomic
def delete(thing: Tag | TagGroup, *, by: Person | None, at: datetime) -> None:
    """A tag, or a group with its tags, is gone, and nobody bears it any more. Raises CannotBe, InUse."""
    _alone()
    _may(thing)
    tags = [thing] if isinstance(thing, Tag) else list(thing.tags.filter(deleted_at=None))  # type: ignore[attr-defined]
    taglives.refuse_if_used([one.pk for one in tags])
    type(thing)._default_manager.filter(pk=thing.pk).update(deleted_at=at)
    Tag.objects.filter(pk__in=[one.pk for one in tags]).update(deleted_at=at)
    entries.record(f"{thing._meta.model_name}.deleted", by=by, subject=thing, at=at, tags=len(tags))


def named(name: str) -> str:
    """The name as it is kept; raises CannotBe."""
    said = " ".join(name.split())
    if not said or not said.isprintable():
        raise CannotBe("no_name")
    if len(said) > LONGEST:
        raise CannotBe("too_long", limit=LONGEST)
    return said


def _alone() -> None:
    """Nobody else changes our library meanwhile."""
    list(_groups().order_by("pk").select_for_update()[:1])


def _groups() -> Any:
    return TagGroup.objects.filter(corp=None, deleted_at=None)


def _beside(thing: Tag | TagGroup) -> Any:
    rows: Any = thing.group.tags if isinstance(thing, Tag) else _groups()  # type: ignore[attr-defined]
    return rows.exclude(pk=thing.pk)


def _may(thing: Tag | TagGroup) -> None:
    group = thing.group if isinstance(thing, Tag) else thing
    if group.corp_id is not None:
        raise CannotBe("wecoms")
    if thing.deleted_at or group.deleted_at:
        raise CannotBe("gone")
