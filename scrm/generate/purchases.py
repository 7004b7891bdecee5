"""SQL of what was bought: a catalogue, orders with their lines, and three refunds in a hundred, chunk by chunk.

A few customers buy a lot and most buy little; one order in seven is nobody's. Baskets spread log-normally around 157
yuan. Sums, units and categories of an order follow from its lines, as when a till tells them.
"""

from scrm.generate.ground import INSTANT

GOODS = (
    ("绿茶", ("明前龙井", "碧螺春", "黄山毛峰", "信阳毛尖", "六安瓜片", "太平猴魁", "安吉白茶", "竹叶青")),
    ("红茶", ("正山小种", "祁门红茶", "滇红金针", "金骏眉", "英德红茶", "九曲红梅")),
    ("乌龙", ("铁观音", "大红袍", "凤凰单丛", "东方美人", "冻顶乌龙", "水金龟")),
    ("普洱", ("熟普饼茶", "生普沱茶", "小青柑", "老班章", "冰岛古树")),
    ("茶具", ("盖碗", "紫砂壶", "公道杯", "品茗杯", "茶盘", "随手泡")),
    ("茶点", ("绿豆糕", "桃酥", "坚果礼罐", "山楂条", "核桃酥", "桂花糕")),
    ("礼盒", ("中秋礼盒", "年货礼盒", "双罐礼盒", "企业定制礼盒")),
)
CATALOGUE = [(category, name) for category, names in GOODS for name in names]
CATEGORIES = "ARRAY[{}]".format(", ".join(f"'{category}'" for category, _name in CATALOGUE))
NAMES = "ARRAY[{}]".format(", ".join(f"'{name}'" for _category, name in CATALOGUE))
CHANNELS = """
CASE WHEN pg_temp.u(n, 112) < 0.7 THEN 'store' WHEN pg_temp.u(n, 112) < 0.85 THEN 'mini_program'
     WHEN pg_temp.u(n, 112) < 0.92 THEN 'tmall' WHEN pg_temp.u(n, 112) < 0.96 THEN 'jd' ELSE 'douyin' END
"""
SOURCE = """
INSERT INTO members_source (public_id, code, name, kind, adapter, fields, options, error_percent, state, created_at)
VALUES (pg_temp.pid('so_', 0), 'generated', '掌柜收银', 'api', '', '{{}}', '{{}}', 5, 'live', %(at)s)
ON CONFLICT DO NOTHING
""".replace("{{}}", "{}")
PRODUCTS = f"""
INSERT INTO members_product (public_id, sku, name, category, price_fen, is_on_sale, created_at, changed_at)
SELECT pg_temp.pid('pr_', n), 'T' || lpad(n::text, 4, '0'), ({NAMES})[n], ({CATEGORIES})[n],
       (3800 + floor(30000 * pow(pg_temp.u(n, 91), 2)))::bigint, true, %(at)s, %(at)s
FROM generate_series(1, {len(CATALOGUE)}) n ON CONFLICT DO NOTHING
"""
STOCK = f"""
INSERT INTO members_stock (product_id, store_id, quantity, told_at)
SELECT p.id, %(store)s + s, floor(60 * pow(pg_temp.u(s * 100 + row_number() OVER (PARTITION BY s), 92), 2))::int, %(at)s
FROM members_product p, generate_series(0, least(%(stores)s, 200) - 1) s
WHERE p.sku LIKE 'T____' AND right(p.sku, 4)::int <= {len(CATALOGUE)} ON CONFLICT DO NOTHING
"""
BASKETS = f"""
DROP TABLE IF EXISTS gen_orders, gen_lines;
CREATE TEMP TABLE gen_orders ON COMMIT DROP AS
SELECT n, {CHANNELS} AS channel, floor(%(stores)s * pow(pg_temp.u(n, 113), 1.6))::bigint AS shop,
       CASE WHEN %(members)s > 0 AND pg_temp.u(n, 114) < 0.85
            THEN %(member)s + floor(%(members)s * pow(pg_temp.u(n, 115), 2.5))::bigint END AS member_id,
       floor(%(days)s * pow(pg_temp.u(n, 116), 0.85))::bigint * 86400 + 36000 + floor(43199 * pg_temp.u(n, 117))::bigint
           AS at,
       greatest(500, exp(9.34 + 0.8 * sqrt(-2 * ln(1 - pg_temp.u(n, 118))) * cos(2 * pi() * pg_temp.u(n, 119))))::bigint
           AS fen,
       1 + floor(4 * pow(pg_temp.u(n, 120), 1.4))::int AS parts
FROM generate_series(%(lo)s::bigint, %(hi)s::bigint - 1) n;
CREATE TEMP TABLE gen_lines ON COMMIT DROP AS
SELECT o.n, part - 1 AS position, 1 + floor({len(CATALOGUE)} * pow(pg_temp.u(o.n * 5 + part, 121), 1.3))::int AS good,
       1 + floor(2.2 * pow(pg_temp.u(o.n * 5 + part, 122), 3))::int AS quantity,
       CASE part WHEN 1 THEN fen - (parts - 1) * (fen / parts) ELSE fen / parts END AS fen
FROM gen_orders o, generate_series(1, o.parts) part;
ANALYZE gen_orders; ANALYZE gen_lines
"""
ORDERS = f"""
INSERT INTO members_order (id, public_id, source_id, number, parent_number, member_id, content, store_id, channel,
    seller_id, seller_userid, paid_at, paid_day, paid_fen, refunded_fen, units, categories, created_at, changed_at)
OVERRIDING SYSTEM VALUE
SELECT %(order)s + o.n, pg_temp.pid('o_', o.n), s.id, 'G' || o.n, '', o.member_id, decode(md5('o' || o.n), 'hex'),
       CASE WHEN o.channel = 'store' THEN %(store)s + o.shop END, o.channel,
       CASE WHEN o.channel = 'store' AND (f.left_day IS NULL OR f.left_day > o.at / 86400) THEN %(person)s + f.n END,
       '', {INSTANT.format("o.at")}, %(first_day)s::date + (o.at / 86400)::int, o.fen, 0, l.units, l.categories,
       {INSTANT.format("o.at")}, {INSTANT.format("o.at")}
FROM gen_orders o
JOIN members_source s ON s.code = 'generated'
JOIN (
    SELECT n, sum(quantity)::int AS units, count(DISTINCT ({CATEGORIES})[good])::smallint AS categories
    FROM gen_lines GROUP BY n
) l USING (n)
LEFT JOIN gen_staff f
    ON f.n = o.shop + %(stores)s * floor(pg_temp.u(o.n, 123) * greatest(1, %(guides)s / %(stores)s))::bigint
ORDER BY o.n
"""
LINES = f"""
INSERT INTO members_orderline (order_id, position, sku, name, category, quantity, paid_fen)
SELECT %(order)s + n, position, 'T' || lpad(good::text, 4, '0'), ({NAMES})[good], ({CATEGORIES})[good], quantity, fen
FROM gen_lines ORDER BY n, position
"""
BACK = f"""
DROP TABLE IF EXISTS gen_refunds;
CREATE TEMP TABLE gen_refunds ON COMMIT DROP AS
SELECT n, least(at + 3600 + floor(9 * 86400 * pow(pg_temp.u(n, 131), 2))::bigint, %(days)s * 86400 - 1) AS at,
       CASE WHEN pg_temp.u(n, 132) < 0.6 THEN fen ELSE greatest(1, floor(fen * pg_temp.u(n, 133))::bigint) END AS fen
FROM gen_orders WHERE pg_temp.u(n, 134) < 0.03;
INSERT INTO members_refund (public_id, source_id, number, order_number, order_id, state, refunded_at, refunded_day,
    paid_fen, content, created_at, changed_at)
SELECT pg_temp.pid('rf_', n), s.id, 'GR' || n, 'G' || n, %(order)s + n, 'counted', {INSTANT.format("at")},
       %(first_day)s::date + (at / 86400)::int, fen, decode(md5('r' || n), 'hex'), {INSTANT.format("at")},
       {INSTANT.format("at")}
FROM gen_refunds, members_source s WHERE s.code = 'generated' ORDER BY n;
UPDATE members_order o SET refunded_fen = r.fen FROM gen_refunds r WHERE o.id = %(order)s + r.n
"""
ONCE = (SOURCE, PRODUCTS, STOCK)
CHUNK = (BASKETS, ORDERS, LINES, BACK)
