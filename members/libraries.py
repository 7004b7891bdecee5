"""WeCom's tag libraries, as WeCom tells them: read again when they changed, many changes at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from members.models import Tag, TagGroup, TagLibrary
from scrm.audit import alarms
from scrm.wecom.client import Client, client_for
from scrm.wecom.errors import BackOff, GiveUp, Refused, Retry
from scrm.wecom.models import Corp

PAUSE = timedelta(seconds=2)  # a burst of changes is read once
AGAIN = timedelta(minutes=2)
SHRINKS_AT_MOST = 0.1
A_FEW = 3
AT_ONCE = 100
A_FAR_TIME = 1 << 32  # seconds
LISTED_AFTER = timedelta(minutes=1)  # WeCom's lists show new things a little late


def library_changed(corps: Iterable[int], *, at: datetime) -> None:
    """The tag libraries of these corps are to be read again."""
    for corp in sorted(set(corps)):
        TagLibrary.objects.update_or_create(corp_id=corp, defaults={"read_due_at": at + PAUSE})


def read_due(at: datetime) -> int:
    """How many tag libraries were read (a lane of the worker)."""
    return sum(read_library(library.corp, at=at) for library in _claim(at))


@transaction.atomic
def _claim(at: datetime) -> list[TagLibrary]:
    due = TagLibrary.objects.filter(read_due_at__lte=at).select_related("corp")
    libraries = list(due.select_for_update(skip_locked=True, of=("self",)))
    for library in libraries:
        library.read_due_at = at + AGAIN
        library.save(update_fields=["read_due_at"])
    return libraries


def read_library(corp: Corp, *, at: datetime) -> bool:
    """Whether the corp's tags are now as WeCom has them; refusals leave all as it is."""
    library, _ = TagLibrary.objects.get_or_create(corp=corp)
    due = library.read_due_at  # whoever tells of a change while we read has it read again
    asked = TagLibrary.objects.filter(**{"read_due_at": due} if due else {"read_due_at__isnull": True}, pk=library.pk)
    try:
        take_in(corp, at=at)
    except (Retry, BackOff):
        return False
    except Refused:
        asked.update(read_due_at=None)
        return False
    asked.update(read_due_at=at + LISTED_AFTER if _fresh(corp, at=at) else None)
    TagLibrary.objects.filter(pk=library.pk).update(read_at=at)
    return True


def take_in(corp: Corp, *, at: datetime) -> dict[str, int]:
    """Makes our library WeCom's, and counts its tags; many that are suddenly not listed are asked for by their ids.

    Raises Refused. WeCom says of a tag that is asked for by its id whether it was deleted; without that word it stays.
    """
    client = client_for(corp)
    said = client.externalcontact.get_corp_tag_list()["tag_group"]
    missing = _missing(corp, said)
    listed = sum(len(group.get("tag", ())) for group in said)
    fresh = kept = _fresh(corp, at=at)
    missing -= fresh
    if len(missing) > max(A_FEW, SHRINKS_AT_MOST * (len(missing) + listed)):
        kept = fresh | missing - _deleted(client, sorted(missing))
    learn(corp, said, at=at, kept=kept)
    if kept - fresh:
        alarms.sound("tags_shrank", corp.corp_id, at=at, missing=len(kept - fresh), listed=listed)
    else:
        alarms.end("tags_shrank", corp.corp_id, at=at)
    return {"rows": listed, "missing": len(kept - fresh)}


def _missing(corp: Corp, said: Sequence[Mapping[str, Any]]) -> set[str]:
    """The ids of our tags that WeCom does not list."""
    listed = {tag["id"] for group in said for tag in group.get("tag", [])}
    ours = Tag.objects.filter(group__corp=corp, deleted_at=None).values_list("tag_id", flat=True)
    return {tag_id for tag_id in ours if tag_id} - listed


def _fresh(corp: Corp, *, at: datetime) -> set[str]:
    """The ids of tags that we made just now, which WeCom may not list yet."""
    ours = Tag.objects.filter(group__corp=corp, deleted_at=None, made_at__gt=at - LISTED_AFTER)
    return {tag_id for tag_id in ours.values_list("tag_id", flat=True) if tag_id}


