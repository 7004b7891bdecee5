"""What the scheduler rings for."""

from datetime import timedelta

from celery import shared_task

from scrm import clock
from scrm.audit import alarms, months, seals

LOOKS_BACK = timedelta(days=7)


@shared_task(name="audit.close_the_day")
def close_the_day() -> int:
    """How many days were sealed; the months ahead are made ready, and the last days are looked through."""
    at = clock.now()
    months.prepare(at=at)
    sealed = seals.seal(at=at)
    for one in seals.broken(clock.day_of(at - LOOKS_BACK)):
        alarms.sound("audit_touched", str(one.day), at=at, what=one.what, entry=one.entry)
    return len(sealed)
