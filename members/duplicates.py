"""Ids that more than one member claims: who is one person by them, who is not, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from members.models import BlockedValue, Identity, Member
from members.values import BLIND, masked

# Few ids are claimed twice, so what more than one member claims is found from the links.
SHARED = """
SELECT i.id, i.kind, array_agg(DISTINCT m.id ORDER BY m.id), array_agg(DISTINCT coalesce(m.same_person_as_id, m.id)),
       bool_or(b.id IS NOT NULL)
FROM (SELECT identity_id, member_id FROM members_identitylink WHERE until IS NULL AND identity_id > %(after)s
      UNION SELECT identity_id, i.member_id FROM members_identitylink l JOIN members_identity i ON i.id = l.identity_id
      WHERE l.until IS NULL AND l.identity_id > %(after)s) c
JOIN members_identity i ON i.id = c.identity_id JOIN members_member m ON m.id = c.member_id AND m.erased_at IS NULL
LEFT JOIN members_blockedvalue b ON b.kind = i.kind AND b.app = i.app AND b.value = i.value AND b.blocks
WHERE %(kind)s IN ('', i.kind)
GROUP BY i.id HAVING count(DISTINCT m.id) > 1 AND (
    %(state)s = '' OR %(state)s = 'blocked' AND bool_or(b.id IS NOT NULL)
    OR %(state)s = 'one' AND count(DISTINCT coalesce(m.same_person_as_id, m.id)) = 1
    OR %(state)s = 'apart' AND bool_and(b.id IS NULL) AND count(DISTINCT coalesce(m.same_person_as_id, m.id)) > 1)
ORDER BY i.id LIMIT %(most)s
"""
COUNTS = """
SELECT kind, state, count(*) FROM (
    SELECT i.kind, CASE WHEN bool_or(b.id IS NOT NULL) THEN 'blocked'
        WHEN count(DISTINCT coalesce(m.same_person_as_id, m.id)) = 1 THEN 'one' ELSE 'apart' END AS state
    FROM (SELECT identity_id, member_id FROM members_identitylink WHERE until IS NULL
          UNION SELECT identity_id, i.member_id FROM members_identitylink l
          JOIN members_identity i ON i.id = l.identity_id WHERE l.until IS NULL) c
    JOIN members_identity i ON i.id = c.identity_id JOIN members_member m ON m.id = c.member_id AND m.erased_at IS NULL
    LEFT JOIN members_blockedvalue b ON b.kind = i.kind AND b.app = i.app AND b.value = i.value AND b.blocks
    GROUP BY i.id HAVING count(DISTINCT m.id) > 1
) shared GROUP BY 1, 2
"""
STATES = ("one", "apart", "blocked")
MOST_MEMBERS = 20  # shown of one id


@dataclass(frozen=True)
class Shared:
    """An id with the members who claim it (`count` of them) and what became of it."""

    identity: int
    kind: str
    kind_words: Any
    shown: str
    members: list[Member]
    count: int
    persons: int
    state: str


def counts() -> dict[str, dict[str, int]]:
    """By kind: how many ids that several members claim make one person, leave them apart, or are blocked."""
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        for kind, state, count in cursor.fetchall():
            found.setdefault(kind, dict.fromkeys(STATES, 0))[state] = count
    return found


def page(*, kind: str = "", state: str = "", after: int = 0, most: int = 50) -> list[Shared]:
    """The next of these ids, by key."""
    with connection.cursor() as cursor:
        cursor.execute(SHARED, {"kind": kind, "state": state, "after": after, "most": most})
        rows: list[Any] = cursor.fetchall()
    ids = Identity.objects.in_bulk([row[0] for row in rows])
    people = Member.objects.in_bulk({member for row in rows for member in row[2][:MOST_MEMBERS]})
    return [_shared(ids[row[0]], row, people) for row in rows]


def everything(*, kind: str = "", state: str = "", most: int = 100_000) -> Iterator[Shared]:
    """All of them, a page at a time."""
    after = told = 0
    while told < most and (some := page(kind=kind, state=state, after=after, most=1000)):
        yield from some
        after, told = some[-1].identity, told + len(some)


def _shared(one: Identity, row: Any, people: dict[int, Member]) -> Shared:
    _id, kind, members, persons, is_blocked = row
    state = "blocked" if is_blocked else "one" if len(persons) == 1 else "apart"
    shown = masked(kind, (one.sealed or "") if kind in BLIND else one.value)
    found = [people[pk] for pk in members[:MOST_MEMBERS]]
    return Shared(one.pk, kind, one.get_kind_display(), shown, found, len(members), len(persons), state)


def blocked(after: int = 0, most: int = 50) -> list[BlockedValue]:
    """HQ's list of ids that say nothing, newest first."""
    rows = BlockedValue.objects.select_related("by", "store", "person").order_by("-pk")
    return list((rows.filter(pk__lt=after) if after else rows)[:most])
