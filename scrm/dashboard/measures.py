"""What the data's health is measured by: each number with its query, its thresholds and how often it is taken."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

SOON, HOURLY, NIGHTLY = timedelta(minutes=4), timedelta(minutes=59), timedelta(hours=23)

KNOWN_BY = """
SELECT (SELECT count(*) FROM (
          SELECT DISTINCT coalesce(m.same_person_as_id, m.id) AS id
          FROM members_identity i JOIN members_member m ON m.id = i.member_id WHERE i.kind = '{kind}') AS known
        JOIN members_member r ON r.id = known.id AND r.erased_at IS NULL),
       (SELECT count(*) FROM members_member WHERE same_person_as_id IS NULL AND erased_at IS NULL)
"""
NAMED = """
SELECT count(*) FILTER (WHERE name <> ''), count(*)
FROM members_member WHERE same_person_as_id IS NULL AND erased_at IS NULL
"""
MERGED = """
SELECT count(*) FILTER (WHERE same_person_as_id IS NOT NULL), count(*) FROM members_member WHERE erased_at IS NULL
"""
SUSPECTED = """
SELECT (SELECT count(DISTINCT member) FROM members_review v, unnest(ARRAY[v.low_id, v.high_id]) AS t (member)
        WHERE v.state = 'open'),
       (SELECT count(*) FROM members_member WHERE same_person_as_id IS NULL AND erased_at IS NULL)
"""
ORDERS = """
SELECT count(*) FILTER (WHERE {about}), count(*)
FROM members_order o WHERE o.parent_id IS NULL AND o.paid_day > %(week)s AND o.paid_day <= %(day)s
"""
BAD_PHONES = """
SELECT coalesce((SELECT sum(n::bigint) FROM members_delivery d, jsonb_each_text(d.reasons) AS r (reason, n)
                 WHERE d.at > %(since)s AND d.rejected > 0 AND reason LIKE 'buyer.phone%%'), 0)
       + (SELECT count(*) FROM imports_importrow l JOIN imports_import u ON u.id = l.upload_id
          WHERE u.kind = 'members' AND u.at > %(since)s
            AND (l.faults @> '[{"code": "no_phone"}]' OR l.faults @> '[{"code": "shortened", "column": "phone"}]')),
       coalesce((SELECT sum(rows) FROM members_delivery WHERE at > %(since)s AND kind IN ('orders', 'events')), 0)
       + (SELECT count(*) FROM imports_importrow l JOIN imports_import u ON u.id = l.upload_id
          WHERE u.kind = 'members' AND u.at > %(since)s)
"""
REFUSED = """
SELECT coalesce(sum(rejected), 0), coalesce(sum(rows), 0) FROM members_delivery WHERE at > %(since)s
"""
FRESH = """
SELECT count(*) FILTER (WHERE %(at)s - coalesce(last, created_at) <= expected_every), count(*)
FROM (SELECT s.expected_every, s.created_at,
             (SELECT max(d.at) FROM members_delivery d WHERE d.source_id = s.id AND d.at <= %(at)s) AS last
      FROM members_source s WHERE s.state = 'live' AND s.expected_every IS NOT NULL) AS live
"""
OWNED = "SELECT count(*) FILTER (WHERE owner_id IS NOT NULL), count(*) FROM members_source WHERE state = 'live'"
LAG = """
SELECT coalesce(percentile_disc(0.95) WITHIN GROUP (
         ORDER BY (extract(epoch FROM handled_at - received_at) * 1000)::bigint), 0), NULL
FROM (SELECT handled_at, received_at FROM wecom_letter ORDER BY id DESC LIMIT 20000) AS newest
WHERE handled_at IS NOT NULL AND received_at > %(hour)s
"""
OLDEST = """
SELECT coalesce(max((extract(epoch FROM %(at)s - received_at) * 1000)::bigint), 0), NULL
FROM wecom_letter WHERE state = 'waiting'
"""
PARKED = """
SELECT (SELECT count(*) FROM members_push WHERE state = 'parked')
       + (SELECT count(*) FROM wecom_letter WHERE state = 'parked'), NULL
