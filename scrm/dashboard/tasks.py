"""What the scheduler rings for."""

from celery import shared_task

from scrm import clock
from scrm.dashboard import conversions, facts, health


@shared_task(name="dashboard.fill_touched")
def fill_touched() -> int:
    return facts.fill_touched(at=clock.now())


@shared_task(name="dashboard.fill_recent")
def fill_recent() -> None:
    facts.fill_recent(at=clock.now())


@shared_task(name="dashboard.take_health")
def take_health() -> int:
    return health.take_due(at=clock.now())


@shared_task(name="dashboard.fill_conversions")
def fill_conversions() -> int:
    return conversions.fill_due(at=clock.now())
