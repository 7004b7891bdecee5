"""What may be wrong in the house itself: processes, figures, backups, the disk, and what customers cost."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from scrm.audit import heartbeats
from scrm.audit.models import Heartbeat
from scrm.dashboard import contacts as counts
from scrm.dashboard.models import Fill
from scrm.watch.sights import Sight, measured
from scrm.wecom.models import Letter


def missing_workers(at: datetime) -> list[Sight]:
    """Machines on which `manage.py work` fell silent without having been stopped."""
    return [sight for beat in Heartbeat.objects.filter(name="work") for sight in _silent(beat, at)]


def missing_scheduler(at: datetime) -> list[Sight]:
    """The scheduler rings every minute; missed also when a worker has lived for a while and nobody ever rang."""
    if beat := heartbeats.last("scheduler"):
        return _silent(beat, at)
    work = heartbeats.last("work")
    limit = timedelta(minutes=settings.WATCH_HEARTBEAT_MINUTES)
    return [Sight("scheduler", True, {"never": True})] if work and at - work.since > limit else []


def _silent(beat: Heartbeat, at: datetime) -> list[Sight]:
    minutes = (at - beat.at).total_seconds() / 60
    limit = settings.WATCH_HEARTBEAT_MINUTES
    return measured(f"{beat.name} {beat.host}".strip(), minutes, limit=limit, until=limit / 2)


def late_facts(at: datetime) -> list[Sight]:
    """The boards' figures have not been filled for long."""
    filled_at = Fill.objects.values_list("filled_at", flat=True).first()
    first = filled_at or Letter.objects.order_by("pk").values_list("received_at", flat=True).first()
    limit = settings.WATCH_FACTS_MINUTES
    return measured("facts", (at - first).total_seconds() / 60, limit=limit, until=limit / 5) if first else []


def old_backup(at: datetime) -> list[Sight]:
    """The last backup that said it ended well is too long ago, or there never was one."""
    limit = settings.BACKUP_EVERY_HOURS
    if not limit:
        return []
    if beat := heartbeats.last("backup"):
        return measured("backup", (at - beat.at).total_seconds() / 3600, limit=limit, until=limit)
    work = heartbeats.last("work")
    return [Sight("backup", True, {"never": True})] if work and at - work.since > timedelta(hours=limit) else []


def full_disk(at: datetime) -> list[Sight]:
    """This machine's disk, on which logs and uploads lie."""
    disk = shutil.disk_usage(settings.BASE_DIR)
    used, limit = 100 * (1 - disk.free / disk.total), settings.WATCH_DISK_PERCENT
    return measured(heartbeats.this_machine(), used, limit=limit, until=limit - 2, free_gb=disk.free >> 30)


def contacts(at: datetime) -> Iterator[Sight]:
    """Corps that have used up, or nearly, the customers that their contract with WeCom includes."""
    for cost in counts.costs():
        if cost.included:
            used = 100 * cost.contacts / cost.included
            limit = settings.WATCH_CONTACTS_PERCENT
            said = {"contacts": cost.contacts, "included": cost.included, "yearly_fen": cost.yearly_fen}
            yield from measured(cost.corp_id, used, limit=limit, until=limit - 2, **said)
