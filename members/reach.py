"""Whom the brand can reach: everybody counted under her best way, for the brand, its regions, city tiers and stores.

A guide comes first, then a phone alone, then nothing. In a store's row counts who is friends with a guide there, in a
region's with one in the region, in the brand's with anybody. Who is in which group chat is not known yet.
"""

from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from members import consents
from members.models import Consent, Round
from scrm.clock import day_of

log = structlog.get_logger()
LOCK = 7_310_016
ROUND = "reach"
ROOM = "SET LOCAL work_mem = '256MB'; SET LOCAL lock_timeout = '15min'; SET LOCAL statement_timeout = '30min'"
KEPT = timedelta(days=35)  # older days stay as the first of their month
MARKETING = (Consent.Purpose.MARKETING_1V1, Consent.Purpose.MARKETING_GROUP)

AFRESH = "DROP TABLE IF EXISTS pg_temp.stays, pg_temp.willing, pg_temp.folk"
WILLING = "CREATE TEMP TABLE willing (root bigint) ON COMMIT DROP"
ROOT = "coalesce(m.same_person_as_id, m.id)"
STAYS = f"""
CREATE TEMP TABLE stays ON COMMIT DROP AS
SELECT root, store_id, bool_or(is_live) AS is_live FROM (
    SELECT {ROOT} AS root, r.store_id, r.state = 'live' AS is_live
    FROM guides_relation r JOIN members_member m ON m.id = r.member_id WHERE r.added_at IS NOT NULL
    UNION ALL SELECT {ROOT}, j.store_id, false FROM members_joining j JOIN members_member m ON m.id = j.member_id
    UNION ALL SELECT DISTINCT {ROOT}, o.store_id, false FROM members_order o JOIN members_member m ON m.id = o.member_id
        WHERE o.store_id IS NOT NULL
) x GROUP BY 1, 2
"""
FOLK = f"""
CREATE TEMP TABLE folk ON COMMIT DROP AS
SELECT p.id AS root, f.root IS NOT NULL AS has_phone, w.root IS NOT NULL AS is_willing, g.root IS NOT NULL AS is_member,
       h.city_tier AS tier
FROM members_member p
LEFT JOIN (SELECT DISTINCT {ROOT} AS root FROM members_identity i JOIN members_member m ON m.id = i.member_id
           WHERE i.kind = 'phone') f ON f.root = p.id
LEFT JOIN (SELECT DISTINCT {ROOT} AS root FROM members_member m WHERE m.registered_at IS NOT NULL) g ON g.root = p.id
LEFT JOIN (SELECT DISTINCT root FROM willing) w ON w.root = p.id
LEFT JOIN members_home h ON h.member_id = p.id
WHERE p.same_person_as_id IS NULL AND p.erased_at IS NULL
"""
COLUMNS = """(day, kind, region_id, store_id, tier, people, by_guide, by_group, by_phone, by_nothing, registered,
              marketing)"""
SUMS = """count(*), count(*) FILTER (WHERE is_live), 0, count(*) FILTER (WHERE NOT is_live AND has_phone),
          count(*) FILTER (WHERE NOT is_live AND NOT has_phone), count(*) FILTER (WHERE is_member),
          count(*) FILTER (WHERE is_willing)"""
LIVES = """(SELECT f.*, coalesce(s.is_live, false) AS is_live FROM folk f
            LEFT JOIN (SELECT root, bool_or(is_live) AS is_live FROM stays GROUP BY 1) s USING (root)) x"""
COUNTS = (
    f"INSERT INTO members_reachcount {COLUMNS} SELECT %(day)s, 'brand', NULL, NULL, NULL, {SUMS} FROM {LIVES}",
    f"""INSERT INTO members_reachcount {COLUMNS}
    SELECT %(day)s, 'tier', NULL, NULL, tier, {SUMS} FROM {LIVES} GROUP BY tier""",
    f"""INSERT INTO members_reachcount {COLUMNS}
    SELECT %(day)s, 'region', region_id, NULL, NULL, {SUMS} FROM (
        SELECT s.region_id, y.root, bool_or(y.is_live) AS is_live FROM stays y JOIN stores_store s ON s.id = y.store_id
        GROUP BY 1, 2
    ) z JOIN folk USING (root) GROUP BY region_id""",
    f"""INSERT INTO members_reachcount {COLUMNS}
    SELECT %(day)s, 'store', NULL, store_id, NULL, {SUMS} FROM stays JOIN folk USING (root)
    WHERE store_id IS NOT NULL GROUP BY store_id""",
)
FORGET = "DELETE FROM members_reachcount WHERE day = %(day)s OR (day < %(until)s AND extract(day FROM day) <> 1)"


@transaction.atomic
def count_all(*, at: datetime) -> None:
    """The day's rows of every place, counted anew."""
    day = day_of(at)
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(AFRESH)
        cursor.execute(WILLING)
        for purpose in MARKETING:
            sql, asked = consents.allowing(purpose, at=at)
            cursor.execute(f"INSERT INTO willing {sql}", asked)
        _count(cursor, day)
    Round.objects.update_or_create(pk=ROUND, defaults={"at": at})
    log.info("members.reach.counted", day=str(day))


def _count(cursor: Any, day: date) -> None:
    for sql in (STAYS, FOLK, "ANALYZE stays", "ANALYZE folk"):
        cursor.execute(sql)
    cursor.execute(FORGET, {"day": day, "until": day - KEPT})
    for sql in COUNTS:
        cursor.execute(sql, {"day": day})
