import json
from datetime import datetime
from typing import Any

import structlog
from django.db import connection
from django.db.models import QuerySet

from scrm.audit.models import Alarm

log = structlog.get_logger()

RAISE = """
INSERT INTO audit_alarm (kind, subject, detail, count, first_at, last_at)
VALUES (%s, %s, %s, 1, %s, %s)
ON CONFLICT (kind, subject) WHERE cleared_at IS NULL
DO UPDATE SET count = audit_alarm.count + 1, last_at = greatest(audit_alarm.last_at, excluded.last_at),
              detail = excluded.detail
"""


def sound(kind: str, subject: str, *, at: datetime, **detail: Any) -> None:
    """Raises an alarm, or counts it again while it stands open."""
    with connection.cursor() as cursor:
        cursor.execute(RAISE, [kind, subject[:200], json.dumps(detail), at, at])
    log.warning("alarm.raised", kind=kind)


def end(kind: str, subject: str = "", *, at: datetime) -> int:
    """Clears the open alarm whose cause is gone: about one subject, or of the whole kind; how many were cleared."""
    standing = Alarm.objects.filter(kind=kind, cleared_at=None)
    ended = clear(standing.filter(subject=subject[:200]) if subject else standing, at=at)
    if ended:
        log.info("alarm.ended", kind=kind, alarms=ended)
    return ended


def clear(alarms: QuerySet[Alarm], *, at: datetime) -> int:
    """How many open alarms were closed."""
    return alarms.filter(cleared_at=None).update(cleared_at=at)
