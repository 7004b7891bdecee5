"""Audiences: a segment's people as they were at one moment, those who allow it; the only writer of audiences."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from pyroaring import BitMap

from members import allowances
from members.models import Audience, Segment
from members.segments import bits, counts, families, latest, traits
from scrm.audit import entries

NO_CONSENT = "no_consent"


class NotCounted(Exception):
    """The segment has no version yet, or is archived."""


def preview(segment: Segment, purpose: str, *, at: datetime) -> tuple[BitMap, dict[str, int]]:
    """Whom an audience frozen now would hold, and how many are left out, by reason; and nobody is left out twice."""
    planned = counts.members(segment, viewer=None, at=at)
    allowed = allowing(planned, purpose, at=at)
    return allowed, {NO_CONSENT: len(planned) - len(allowed)}


def allowing(persons: BitMap, purpose: str, *, at: datetime) -> BitMap:
    """Of these persons, those who allow a use at this instant: by the kept set, and of whom news wait by their words.

    A kept set says of millions in milliseconds what their words say in a minute.
    """
    told = latest.kept(traits.CONSENT, traits.PURPOSES[purpose], at=at)
    if told is None:
        few = list(persons) if len(persons) <= latest.FEW else None
        return persons & families.roots(allowances.allowing(purpose, at=at, members=few))
    known, unsure = told
    asked = persons & unsure
    return ((persons - asked) & known) | BitMap(allowances.allows(list(asked), purpose, at=at) if asked else ())


def freeze(segment: Segment, purpose: str, at: datetime, *, by: Any, name: str = "") -> Audience:
    """The segment's people at this moment who allow this use of their data; planned = people + left out by reason."""
    if segment.archived_at or not segment.version_id:
        raise NotCounted
    is_outer = not connection.in_atomic_block
    with transaction.atomic():
        if is_outer:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # one moment of all that is asked
        segment.refresh_from_db()
        allowed, suppressed = preview(segment, purpose, at=at)
        audience = Audience.objects.create(
            name=name or f"{segment.name} {at:%Y-%m-%d %H:%M}",
            segment=segment,
            version_id=segment.version_id,
            purpose=purpose,
            at=at,
            by=by if getattr(by, "pk", None) else None,
            planned=len(allowed) + sum(suppressed.values()),
            size=len(allowed),
            suppressed=suppressed,
            body=bits.packed(allowed),
        )
        entries.record("audience.frozen", by=by, subject=audience, at=at, rows=audience.size, purpose=purpose)
    return audience


def members(audience: Audience) -> BitMap:
    """Who is in it; erased people are in none."""
    return bits.unpacked(audience.body)
