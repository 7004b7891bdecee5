"""How often somebody may knock at the registration page: the only writer of knocks. Kept in the database, so that it
counts over all processes; who knocks is a keyed digest."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from members.models import Knock
from scrm.sealed import digest

log = structlog.get_logger()
# What is counted: how many in which time. A poster in a busy shop brings many through one link and one address.
LIMITS: Mapping[str, tuple[int, timedelta]] = {
    "phone": (6, timedelta(days=1)),
    "code": (3, timedelta(minutes=30)),
    "codes_a_day": (10, timedelta(days=1)),
    "address": (60, timedelta(hours=1)),
    "codes_of_address": (20, timedelta(hours=1)),
    "link": (1500, timedelta(hours=1)),
    "data": (5, timedelta(days=1)),
}


class TooOften(Exception):
    """Somebody knocked too often; later it is heard again."""


@transaction.atomic
def knock(told: Mapping[str, str], *, at: datetime) -> None:
    """Counts a knock of each of these (such as phone and address); raises TooOften, and counts nothing then."""
    whos = sorted((digest(f"{what} {who}", "knocks"), what) for what, who in told.items() if who)
    with connection.cursor() as cursor:  # knocks of one wait for each other, always in the same order
        for who, _what in whos:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(who[:8], "big", signed=True)])
    for who, what in whos:
        most, lately = LIMITS[what]
        if Knock.objects.filter(who=who, at__gt=at - lately)[:most].count() >= most:
            log.info("join.knocked.too_often", what=what)
            raise TooOften
    Knock.objects.bulk_create([Knock(what=what, who=who, at=at) for who, what in whos])
