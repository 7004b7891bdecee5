"""Whether tags are right: some bearers drawn by chance, people's verdicts, and the share that holds."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q

from members import persons
from members.models import MemberTag, SampledMember, Tag, TagSample
from scrm.audit import entries
from stores.models import Person

DRAWN = 20
TRIES = 4

Says = SampledMember.Says

# Each number hits the next bearer from there on, by the index of wearers: no list of millions is read.
NEXT = """
SELECT DISTINCT w.member_id FROM unnest(%s::bigint[]) AS r (n), LATERAL (
    SELECT member_id FROM members_membertag w WHERE w.tag_id = %s AND w.member_id >= r.n ORDER BY w.member_id LIMIT 1
) w
"""


class Accuracy(NamedTuple):
    """What people said of a tag's samples."""

    right: int
    wrong: int

    @property
    def share(self) -> float | None:
        judged = self.right + self.wrong
        return self.right / judged if judged else None


@transaction.atomic
def draw(tag: Tag, *, by: Person | None, at: datetime) -> TagSample:
    """A new sample: up to 20 of the tag's bearers, each person once."""
    sample = TagSample.objects.create(tag=tag, by=by, at=at)
    roots = sorted(_by_chance(tag))
    secrets.SystemRandom().shuffle(roots)
    SampledMember.objects.bulk_create([SampledMember(sample=sample, member_id=root) for root in roots[:DRAWN]])
    entries.record("tagsample.drawn", by=by, subject=sample, at=at, rows=len(roots[:DRAWN]), tag=tag.public_id)
    return sample


def _by_chance(tag: Tag) -> set[int]:
    span = MemberTag.objects.filter(tag=tag).aggregate(low=Min("member"), high=Max("member"))
    found: set[int] = set()
    if span["low"] is None:
        return found
    few = list(MemberTag.objects.filter(tag=tag).order_by("member").values_list("member", flat=True)[: DRAWN * 4])
    for _ in range(TRIES if len(few) == DRAWN * 4 else 0):
        starts = [span["low"] + secrets.randbelow(span["high"] - span["low"] + 1) for _ in range(DRAWN)]
        with connection.cursor() as cursor:
            cursor.execute(NEXT, [starts, tag.pk])
            found |= {member for (member,) in cursor.fetchall()}
        if len(found) >= DRAWN:
            break
    return set(persons.roots(found or set(few)).values())


@transaction.atomic
def judge(sample: TagSample, verdicts: Iterable[tuple[int, str]], *, by: Person | None, at: datetime) -> int:
    """How many of the sample's rows (by their id) have another verdict now."""
    rows = {row.pk: row for row in SampledMember.objects.select_for_update().filter(sample=sample)}
    changed = []
    for pk, says in verdicts:
        if pk in rows and says in Says.values and rows[pk].says != says:
            rows[pk].says, rows[pk].by, rows[pk].at = says, by, at
            changed.append(rows[pk])
    SampledMember.objects.bulk_update(changed, ["says", "by", "at"])
    if changed:
        entries.record("tagsample.judged", by=by, subject=sample, at=at, rows=len(changed))
    return len(changed)


def accuracy(tag: Tag) -> Accuracy:
    """Of all samples of a tag."""
    rows = SampledMember.objects.filter(sample__tag=tag)
    told = rows.aggregate(right=Count("pk", Q(says=Says.RIGHT)), wrong=Count("pk", Q(says=Says.WRONG)))
    return Accuracy(told["right"], told["wrong"])
