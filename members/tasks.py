"""What the scheduler rings for."""

from celery import shared_task

from members import grading, house_phones, lifecycles, reach, scores, taglives
from members.segments import days, years
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


@shared_task(name="members.score_changed")
def score_changed() -> int:
    """Tags by rule of whom something changed; and of everybody, once a day or when a rule reads otherwise."""
    at = clock.now()
    return scores.settle_changed(at=at) + scores.settle_day(at=at)


@shared_task(name="members.count_tags")
def count_tags() -> int:
    """Who bears each tag, and what uses it."""
    return taglives.count(clock.now())


@shared_task(name="members.count_reach")
def count_reach() -> None:
    """Whom the brand can reach, once a night."""
    reach.count_all(at=clock.now())


@shared_task(name="members.sum_up_the_year")
def sum_up_the_year() -> None:
    """What everybody bought within the last 365 days, for cross tables."""
    years.fill(clock.now())


@shared_task(name="members.sum_up_segment_days")
def sum_up_segment_days() -> int:
    """How segments moved on the days that are over."""
    return days.close(today=clock.day_of(clock.now()))


@shared_task(name="members.let_phones_of_leavers_go")
def let_phones_of_leavers_go() -> None:
    """Numbers of colleagues who left say again who somebody is."""
    house_phones.let_go(at=clock.now())
