"""SQL of who came: members, what WeCom would have told of each pair, and what follows from that, chunk by chunk.

The relations are written beside the facts as `guides.epochs.merge` derives them from the same facts; deriving a member
again changes nothing. Shops open from ten to ten, guides are replaced at three in the night.
"""

from scrm.generate import words
from scrm.generate.ground import INSTANT

SURNAMES, GIVEN, NICKNAMES = (words.sql_list(some) for some in (words.SURNAMES, words.GIVEN, words.NICKNAMES))
MEMBERS = f"""
INSERT INTO members_member (id, public_id, name, avatar, gender, created_at) OVERRIDING SYSTEM VALUE
SELECT %(member)s + n, pg_temp.pid('m_', n),
       CASE WHEN pg_temp.u(n, 51) < 0.6
            THEN pg_temp.pick({SURNAMES}, n, 52) || pg_temp.pick({GIVEN}, n, 53)
                 || CASE WHEN pg_temp.u(n, 54) < 0.6 THEN pg_temp.pick({GIVEN}, n, 55) ELSE '' END
            ELSE pg_temp.pick({NICKNAMES}, n, 52) || floor(1000 * pg_temp.u(n, 53))::int END,
       '', floor(3 * pg_temp.u(n, 56))::int, {INSTANT.format("0")}
FROM generate_series(%(lo)s::bigint, %(hi)s::bigint - 1) n
"""
IDENTITIES = f"""
INSERT INTO members_identity (member_id, kind, corp_id, value, read_at)
SELECT %(member)s + n, 'external_userid', %(corp)s, 'wm' || md5(pg_temp.pid('wm', n)), {INSTANT.format("0")}
FROM generate_series(%(lo)s::bigint, %(hi)s::bigint - 1) n
UNION ALL
SELECT %(member)s + n, 'unionid', NULL, 'o' || substr(md5(pg_temp.pid('o', n)), 1, 27), NULL
FROM generate_series(%(lo)s::bigint, %(hi)s::bigint - 1) n WHERE pg_temp.u(n, 57) < 0.6
"""

