"""Ids of erased people that WeCom still tells of: the only writer of tombstones.

WeCom goes on listing an erased customer as long as a guide has her. What it says of her then goes to the emptied member
under a name that means nothing, so that relations still add up and no sync brings her back. When she adds a guide anew
the tombstone falls, and she is somebody whom nobody knew.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from members.models import Forgotten
from scrm.ids import sql_array
from scrm.sealed import digest

VEIL = "erased-"
# The id gives way to its keyed digest; the row stays, so that relations still find their member.
BURY = """
WITH hers AS (
    SELECT i.id, i.corp_id, d.digest FROM unnest(%(ids)s::bigint[], %(digests)s::bytea[]) AS d (id, digest)
    JOIN members_identity i ON i.id = d.id
), stones AS (
    INSERT INTO members_forgotten (corp_id, digest, identity_id, at) SELECT corp_id, digest, id, %(at)s FROM hers
    ON CONFLICT DO NOTHING
)
UPDATE members_identity i SET value = 'erased-' || replace(gen_random_uuid()::text, '-', ''), read_due_at = NULL
FROM hers WHERE i.id = hers.id
"""
NAMED = """
SELECT i.id, i.value FROM members_identity i
WHERE i.kind = 'external_userid' AND i.value NOT LIKE 'erased-%%' AND i.member_id = ANY(%s::bigint[])
"""


def bury(members: Iterable[int], *, at: datetime) -> list[str]:
    """Takes the external_userids of these members away; says which they were."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED, [sql_array(members)])
        named: list[tuple[int, str]] = cursor.fetchall()
        if named:
            ids, digests = [pk for pk, _ in named], [_digest(value) for _, value in named]
            cursor.execute(BURY, {"ids": ids, "digests": digests, "at": at})
    return [value for _pk, value in named]


def stand(corp: int) -> bool:
    """Whether anybody of this corp was erased: most never erased anybody, and most reads need not look further."""
    return Forgotten.objects.filter(corp=corp).exists()


def veiled(corp: int, values: Iterable[str]) -> dict[str, str]:
    """By what the ids of erased people are known now; the others are left out."""
    if not stand(corp):
        return {}
    by_digest = {_digest(value): value for value in set(values)}
    stones = Forgotten.objects.filter(corp=corp, digest__in=list(by_digest)).values_list("digest", "identity__value")
    return {by_digest[bytes(told)]: veil for told, veil in stones}


def lift(corp: int, added: Mapping[str, datetime]) -> None:
    """Who added a guide after she was erased is somebody new: by external_userid, when that was."""
    if not added or not stand(corp):
        return
    by_digest = {_digest(value): at for value, at in added.items()}
    stones = Forgotten.objects.filter(corp=corp, digest__in=list(by_digest))
    fallen = [stone.pk for stone in stones if by_digest[bytes(stone.digest)] > stone.at]
    Forgotten.objects.filter(pk__in=fallen).delete()


def is_veil(value: str) -> bool:
    return value.startswith(VEIL)


def _digest(value: str) -> bytes:
    return digest(value, "forgotten")
