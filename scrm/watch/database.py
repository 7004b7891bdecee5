"""What may be wrong in PostgreSQL, as far as the app role may read it."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from scrm.watch.sights import Sight, measured

CONNECTIONS = """
SELECT count(*), current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
FROM pg_stat_activity WHERE backend_type = 'client backend'
"""
OLDEST_XID = "SELECT max(age(datfrozenxid)) FROM pg_database"
SIZE = "SELECT pg_database_size(current_database())"
LONGEST = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def connections(at: datetime) -> list[Sight]:
    """Connections in use, of those that the server allows."""
    used, allowed = _row(CONNECTIONS)
    limit = settings.WATCH_CONNECTIONS_PERCENT
    return measured("database", 100 * used / max(1, allowed), limit=limit, until=limit - 10, allowed=allowed)


def wraparound(at: datetime) -> list[Sight]:
    """Transactions since the oldest row that was not frozen; PostgreSQL stops writing near two billion."""
    (age,) = _row(OLDEST_XID)
    limit = settings.WATCH_XID_AGE
    return measured("database", age, limit=limit, until=limit * 0.8)


def size(at: datetime) -> list[Sight]:
    """How full the space for the database is; unwatched while nobody has said how much there is."""
    if not settings.DATABASE_DISK_GB:
        return []
    (used,) = _row(SIZE)
    limit = settings.WATCH_DISK_PERCENT
    return measured("database", 100 * used / (settings.DATABASE_DISK_GB << 30), limit=limit, until=limit - 2)


def long_transactions(at: datetime) -> list[Sight]:
    """A transaction that has been open for long keeps VACUUM from its work, and tables grow."""
    (seconds,) = _row(LONGEST)
    limit = settings.WATCH_TRANSACTION_MINUTES
    return measured("database", float(seconds) / 60, limit=limit, until=limit / 2)


def _row(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()
