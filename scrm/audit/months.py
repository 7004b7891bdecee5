"""The book's months: each is a table of its own, made ahead, and dropped whole when it need not be kept longer."""

from datetime import date, datetime, timedelta

from django.db import connection, transaction

from scrm import clock
from scrm.audit import entries

AHEAD = timedelta(days=366)


def prepare(*, at: datetime) -> int:
    """How many months were made ready, so that a year's entries have their place."""
    first = clock.day_of(at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_months(%s, %s)", [first, first + AHEAD])
        return int(cursor.fetchone()[0])


@transaction.atomic
def drop(before: date, *, at: datetime, by: object = "retention") -> list[date]:
    """The months that ended by this day and were dropped; the book says so itself, and goes on from there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_drop_months(%s)", [before])
        gone = [month for (month,) in cursor.fetchall()]
    for month in gone:
        entries.record("audit.month_dropped", by=by, at=at, month=f"{month:%Y-%m}")
    return gone
