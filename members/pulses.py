"""How sources are doing: when each last delivered, how much of it was refused, and why. Page and alarms ask here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from members.models import Delivery, Push, Source

DAY, WEEK = timedelta(days=1), timedelta(days=7)
COUNTS = """
SELECT source_id, coalesce(sum(rows) FILTER (WHERE at > %(day)s), 0),
  coalesce(sum(rejected) FILTER (WHERE at > %(day)s), 0), sum(rows), sum(rejected)
FROM members_delivery WHERE at > %(week)s AND at <= %(at)s AND source_id = ANY(%(ids)s) GROUP BY source_id
"""
LAST = """
SELECT s.id, (SELECT max(d.at) FROM members_delivery d WHERE d.source_id = s.id)
FROM unnest(%s::bigint[]) AS s (id)
"""
QUEUE = """
SELECT source_id, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'parked')
FROM members_push WHERE state <> 'applied' AND source_id = ANY(%s) GROUP BY source_id
"""
REASONS = """
SELECT reason, sum(n::bigint) FROM members_delivery d, jsonb_each_text(d.reasons) AS r (reason, n)
WHERE d.source_id = %s AND d.at > %s AND d.rejected > 0 GROUP BY reason ORDER BY 2 DESC, 1 LIMIT 30
"""


@dataclass(frozen=True)
class Pulse:
    """One source at an instant. Error rates are percents, None without rows."""

    source: Source
    last_at: datetime | None
    day_rows: int
    day_rejected: int
    week_rows: int
    week_rejected: int
    waiting: int
    parked: int
    at: datetime

    @property
    def week_taken(self) -> int:
        return self.week_rows - self.week_rejected

    @property
    def day_percent(self) -> float | None:
        return _percent(self.day_rejected, self.day_rows)

    @property
    def week_percent(self) -> float | None:
        return _percent(self.week_rejected, self.week_rows)

    @property
    def silent_for(self) -> timedelta:
        """Since its last delivery, or since it is known."""
        return self.at - (self.last_at or self.source.created_at)

    @property
    def expected_hours(self) -> int:
        every = self.source.expected_every
        return round(every.total_seconds() / 3600) if every else 0

    @property
    def is_late(self) -> bool:
        every = self.source.expected_every
        return self.source.is_live and every is not None and self.silent_for > every

    @property
    def is_ill(self) -> bool:
        return self.day_percent is not None and self.day_percent >= self.source.error_percent


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def of(sources: Sequence[Source], *, at: datetime) -> list[Pulse]:
    """Each source's standing, in their order; three queries for all of them."""
    ids = [source.pk for source in sources]
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"day": at - DAY, "week": at - WEEK, "at": at, "ids": ids})
        counts = {row[0]: [int(n) for n in row[1:]] for row in cursor.fetchall()}
        cursor.execute(LAST, [ids])
        last = dict(cursor.fetchall())
        cursor.execute(QUEUE, [ids])
        queue = {row[0]: row[1:] for row in cursor.fetchall()}
    return [_pulse(one, last.get(one.pk), counts.get(one.pk), queue.get(one.pk), at) for one in sources]


def _pulse(source: Source, last: datetime | None, counts: Any, queue: Any, at: datetime) -> Pulse:
    day_rows, day_rejected, week_rows, week_rejected = counts or (0, 0, 0, 0)
    waiting, parked = queue or (0, 0)
    return Pulse(source, last, day_rows, day_rejected, week_rows, week_rejected, waiting, parked, at)


def reasons(source: Source, *, at: datetime) -> list[tuple[str, int]]:
    """Why rows of the last seven days were refused, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(REASONS, [source.pk, at - WEEK])
        return [(reason, int(count)) for reason, count in cursor.fetchall()]


def examples(source: Source, *, most: int = 10) -> list[dict[str, Any]]:
    """The newest refused rows, masked, each with when it came."""
    ill = Delivery.objects.filter(source=source, rejected__gt=0).order_by("-at", "-pk")[:most]
    return [{**one, "at": delivery.at} for delivery in ill for one in delivery.examples][:most]


def queue(source: Source, *, most: int = 20) -> list[Push]:
    """The newest pushes that are not applied."""
    return list(Push.objects.filter(source=source).exclude(state=Push.State.APPLIED).order_by("-pk")[:most])
