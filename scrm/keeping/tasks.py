"""What the scheduler rings for at night."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from scrm import clock
from scrm.audit import months
from scrm.imports import uploads
from scrm.keeping import purges


@shared_task(name="keeping.purge")
def purge() -> None:
    """Removes what is older than its days; imports lose their lines, the audit book goes by whole months."""
    at = clock.now()
    purges.run(at)
    uploads.forget(before=at - timedelta(days=settings.KEEP_DAYS["IMPORT_ROWS"]), at=at)
    months.prepare(at=at)
    months.drop(clock.day_of(at) - timedelta(days=settings.KEEP_DAYS["AUDIT"]), at=at)
