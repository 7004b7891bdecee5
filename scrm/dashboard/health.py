"""The data's health: whether what we hold is true, complete and fresh. Each number is one query (`measures`).

Numbers over all customers are taken at night or by the hour, the others every five minutes; the board reads what was
taken last, so that it is quick however many customers there are. Taking them again gives the same numbers.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction

from scrm import clock
from scrm.dashboard.measures import MEASURES, Measure
from scrm.dashboard.models import Gauge

log = structlog.get_logger()
LOCK = 0x5A48  # one taker at a time
WEEK = timedelta(days=7)


@dataclass
class Reading:
    """A measure with what was taken last; `value` is percents, seconds or a count."""

    measure: Measure
    gauge: Gauge | None
    link: str = ""

    @property
    def value(self) -> float | None:
        if self.gauge is None:
            return None
        if self.measure.unit == "percent":
            return 100 * self.gauge.part / self.gauge.whole if self.gauge.whole else None
        return self.gauge.part / 1000 if self.measure.unit == "seconds" else float(self.gauge.part)

    @property
    def colour(self) -> str:
        return self.measure.colour(self.value)


def readings() -> list[Reading]:
    """All numbers as they were last taken, in their order."""
    taken = {gauge.key: gauge for gauge in Gauge.objects.all()}
    return [Reading(measure, taken.get(key)) for key, measure in MEASURES.items()]


def take_due(*, at: datetime) -> int:
    """How many numbers were taken anew, since they were due; none while somebody else is at it."""
    taken = dict(Gauge.objects.values_list("key", "taken_at"))
    due = [one for one in MEASURES.values() if one.key not in taken or at - taken[one.key] >= one.every]
    return take(due, at=at)


def take(measures: Iterable[Measure], *, at: datetime) -> int:
    """How many of these were taken; one that fails stays as it was, and the log says so."""
    return sum(_take(measure, at) for measure in measures)


def _take(measure: Measure, at: datetime) -> bool:
    began = time.monotonic()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [LOCK])
            if not cursor.fetchone()[0]:
                return False
            cursor.execute("SET LOCAL statement_timeout = '10min'; SET LOCAL work_mem = '256MB'")
            cursor.execute(measure.query, _moments(at))
            part, whole = cursor.fetchone()
            took = int(1000 * (time.monotonic() - began))
            said = {"part": part, "whole": whole, "taken_at": at, "took_ms": took}
            Gauge.objects.update_or_create(key=measure.key, defaults=said)
    except DatabaseError as error:
        log.error("health.not_taken", measure=measure.key, error=type(error).__name__)
        return False
    return True


def _moments(at: datetime) -> dict[str, Any]:
    day = clock.day_of(at)
    return {"at": at, "hour": at - timedelta(hours=1), "since": at - WEEK, "day": day, "week": day - WEEK}
