"""What PostgreSQL must promise before web and workers start: nothing acknowledged is lost, nobody rewrites history."""

from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

log = structlog.get_logger()

OLDEST = 150_000  # PostgreSQL 15
# Commands that must work on an unsafe database, since they tell of it or mend it, or that need none.
SPARED = {
    *("migrate", "makemigrations", "sqlmigrate", "showmigrations", "lintmigrations", "check", "doctor", "help"),
    *("collectstatic", "words", "data_map", "restore_check", "demo", "sandbox", "shell", "dbshell", "createsuperuser"),
}
ASK = """
SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       current_setting('server_version_num')::int, current_setting('server_encoding'), r.rolsuper, r.rolbypassrls,
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relowner = r.oid),
       (SELECT datctype FROM pg_database WHERE datname = current_database())
FROM pg_roles r WHERE r.rolname = current_user
"""


class Unsafe(ImproperlyConfigured):
    """The database would lose what we acknowledge, or let history be rewritten."""


def problems() -> list[str]:
    """What forbids this database in production, in words that say how to mend it."""
    fsync, pages, commit, version, encoding, superuser, bypasses, owned, _ctype = asked()
    checks = [
        (fsync == "off", "fsync is off: a crash may destroy the database; set it on in postgresql.conf"),
        (pages == "off", "full_page_writes is off: a crash may destroy pages; set it on in postgresql.conf"),
        (commit == "off", "synchronous_commit is off: acknowledged letters may be lost; set it on"),
        (version < OLDEST, "PostgreSQL is older than 15"),
        (encoding != "UTF8", f"the database's encoding is {encoding}; make it anew with UTF8"),
        (superuser, "DATABASE_URL's role is a superuser; use one that owns nothing"),
        (bypasses, "DATABASE_URL's role has BYPASSRLS; take it away"),
        (owned > 0, f"DATABASE_URL's role owns {owned} tables; only DATABASE_OWNER_URL's may"),
    ]
    return [why for wrong, why in checks if wrong]


def warnings() -> list[str]:
    """What is not dangerous, but will disappoint."""
    ctype = asked()[-1]
    return [f"lc_ctype is {ctype}: search is blind to Chinese"] if ctype in {"C", "POSIX"} else []


def insist() -> None:
    """Raises Unsafe in production. A database that is away is waited for, not judged."""
    if not settings.PRODUCTION:
        return
    try:
        found, soft = problems(), warnings()
    except OperationalError:
        log.warning("footing.unknown", why="the database does not answer")
        return
    finally:
        connection.close()
    for why in soft:
        log.warning("footing.weak", why=why)
    if found:
        raise Unsafe("Zhanggui will not start with PROFILE=production: " + "; ".join(found))


@lru_cache(maxsize=1)
def stands() -> bool:
    """Whether the database is safe; asked once in a process. For a process that began while it was away."""
    insist()
    return not settings.PRODUCTION or not problems()


def insist_for(command: str) -> None:
    """As `insist`, but for commands that must work on an unsafe database too."""
    if command not in SPARED:
        insist()


def asked() -> Any:
    """What ASK gives, in its order."""
    with connection.cursor() as cursor:
        cursor.execute(ASK)
        return cursor.fetchone()
