"""What is looked at in PostgreSQL."""

from datetime import datetime

from django.db import connection
from django.utils.translation import gettext_lazy as _

from scrm import footing, health
from scrm.findings import Finding, bad, ok, warn

DRIFT_WARNS, DRIFT_IS_BAD = 2.0, 30.0  # seconds between two clocks
ROOM = """
SELECT current_setting('server_version'), current_setting('TimeZone'), current_setting('max_connections')::int,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       (SELECT datctype FROM pg_database WHERE datname = current_database())
"""
FEWEST_CONNECTIONS = 40
# As footing.asked gives them.
ASKED = (
    *("fsync", "full_page_writes", "synchronous_commit", "version", "encoding", "superuser", "bypasses", "owned"),
    "lc_ctype",
)


def safe(at: datetime) -> Finding:
    """What a production process refuses to start with."""
    row = dict(zip(ASKED, footing.asked(), strict=True))
    checks = (
        (row["fsync"] == "off", _("fsync is off")),
        (row["full_page_writes"] == "off", _("full_page_writes is off")),
        (row["synchronous_commit"] == "off", _("synchronous_commit is off")),
        (row["version"] < footing.OLDEST, _("PostgreSQL is older than 15")),
        (row["encoding"] != "UTF8", _("the encoding is not UTF8")),
        (row["superuser"], _("the app's role is a superuser")),
        (row["bypasses"], _("the app's role has BYPASSRLS")),
        (row["owned"] > 0, _("the app's role owns tables")),
    )
    found = [str(why) for wrong, why in checks if wrong]
    if found:
        return bad(_("The database is not safe: %s.") % "; ".join(found), _("Mend it, then start again."), **row)
    return ok(_("fsync, full_page_writes and synchronous_commit are on; the app's role owns nothing."))


def fitting(at: datetime) -> Finding:
    version, zone, most, used, ctype = _row(ROOM)
    facts = {"version": version, "time_zone": zone, "max_connections": most, "connections": used, "lc_ctype": ctype}
    if ctype in ("C", "POSIX"):
        said = _("lc_ctype is %s: search is blind to Chinese.") % ctype
        return bad(
            said, _("Make the database anew with a UTF-8 locale, such as C.UTF-8, and restore into it."), **facts
        )
    if most < FEWEST_CONNECTIONS:
        said = _("max_connections is only %d.") % most
        return warn(said, _("Raise max_connections, or put PgBouncer in front."), **facts)
    if used > 0.8 * most:
        return warn(_("%(n)s of %(all)s connections are in use.") % {"n": used, "all": most}, "", **facts)
    return ok(
        _("PostgreSQL %(v)s, %(n)s of %(all)s connections in use.") % {"v": version, "n": used, "all": most}, **facts
    )


def migrated(at: datetime) -> Finding:
    missing = sorted(f"{app}.{name}" for app, name in health.unapplied())
    if missing:
        return bad(_("%d migrations are not applied.") % len(missing), "manage.py migrate", missing=missing[:20])
    return ok(_("All migrations are applied."))


def clock(at: datetime) -> Finding:
    """Our clock beside the database's; `at` was read just before."""
    (theirs,) = _row("SELECT clock_timestamp()")
    return beside((at - theirs).total_seconds(), _("the database's"))


def beside(seconds: float, whose: object) -> Finding:
    """Our clock beside another."""
    drift = abs(seconds)
    said = _("Our clock is %(s)s seconds off %(whose)s.") % {"s": f"{drift:.0f}", "whose": whose}
    mend = _("Let chrony or systemd-timesyncd run on both machines: welcomes and signatures need the right time.")
    if drift >= DRIFT_IS_BAD:
        return bad(said, mend, seconds=round(seconds, 1))
    if drift >= DRIFT_WARNS:
        return warn(said, mend, seconds=round(seconds, 1))
    return ok(_("Our clock agrees with %s.") % whose, seconds=round(seconds, 1))


def _row(query: str) -> tuple:  # type: ignore[type-arg]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()
