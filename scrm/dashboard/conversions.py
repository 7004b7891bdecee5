"""From buyer to member who allows to be spoken to: the only writer of conversions, and how a board reads them.

One pass over the orders of a year tells of each person and place when she last bought; whoever bought since the first
day of a span is its buyer. So people are counted once at each place, however often and wherever she bought.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from members import consents
from members.models import Consent
from scrm.clock import day_of, day_span
from scrm.dashboard.models import Conversion
from scrm.dashboard.nodes import Kind, Node
from scrm.dashboard.periods import Period
from stores.scope import scope_of

log = structlog.get_logger()
SPANS = {"days_7": 7, "days_30": 30, "days_90": 90, "days_365": 365}
USUAL = "days_30"
LOCK = 7_310_002
EVERY = timedelta(hours=6)
REACHING = (Consent.Purpose.MARKETING_1V1, Consent.Purpose.MARKETING_GROUP)  # what makes a consent one to be reached by

TABLES = """
CREATE TEMP TABLE conv_orders ON COMMIT DROP AS
SELECT o.store_id, p.region_id, k.franchisee_id, o.paid_day AS day,
       coalesce(m.same_person_as_id, m.id) AS person
FROM members_order o
LEFT JOIN members_member m ON m.id = o.member_id
LEFT JOIN stores_placement p ON p.store_id = o.store_id AND p.starts_on <= o.paid_day
    AND (p.ends_on IS NULL OR p.ends_on > o.paid_day)
LEFT JOIN stores_contract k ON k.store_id = o.store_id AND k.starts_on <= o.paid_day
    AND (k.ends_on IS NULL OR k.ends_on > o.paid_day)
WHERE o.parent_id IS NULL AND o.paid_fen > o.refunded_fen AND o.paid_day > %(day)s::date - 365
  AND o.paid_day <= %(day)s;
ANALYZE conv_orders;
CREATE TEMP TABLE conv_people ON COMMIT DROP AS
SELECT m.id AS person, m.registered_at IS NOT NULL AND m.registered_at < %(until)s AS registered, false AS willing
FROM members_member m WHERE m.erased_at IS NULL AND m.id IN (SELECT person FROM conv_orders)
"""
# Whoever of a person's members registered, she did.
OTHERS = """
UPDATE conv_people p SET registered = true FROM members_member m
WHERE m.same_person_as_id = p.person AND NOT p.registered AND m.registered_at < %(until)s
"""
WILLING = "UPDATE conv_people SET willing = true WHERE NOT willing AND person IN ({allowing})"
# A place's row: its kind, its key, and of a store where it stands.
PLACES = {
    "brand": "'brand', (SELECT id FROM stores_brand ORDER BY id LIMIT 1), NULL::bigint, NULL::bigint, NULL::bigint",
    "region": "'region', region_id, NULL::bigint, region_id, NULL::bigint",
    "franchisee": "'franchisee', franchisee_id, NULL::bigint, NULL::bigint, franchisee_id",
    "store": "'store', store_id, store_id, NULL::bigint, NULL::bigint",
    "held": "'held', store_id, store_id, NULL::bigint, franchisee_id",
}
NEEDS = {
    "brand": "true",
    "region": "region_id IS NOT NULL",
    "franchisee": "franchisee_id IS NOT NULL",
    "store": "store_id IS NOT NULL",
    "held": "franchisee_id IS NOT NULL",
}
COUNT = """
WITH bought AS (
    SELECT {place}, o.person, p.registered, p.willing, max(o.day) AS last
    FROM conv_orders o LEFT JOIN conv_people p ON p.person = o.person
    WHERE o.person IS NOT NULL AND {needs} GROUP BY 1, 2, 3, 4, 5, o.person, p.registered, p.willing
), known (kind, node_id, store_id, region_id, franchisee_id, person, registered, willing, last) AS (TABLE bought),
people AS (
    SELECT kind, node_id, store_id, region_id, franchisee_id, s.span, count(*) AS buyers,
           count(*) FILTER (WHERE registered) AS registered, count(*) FILTER (WHERE registered AND willing) AS members
    FROM known CROSS JOIN unnest(%(spans)s::text[], %(days)s::int[]) AS s (span, days)
    WHERE last > %(day)s::date - s.days GROUP BY 1, 2, 3, 4, 5, 6
), sold (kind, node_id, store_id, region_id, franchisee_id, day, orders, nameless) AS (
    SELECT {place}, day, count(*), count(*) FILTER (WHERE person IS NULL) FROM conv_orders WHERE {needs}
    GROUP BY 1, 2, 3, 4, 5, 6
), tickets AS (
    SELECT kind, node_id, store_id, region_id, franchisee_id, s.span, sum(orders) AS orders, sum(nameless) AS nameless
    FROM sold CROSS JOIN unnest(%(spans)s::text[], %(days)s::int[]) AS s (span, days)
    WHERE sold.day > %(day)s::date - s.days GROUP BY 1, 2, 3, 4, 5, 6
)
INSERT INTO dashboard_conversion
    (kind, node_id, store_id, region_id, franchisee_id, span, day, orders, nameless, buyers, registered, members)
