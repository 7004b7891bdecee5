"""Orders of a day: taken in by the product, beside COPY and one merge of the same rows; and through the API's view.

The floor gets finished rows (ids of stores and sellers, digests, the buyers' blind indexes) and does what no design can
leave out: COPY into working tables, the merge into the same tables with the same indexes and the same buyers, and the
lines. The product reads, checks and answers each row, finds or makes the buyers, joins refunds and wholes.
"""

import gc
import hashlib
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bench.figures import Figure, at_least, beside
from bench.ground import Ground

ORDERS, BATCH, ROUNDS, STORES = 10_000, 1000, 5, 200
TABLES = ("stores_brand", "stores_person", "members_member", "members_source", "members_product")
KEPT = ("members_refundline", "members_refund", "members_correction", "members_orderline", "members_order")


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """New orders and the same ones again, beside the floor; then through the API."""
    from members import sources
    from scrm import clock

    n, rounds = (ORDERS // 5, 2) if quick else (ORDERS, ROUNDS)
    by, at = _hq(), clock.now()
    source = sources.named("pos", at)
    rows = _rows(n, at)
    gc.freeze()  # batches come and go; that all of them stand in memory here is not to be collected again and again
    _take(source, rows, at)  # everybody is known from here on
    ours: list[float] = []
    again: list[float] = []
    floor: list[float] = []
    for nth in range(rounds):
        both: list[tuple[Callable[[], float], list[float]]] = [
            (lambda: n / _floor(source, rows, at), floor),
            (lambda: n / _ours(source, rows, at), ours),
        ]
        for run, kept in both if nth % 2 else reversed(both):
            _empty(ground)
            ground.calm()
            kept.append(run())
        if kept is not ours:  # the last to run was the floor: its digests are not the product's
            _empty(ground)
            _take(source, rows, at)
        again.append(n / _ours(source, rows, at))
    target = at_least(0.5)
    figures = [
        beside("orders: taken in, new", "orders/s", ours, floor, target=target),
        beside("orders: the same again", "orders/s", again, floor),
        _through_the_api(ground, by, rows),
    ]
    _empty(ground)
    ground.empty(*TABLES)
    return figures


def _hq() -> Any:
    from scrm import clock
    from stores import places, seats
    from stores.models import Person, Region, Role

    brand = places.the_brand("Bench")
    region = Region.objects.create(brand=brand, code="r1", name="R1")
    for n in range(STORES):
        places.open_store(region, code=f"S{n:04}", name=f"门店{n}", on=clock.day_of(clock.now()) - timedelta(days=400))
    person = Person.objects.create_user("bench", "bench-opens-the-shop", name="Bench")
    seats.give(person, Role.HQ_ADMIN, at=clock.now())
    return person


def _rows(n: int, at: datetime) -> list[dict[str, Any]]:
    """2.2 lines an order; 45 in 100 know the buyer's phone, 25 her card, 30 nobody."""
    dice, rows = random.Random(7), []
    for k in range(n):
        parts = dice.choices([1, 2, 3, 4, 6], [35, 32, 18, 10, 5])[0]
        lines = [
            {"sku": f"T{dice.randrange(400):04}", "name": "明前龙井 250g", "category": f"品类{dice.randrange(12)}",
             "quantity": 1 + (dice.random() < 0.2), "paid_fen": dice.randrange(500, 20_000)}
            for _ in range(parts)
        ]  # fmt: skip
        who, buyer = dice.random(), {}
        if who < 0.45:
            buyer = {"phone": f"138{dice.randrange(n * 2):08}"}
        elif who < 0.7:
            buyer = {"card": f"V{dice.randrange(n * 2):08}"}
        rows.append(
            {"source": "pos", "number": f"P{k:08}", "kind": "order", "store": f"S{dice.randrange(STORES):04}",
             "channel": "store", "paid_at": (at - timedelta(seconds=dice.randrange(86_400))).isoformat(),
             "buyer": buyer, "paid_fen": sum(line["paid_fen"] for line in lines), "lines": lines}
        )  # fmt: skip
    return rows


def _batches(rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _take(source: Any, rows: Sequence[Any], at: datetime) -> None:
    from members import orders

    for batch in _batches(rows):
        verdicts = orders.take_in(source, batch, at=at, by=None)
        assert all(verdict.status != "rejected" for verdict in verdicts), verdicts[0].error


def _ours(source: Any, rows: Sequence[Any], at: datetime) -> float:
    began = time.perf_counter()
    _take(source, rows, at)
    return time.perf_counter() - began


def _empty(ground: Ground) -> None:
    ground.as_owner(f"TRUNCATE {', '.join(KEPT)}")


NULL = r"\N"
MERGE = """
WITH merged AS (
    INSERT INTO members_order (public_id, source_id, number, parent_number, buyer, content, store_id, member_id,
        channel, seller_userid, paid_at, paid_day, paid_fen, refunded_fen, units, categories, created_at, changed_at)
    SELECT public_id, source_id, number, '', buyer, content, store_id, i.member_id, 'store', '', paid_at, paid_day,
        paid_fen, 0, units, categories, changed_at, changed_at
    FROM bench_orders o LEFT JOIN members_identity i ON i.kind = o.kind AND i.corp_id IS NULL AND i.app = ''
        AND i.value = o.value
    ON CONFLICT (source_id, number) DO UPDATE SET content = excluded.content, paid_fen = excluded.paid_fen
    WHERE members_order.content IS DISTINCT FROM excluded.content
    RETURNING id, number
)
INSERT INTO members_orderline (order_id, position, sku, name, category, quantity, paid_fen)
SELECT m.id, l.position, l.sku, l.name, l.category, l.quantity, l.paid_fen
FROM merged m JOIN bench_orders o USING (number) JOIN bench_lines l ON l.n = o.n
"""
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS bench_orders (n int, public_id text, source_id bigint, number text, buyer bytea,
    content bytea, store_id bigint, kind text, value text, paid_at timestamptz, paid_day date, paid_fen bigint,
    units int, categories int, changed_at timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS bench_lines (n int, position int, sku text, name text, category text, quantity int,
    paid_fen bigint) ON COMMIT DELETE ROWS
"""


def _floor(source: Any, rows: Sequence[Any], at: datetime) -> float:
    """The seconds of COPY and merge alone; the lines of text are put together before the watch starts."""
    from django.db import connection, transaction

    told = [_as_text(source, batch, at) for batch in _batches(rows)]
    began = time.perf_counter()
    for heads, lines in told:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(STAGE)
            for table, text in (("bench_orders", heads), ("bench_lines", lines)):
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(text)
            cursor.execute(MERGE)
    return time.perf_counter() - began


def _as_text(source: Any, batch: Sequence[Any], at: datetime) -> tuple[str, str]:
    from members.identities import index, normal
    from scrm.ids import new_id
    from stores.models import Store

    stores = dict(Store.objects.values_list("code", "pk"))
    heads, lines = [], []
    for n, row in enumerate(batch):
        units, sorts = sum(line["quantity"] for line in row["lines"]), len({line["category"] for line in row["lines"]})
        kind, told = next(iter(row["buyer"].items()), ("", ""))
        value = index(kind, normal(kind, told)) if told else ""
        heads.append(
            f"{n}\t{new_id('o_')}\t{source.pk}\t{row['number']}\t{_digest(told) if told else NULL}"
            f"\t{_digest(row['number'])}\t{stores[row['store']]}\t{kind}\t{value}\t{row['paid_at']}"
            f"\t{row['paid_at'][:10]}\t{row['paid_fen']}\t{units}\t{sorts}\t{at}\n"
        )
        for k, one in enumerate(row["lines"]):
            lines.append(
                f"{n}\t{k}\t{one['sku']}\t{one['name']}\t{one['category']}\t{one['quantity']}\t{one['paid_fen']}\n"
            )
    return "".join(heads), "".join(lines)


def _digest(text: str) -> str:
    return r"\\x" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _through_the_api(ground: Ground, by: Any, rows: Sequence[Any]) -> Figure:
    """Rows a second of one caller, from bytes to bytes: JSON, token, verb, record of the delivery, answer."""
    from django.test import Client

    from scrm import clock
    from stores.models import ApiToken

    _empty(ground)
    client = Client(headers={"authorization": f"Token {ApiToken.issue(by, at=clock.now())}"})
    bodies = [json.dumps({"orders": batch}) for batch in _batches(rows)]
    began = time.perf_counter()
    for body in bodies:
        answer = client.post("/api/v1/orders/batch/", body, content_type="application/json")
        assert answer.status_code == 200, answer.content[:200]
    return Figure("orders: through the API", len(rows) / (time.perf_counter() - began), "orders/s", n=len(rows))
