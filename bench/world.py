"""A brand of any size, written set-based: regions, stores, franchisees, guides with postings, codes."""

from scrm.ids import sql_id

CODES_PER_STORE = 2
SINCE = "timestamptz '2025-06-01 00:00+08'"

BRAND = f"INSERT INTO stores_brand (public_id, name) SELECT {sql_id('b_')}, '掌柜茶饮'"
REGIONS = f"""
INSERT INTO stores_region (public_id, brand_id, code, name)
SELECT {sql_id("r_")}, b.id, 'r' || n, '大区' || n FROM stores_brand b, generate_series(1, %(regions)s) n
"""
STORES = f"""
INSERT INTO stores_store (public_id, region_id, code, name, kind, city, address)
SELECT {sql_id("s_")}, (SELECT id FROM stores_region WHERE code = 'r' || (1 + n %% %(regions)s)),
       'S' || lpad(n::text, 5, '0'), '门店' || n,
       CASE WHEN n %% 5 = 0 THEN 'franchise' ELSE 'direct' END, '上海', '南京路' || n || '号'
FROM generate_series(1, %(stores)s) n
"""
PLACEMENTS = (
    "INSERT INTO stores_placement (store_id, region_id, starts_on) SELECT id, region_id, '2025-06-01' FROM stores_store"
)
OPENINGS = "INSERT INTO stores_opening (store_id, starts_on) SELECT id, '2025-06-01' FROM stores_store"
FRANCHISEES = f"""
INSERT INTO stores_franchisee (public_id, brand_id, name, legal_name)
SELECT {sql_id("f_")}, b.id, '加盟商' || n, '' FROM stores_brand b, generate_series(1, greatest(2, %(stores)s / 50)) n
"""
CONTRACTS = """
WITH parties AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n, count(*) OVER () AS many FROM stores_franchisee)
INSERT INTO stores_contract (store_id, franchisee_id, starts_on)
SELECT s.id, p.id, '2025-06-01' FROM stores_store s JOIN parties p ON p.n = s.id % p.many WHERE s.kind = 'franchise'
"""
GUIDES = f"""
INSERT INTO guides_guide (public_id, corp_id, userid, name, position, status, can_contact)
SELECT {sql_id("g_")}, (SELECT id FROM wecom_corp), 'guide' || lpad(n::text, 6, '0'), '导购' || n, '导购',
       'active', true
FROM generate_series(0, %(guides)s - 1) n
"""
POSTINGS = f"""
WITH shops AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM stores_store)
INSERT INTO guides_posting (guide_id, store_id, is_manager, starts_at)
SELECT g.id, s.id, substr(g.userid, 6)::int < %(stores)s, {SINCE}
FROM guides_guide g JOIN shops s ON s.n = substr(g.userid, 6)::int %% %(stores)s
"""
CODES = f"""
WITH shops AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM stores_store)
INSERT INTO guides_code (public_id, corp_id, store_id, kind, name, state, config_id, qr_url, skip_verify, remark,
                         wanted, pushed, pushed_users, trouble, prints, created_at)
SELECT {sql_id("c_")}, (SELECT id FROM wecom_corp), s.id, 'store', '收银台' || k,
       'zbench' || lpad((k * %(stores)s + s.n)::text, 15, '0'), md5(s.n::text || k),
       '', true, '', 1, 1, '{{}}', '', 0, {SINCE}
FROM shops s, generate_series(0, {CODES_PER_STORE - 1}) k
"""
ALL = (BRAND, REGIONS, STORES, PLACEMENTS, OPENINGS, FRANCHISEES, CONTRACTS, GUIDES, POSTINGS, CODES)


def build(stores: int, guides: int, *, regions: int = 3) -> None:
    """So many stores and guides; codes are `zbench…` and belong to store n modulo stores."""
    from django.db import connection, transaction

    sizes = {"stores": stores, "guides": guides, "regions": regions}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in ALL:
            cursor.execute(statement, sizes if "%(" in statement else None)
        cursor.execute("SET LOCAL statement_timeout = 0")