SELECT t.kind, t.node_id, t.store_id, coalesce(t.region_id, s.region_id), t.franchisee_id, t.span, %(day)s, t.orders,
       t.nameless, coalesce(p.buyers, 0), coalesce(p.registered, 0), coalesce(p.members, 0)
FROM tickets t LEFT JOIN people p ON (p.kind, p.node_id, p.span) = (t.kind, t.node_id, t.span)
    AND p.franchisee_id IS NOT DISTINCT FROM t.franchisee_id
LEFT JOIN stores_store s ON s.id = t.store_id
"""


@dataclass(frozen=True)
class Counts:
    """How many bought, and what became of them."""

    orders: int = 0
    nameless: int = 0
    buyers: int = 0
    registered: int = 0
    members: int = 0

    @property
    def rate(self) -> float | None:
        """会员转化率: members with a valid consent ÷ buyers; None where nobody bought."""
        return self.members / self.buyers if self.buyers else None

    @property
    def percent(self) -> float | None:
        return None if self.rate is None else 100 * self.rate

    @property
    def known(self) -> float | None:
        """How many of the tickets have a name."""
        return 1 - self.nameless / self.orders if self.orders else None

    @classmethod
    def of(cls, row: Any) -> "Counts":
        return cls(row.orders, row.nameless, row.buyers, row.registered, row.members)


@transaction.atomic
def fill(day: date) -> int:
    """Replaces the rows of all spans that end on a day; says how many. Single stores keep those of the last day."""
    asked: dict[str, Any] = {"day": day, "until": day_span(day)[1], "spans": list(SPANS), "days": list(SPANS.values())}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '15min'; SET LOCAL work_mem = '128MB'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(TABLES, asked)
        cursor.execute(OTHERS, asked)
        cursor.execute("ANALYZE conv_people")
        for purpose in REACHING:
            sql, told = consents.allowing(purpose, at=asked["until"])
            cursor.execute(WILLING.format(allowing=sql), told)
        Conversion.objects.filter(day=day).delete()
        Conversion.objects.filter(day__lt=day, kind__in=["store", "held"]).delete()
        written = 0
        for kind, place in PLACES.items():
            cursor.execute(COUNT.format(place=place, needs=NEEDS[kind]), asked)
            written += cursor.rowcount
        cursor.execute("DROP TABLE conv_orders, conv_people")
    log.info("dashboard.conversions.filled", rows=written)
    return written


def fill_due(*, at: datetime) -> int:
    """Fills today unless it was filled a while ago; says how many rows were written."""
    newest = Conversion.objects.filter(kind="brand").order_by("-filled_at").values_list("filled_at", flat=True).first()
    if newest and newest > at - EVERY:
        return 0
    written = fill(day_of(at))
    Conversion.objects.filter(day=day_of(at)).update(filled_at=at)
    return written


def read(node: Node, span: str) -> tuple[Counts, date | None]:
    """A place's counts of the newest day, and which that is; a franchisee reads of a store the days that were his."""
    rows = Conversion.objects.filter(kind=node.kind, node_id=node.pk, span=span)
    if node.kind == Kind.STORE and (houses := scope_of(node.viewer).franchisees):
        rows = Conversion.objects.filter(kind="held", node_id=node.pk, span=span, franchisee__in=houses)
    newest = Conversion.objects.order_by("-day").values_list("day", flat=True).first()
    row = rows.filter(day=newest).first() if newest else None
    return (Counts.of(row) if row else Counts()), newest


def parts(node: Node, part: str, span: str, day: date) -> Any:
    """The rows of a place's regions, franchisees or stores, to be sorted and cut."""
    rows = Conversion.objects.filter(day=day, span=span).select_related("store", "region", "franchisee")
    if part in {"regions", "franchisees"}:
        return rows.filter(kind=part[:-1])
    if node.kind == Kind.FRANCHISEE:
        return rows.filter(kind="held", franchisee=node.pk)
    return rows.filter(kind="store", **({"region": node.pk} if node.kind == Kind.REGION else {}))


def period(span: str, day: date) -> Period:
    """The days that a span covers."""
    return Period(day - timedelta(days=SPANS[span] - 1), day, span)
