"""How many customers WeCom bills for: different people whom at least one guide of the corp still has."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection

from scrm import clock
from scrm.dashboard.models import ContactCount

COUNT = """
INSERT INTO dashboard_contactcount (corp_id, day, contacts, counted_at)
SELECT c.id, %(day)s, count(DISTINCT r.member_id), %(at)s
FROM wecom_corp c LEFT JOIN guides_guide g ON g.corp_id = c.id
LEFT JOIN guides_relation r ON r.guide_id = g.id AND r.guide_side AND r.added_at IS NOT NULL
GROUP BY c.id
ON CONFLICT (corp_id, day) DO UPDATE SET contacts = excluded.contacts, counted_at = excluded.counted_at
"""


class Cost(NamedTuple):
    """What a corp's customers cost in a year; None where nobody said what one costs or how many are included."""

    corp_id: str
    name: str
    contacts: int
    included: int | None
    yearly_fen: int | None
    counted_at: datetime

    @property
    def yearly_yuan(self) -> int | None:
        return None if self.yearly_fen is None else self.yearly_fen // 100


def count(*, at: datetime) -> None:
    """Counts the customers of each corp; a second time on a day replaces the first."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"day": clock.day_of(at), "at": at})


def costs() -> list[Cost]:
    """Of each corp by its last count."""
    newest = ContactCount.objects.order_by("corp_id", "-day").distinct("corp_id").select_related("corp")
    return [_cost(one) for one in newest]


def _cost(one: ContactCount) -> Cost:
    included, price = one.corp.contacts_included, one.corp.contact_price_fen
    known = included is not None and price is not None
    yearly = max(0, one.contacts - (included or 0)) * (price or 0) if known else None
    return Cost(one.corp.corp_id, one.corp.name, one.contacts, included, yearly, one.counted_at)
