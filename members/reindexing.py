"""Blind indexes by the first of our keys: phones, cards and marketplaces' ids stay findable while that is done."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction

from members.values import BLIND, index
from scrm import sealed

A_BATCH = 1000
TABLES = ("members_identity", "members_blockedvalue")
# Whoever has the number by the first key already keeps it; the other row counts as left, and is looked at by hand.
WRITE = {
    "members_identity": """
UPDATE members_identity i SET value = %(value)s, key_id = %(key)s WHERE id = %(id)s AND value = %(before)s
AND NOT EXISTS (SELECT FROM members_identity o WHERE o.kind = i.kind AND o.corp_id IS NOT DISTINCT FROM i.corp_id
                AND o.app = i.app AND o.value = %(value)s AND o.id <> i.id)
""",
    "members_blockedvalue": """
UPDATE members_blockedvalue b SET value = %(value)s, key_id = %(key)s WHERE id = %(id)s AND value = %(before)s
AND NOT EXISTS (SELECT FROM members_blockedvalue o WHERE o.kind = b.kind AND o.app = b.app
                AND o.value = %(value)s AND o.id <> b.id)
""",
}
OLDER = "WHERE kind = ANY(%s) AND sealed IS NOT NULL AND key_id IS DISTINCT FROM %s"


def reindex(table: str) -> Iterator[int]:
    """How many values each batch indexed anew, until none is left that can be."""
    last = 0
    while rows := _older(table, last):
        last = rows[-1][0]
        yield _write(table, rows)


def left() -> dict[str, int]:
    """By table, how many values are still indexed by an older key."""
    counts = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table} {OLDER}", [sorted(BLIND), sealed.key_ids()[0]])
            counts[table] = int(cursor.fetchone()[0])
    return counts


def _older(table: str, after: int) -> Sequence[Any]:
    asked = f"SELECT id, kind, value, sealed FROM {table} {OLDER} AND id > %s ORDER BY id LIMIT {A_BATCH}"
    with connection.cursor() as cursor:
        cursor.execute(asked, [sorted(BLIND), sealed.key_ids()[0], after])
        return cursor.fetchall()


@transaction.atomic
def _write(table: str, rows: Sequence[Any]) -> int:
    key, place = sealed.key_ids()[0], f"{table}.sealed"
    told = [
        {"id": pk, "before": value, "key": key, "value": index(kind, sealed.open_sealed(secret, place).decode())}
        for pk, kind, value, secret in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(WRITE[table], told)
        return int(cursor.rowcount)
