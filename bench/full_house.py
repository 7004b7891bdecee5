"""Databases full of stores and days, one for each size, made from the empty house set by set.

Up to 1,000 stores the facts are the product's own, filled from relations; beyond, the days are generated (the fill of
a million store-days would take longer than all the rest) and only regions, brand and spans are summed up from them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from bench import world
from bench.ground import EMPTY, Ground
from scrm.embedded import postgres
from scrm.ids import sql_id

DAYS = 120
FILLED_UP_TO = 1000  # stores
RELATIONS_A_STORE = 30
LETTERS = 20_000

MEMBERS = f"""
INSERT INTO members_member (id, public_id, name, avatar, gender, created_at)
OVERRIDING SYSTEM VALUE SELECT n, {sql_id("m_")}, '客户' || n, '', 0, now() FROM generate_series(1, %(people)s) n;
"""
IDENTITIES = """
INSERT INTO members_identity (member_id, kind, corp_id, value, read_at)
SELECT n, 'external_userid', c.id, 'wmHouse' || lpad(n::text, 25, '0'), now()
FROM wecom_corp c, generate_series(1, %(people)s) n;
"""
# Person n came to the guide n modulo guides on one of the days; every fifth left again after a few of them.
RELATIONS = f"""
WITH shops AS (SELECT s.id, row_number() OVER (ORDER BY s.id) - 1 AS n, min(c.id) AS code
               FROM stores_store s JOIN guides_code c ON c.store_id = s.id GROUP BY 1),
staff AS (SELECT id, substr(userid, 6)::int AS n FROM guides_guide),
told AS (
    SELECT n, %(first)s::date + (n::bigint * 7919 %% {DAYS})::int AS added, n %% 5 = 0 AS is_lost,
           (1 + n %% 9)::int AS held
    FROM generate_series(1, %(people)s) n
), days AS (
    SELECT n, added, CASE WHEN is_lost AND added + held <= %(today)s THEN added + held END AS ended FROM told
)
INSERT INTO guides_relation (public_id, guide_id, member_id, store_id, code_id, state, epoch, opened_at, opened_day,
    added_at, added_day, ended_at, ended_day, guide_side, customer_side, by_transfer, store_chosen, changed_at)
SELECT {sql_id("rel_")}, g.id, d.n, s.id, CASE WHEN d.n %% 3 > 0 THEN s.code END,
    CASE WHEN ended IS NULL THEN 'live' ELSE 'lost' END, 1, added + time '12:00', added, added + time '12:00', added,
    ended + time '13:00', ended, true, ended IS NULL, false, false, now()
FROM days d JOIN staff g ON g.n = d.n %% %(guides)s JOIN shops s ON s.n = g.n %% %(stores)s
"""
FLOWS = "adds, people_adds, losses, drops, moved_in, moved_out, kept_7, kept_of"
GUIDE_DAYS = f"""
WITH staff AS (SELECT p.store_id, min(p.guide_id) AS guide, min(c.id) AS code FROM guides_posting p
               JOIN guides_code c ON c.store_id = p.store_id GROUP BY 1)
INSERT INTO dashboard_guideday (day, store_id, guide_id, code_id, {FLOWS})
SELECT d::date, store_id, guide, code, x, x, x / 4, x / 9, 0, 0, x / 2, x
FROM staff, generate_series(%(first)s::date, %(today)s, interval '1 day') d,
     LATERAL (SELECT 1 + (store_id * 31 + extract(doy FROM d)::int * 17) %% 12 AS x) n
"""
STORE_DAYS = f"""
INSERT INTO dashboard_nodeday (kind, node_id, day, store_id, region_id, franchisee_id, {FLOWS}, live_at_start, live)
SELECT 'store', g.store_id, g.day, g.store_id, s.region_id, c.franchisee_id,
    {", ".join(f"g.{n}" for n in FLOWS.split(", "))},
    sum(adds - losses - drops) OVER so_far - (adds - losses - drops), sum(adds - losses - drops) OVER so_far
