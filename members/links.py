"""Who claims which id: the only writer of links. A claim that was made is never deleted, it ends."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

CLAIM = """
INSERT INTO members_identitylink (identity_id, member_id, source, evidence, verified, since)
SELECT identity, member, %s, '{}', verified, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[]) AS n (identity, member, verified)
ON CONFLICT (identity_id, member_id, source) DO UPDATE
SET verified = members_identitylink.verified OR excluded.verified, until = NULL
WHERE members_identitylink.until IS NOT NULL OR excluded.verified AND NOT members_identitylink.verified
RETURNING identity_id
"""


@transaction.atomic
def claim(told: Collection[tuple[int, int, bool]], *, source: str, at: datetime) -> set[int]:
    """The identities of which something new is claimed: (identity, member, verified) each, set-based."""
    claims: dict[tuple[int, int], bool] = {}
    for identity, member, verified in told:
        claims[identity, member] = claims.get((identity, member), False) or verified
    if not claims:
        return set()
    ordered = sorted(claims)
    columns: list[list[Any]] = [
        [pair[0] for pair in ordered],
        [pair[1] for pair in ordered],
        [claims[pair] for pair in ordered],
    ]
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [source[:40], at, *columns])
        return {row[0] for row in cursor.fetchall()}
