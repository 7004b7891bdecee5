"""Who is one person, written down: the only writer of `same_person_as`, of merges and of questions.

`settle` makes the members around some what members.partitions says of them, and writes only the difference; so it may
be asked at any time, twice, and in any order. A merge by hand is a decision for two members, and so is an unmerge.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from members import blocks, knots, partitions, upstairs
from members.models import Member, Merge, Review
from members.partitions import Partition, Question, Reason
from scrm.audit import alarms, entries
from scrm.ids import new_id, sql_array

log = structlog.get_logger()

POINT = """
UPDATE members_member m SET same_person_as_id = n.root
FROM unnest(%s::bigint[], %s::bigint[]) AS n (id, root) WHERE m.id = n.id
"""
PART = """
UPDATE members_merge SET undone_at = %s, undone_by_id = %s WHERE loser_id = ANY(%s::bigint[]) AND undone_at IS NULL
"""
UNITED = """
SELECT id FROM members_member WHERE id = ANY(%s::bigint[]) AND same_person_as_id IS NOT NULL
UNION SELECT same_person_as_id FROM members_member WHERE same_person_as_id = ANY(%s::bigint[])
"""
ASK = """
INSERT INTO members_review (public_id, low_id, high_id, why, against, identity_id, state, at)
SELECT n.*, 'open', %s FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]) n
ON CONFLICT (low_id, high_id) DO UPDATE
SET why = excluded.why, against = excluded.against, identity_id = excluded.identity_id, state = 'open', at = excluded.at
WHERE members_review.state = 'gone'
"""
ANSWERED = """
UPDATE members_review SET state = 'gone' WHERE state IN ('open', 'later')
AND low_id = ANY(%s::bigint[]) AND high_id = ANY(%s::bigint[])
AND (low_id, high_id) NOT IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[]))
"""


class Contradicted(Exception):
    """Somebody decided of one of these members that she is another person."""


class AlreadyUndone(Exception):
    """This merge does not hold any more."""


@transaction.atomic
def heed(identities: Collection[int], *, at: datetime) -> set[int]:
    """Something new is claimed of these ids: the surviving members for whom that changed anything."""
    return settle(blocks.claimants(identities, at=at), at=at) if identities else set()


def settle_united(members: Collection[int], *, at: datetime) -> set[int]:
    """These members bear an id that is new: those of them who were merged by other ids may be contradicted by it."""
    with connection.cursor() as cursor:
        cursor.execute(UNITED, [sql_array(members)] * 2)
        return settle({row[0] for row in cursor.fetchall()}, at=at)


@transaction.atomic
def settle(members: Collection[int], *, at: datetime, by: Any = None, reason: str = "") -> set[int]:
    """The surviving members, before and now, of whom somebody became or ceased to be a part."""
    if not members:
        return set()
    try:
        knot = knots.around(members)
    except knots.TooBig:
        alarms.sound("identity_knot", str(min(members)), at=at)
        return set()
    found = partitions.resolve(knot.ranks, knot.claims, same=knot.same, not_same=knot.not_same)
    changed = {member for member, root in found.roots.items() if knot.stand[member] != root}
    _ask(found.questions, knot.ranks, at=at)
    if not changed:
        return set()
    _write(changed, found, at=at, by=by, reason=reason)
    roots = {knot.stand[member] for member in changed} | {found.roots[member] for member in changed}
    for united in upstairs.told("UNITED"):
        united(roots, at)
    log.info("members.persons.changed", members=len(changed), persons=len(roots))
    return roots


def _write(changed: set[int], found: Partition, *, at: datetime, by: Any, reason: str) -> None:
    ordered = sorted(changed)
    merged = [member for member in ordered if found.roots[member] != member]
    person = getattr(by, "pk", None)
    with connection.cursor() as cursor:
        roots = [found.roots[member] if found.roots[member] != member else None for member in ordered]
        cursor.execute(POINT, [ordered, roots])
        cursor.execute(PART, [at, person, sql_array(ordered)])
    Merge.objects.bulk_create(_merge(member, found, at=at, person=person, reason=reason) for member in merged)


def _merge(member: int, found: Partition, *, at: datetime, person: int | None, reason: str) -> Merge:
    why: Reason = found.reasons[member]
    return Merge(
        winner_id=found.roots[member],
        loser_id=member,
        rule=why.rule,
        identity_id=why.identity,
        reason=reason,
        at=at,
        by_id=person,
    )


def _ask(questions: Collection[Question], members: Iterable[int], *, at: datetime) -> None:
    """The queue holds these questions of these members and no others that are open."""
    there = sql_array(members)
    asked = [list(column) for column in zip(*questions, strict=True)] or [[]] * 5
    with connection.cursor() as cursor:
        cursor.execute(ANSWERED, [there, there, asked[0], asked[1]])
        if questions:
            cursor.execute(ASK, [at, [new_id("rv_") for _ in questions], *asked])


@transaction.atomic
def merge(winner_hint: Member, others: Collection[Member], *, by: Any, reason: str = "", at: datetime) -> Member:
    """The surviving member of all these, by a person's decision; raises Contradicted where a decision forbids it."""
    for other in others:
        decide(winner_hint, other, Review.State.SAME, by=by, at=at)
    settle([winner_hint.pk, *(other.pk for other in others)], at=at, by=by, reason=reason)
    rows = Member.objects.filter(pk__in=[winner_hint.pk, *(other.pk for other in others)])
    roots = {same or pk for pk, same in rows.values_list("pk", "same_person_as")}
    if len(roots) != 1:
        raise Contradicted
    for other in others:
        entries.record("member.merged", by=by, subject=other, at=at, into=winner_hint.public_id)
    return Member.objects.get(pk=roots.pop())


@transaction.atomic
def undo(merge: Merge, *, by: Any, at: datetime) -> None:
    """The two are two people again, and stay it whatever they claim; raises AlreadyUndone."""
    held = Merge.objects.select_for_update().select_related("winner", "loser").get(pk=merge.pk)
    if held.undone_at is not None:
        raise AlreadyUndone
    decide(held.winner, held.loser, Review.State.NOT_SAME, by=by, at=at)
    settle([held.winner_id, held.loser_id], at=at, by=by)
    entries.record("member.unmerged", by=by, subject=held.loser, at=at, merge=held.public_id)


def decide(one: Member, other: Member, state: str, *, by: Any, at: datetime) -> Review:
    """Somebody's word on two members; who is one person follows by `settle`."""
    low, high = sorted((one.pk, other.pk))
    if low == high:
        raise Contradicted
    said = {"state": state, "by": by, "decided_at": at}
    first = {**said, "why": Review.Why.PERSON, "at": at}
    review, _new = Review.objects.update_or_create(low_id=low, high_id=high, defaults=said, create_defaults=first)
    return review
