"""The app role reads and writes rows; it owns nothing, and what only grows it cannot change.

But for the free texts that a model names as `emptied`: they go when the person of whom they speak is forgotten.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections

ROLE_EXISTS = "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user"


def append_only_tables() -> list[str]:
    """The tables whose model says `append_only = True`."""
    return [m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False)]


def emptied_columns() -> dict[str, tuple[str, ...]]:
    """By table that only grows, the columns that are emptied at an erasure."""
    return {m._meta.db_table: found for m in apps.get_models() if (found := getattr(m, "emptied", ()))}


def grant_to_the_app_role(using: str = "default", **_: Any) -> None:
    """Runs after each migrate, as the owner; does nothing where owner and app share one role."""
    role = settings.DATABASE_APP_ROLE
    with connections[using].cursor() as cursor:
        cursor.execute(ROLE_EXISTS, [role])
        if cursor.fetchone() is None:
            return
        quoted = connections[using].ops.quote_name(role)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
        existing = set(connections[using].introspection.table_names(cursor))
        for table in sorted(existing.intersection(append_only_tables())):
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}")
            if columns := emptied_columns().get(table):
                cursor.execute(f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {quoted}")
            for part in _parts(cursor, table):  # rows are reached through the whole table alone
                cursor.execute(f"REVOKE ALL ON {part} FROM {quoted}")


def _parts(cursor: Any, table: str) -> list[str]:
    cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
    return [part for (part,) in cursor.fetchall()]
