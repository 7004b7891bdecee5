"""Whom a change of claims may concern: all members whom ids, decisions or earlier merges tie to these, read by sets."""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import connection

from members.partitions import Claim, Pair, Rank
from scrm.ids import sql_array

MOST = 2_000  # members in one knot: beyond it something else than people claims these ids
NOT_BLOCKED = """NOT EXISTS (SELECT FROM members_blockedvalue b
    WHERE b.kind = i.kind AND b.app = i.app AND b.value = i.value AND b.blocks)"""
# One step from these members; arrays, since a planner that has not counted the tables yet takes those the right way.
NEAR = f"""
SELECT l.member_id FROM members_identity i JOIN members_identitylink l ON l.identity_id = i.id
WHERE i.member_id = ANY(%(members)s::bigint[]) AND l.until IS NULL AND {NOT_BLOCKED}
UNION ALL
SELECT i.member_id FROM members_identitylink l JOIN members_identity i ON i.id = l.identity_id
WHERE l.member_id = ANY(%(members)s::bigint[]) AND l.until IS NULL AND i.member_id IS NOT NULL AND {NOT_BLOCKED}
UNION ALL SELECT high_id FROM members_review WHERE low_id = ANY(%(members)s::bigint[]) AND state = 'same'
UNION ALL SELECT low_id FROM members_review WHERE high_id = ANY(%(members)s::bigint[]) AND state = 'same'
UNION ALL SELECT id FROM members_member WHERE same_person_as_id = ANY(%(members)s::bigint[])
UNION ALL SELECT same_person_as_id FROM members_member
WHERE id = ANY(%(members)s::bigint[]) AND same_person_as_id IS NOT NULL
"""
LOCK = """
SELECT id, same_person_as_id, registered_at FROM members_member
WHERE id = ANY(%s::bigint[]) AND erased_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""
ALLOWED = """EXISTS (SELECT FROM members_blockedvalue b
    WHERE b.kind = i.kind AND b.app = i.app AND b.value = i.value AND NOT b.blocks)"""
# Whoever bears an id claims it, unless all that was said of that has ended.
CLAIMS = f"""
SELECT i.member_id, i.kind, i.corp_id, i.app, i.value, i.id, {ALLOWED},
       coalesce((SELECT bool_or(l.verified) FROM members_identitylink l
                 WHERE l.identity_id = i.id AND l.member_id = i.member_id AND l.until IS NULL), false)
FROM members_identity i
WHERE i.member_id = ANY(%(members)s::bigint[]) AND {NOT_BLOCKED} AND NOT EXISTS (
    SELECT FROM members_identitylink l WHERE l.identity_id = i.id AND l.member_id = i.member_id
    HAVING count(*) > 0 AND bool_and(l.until IS NOT NULL))
UNION ALL
SELECT l.member_id, i.kind, i.corp_id, i.app, i.value, i.id, {ALLOWED}, bool_or(l.verified)
FROM members_identitylink l JOIN members_identity i ON i.id = l.identity_id
WHERE l.member_id = ANY(%(members)s::bigint[]) AND l.member_id IS DISTINCT FROM i.member_id AND l.until IS NULL
AND {NOT_BLOCKED}
GROUP BY 1, 2, 3, 4, 5, 6
"""
DECIDED = """
SELECT low_id, high_id, state FROM members_review
WHERE low_id = ANY(%(members)s::bigint[]) AND high_id = ANY(%(members)s::bigint[]) AND state IN ('same', 'not_same')
ORDER BY decided_at, id
"""


class TooBig(Exception):
    """So many members hang together that they cannot be one person's."""


class Knot(NamedTuple):
    """Locked members with all by which they may be one person, and as whom each stands at present."""

    ranks: dict[int, Rank]
    stand: dict[int, int]
    claims: list[Claim]
    same: list[Pair]
    not_same: list[Pair]


def around(members: Collection[int]) -> Knot:
    """The knot of these members, which nobody else changes meanwhile; raises TooBig."""
    with connection.cursor() as cursor:
        rows = _locked(cursor, members)
        asked = {"members": sql_array(row[0] for row in rows)}
        cursor.execute(CLAIMS, asked)
        claims = [
            Claim(member, kind, str(corp or app), value, verified, identity, is_allowed)
            for member, kind, corp, app, value, identity, is_allowed, verified in cursor.fetchall()
        ]
        cursor.execute(DECIDED, asked)
        decided = cursor.fetchall()
    return Knot(
        {member: (registered is None, registered or 0, member) for member, _same, registered in rows},
        {member: same or member for member, same, _registered in rows},
        claims,
        [(low, high) for low, high, state in decided if state == "same"],
        [(low, high) for low, high, state in decided if state == "not_same"],
    )


def _locked(cursor: Any, members: Collection[int]) -> list[Any]:
    """Who was tied to them before the lock was ours may be fewer than who is: looked again until it stays the same."""
    tied: set[int] = set()
    while (found := _near(cursor, members)) != tied:
        tied = found
        cursor.execute(LOCK, [sql_array(sorted(tied))])
        rows: list[Any] = cursor.fetchall()
    return rows if tied else []


def _near(cursor: Any, members: Collection[int]) -> set[int]:
    """Everybody to whom these members are tied, over however many steps."""
    found = new = set(members)
    while new:
        cursor.execute(NEAR, {"members": sql_array(sorted(new))})
        new = {member for (member,) in cursor.fetchall()} - found
        found = found | new
        if len(found) > MOST + len(members):
            raise TooBig
    return found
