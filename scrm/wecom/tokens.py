"""Access tokens: one for each app, shared by all processes, replaced only by one that saw it fail.

To fetch a token:
1. take the app's advisory lock, so that one process fetches and the others wait for what it got;
2. read the row again: if its serial is no longer the failed one, somebody else was quicker;
3. stop if the breaker is open, since WeCom bans an address that keeps asking with a wrong secret;
4. fetch, and write token or refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from scrm.audit import alarms
from scrm.wecom.errors import WRONG_SECRET, NeedsFix, Refused
from scrm.wecom.models import App

log = structlog.get_logger()

LOCKS = 0x5A54  # our class of advisory locks: one for each app
RESERVE = timedelta(minutes=5)  # a token is not used in its last minutes
FAILURES_ALLOWED = 3
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; its serial tells which one failed."""

    value: str
    serial: int
    expires_at: datetime

    def fresh(self, at: datetime) -> bool:
        return at < self.expires_at - RESERVE

    def __repr__(self) -> str:
        return f"<Token {self.serial}>"


def current(app: App, fetch: Callable[[], dict[str, Any]], at: datetime) -> Token:
    """The token that all processes use now, fetched when there is none; raises Refused."""
    row = App.objects.only("access_token", "token_serial", "token_expires_at").get(pk=app.pk)
    held = _token(row)
    return held if held and held.fresh(at) else replace(app, row.token_serial, fetch, at)


def replace(app: App, failed_serial: int, fetch: Callable[[], dict[str, Any]], at: datetime) -> Token:
    """The token after the one that failed; raises Refused."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '20s'")  # longer than a fetch may take
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, app.pk])
        row = App.objects.get(pk=app.pk)
        held = _token(row)
        if held and row.token_serial != failed_serial and held.fresh(at):
            return held
        found = _fetch(row, fetch, at)
    if isinstance(found, Refused):  # raised outside, so that the count of failures is not rolled back
        raise found
    return found


def _token(row: App) -> Token | None:
    if not row.access_token or not row.token_expires_at:
        return None
    return Token(str(row.access_token), row.token_serial, row.token_expires_at)


def _fetch(row: App, fetch: Callable[[], dict[str, Any]], at: datetime) -> Token | Refused:
    if row.closed_until and at < row.closed_until:
        return NeedsFix("gettoken", row.token_errcode, arrived=False)
    try:
        said = fetch()
    except Refused as refused:
        if refused.errcode in WRONG_SECRET:
            _count_failure(row, refused, at)
        return refused
    row.access_token = said["access_token"]
    row.token_serial += 1
    row.token_expires_at = at + timedelta(seconds=max(60, int(said.get("expires_in", 7200))))
    row.token_failures, row.token_errcode, row.closed_until = 0, None, None
    row.save()
    log.info("wecom.token.fetched", app=row.pk, serial=row.token_serial)
    return Token(said["access_token"], row.token_serial, row.token_expires_at)


def _count_failure(row: App, refused: Refused, at: datetime) -> None:
    row.token_failures += 1
    row.token_errcode = refused.errcode
    if row.token_failures >= FAILURES_ALLOWED:
        row.closed_until = at + min(timedelta(minutes=2 ** (row.token_failures - FAILURES_ALLOWED)), LONGEST_PAUSE)
    row.save(update_fields=["token_failures", "token_errcode", "closed_until"])
    alarms.sound("wecom.token.refused", f"app {row.pk}", at=at, errcode=refused.errcode)
    log.warning("wecom.token.refused", app=row.pk, errcode=refused.errcode, failures=row.token_failures)


def forget(app: App) -> App:
    """The app as if it had never asked for a token; for a changed secret."""
    app.access_token, app.token_expires_at = "", None
    app.token_failures, app.token_errcode, app.closed_until = 0, None, None
    return app
