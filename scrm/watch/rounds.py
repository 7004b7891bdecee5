"""A round: each look sees what is wrong now; what it sees is sounded, what it no longer sees is ended.

Rounds are made by `manage.py work`, and by the scheduler in case no worker lives; one among all machines in a minute.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from scrm.audit import alarms, heartbeats
from scrm.audit.models import Alarm
from scrm.watch import causes, database, feeds, gateway, house, telling
from scrm.watch.sights import Sight
from scrm.wecom.inbox import outline

log = structlog.get_logger()

EVERY = timedelta(seconds=55)
Look = Callable[[datetime], Iterable[Sight]]

LOOKS: dict[str, Look] = {
    "inbox_age": gateway.old_letters,
    "welcomes_late": gateway.late_welcomes,
    "quota_low": gateway.low_quotas,
    "api_blocked": gateway.blocked_apis,
    "token_closed": gateway.closed_apps,
    "letters_silent": gateway.silence,
    "worker_missing": house.missing_workers,
    "scheduler_missing": house.missing_scheduler,
    "facts_late": house.late_facts,
    "backup_old": house.old_backup,
    "disk_full": house.full_disk,
    "contacts_cost": house.contacts,
    "source_silent": feeds.silent,
    "source_errors": feeds.refused,
    "database_connections": database.connections,
    "database_wraparound": database.wraparound,
    "database_size": database.size,
    "database_long_transaction": database.long_transactions,
}


def lane(at: datetime) -> int:
    """Says that this worker lives, and makes a round if it is time; a lane of `manage.py work`."""
    heartbeats.beat("work", at=at)
    make(at)
    return 0


def make(at: datetime) -> bool:
    """Whether it was our turn."""
    if not heartbeats.turn("watch", at=at, every=EVERY):
        return False
    look(LOOKS, at)
    causes.end_those_that_are_gone(at)
    telling.tell(at)
    return True


def look(looks: dict[str, Look], at: datetime) -> None:
    """One look after the other; one that fails says nothing of its alarms."""
    for kind, seen_by in looks.items():
        try:
            with transaction.atomic():
                judge(kind, list(seen_by(at)), at)
        except Exception as error:
            log.error("watch.look.failed", kind=kind, error=outline(error))


def judge(kind: str, sights: Sequence[Sight], at: datetime) -> None:
    """Sounds what is wrong and ends what is not; between the two thresholds an alarm stays as it is."""
    for sight in sights:
        if sight.wrong:
            alarms.sound(kind, sight.subject, at=at, **sight.detail)
    standing = Alarm.objects.filter(kind=kind, cleared_at=None).values_list("subject", flat=True)
    for subject in set(standing) - {sight.subject[:200] for sight in sights}:
        alarms.end(kind, subject, at=at)
