"""The catalogue and what lies in the stores: the only writer of products and of stock. An answer for each row.

Told again changes nothing; of several rows about one thing the last counts. Stock is told by count, not by movement, so
what is older than what we know (`told_at`) says nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from members.orders import Verdict, rows
from members.orders.rows import MOST_FEN, Wrong
from scrm import bulk
from scrm.bulk import NULL, told
from scrm.ids import sql_id
from stores.access import Permission
from stores.models import Store

MOST_IN_STOCK = 100_000_000
LOCK = "SELECT pg_advisory_xact_lock(7310003)"
PRODUCTS = """
CREATE TEMP TABLE IF NOT EXISTS products_told (
    index int, sku text, name text, category text, price_fen bigint, is_on_sale boolean,
    product_id bigint, public_id text, fate text
) ON COMMIT DELETE ROWS;
TRUNCATE products_told
"""
KNOWN = """
UPDATE products_told t SET product_id = p.id, public_id = p.public_id,
    fate = CASE WHEN (p.name, p.category, p.price_fen, p.is_on_sale)
        IS DISTINCT FROM (t.name, t.category, t.price_fen, t.is_on_sale) THEN 'updated' ELSE 'unchanged' END
FROM members_product p WHERE p.sku = t.sku
"""
NEW = f"""
WITH made AS (
    INSERT INTO members_product (public_id, sku, name, category, price_fen, is_on_sale, created_at, changed_at)
    SELECT {sql_id("pr_")}, sku, name, category, price_fen, is_on_sale, %(at)s, %(at)s
    FROM products_told WHERE product_id IS NULL ORDER BY sku
    RETURNING id, sku, public_id
)
UPDATE products_told t SET fate = 'created', product_id = made.id, public_id = made.public_id FROM made
WHERE made.sku = t.sku
"""
CHANGED = """
UPDATE members_product p SET name = t.name, category = t.category, price_fen = t.price_fen,
    is_on_sale = t.is_on_sale, changed_at = %(at)s
FROM products_told t WHERE t.fate = 'updated' AND p.id = t.product_id
"""
STOCK = """
CREATE TEMP TABLE IF NOT EXISTS stock_told (
    index int, product_id bigint, public_id text, store_id bigint, quantity int, told_at timestamptz, fate text
) ON COMMIT DELETE ROWS;
TRUNCATE stock_told
"""
KNOWN_STOCK = """
UPDATE stock_told t SET fate = CASE
    WHEN s.told_at > t.told_at OR s.quantity = t.quantity THEN 'unchanged' ELSE 'updated' END