# Each member comes to a guide, three in ten to a second one. Times are seconds since the first day.
PAIRS = """
DROP TABLE IF EXISTS gen_pairs;
CREATE TEMP TABLE gen_pairs ON COMMIT DROP AS
WITH tops AS MATERIALIZED (SELECT array_agg(top ORDER BY n) AS tops, max(top) AS top FROM gen_staff),
met AS (
    SELECT n, slot, n * 2 + slot AS k, width_bucket(pg_temp.u(n * 2 + slot, 61) * top, tops) AS guide
    FROM tops, generate_series(%(lo)s::bigint, %(hi)s::bigint - 1) n, generate_series(0, 1) slot
    WHERE slot = 0 OR pg_temp.u(n, 62) < 0.3
), beside AS (
    SELECT m.*, s.shop, s.successor, s.works_twice, coalesce(s.left_day * 86400 + 10800, %(days)s * 86400) AS until,
           s.left_day IS NOT NULL AS leaves, coalesce(s.left_day, %(days)s) AS days
    FROM met m JOIN gen_staff s ON s.n = m.guide
), alone AS (
    SELECT b.*, o.guide AS other_guide, o.successor AS other_successor FROM beside b
    LEFT JOIN beside o ON o.n = b.n AND o.slot <> b.slot
    WHERE b.slot = 0 OR o.guide <> b.guide
), came AS (
    SELECT *, pg_temp.u(k, 63) < 0.06 AS is_half, pg_temp.u(k, 63) < 0.005 AS stays_half,
           floor(days * pow(pg_temp.u(k, 64), 0.75))::bigint * 86400
           + 36000 + floor(43199 * pg_temp.u(k, 65))::bigint AS at
    FROM alone
), went AS (
    SELECT *, CASE WHEN pg_temp.u(k, 66) < 0.18 THEN 'cust_del'
                   WHEN pg_temp.u(k, 66) < 0.22 THEN 'guide_del' END AS why,
           at + 600 - floor(ln(1 - pg_temp.u(k, 67)) * 20 * 86400)::bigint AS leaves_at
    FROM came
), ended AS (
    SELECT *, CASE WHEN why IS NOT NULL AND leaves_at < until AND NOT stays_half THEN leaves_at END AS end_at FROM went
), back AS (
    SELECT *, CASE WHEN pg_temp.u(k, 68) < 0.1 THEN (end_at / 86400 + 1 + floor(10 * pg_temp.u(k, 69))::bigint) * 86400
                   + 36000 + floor(43199 * pg_temp.u(k, 70))::bigint END AS again
    FROM ended
)
SELECT n, slot, k, guide, %(member)s + n AS member_id, %(guide)s + guide AS guide_id, successor,
       CASE WHEN stays_half THEN at
            WHEN is_half THEN at - 30 - floor(7200 * pg_temp.u(k, 71))::bigint END AS half_at,
       CASE WHEN NOT stays_half THEN at END AS add_at,
       end_at, CASE WHEN end_at IS NOT NULL THEN why END AS why, CASE WHEN again < until THEN again END AS again_at,
       CASE WHEN leaves AND NOT stays_half AND (end_at IS NULL OR again < until) AND pg_temp.u(k, 72) < 0.9
                 AND successor <> guide AND successor IS DISTINCT FROM other_guide
                 AND NOT (slot = 1 AND successor IS NOT DISTINCT FROM other_successor)
            THEN until END AS moved_at,
       CASE WHEN pg_temp.u(k, 73) < 0.36 THEN %(code)s + shop
            WHEN pg_temp.u(k, 73) < 0.6 THEN %(code)s + 2 * %(stores)s + guide END AS code_id,
       %(store)s + shop AS shop_id, CASE WHEN NOT works_twice THEN %(store)s + shop END AS own_shop_id
FROM back;
ANALYZE gen_pairs
"""
# Epochs as rows of relations: the first, the one after she came back, and the successor's.
EPOCHS = """
DROP TABLE IF EXISTS gen_epochs;
CREATE TEMP TABLE gen_epochs ON COMMIT DROP AS
SELECT k * 10 + 1 AS key, member_id, guide_id,
       CASE WHEN code_id IS NULL THEN own_shop_id ELSE shop_id END AS store_id, code_id, 1 AS epoch,
       coalesce(half_at, add_at) AS opened, add_at AS added, coalesce(end_at, moved_at) AS ended,
       CASE WHEN add_at IS NULL THEN 'half' WHEN why = 'cust_del' THEN 'lost' WHEN why = 'guide_del' THEN 'dropped'
            WHEN moved_at IS NOT NULL THEN 'moved' ELSE 'live' END AS state, false AS by_transfer
FROM gen_pairs
UNION ALL
SELECT k * 10 + 2, member_id, guide_id, own_shop_id, NULL, 2, again_at, again_at, moved_at,
       CASE WHEN moved_at IS NOT NULL THEN 'moved' ELSE 'live' END, false
FROM gen_pairs WHERE again_at IS NOT NULL
UNION ALL
SELECT k * 10 + 3, member_id, %(guide)s + successor, shop_id, NULL, 1, moved_at, moved_at, NULL, 'live', true
FROM gen_pairs WHERE moved_at IS NOT NULL;
ANALYZE gen_epochs
"""


def day(name: str) -> str:
    return f"(%(first_day)s::date + ({name} / 86400)::int)"


