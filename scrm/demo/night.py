"""`python -m scrm.demo.night`: who registered, and what a night does: no board of a new demo waits for it."""

import os

import django

from scrm import clock


def pass_by() -> None:
    """Stages, grades, tags by rule, reach, conversion and the data's health, as the scheduler rings for them."""
    from members import tasks as of_members
    from scrm.dashboard import tasks as of_boards

    of_members.tell_lives()
    of_members.grade_all()
    of_members.score_changed()
    of_members.count_tags()
    of_members.count_reach()
    of_members.sum_up_the_year()
    of_boards.fill_conversions()
    of_boards.take_health()


if __name__ == "__main__":
    django.setup()
    from scrm.demo import operators, registration

    registration.some_register(at=clock.now(), days=int(os.environ["DEMO_DAYS"]))
    operators.know(at=clock.now())
    pass_by()
    print(clock.now().isoformat(timespec="seconds"), "the night is over", flush=True)
