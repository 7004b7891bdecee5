"""All checks, in the order in which a person reads them; each is a small function that gives a finding."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy as _

from scrm.doctor import corps, database, house, keys
from scrm.findings import Finding, bad
from scrm.wecom.models import Corp

log = structlog.get_logger()


class Check(NamedTuple):
    """One thing to look at; `of_corp`: once for each corp."""

    name: str
    title: Any
    run: Callable[..., Finding]
    of_corp: bool = False


CHECKS: tuple[Check, ...] = (
    Check("secret", _("Secret and trusted address"), corps.secret, True),
    Check("callable", _("Customer contact"), corps.customer_contact, True),
    Check("visible", _("Visible range"), corps.visible_range, True),
    Check("people", _("Guides who are not ready"), corps.people, True),
    Check("verified", _("Callback verified by WeCom"), corps.verified, True),
    Check("reachable", _("Callback reachable from outside"), corps.reachable, True),
    Check("letters", _("Letters and ticked events"), corps.letters, True),
    Check("callback_ips", _("Where WeCom calls from"), corps.callback_ips, True),
    Check("quotas", _("Quotas"), corps.quotas, True),
    Check("secret_age", _("Age of the secret"), keys.age, True),
    Check("corps", _("Connected corps"), corps.any_corp),
    Check("base_url", _("Public address"), house.base_url),
    Check("proof", _("Domain proof file"), house.proof),
    Check("settings", _("Settings"), house.unsafe_settings),
    Check("keys", _("Keys"), keys.open_all),
    Check("database", _("Database: nothing is lost"), database.safe),
    Check("database_limits", _("Database: room and language"), database.fitting),
    Check("migrations", _("Database: schema"), database.migrated),
    Check("clock_database", _("Clock beside the database's"), database.clock),
    Check("clock_wecom", _("Clock beside WeCom's"), house.clock_of_wecom),
    Check("broker", _("Broker"), house.broker),
    Check("queue", _("Inbox"), house.queue),
    Check("worker", _("Worker"), house.worker),
    Check("scheduler", _("Scheduler"), house.scheduler),
    Check("backup", _("Backup"), house.backup),
    Check("disk", _("Disk"), house.disk),
    Check("versions", _("Versions"), house.versions),
)
BY_NAME = {check.name: check for check in CHECKS}


class Result(NamedTuple):
    """A check of a corp (or of none), what it found, and how long it took."""

    check: Check
    corp: Corp | None
    finding: Finding
    seconds: float


def rounds(corp_id: str = "") -> Iterator[tuple[Check, Corp | None]]:
    """Each check with each corp that it is to look at."""
    corps_of = list(Corp.objects.filter(corp_id=corp_id) if corp_id else Corp.objects.order_by("pk"))
    yield from ((check, corp) for corp in corps_of for check in CHECKS if check.of_corp)
    yield from ((check, None) for check in CHECKS if not check.of_corp)


def examine(check: Check, corp: Corp | None, *, at: datetime) -> Result:
    """What a check finds; one that fails itself is a finding too."""
    started = time.monotonic()
    try:
        found = check.run(corp, at) if check.of_corp else check.run(at)
    except DatabaseError as error:
        connection.close()
        found = _broken(check, error)
    except Exception as error:
        found = _broken(check, error)
    return Result(check, corp, found, round(time.monotonic() - started, 3))


def _broken(check: Check, error: Exception) -> Finding:
    log.error("doctor.check.failed", check=check.name, error=type(error).__name__)
    said = _("This could not be looked at (%s).") % type(error).__name__
    return bad(said, _("Look into the log of this process; is the database there?"), error=type(error).__name__)
