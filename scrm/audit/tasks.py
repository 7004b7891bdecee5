"""What the scheduler rings for."""

from celery import shared_task

from scrm import clock
from scrm.audit import months, seals


@shared_task(name="audit.close_the_day")
def close_the_day() -> int:
    """How many days were sealed; the months ahead are made ready."""
    months.prepare(at=clock.now())
    return len(seals.seal(at=clock.now()))
