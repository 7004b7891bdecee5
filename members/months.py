"""The months of events: each is a table of its own, made ahead, and dropped whole when it is no longer kept.

Making or dropping one holds the customers' table for a moment. Whoever uses it just then is not kept waiting: the month
is left for the next night, and there is a year of nights.
"""

from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import OperationalError, connection, transaction

from scrm import clock
from scrm.audit import entries

log = structlog.get_logger()
AHEAD = timedelta(days=366)


def prepare(*, at: datetime) -> int:
    """How many months were made ready, so that a year's events have their place."""
    first = clock.day_of(at)
    made = _asked("SELECT members_event_make_months(%s, %s)", [first, first + AHEAD])
    return int(made[0][0]) if made else 0


@transaction.atomic
def drop(before: date, *, at: datetime, by: object = "retention") -> list[date]:
    """The months that ended by this day and were dropped with all their events."""
    gone = [month for (month,) in _asked("SELECT members_event_drop_months(%s)", [before])]
    for month in gone:
        entries.record("event.month_dropped", by=by, at=at, month=f"{month:%Y-%m}")
    return gone


def _asked(query: str, params: list[Any]) -> list[Any]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            cursor.execute(query, params)
            found: list[Any] = cursor.fetchall()
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
            return found
    except OperationalError as busy:
        log.warning("events.months.busy", error=type(busy).__name__)
        return []