"""


@dataclass(frozen=True)
class Measure:
    """One number. It is good up to (or from) `good`, fair up to (or from) `fair`, and bad beyond."""

    key: str
    shelf: Any
    label: Any
    about: Any
    query: str
    good: float
    fair: float
    unit: str = "percent"  # percent, seconds, count
    more_is_better: bool = True
    every: timedelta = NIGHTLY
    link: str = ""

    @property
    def sql(self) -> str:
        """The query as people read it."""
        return self.query.strip().replace("%%", "%")

    def colour(self, value: float | None) -> str:
        """good, fair, bad, or none where nothing was counted."""
        if value is None:
            return "none"
        sign = 1 if self.more_is_better else -1
        if sign * value >= sign * self.good:
            return "good"
        return "fair" if sign * value >= sign * self.fair else "bad"


FRESHNESS, COMPLETE, TRUE, QUICK = _("Fresh"), _("Complete"), _("Correct"), _("In real time")
PHONE_SAID = _("Rows of the last seven days refused for a phone that is none, of all rows that name buyers.")
MEASURES: dict[str, Measure] = {
    one.key: one
    for one in (
        Measure(
            "sources_fresh",
            FRESHNESS,
            _("sources on time"),
            _("Live sources with an expectation that delivered within it."),
            FRESH,
            100,
            90,
            every=SOON,
            link="members:sources",
        ),
        Measure(
            "sources_owned",
            FRESHNESS,
            _("sources with somebody responsible"),
            _("Live sources for which somebody is named."),
            OWNED,
            100,
            80,
            every=SOON,
            link="members:sources",
        ),
        Measure(
            "members_phone",
            COMPLETE,
            _("customers with a phone"),
            _("Persons of whom any member has a phone, of all persons; merged members count once, erased ones not."),
            KNOWN_BY.format(kind="phone"),
            60,
            30,
            link="members:customers",
        ),
        Measure(
            "members_unionid",
            COMPLETE,
            _("customers with a unionid"),
            _("Persons of whom any member has a unionid, of all persons."),
            KNOWN_BY.format(kind="unionid"),
            70,
            40,
            link="members:customers",
        ),
        Measure(
            "members_name",
            COMPLETE,
            _("customers with a name"),
            _("Persons with a name, of all persons."),
            NAMED,
            90,
            70,
            link="members:customers",
        ),
        Measure(
            "orders_member",
            COMPLETE,
            _("orders with a customer"),
            _("Orders of the last seven days whose buyer is known; parts of a split order do not count."),
            ORDERS.format(about="o.member_id IS NOT NULL"),
            60,
            30,
            every=HOURLY,
        ),
        Measure(
            "orders_store",
            COMPLETE,
            _("orders with a store"),
            _("Orders of the last seven days with their store."),
            ORDERS.format(about="o.store_id IS NOT NULL"),
            95,
            80,
            every=HOURLY,
        ),
        Measure(
            "orders_sku",
            COMPLETE,
            _("orders with articles"),
            _("Orders of the last seven days that say what was bought."),
            ORDERS.format(about="EXISTS (SELECT FROM members_orderline l WHERE l.order_id = o.id)"),
            95,
            80,
            every=HOURLY,
        ),
        Measure(
            "rows_refused",
            TRUE,
            _("rows refused"),
            _("Rows of the last seven days that could not be taken in."),
            REFUSED,
            1,
            5,
            more_is_better=False,
            every=SOON,
            link="members:sources",
        ),
        Measure(
            "phones_invalid",
            TRUE,
            _("invalid phones"),
            PHONE_SAID,
            BAD_PHONES,
            1,
            5,
            more_is_better=False,
            every=HOURLY,
            link="members:sources",
        ),
        Measure(
            "members_merged",
            TRUE,
            _("members found to be somebody else"),
            _("Members who were merged into another one, of all members: how much One-ID has put together."),
            MERGED,
            5,
            15,
            more_is_better=False,
            link="members:duplicates",
        ),
        Measure(
            "members_suspected",
            TRUE,
            _("customers suspected to be twice"),
            _("Members in an open review, of all persons."),
            SUSPECTED,
            1,
            3,
            more_is_better=False,
            every=HOURLY,
            link="members:reviews",
        ),
        Measure(
            "callback_lag",
            QUICK,
            _("callbacks: 95% applied within"),
            _("Of the newest callbacks of the last hour, from receipt until they were applied."),
            LAG,
            5,
            60,
            "seconds",
            False,
            SOON,
            "dashboard:trace",
        ),
        Measure(
            "callback_oldest",
            QUICK,
            _("oldest waiting callback"),
            _("Since when the longest waiting callback waits."),
            OLDEST,
            60,
            600,
            "seconds",
            False,
            SOON,
            "dashboard:trace",
        ),
        Measure(
            "parked",
            QUICK,
            _("parked callbacks and pushes"),
            _("What could not be applied and waits for somebody."),
            PARKED,
            0,
            20,
            "count",
            False,
            SOON,
            "members:sources",
        ),
    )
}
