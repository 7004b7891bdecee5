"""What everybody bought within the last 365 days, summed over any set of people without reading an order.

A number of each person is kept as binary digits: of each digit, who has it. The sum over a set of people is then the
sum, over the digits, of how many of the set have it, times what the digit is worth. Filled every hour (`fill`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from pyroaring import BitMap

from members.models import Order, YearSlice
from members.segments import bits, families
from members.segments.families import COUNT_BITS, MONEY_BITS, Family, Whom
from members.segments.purchases import COUNTED, NET
from scrm.clock import day_of

log = structlog.get_logger()
WINDOW = 365
IN_YEAR = f"{COUNTED} AND x.paid_day > %(day)s::date - {WINDOW} AND x.paid_day <= %(day)s::date"
FEN = Family("fen", families.summed("members_order", f"sum({NET})", IN_YEAR), frozenset(), bits=MONEY_BITS)
DAYS = Family(
    "days", families.summed("members_order", "count(DISTINCT x.paid_day)", IN_YEAR), frozenset(), bits=COUNT_BITS
)


@dataclass(frozen=True)
class Year:
    """The last 365 days, today among them, as of an instant; nothing is known before the first fill (`at` is None)."""

    at: datetime | None
    fen: Mapping[int, BitMap]
    days: Mapping[int, BitMap]

    def spent(self, who: BitMap) -> int:
        """What these people paid, less what they gave back, in fen."""
        return sum(
            (1 << digit) * who.intersection_cardinality(has) for digit, has in self.fen.items() if digit != bits.HAS
        )

    def buyers(self, times: int) -> BitMap:
        """Who bought on at least so many days."""
        return bits.at_least(times, self.days, COUNT_BITS) if self.days else BitMap()


def fill(at: datetime) -> Year:
    """The year as of this instant, kept in place of the one before."""
    whom = Whom(at, day_of(at))
    year = Year(at, families.states(FEN, whom), families.states(DAYS, whom))
    rows = [
        YearSlice(name=name, digit=digit, at=at, body=bits.packed(has))
        for name, kept in (("fen", year.fen), ("days", year.days))
        for digit, has in kept.items()
    ]
    with transaction.atomic():
        YearSlice.objects.all().delete()
        YearSlice.objects.bulk_create(rows)
    log.info("members.year.filled", slices=len(rows))
    return year


def present() -> Year:
    """The year as it was filled last."""
    found: dict[str, dict[int, BitMap]] = {"fen": {}, "days": {}}
    at = None
    for one in YearSlice.objects.all():
        found[one.name][one.digit] = bits.unpacked(one.body)
        at = one.at
    return Year(at, found["fen"], found["days"])


def known(at: datetime, *, few: int = 200_000) -> Year:
    """The year as it was filled last; where it never was, and orders are few, it is filled now."""
    year = present()
    if year.at is None and not Order.objects.order_by("pk")[few : few + 1].exists():
        return fill(at)
    return year
