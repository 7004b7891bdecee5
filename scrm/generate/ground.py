"""SQL of what stands still: regions, stores, franchisees, people, guides, codes. Row n has id `first + n`."""

from scrm.generate import words

SINCE = "(%(first_day)s::date - 30)"
SINCE_AT = f"({SINCE}::timestamp AT TIME ZONE 'Asia/Shanghai')"
INSTANT = "(%(first_day)s::timestamp AT TIME ZONE 'Asia/Shanghai' + {} * interval '1 second')"

# What later statements ask of each guide: her store, her successor there if she leaves, and her share of customers.
# Two in a hundred have 1,500 to 2,500 customers where the mean is 100; the others' numbers spread log-normally.
STAFF = """
CREATE TEMP TABLE IF NOT EXISTS gen_staff AS
WITH told AS (
    SELECT n, n %% %(stores)s AS shop,
           CASE WHEN pg_temp.u(n, 1) < 0.06 AND n >= %(stores)s AND %(days)s > 10
                THEN 1 + floor(%(days)s * (0.3 + 0.6 * pg_temp.u(n, 2)))::int END AS left_day,
           n >= %(stores)s AND pg_temp.u(n, 3) < 0.01 AND %(stores)s > 1 AS works_twice,
           CASE WHEN pg_temp.u(n, 4) < 0.02 THEN 1500 + 1000 * pg_temp.u(n, 5)
                ELSE exp(3.79 + 0.8 * sqrt(-2 * ln(1 - pg_temp.u(n, 5))) * cos(2 * pi() * pg_temp.u(n, 6))) END AS share
    FROM generate_series(0, %(guides)s::bigint - 1) n
)
SELECT *, CASE WHEN left_day IS NOT NULL THEN shop END AS successor, sum(share) OVER (ORDER BY n) AS top
FROM told;
ANALYZE gen_staff
"""

BRAND = f"""
INSERT INTO stores_brand (id, public_id, name) OVERRIDING SYSTEM VALUE
VALUES (%(brand)s, pg_temp.pid('b_', 0), '{words.BRAND}')
"""
REGIONS = f"""
INSERT INTO stores_region (id, public_id, brand_id, code, name) OVERRIDING SYSTEM VALUE
SELECT %(region)s + n, pg_temp.pid('r_', n), %(brand)s, 'r' || lpad((n + 1)::text, 3, '0'),
       ({words.sql_list(tuple(name for name, _cities in words.PROVINCES))})[n + 1]
FROM generate_series(0, %(regions)s - 1) n
"""
CITIES = "(VALUES {}) AS c (region, cities)".format(
    ", ".join(f"({n}, {words.sql_list(cities)})" for n, (_name, cities) in enumerate(words.PROVINCES))
)
STORES = f"""
INSERT INTO stores_store (id, public_id, region_id, code, name, kind, city, address, latitude, longitude)
OVERRIDING SYSTEM VALUE
SELECT %(store)s + n, pg_temp.pid('s_', n), %(region)s + n %% %(regions)s, 'S' || lpad((n + 1)::text, 6, '0'),
       city || place || CASE WHEN nth > 0 THEN (nth + 1) || '号' ELSE '' END || '店',
       CASE WHEN pg_temp.u(n, 11) < 0.3 THEN 'franchise' ELSE 'direct' END, city,
       place || (1 + floor(900 * pg_temp.u(n, 12)))::int || '号', 22 + 20 * pg_temp.u(n, 13),
       100 + 22 * pg_temp.u(n, 14)
FROM (
    SELECT n, cities[1 + (n / %(regions)s) %% cardinality(cities)] AS city,
           ({words.sql_list(words.PLACES)})[
               1 + (n / %(regions)s / cardinality(cities)) %% {len(words.PLACES)}] AS place,
           n / %(regions)s / cardinality(cities) / {len(words.PLACES)} AS nth
    FROM generate_series(0, %(stores)s - 1) n JOIN {CITIES} ON c.region = n %% %(regions)s
) AS s
"""
PLACEMENTS = f"""
INSERT INTO stores_placement (store_id, region_id, starts_on)
SELECT id, region_id, {SINCE} FROM stores_store ORDER BY id
"""
OPENINGS = f"INSERT INTO stores_opening (store_id, starts_on) SELECT id, {SINCE} FROM stores_store ORDER BY id"
FRANCHISEES = f"""
INSERT INTO stores_franchisee (id, public_id, brand_id, name, legal_name) OVERRIDING SYSTEM VALUE
SELECT %(franchisee)s + n, pg_temp.pid('f_', n), %(brand)s, boss || '的加盟商' || n + 1, boss || '商贸有限公司'
FROM (SELECT n, pg_temp.pick({words.sql_list(words.SURNAMES)}, n, 21)
             || pg_temp.pick({words.sql_list(words.GIVEN)}, n, 22) AS boss
      FROM generate_series(0, %(franchisees)s - 1) n) AS f
"""
# One contract in ten is a second one: the store had another franchisee until the middle of the time.
CONTRACTS = f"""
INSERT INTO stores_contract (store_id, franchisee_id, starts_on, ends_on)
SELECT s.id, %(franchisee)s + (n * 7 + part) %% %(franchisees)s,
       CASE part WHEN 1 THEN %(first_day)s::date + %(days)s / 2 ELSE {SINCE} END,
       CASE WHEN part = 0 AND is_second THEN %(first_day)s::date + %(days)s / 2 END
FROM (SELECT id, id - %(store)s AS n, %(franchisees)s > 1 AND pg_temp.u(id - %(store)s, 23) < 0.1 AS is_second
      FROM stores_store WHERE kind = 'franchise') AS s
JOIN generate_series(0, 1) part ON part = 0 OR is_second
ORDER BY s.id, part
"""

