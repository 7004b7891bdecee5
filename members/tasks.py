"""What the scheduler rings for."""

from celery import shared_task

from members import grading, lifecycles
from scrm import clock


@shared_task(name="members.tell_lives")
def tell_lives() -> int:
    """Stages of whom something changed."""
    return lifecycles.settle_changed(at=clock.now())


@shared_task(name="members.move_lives")
def move_lives() -> int:
    """Stages that time alone moves, on the first instants of a day."""
    return lifecycles.settle_night(at=clock.now())


@shared_task(name="members.grade_all")
def grade_all() -> int:
    """Everybody's grades, once a night."""
    return grading.grade_all(at=clock.now())
