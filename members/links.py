"""Who claims which id: the only writer of links. A claim that was made is never deleted, it ends.

What HQ said is no longer hers stays so, however often a till with an old book tells it; only where she proves it on the
spot (PROOFS), or where HQ takes its word back, it is hers again.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from scrm.ids import sql_array

PROOFS = ("join", "correction")  # sources of which a verified id was proved a moment ago
BORNE = "borne"  # the source of a claim that was never written down, since she bore the id

# Ids of which HQ said that they are no longer hers: of this member, or of another who is the same person.
BARRED = """
EXISTS (SELECT FROM members_identitylink e JOIN members_member g ON g.id = e.member_id
        JOIN members_member m ON m.id = n.member
        WHERE e.identity_id = n.identity AND e.ended_for <> '' AND e.until IS NOT NULL
        AND coalesce(g.same_person_as_id, g.id) = coalesce(m.same_person_as_id, m.id))
"""
CLAIM = f"""
INSERT INTO members_identitylink (identity_id, member_id, source, evidence, verified, since)
SELECT identity, member, %(source)s, '{{}}', verified, %(at)s
FROM unnest(%(identities)s::bigint[], %(members)s::bigint[], %(verified)s::boolean[]) AS n (identity, member, verified)
WHERE verified AND %(is_proof)s OR NOT {BARRED}
ON CONFLICT (identity_id, member_id, source) DO UPDATE
SET verified = members_identitylink.verified OR excluded.verified, until = NULL,
    ended_for = '', ended_at = NULL, ended_by_id = NULL
WHERE members_identitylink.until IS NOT NULL OR excluded.verified AND NOT members_identitylink.verified
RETURNING identity_id
"""
ASKED = f"""
SELECT identity, member FROM unnest(%s::bigint[], %s::bigint[]) AS n (identity, member) WHERE {BARRED}
"""
# Whoever bears it claimed it, from when we knew her on, also where nobody wrote that down.
WRITE_DOWN = f"""
INSERT INTO members_identitylink (identity_id, member_id, source, evidence, verified, since)
SELECT i.id, i.member_id, '{BORNE}', '{{}}', false, m.created_at
FROM members_identity i JOIN members_member m ON m.id = i.member_id
WHERE i.id = %(identity)s AND i.member_id = ANY(%(members)s::bigint[]) AND NOT EXISTS (
    SELECT FROM members_identitylink l WHERE l.identity_id = i.id AND l.member_id = i.member_id AND l.until IS NULL)
ON CONFLICT (identity_id, member_id, source) DO UPDATE SET until = NULL
"""
END = """
UPDATE members_identitylink SET until = %(until)s, ended_for = %(why)s, ended_at = %(at)s,
    ended_by_id = %(by)s
WHERE identity_id = %(identity)s AND member_id = ANY(%(members)s::bigint[]) AND until IS NULL
"""
RENEW = """
UPDATE members_identitylink SET until = NULL, ended_for = '', ended_at = NULL, ended_by_id = NULL
WHERE identity_id = %s AND member_id = ANY(%s::bigint[]) AND ended_for <> ''
"""
HEIR = """
SELECT member_id FROM members_identitylink l JOIN members_member m ON m.id = l.member_id AND m.erased_at IS NULL
WHERE identity_id = %s AND until IS NULL
GROUP BY member_id ORDER BY bool_or(verified) DESC, min(since), member_id LIMIT 1
"""


@transaction.atomic(savepoint=False)
def claim(told: Collection[tuple[int, int, bool]], *, source: str, at: datetime) -> set[int]:
    """The identities of which something new is claimed: (identity, member, verified) each, set-based."""
    claims: dict[tuple[int, int], bool] = {}
    for identity, member, verified in told:
        claims[identity, member] = claims.get((identity, member), False) or verified
    if not claims:
        return set()
    ordered = sorted(claims)
    asked: dict[str, Any] = {
        "identities": [pair[0] for pair in ordered],
        "members": [pair[1] for pair in ordered],
        "verified": [claims[pair] for pair in ordered],
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {**asked, "source": source[:40], "at": at, "is_proof": source in PROOFS})
        return {row[0] for row in cursor.fetchall()}


def barred(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Of these (identity, member), those of which HQ said that the id is no longer hers."""
    if not pairs:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(ASKED, [list(column) for column in zip(*pairs, strict=True)])
        return {(identity, member) for identity, member in cursor.fetchall()}


def end(identity: int, members: Collection[int], *, why: str, until: datetime, by: Any, at: datetime) -> int:
    """These members claim the id no longer; how many claims ended."""
    asked: dict[str, Any] = {"identity": identity, "members": sql_array(members)}
    with connection.cursor() as cursor:
        cursor.execute(WRITE_DOWN, asked)
        cursor.execute(END, {**asked, "why": why, "until": until, "at": at, "by": getattr(by, "pk", None)})
        return cursor.rowcount


def renew(identity: int, members: Collection[int]) -> int:
    """What HQ ended for these members holds again; how many claims."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, [identity, sql_array(members)])
        return cursor.rowcount


def heir(identity: int) -> int | None:
    """Of those who claim it the one who bears it where its bearer does no longer: proven claims first, then by age."""
    with connection.cursor() as cursor:
        cursor.execute(HEIR, [identity])
        row = cursor.fetchone()
    return row[0] if row else None
