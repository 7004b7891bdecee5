"""What the scheduler rings for. It also makes rounds, so that somebody notices when no worker lives."""

from celery import shared_task

from scrm import clock
from scrm.audit import heartbeats
from scrm.dashboard import contacts
from scrm.watch import rounds


@shared_task(name="watch.make_a_round")
def make_a_round() -> None:
    at = clock.now()
    heartbeats.beat("scheduler", at=at, host="")
    rounds.make(at)


@shared_task(name="watch.count_contacts")
def count_contacts() -> None:
    contacts.count(at=clock.now())