# Nobody signs in with these: guides come by WeCom, and `logins` names a few with a password.
PEOPLE = f"""
INSERT INTO stores_person (id, public_id, username, password, name, is_active, access_epoch) OVERRIDING SYSTEM VALUE
SELECT %(person)s + n, pg_temp.pid('p_', n), 'g' || lpad((n + 1)::text, 7, '0'), '!' || md5(pg_temp.pid('!', n)),
       pg_temp.pick({words.sql_list(words.SURNAMES)}, n, 31) || pg_temp.pick({words.sql_list(words.GIVEN)}, n, 32)
       || CASE WHEN pg_temp.u(n, 33) < 0.7 THEN pg_temp.pick({words.sql_list(words.GIVEN)}, n, 34) ELSE '' END,
       left_day IS NULL, 0
FROM gen_staff ORDER BY n
"""
GUIDES = f"""
INSERT INTO guides_guide (id, public_id, corp_id, userid, name, position, status, wecom_status, can_contact, left_at,
                          staff_number, person_id, successor_id) OVERRIDING SYSTEM VALUE
SELECT %(guide)s + n, pg_temp.pid('g_', n), %(corp)s, p.username, p.name,
       CASE WHEN n < %(stores)s THEN '店长' ELSE '导购' END,
       CASE WHEN left_day IS NULL THEN 'active' ELSE 'left' END, CASE WHEN left_day IS NULL THEN 1 ELSE 5 END,
       left_day IS NULL, {INSTANT.format("(left_day * 86400 + 10800)")}, 'N' || lpad((n + 1)::text, 7, '0'), p.id,
       %(guide)s + successor
FROM gen_staff JOIN stores_person p ON p.id = %(person)s + n ORDER BY n
"""
POSTINGS = f"""
INSERT INTO guides_posting (guide_id, store_id, is_manager, starts_at, ends_at)
SELECT %(guide)s + n, %(store)s + shop, n < %(stores)s, {SINCE_AT}, {INSTANT.format("(left_day * 86400 + 10800)")}
FROM gen_staff
UNION ALL
SELECT %(guide)s + n, %(store)s + (shop + 1) %% %(stores)s, false, {SINCE_AT},
       {INSTANT.format("(left_day * 86400 + 10800)")} FROM gen_staff WHERE works_twice
"""
SEATS = """
INSERT INTO stores_seat (person_id, role, store_id, starts_at, ends_at)
SELECT g.person_id, CASE WHEN is_manager THEN 'store_manager' ELSE 'guide' END, p.store_id, p.starts_at, p.ends_at
FROM guides_posting p JOIN guides_guide g ON g.id = p.guide_id ORDER BY p.id
"""
CODES = f"""
INSERT INTO guides_code (id, public_id, corp_id, store_id, kind, name, state, config_id, qr_url, skip_verify, remark,
    wanted, pushed, pushed_users, trouble, prints, created_at, trial) OVERRIDING SYSTEM VALUE
SELECT %(code)s + n, pg_temp.pid('c_', n), %(corp)s, %(store)s + shop, kind, name, pg_temp.pid('z', n),
       md5(pg_temp.pid('q', n)),
       '', true, '', 1, 1, '{{}}', '', floor(20 * pg_temp.u(n, 41))::int, {SINCE_AT}, 0
FROM (
    SELECT n, n AS shop, 'store' AS kind, '{words.TILL}' AS name FROM generate_series(0, %(stores)s - 1) n
    UNION ALL SELECT %(stores)s + n, n, 'guides', '{words.WINDOW}' FROM generate_series(0, %(stores)s - 1) n
    UNION ALL SELECT 2 * %(stores)s + n, shop, 'guide', '工牌' || n + 1 FROM gen_staff
) AS c ORDER BY n
"""
CODE_GUIDES = """
INSERT INTO guides_codeguide (code_id, guide_id)
SELECT %(code)s + 2 * %(stores)s + n, %(guide)s + n FROM gen_staff WHERE left_day IS NULL
UNION ALL SELECT %(code)s + %(stores)s + shop, %(guide)s + n FROM gen_staff
WHERE n < 3 * %(stores)s AND left_day IS NULL ORDER BY 1
"""
GROUPS = """
INSERT INTO members_taggroup (id, public_id, corp_id, group_id, name, rank) OVERRIDING SYSTEM VALUE
SELECT %(taggroup)s + n, pg_temp.pid('tg_', n), %(corp)s, 'etg' || n, name, 0
FROM unnest(%(groups)s::text[]) WITH ORDINALITY AS g (name, n)
"""
LABELS = """
INSERT INTO members_tag (id, public_id, group_id, tag_id, name, rank) OVERRIDING SYSTEM VALUE
SELECT %(tag)s + n - 1, pg_temp.pid('t_', n), %(taggroup)s + of, 'et' || n, name, 0
FROM unnest(%(labels)s::text[], %(label_groups)s::int[]) WITH ORDINALITY AS t (name, of, n)
"""
PLACES = (BRAND, REGIONS, STORES, PLACEMENTS, OPENINGS, FRANCHISEES, CONTRACTS)
FLOOR = (PEOPLE, GUIDES, POSTINGS, SEATS)
SIGNS = (CODES, CODE_GUIDES, GROUPS, LABELS)