FROM members_stock s WHERE s.product_id = t.product_id AND s.store_id = t.store_id
"""
PUT_STOCK = """
INSERT INTO members_stock AS s (product_id, store_id, quantity, told_at)
SELECT product_id, store_id, quantity, told_at FROM stock_told ORDER BY product_id, store_id
ON CONFLICT (product_id, store_id) DO UPDATE SET quantity = excluded.quantity, told_at = excluded.told_at
WHERE excluded.told_at > s.told_at OR (excluded.told_at = s.told_at AND excluded.quantity <> s.quantity)
"""


class Goods(NamedTuple):
    index: int  # type: ignore[assignment]
    sku: str
    name: str
    category: str
    price_fen: int | None
    is_on_sale: bool


class Count(NamedTuple):
    index: int  # type: ignore[assignment]
    sku: str
    store: str
    quantity: int
    told_at: datetime


def read(index: int, row: Any) -> Goods:
    """A row of the catalogue; raises Wrong."""
    if not isinstance(row, Mapping):
        raise Wrong("", _("A row is an object with fields."))
    price, on_sale = row.get("price_fen"), row.get("is_on_sale", True)
    if price is not None and (type(price) is not int or not 0 <= price <= MOST_FEN):
        raise Wrong("price_fen", _("is no whole number of fen"))
    if not isinstance(on_sale, bool):
        raise Wrong("is_on_sale", _("is neither true nor false"))
    name = rows.words(row.get("name"), "name", 120)
    if not name:
        raise Wrong("name", _("is missing"))
    category = rows.words(row.get("category"), "category", 60)
    return Goods(index, rows.text(row, "sku", 64, needed=True), name, category, price, on_sale)


def read_count(index: int, row: Any, *, at: datetime) -> Count:
    """A row of stock; raises Wrong."""
    if not isinstance(row, Mapping):
        raise Wrong("", _("A row is an object with fields."))
    quantity = row.get("quantity")
    if type(quantity) is not int or not 0 <= quantity <= MOST_IN_STOCK:
        raise Wrong("quantity", _("is no whole number from 0 to %(n)d") % {"n": MOST_IN_STOCK})
    sku, store = rows.text(row, "sku", 64, needed=True), rows.text(row, "store", 40, needed=True)
    told_at = rows.instant(row["at"], "at") if row.get("at") else at
    if not rows.EARLIEST <= told_at <= at + rows.CLOCKS_DIFFER:
        raise Wrong("at", _("lies in the future, or before the year 2000"))
    return Count(index, sku, store, quantity, told_at)


@transaction.atomic
def take_in(told_rows: Sequence[Any], *, at: datetime, by: Any) -> list[Verdict]:
    """A verdict for each row {sku, name, category?, price_fen?, is_on_sale?}, in their order."""
    found, errors = rows.told_by(told_rows, read)
    last, outdone = _last(found, key=lambda row: row.sku)
    lines = [
        f"{row.index}\t{told(row.sku)}\t{told(row.name)}\t{told(row.category)}"
        f"\t{NULL if row.price_fen is None else row.price_fen}\t{row.is_on_sale}\n"
        for row in last
    ]
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute(PRODUCTS)
        bulk.stage(cursor, "products_told (index, sku, name, category, price_fen, is_on_sale)", lines)
        for step in (KNOWN, NEW, CHANGED):
            cursor.execute(step, {"at": at})
        cursor.execute("SELECT index, fate, public_id FROM products_told")
        return _answers(len(told_rows), cursor.fetchall(), errors, outdone)


@transaction.atomic
def count_stock(told_rows: Sequence[Any], *, at: datetime, by: Any) -> list[Verdict]:
    """A verdict for each row {sku, store, quantity, at?}; `id` is the product's. `by` None stands for the system."""
    found, errors = rows.told_by(told_rows, lambda index, row: read_count(index, row, at=at))
    seen = Store.objects.all() if by is None else Store.objects.visible_to(by, needs=Permission.SEND_DATA)
    stores = dict(seen.filter(code__in={row.store for row in found}).values_list("code", "pk"))
    goods = _by_sku({row.sku for row in found})
    good = []
    for row in found:
        if row.store not in stores:
            errors[row.index] = "store: " + _("“%(code)s” is no store that you see") % {"code": row.store}
        elif row.sku not in goods:
            errors[row.index] = "sku: " + _("“%(sku)s” is not in the catalogue") % {"sku": row.sku}
        else:
            good.append(row)
    last, outdone = _last(good, key=lambda row: (row.sku, row.store))
    lines = [
        f"{r.index}\t{goods[r.sku][0]}\t{goods[r.sku][1]}\t{stores[r.store]}\t{r.quantity}\t{r.told_at}\tcreated\n"
        for r in last
    ]
    with connection.cursor() as cursor:
        cursor.execute(STOCK)
        bulk.stage(cursor, "stock_told", lines)
        cursor.execute(KNOWN_STOCK)
        cursor.execute(PUT_STOCK)
        cursor.execute("SELECT index, fate, public_id FROM stock_told")
        return _answers(len(told_rows), cursor.fetchall(), errors, outdone)


def _by_sku(skus: set[str]) -> dict[str, tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, id, public_id FROM members_product WHERE sku = ANY(%s)", [list(skus)])
        return {sku: (pk, public_id) for sku, pk, public_id in cursor.fetchall()}


def _last(found: Sequence[Any], key: Any) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """The last row about each thing, and each other one with the row that counts instead."""
    best = {key(row): row for row in found}
    return list(best.values()), [(row, best[key(row)]) for row in found if best[key(row)] is not row]


def _answers(
    n: int, told_fates: Sequence[Any], errors: Mapping[int, str], outdone: Sequence[tuple[Any, Any]]
) -> list[Verdict]:
    answers = {index: Verdict(index, "rejected", error=error) for index, error in errors.items()}
    answers |= {index: Verdict(index, fate, public_id) for index, fate, public_id in told_fates}
    for row, winner in outdone:
        if row._replace(index=0) == winner._replace(index=0):
            answers[row.index] = Verdict(row.index, "unchanged", answers[winner.index].id)
        else:
            why = _("row %(n)d of this batch says it anew") % {"n": winner.index}
            answers[row.index] = Verdict(row.index, "rejected", error=f"sku: {why}")
    return [answers[index] for index in range(n)]