RELATIONS = f"""
INSERT INTO guides_relation (public_id, guide_id, member_id, store_id, code_id, state, epoch, opened_at, opened_day,
    added_at, added_day, ended_at, ended_day, guide_side, customer_side, by_transfer, store_chosen, changed_at)
SELECT pg_temp.pid('rel_', key), guide_id, member_id, store_id, code_id, state, epoch,
    {", ".join(f"{INSTANT.format(name)}, {day(name)}" for name in ("opened", "added", "ended"))},
    state NOT IN ('half', 'dropped', 'moved'), state <> 'lost', by_transfer, false, %(at)s
FROM gen_epochs ORDER BY member_id, guide_id, epoch
"""
FACTS = f"""
INSERT INTO guides_relationfact (guide_id, member_id, kind, at, digest, state, code_id, recorded_at)
SELECT f.guide_id, member_id, f.kind, {INSTANT.format("f.at")}, sha256((%(seed)s || ':' || k || ':' || nth)::bytea),
       coalesce(c.state, ''), c.id, {INSTANT.format("f.at")} + interval '2 seconds'
FROM (
    SELECT k, 1 AS nth, guide_id, member_id, 'half' AS kind, half_at AS at, code_id FROM gen_pairs
    UNION ALL SELECT k, 2, guide_id, member_id, 'add', add_at, code_id FROM gen_pairs
    UNION ALL SELECT k, 3, guide_id, member_id, why, end_at, NULL FROM gen_pairs
    UNION ALL SELECT k, 4, guide_id, member_id, 'add', again_at, NULL FROM gen_pairs
    UNION ALL SELECT k, 5, guide_id, member_id, 'transferred', moved_at, NULL FROM gen_pairs
    UNION ALL SELECT k, 6, %(guide)s + successor, member_id, 'add', moved_at, NULL FROM gen_pairs
) AS f LEFT JOIN guides_code c ON c.id = f.code_id
WHERE f.at IS NOT NULL
ORDER BY member_id, f.guide_id, nth
"""
# The oldest living relation owns until it ends, then the next oldest one: `guides.epochs.owners` as one window.
OWNERS = f"""
INSERT INTO guides_ownership (member_id, store_id, guide_id, starts_at, starts_day, ends_at)
SELECT member_id, store_id, guide_id, {INSTANT.format("starts")}, {day("starts")}, {INSTANT.format("ended")}
FROM (
    SELECT *, greatest(added, free) AS starts FROM (
        SELECT *, max(coalesce(ended, 9e15::bigint)) OVER (
            PARTITION BY member_id, store_id ORDER BY added, guide_id, coalesce(ended, 9e15::bigint)
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS free
        FROM gen_epochs WHERE added IS NOT NULL AND store_id IS NOT NULL
    ) AS lives
) AS owned WHERE (ended IS NULL OR ended > starts) AND starts < 9e15::bigint
ORDER BY member_id, store_id, starts
"""
TAGGED = f"""
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since)
SELECT member_id, %(tag)s + floor(%(tags)s * pg_temp.u(key, 81))::bigint, 'wecom', g.userid, {INSTANT.format("added")}
FROM gen_epochs JOIN guides_guide g ON g.id = guide_id
WHERE state = 'live' AND pg_temp.u(key, 82) < 0.4 ORDER BY member_id
"""
NOTES = f"""
INSERT INTO guides_note (guide_id, member_id, remark, description, company, add_way, changed_at)
SELECT guide_id, member_id, pg_temp.pick({words.sql_list(words.REMARKS)}, key, 83), '', '',
       CASE WHEN by_transfer THEN 202 ELSE 1 END, {INSTANT.format("added")}
FROM gen_epochs WHERE state = 'live' AND pg_temp.u(key, 84) < 0.25 ORDER BY member_id, guide_id
"""
CONSENTS = f"""
INSERT INTO members_consent (member_id, purpose, state, terms, at, source, recorded_at)
SELECT member_id, 'marketing_1v1', said, '2026-01', {INSTANT.format("at")}, 'form', {INSTANT.format("at")}
FROM (
    SELECT member_id, 'given' AS said, add_at AS at FROM gen_pairs
    WHERE slot = 0 AND add_at IS NOT NULL AND pg_temp.u(n, 85) < 0.6
    UNION ALL SELECT member_id, 'withdrawn', add_at + 3600 FROM gen_pairs
    WHERE slot = 0 AND add_at IS NOT NULL AND pg_temp.u(n, 85) < 0.02
) AS c ORDER BY member_id, at
"""
CHUNK = (MEMBERS, IDENTITIES, PAIRS, EPOCHS, RELATIONS, FACTS, OWNERS, TAGGED, NOTES, CONSENTS)