FROM dashboard_guideday g JOIN stores_store s ON s.id = g.store_id LEFT JOIN stores_contract c ON c.store_id = s.id
WINDOW so_far AS (PARTITION BY g.store_id ORDER BY g.day)
"""
ABOVE = f"""
INSERT INTO dashboard_nodeday (kind, node_id, day, {FLOWS}, live_at_start, live)
SELECT %(kind)s, {{node}}, day, {", ".join(f"sum({n})" for n in FLOWS.split(", "))}, sum(live_at_start), sum(live)
FROM dashboard_nodeday WHERE kind = 'store' AND {{node}} IS NOT NULL GROUP BY {{node}}, day
"""
FILL = """
INSERT INTO dashboard_fill (id, first_day, last_day, filled_at, last_fact) VALUES (1, %(first)s, %(today)s, now(), 0)
"""
POST = f"""
INSERT INTO wecom_letter (receiver_id, corp_id, digest, body, stream, shard, event, change_type, happened_at,
    received_at, welcome, due_at, state, attempts, last_error, handled_at)
SELECT r.id, r.corp_id, sha256(n::text::bytea), '\\x00', 'wmHouse' || lpad(n::text, 25, '0'), n %% 64,
    'change_external_contact', 'add_external_contact', now(), now(), 'none', now(),
    CASE WHEN n %% 500 = 0 THEN 'parked' ELSE 'applied' END, 1, '', now()
FROM wecom_receiver r, generate_series(1, {LETTERS}) n
"""


@contextmanager
def standing(ground: Ground, stores: int) -> Iterator[None]:
    """Django speaks to a database with so many stores; afterwards to its first one again."""
    from django.db import connection

    name, before = f"house_{stores}", connection.settings_dict["NAME"]
    connection.close()
    with psycopg.connect(ground.cluster.url(postgres.SUPERUSER, "postgres"), autocommit=True) as here:
        here.execute(f"CREATE DATABASE {name} TEMPLATE {EMPTY} OWNER {postgres.OWNER}")  # type: ignore[call-overload]
    connection.settings_dict["NAME"] = name
    try:
        _furnish(ground, stores, name)
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _furnish(ground: Ground, stores: int, name: str) -> None:
    from bench import ingest
    from scrm import clock
    from scrm.dashboard import facts

    today = clock.day_of(clock.now())
    ingest.connect_corp()
    guides = 10 * stores
    world.build(stores, guides, regions=20)
    first = today - timedelta(days=DAYS - 1)
    sizes = {"stores": stores, "guides": guides, "people": RELATIONS_A_STORE * stores, "first": first, "today": today}
    _in_bulk(ground, name, sizes, MEMBERS, IDENTITIES, RELATIONS, POST)
    if stores <= FILLED_UP_TO:
        facts.fill_all(at=clock.now())
    else:
        _generate(ground, name, sizes, today)
    with psycopg.connect(ground.cluster.url(postgres.OWNER, name), autocommit=True) as here:
        here.execute("VACUUM ANALYZE")
    ground.calm()


def _generate(ground: Ground, name: str, sizes: dict[str, Any], today: date) -> None:
    from django.db import transaction

    from scrm.dashboard import flows, standings

    _in_bulk(ground, name, sizes, GUIDE_DAYS, STORE_DAYS, FILL)
    for kind, node in (
        ("region", "region_id"),
        ("franchisee", "franchisee_id"),
        ("brand", "(SELECT id FROM stores_brand)"),
    ):
        _in_bulk(ground, name, {"kind": kind}, ABOVE.format(node=node))
    with transaction.atomic():
        flows.prepare()
        standings.prepare()
        standings.span(today, everywhere=True)


def _in_bulk(ground: Ground, name: str, values: dict[str, Any], *statements: str) -> None:
    """Without a look at each foreign key: the rows are ours."""
    with psycopg.connect(ground.cluster.url(postgres.SUPERUSER, name)) as here:
        here.execute("SET session_replication_role = replica")
        for statement in statements:
            wanted = {key: value for key, value in values.items() if f"%({key})s" in statement}
            psycopg.ClientCursor(here).execute(sql.SQL(statement), wanted)  # type: ignore[arg-type]
