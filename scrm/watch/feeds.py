"""What may be wrong between the sources of customers' data and us: silence, and rows that cannot be taken."""

from collections.abc import Iterator
from datetime import datetime

from members import pulses
from members.models import Source
from scrm.watch.sights import Sight, measured

ENOUGH_ROWS = 20  # fewer say nothing about a rate


def silent(at: datetime) -> Iterator[Sight]:
    """Live sources that have delivered nothing for longer than they should."""
    live = Source.objects.filter(state=Source.State.LIVE).exclude(expected_every=None)
    for one in pulses.of(list(live), at=at):
        every = one.source.expected_every
        if every is None:
            continue
        hours, limit = one.silent_for.total_seconds() / 3600, every.total_seconds() / 3600
        last = one.last_at.isoformat() if one.last_at else ""
        yield from measured(one.source.code, hours, limit=limit, until=limit, last=last)


def refused(at: datetime) -> Iterator[Sight]:
    """Live sources of whose rows of the last 24 hours too many were refused."""
    for one in pulses.of(list(Source.objects.filter(state=Source.State.LIVE)), at=at):
        if one.day_rows >= ENOUGH_ROWS and one.day_percent is not None:
            limit = one.source.error_percent
            said = {"rows": one.day_rows, "refused": one.day_rejected}
            yield from measured(one.source.code, one.day_percent, limit=limit, until=limit * 0.8, **said)
