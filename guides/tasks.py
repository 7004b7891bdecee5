from celery import shared_task

from guides import roster
from scrm import clock
from scrm.wecom.models import Corp


@shared_task(name="guides.sync_rosters")
def sync_rosters() -> None:
    """Has all rosters read again; the worker's lane does it."""
    roster.changed(Corp.objects.values_list("pk", flat=True), at=clock.now())