def _deleted(client: Client, tag_ids: Sequence[str]) -> set[str]:
    """Those of the tags of which WeCom says that they were deleted."""
    gone: set[str] = set()
    for start in range(0, len(tag_ids), AT_ONCE):
        try:
            said = client.externalcontact.get_corp_tag_list(tag_id=tag_ids[start : start + AT_ONCE])["tag_group"]
        except GiveUp:
            continue  # 40068: one of them is unknown, and WeCom does not say which
        gone |= {tag["id"] for group in said for tag in group.get("tag", []) if tag.get("deleted")}
    return gone


@transaction.atomic
def learn(corp: Corp, said: Sequence[Mapping[str, Any]], *, at: datetime, kept: Collection[str] = ()) -> None:
    """Groups and tags as WeCom lists them; what it lists no longer is marked deleted, but for those that are kept."""
    groups = [TagGroup(corp=corp, group_id=g["group_id"], name=g["group_name"], rank=g.get("order", 0)) for g in said]
    TagGroup.objects.bulk_create(
        groups,
        update_conflicts=True,
        unique_fields=["corp", "group_id"],
        update_fields=["name", "rank", "deleted_at"],
    )
    ids = dict(TagGroup.objects.filter(corp=corp).values_list("group_id", "pk"))
    tags = [
        Tag(
            group_id=ids[g["group_id"]], tag_id=t["id"], name=t["name"], rank=t.get("order", 0), made_at=_made_at(t, at)
        )
        for g in said
        for t in g.get("tag", [])
    ]
    Tag.objects.bulk_create(
        tags, update_conflicts=True, unique_fields=["group", "tag_id"], update_fields=["name", "rank", "deleted_at"]
    )
    listed = {t.tag_id for t in tags} | set(kept)
    Tag.objects.filter(group__corp=corp, deleted_at=None).exclude(tag_id__in=listed).update(deleted_at=at)
    gone = TagGroup.objects.filter(corp=corp, deleted_at=None).exclude(group_id__in=[g.group_id for g in groups])
    gone.exclude(tags__tag_id__in=list(kept)).update(deleted_at=at)


def _made_at(tag: Mapping[str, Any], at: datetime) -> datetime:
    """When WeCom says that a tag was made; for one that says nothing we know, this is when we first read of it."""
    said = tag.get("create_time")
    return datetime.fromtimestamp(said, UTC) if type(said) is int and 0 < said < A_FAR_TIME else at


@transaction.atomic
def add(corp: Corp, said: Mapping[str, Any], *, at: datetime) -> None:
    """A group with the tags that WeCom just made in it for us."""
    name, rank = said.get("group_name", ""), said.get("order", 0)
    told = {"name": name, "rank": rank, "deleted_at": None}
    group, _ = TagGroup.objects.update_or_create(corp=corp, group_id=said["group_id"], defaults=told)
    for tag in said.get("tag", ()):
        told = {"name": tag["name"], "rank": tag.get("order", 0), "deleted_at": None, "made_at": at}
        Tag.objects.update_or_create(group=group, tag_id=tag["id"], defaults=told)


def renamed(thing: Tag | TagGroup | None, said: Mapping[str, Any]) -> None:
    """WeCom gave this another name or place for us."""
    words = {"name": "name", "order": "rank"}
    if thing is not None:
        type(thing)._default_manager.filter(pk=thing.pk).update(**{words[w]: value for w, value in said.items()})


@transaction.atomic
def gone(thing: Tag | TagGroup | None, *, at: datetime) -> None:
    """WeCom deleted this for us; with its last tag a group goes as well."""
    group = thing.group if isinstance(thing, Tag) else thing
    if thing is None or group is None:
        return
    its = Tag.objects.filter(group=group, deleted_at=None)
    (its.filter(pk=thing.pk) if isinstance(thing, Tag) else its).update(deleted_at=at)
    if not its.exists():
        TagGroup.objects.filter(pk=group.pk).update(deleted_at=at)


def is_foreign(thing: Tag | TagGroup | None) -> None:
    """WeCom let us not change this: another app or WeCom's own console made it, and they alone may."""
    if thing is not None:
        type(thing)._default_manager.filter(pk=thing.pk).update(is_foreign=True)
