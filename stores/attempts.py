"""How often somebody may try a password or a code: the only writer of failed attempts.

A try counts as failed from the moment it begins until it succeeds, so that many at once are no way around. Waits grow
for a name at one place, and for a name that is tried from everywhere; a device on which she has signed in before has a
count of its own, so that whoever guesses elsewhere does not keep her out. An address as a whole only has a ceiling
that stops a list of names from being tried, and known devices pass it: a shop behind one address is never shut out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from scrm.sealed import digest
from stores.models import Attempt

log = structlog.get_logger()
AT_A_PLACE = 5  # tries of a name before it has to wait
FROM_ANYWHERE = 20
AT_AN_ADDRESS = 1000  # in an hour
FIRST_WAIT, LONGEST_WAIT = 60, 900  # seconds; each further failure doubles it
REMEMBERED = timedelta(hours=24)
HOUR = timedelta(hours=1)


class MustWait(Exception):
    """Too many tries were wrong; the next one counts after so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    @property
    def minutes(self) -> int:
        return -(-self.seconds // 60)


@dataclass(frozen=True)
class Who:
    """A name that is tried, at an address, perhaps on a device that she has used before."""

    name: bytes
    place: bytes
    address: bytes
    is_known: bool


def who(name: str, *, address: str, device: str = "") -> Who:
    """The fingerprints of a try; capitals and spaces give no second name."""
    place = digest(f"device {device}", "attempts") if device else digest(f"address {address}", "attempts")
    return Who(digest(plain(name), "attempts"), place, digest(f"address {address}", "attempts"), bool(device))


def plain(name: str) -> str:
    """A name as attempts count it: without capitals, spaces and halves of characters."""
    return "".join(name.casefold().split()).encode("utf-8", "replace").decode()


@transaction.atomic
def begin(who: Who, *, at: datetime) -> Attempt:
    """A try, counted as failed until it succeeds; raises MustWait."""
    with connection.cursor() as cursor:  # tries of one name wait for each other
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(who.name[:8], "big", signed=True)])
    if wait := _wait(who, at):
        log.info("sign_in.too_often", seconds=wait)
        raise MustWait(wait)
    return Attempt.objects.create(name=who.name, place=who.place, address=who.address, at=at)


def succeeded(attempt: Attempt) -> None:
    """The try was right: what failed for this name at this place is forgotten."""
    Attempt.objects.filter(name=attempt.name, place=attempt.place).delete()


def forget_old(at: datetime) -> int:
    """How many attempts were too old to count."""
    n, _each = Attempt.objects.filter(at__lt=at - REMEMBERED).delete()
    return n


def _wait(who: Who, at: datetime) -> int:
    """For how many seconds nobody may try this name at this place; 0 for not at all."""
    of_name = Attempt.objects.filter(name=who.name, at__gt=at - REMEMBERED)
    tries = list(of_name.order_by("-at").values_list("place", "at"))
    here = [when for place, when in tries if bytes(place) == who.place]
    wait = _left(here, AT_A_PLACE, at)
    if not who.is_known:
        wait = max(wait, _left([when for _place, when in tries], FROM_ANYWHERE, at), _crowded(who, at))
    return wait


def _left(tries: list[datetime], free: int, at: datetime) -> int:
    """What is left of the wait after so many failures, the latest first."""
    if len(tries) < free:
        return 0
    lasts = min(FIRST_WAIT * 2 ** min(len(tries) - free, 10), LONGEST_WAIT)
    return max(0, -int(-(lasts - (at - tries[0]).total_seconds()) // 1))


def _crowded(who: Who, at: datetime) -> int:
    """The wait at an address from which a long list of names is tried."""
    lately = Attempt.objects.filter(address=who.address, at__gt=at - HOUR)
    return LONGEST_WAIT if lately[:AT_AN_ADDRESS].count() >= AT_AN_ADDRESS else 0
