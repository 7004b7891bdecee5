"""What the scheduler rings for at night."""

from celery import shared_task

from scrm import clock
from scrm.keeping import nights


@shared_task(name="keeping.purge")
def purge() -> None:
    nights.pass_over(clock.now())
