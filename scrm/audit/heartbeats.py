"""Heartbeats: who was last seen at work, and whose turn it is."""

import socket
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from scrm.audit.models import Heartbeat

A_NEW_LIFE = timedelta(minutes=5)  # after so long a silence it counts as started anew
BEAT = """
INSERT INTO audit_heartbeat (name, host, since, at, detail) VALUES (%(name)s, %(host)s, %(at)s, %(at)s, %(detail)s)
ON CONFLICT (name, host) DO UPDATE
SET at = greatest(audit_heartbeat.at, excluded.at), detail = excluded.detail,
    since = CASE WHEN excluded.at - audit_heartbeat.at > %(anew)s THEN excluded.at ELSE audit_heartbeat.since END
"""
TAKE_TURN = """
INSERT INTO audit_heartbeat (name, host, since, at, detail) VALUES (%(name)s, '', %(at)s, %(at)s, '{}')
ON CONFLICT (name, host) DO UPDATE SET at = excluded.at WHERE audit_heartbeat.at <= excluded.at - %(every)s
RETURNING id
"""


def this_machine() -> str:
    return socket.gethostname()[:64]


def beat(name: str, *, at: datetime, host: str | None = None, **detail: Any) -> None:
    """Says that this runs here now."""
    said: dict[str, Any] = {"name": name, "host": this_machine() if host is None else host, "at": at}
    said |= {"anew": A_NEW_LIFE, "detail": Jsonb(detail)}
    with connection.cursor() as cursor:
        cursor.execute(BEAT, said)


def stop(name: str) -> None:
    """Says that this ended here in order, so that nobody misses it."""
    Heartbeat.objects.filter(name=name, host=this_machine()).delete()


def turn(name: str, *, at: datetime, every: timedelta) -> bool:
    """Whether the caller may do it now: one process among all machines in each period."""
    said: dict[str, Any] = {"name": name, "at": at, "every": every}
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, said)
        return cursor.fetchone() is not None


def last(name: str) -> Heartbeat | None:
    """The machine on which this was seen last."""
    return Heartbeat.objects.filter(name=name).order_by("-at").first()
