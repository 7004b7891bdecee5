"""Who bears which tag: the only writer of it. Of WeCom's tags this is what WeCom told us, or did for us."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from members.models import MemberTag, Tag
from scrm import bulk
from scrm.audit import entries
from scrm.ids import sql_array
from stores.models import Person, Store

# Whatever is taken off by hand, here or in WeCom, is kept as what was borne until then.
KEPT = """
INSERT INTO members_tagend (member_id, tag_id, source, source_key, since, store_id, put_on_by_id, at, by_id)
SELECT member_id, tag_id, source, source_key, since, store_id, by_id, greatest(since, %(at)s), %(by)s FROM gone
"""
ENDED = f"""
WITH gone AS (
    DELETE FROM members_membertag
    WHERE member_id = %(member)s AND source = 'wecom' AND source_key = %(key)s
      AND (tag_id = ANY(%(tags)s::bigint[])) = %(are)s
    RETURNING *
)
{KEPT}
"""


@transaction.atomic
def wear(member: int, tag_ids: Iterable[str], *, corp: int, userid: str, at: datetime) -> None:
    """The member bears exactly these corp tags in her relation with this guide."""
    tags = set(Tag.objects.filter(group__corp=corp, tag_id__in=list(tag_ids)).values_list("pk", flat=True))
    _end(member, userid, tags, are=False, by=None, at=at)
    MemberTag.objects.bulk_create(
        [MemberTag(member_id=member, tag_id=t, source_key=userid, since=at) for t in sorted(tags)],
        ignore_conflicts=True,
    )


@transaction.atomic
def add(member: int, tag_ids: Iterable[str], *, corp: int, userid: str, at: datetime) -> None:
    """The member bears these corp tags too (our own mark_tag brings no callback)."""
    tags = Tag.objects.filter(group__corp=corp, tag_id__in=list(tag_ids)).values_list("pk", flat=True)
    MemberTag.objects.bulk_create(
        [MemberTag(member_id=member, tag_id=t, source_key=userid, since=at) for t in sorted(tags)],
        ignore_conflicts=True,
    )


@transaction.atomic
def take_off(
    member: int, tag_ids: Iterable[str], *, corp: int, userid: str, by: int | None = None, at: datetime
) -> None:
    """The member bears these corp tags no longer in her relation with this guide."""
    tags = Tag.objects.filter(group__corp=corp, tag_id__in=list(tag_ids)).values_list("pk", flat=True)
    _end(member, userid, tags, are=True, by=by, at=at)


def _end(member: int, userid: str, tags: Iterable[int], *, are: bool, by: int | None, at: datetime) -> None:
    """What she wears in this relation ends, if it is (`are`) or is not one of these tags."""
    told: dict[str, Any] = {"member": member, "key": userid, "tags": sql_array(tags), "are": are, "by": by, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(ENDED, told)


STAGE = """
CREATE TEMP TABLE IF NOT EXISTS tags_worn (member_id bigint, source_key text, tags bigint[]) ON COMMIT DELETE ROWS;
DELETE FROM tags_worn
"""
# Says how many are worn rightly: where that is all of them, nothing is to be put on.
TAKE_OFF = f"""
WITH worn AS MATERIALIZED (
    SELECT w.id, w.since, w.tag_id = ANY(t.tags) AS is_right
    FROM tags_worn t JOIN members_membertag w
        ON w.member_id = t.member_id AND w.source = 'wecom' AND w.source_key = t.source_key
), gone AS (
    DELETE FROM members_membertag w USING worn o WHERE w.id = o.id AND NOT o.is_right AND o.since <= %(at)s
    RETURNING w.*
), kept AS ({KEPT})
SELECT count(*) FROM worn WHERE is_right
"""
PUT_ON = """
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since)
SELECT t.member_id, tag, 'wecom', t.source_key, %(at)s FROM tags_worn t, unnest(t.tags) AS tag
WHERE NOT EXISTS (
    SELECT FROM members_membertag w WHERE w.member_id = t.member_id AND w.tag_id = tag AND w.source = 'wecom'
    AND w.source_key = t.source_key)
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""


@transaction.atomic(savepoint=False)
def wear_many(corp: int, worn: Sequence[tuple[int, str, tuple[str, ...]]], *, at: datetime) -> None:
    """Each member bears exactly these corp tags in her relation with this guide: (member, userid, tag ids).

    A tag that was put on after `at`, when the read began, stays.
    """
    combinations = {tag_ids for _member, _userid, tag_ids in worn}
    asked = {tag_id for tag_ids in combinations for tag_id in tag_ids}
    known = dict(Tag.objects.filter(group__corp=corp, tag_id__in=asked).values_list("tag_id", "pk")) if asked else {}
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        pks = {tag_ids: {known[tag] for tag in tag_ids if tag in known} for tag_ids in combinations}
        arrays = {tag_ids: sql_array(found) for tag_ids, found in pks.items()}
        lines = (f"{member}\t{bulk.told(userid)}\t{arrays[tag_ids]}\n" for member, userid, tag_ids in worn)
        bulk.stage(cursor, "tags_worn", lines)
        cursor.execute(TAKE_OFF, {"at": at, "by": None})
        if cursor.fetchone()[0] < sum(len(pks[tag_ids]) for _member, _userid, tag_ids in worn):
            cursor.execute(PUT_ON, {"at": at})


class NotOurs(Exception):
    """WeCom keeps this tag, or a rule puts it on: nobody's hand does."""


BORN = """
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since, store_id, by_id)
SELECT m, %(tag)s, 'ours', %(key)s, %(at)s, %(store)s, %(by)s FROM unnest(%(members)s::bigint[]) AS m ORDER BY m
ON CONFLICT DO NOTHING
"""
GONE = f"""
WITH gone AS (
    DELETE FROM members_membertag
    WHERE tag_id = %(tag)s AND source = 'ours' AND source_key = %(key)s AND member_id = ANY(%(members)s::bigint[])
    RETURNING *
)
{KEPT}
"""


@transaction.atomic
def put_on(members: Collection[int], tag: Tag, *, by: Person | None, store: Store | None = None, at: datetime) -> int:
    """How many of the members bear this tag of ours from now on who did not before; raises NotOurs.

    A store's people put it on for their store, HQ for the brand: what one put on, the other does not take off.
    """
    changed = _write(BORN, members, tag, by, store, at)
    if changed:
        Tag.objects.filter(pk=tag.pk).update(used_at=at)
        entries.record("tag.put_on", by=by, subject=tag, store=store, at=at, rows=changed)
    return changed


@transaction.atomic
def take_off_all(
    members: Collection[int], tag: Tag, *, by: Person | None, store: Store | None = None, at: datetime
) -> int:
    """How many of the members bore this tag of ours until now, as this store's people or HQ put it on."""
    changed = _write(GONE, members, tag, by, store, at)
    if changed:
        entries.record("tag.taken_off", by=by, subject=tag, store=store, at=at, rows=changed)
    return changed


def _write(query: str, members: Collection[int], tag: Tag, by: Person | None, store: Store | None, at: datetime) -> int:
    if tag.kind != Tag.Kind.INTERNAL or tag.deleted_at:
        raise NotOurs(tag.public_id)
    told: dict[str, Any] = {
        "tag": tag.pk,
        "members": sql_array(sorted(set(members))),
        "store": store.pk if store else None,
        "key": str(store.pk) if store else "",
        "by": by.pk if by else None,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, told)
        return int(cursor.rowcount)
