"""Changing the key: what older keys of FIELD_KEYS sealed or indexed is sealed and indexed by the first one.

Batch by batch, each its own transaction; what is done says so itself (a sealed value and a blind index carry their
key's id), so that a run may be killed and begun again at any time. Everything stays readable and findable meanwhile.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, models, transaction

from members import reindexing
from scrm import sealed

A_BATCH = 1000


class Column(NamedTuple):
    """A column that may hold sealed values; they are bound to its name."""

    table: str
    key: str
    name: str

    @property
    def place(self) -> str:
        return f"{self.table}.{self.name}"


def columns() -> list[Column]:
    """All columns of bytes; which of their values are sealed is seen from the values."""
    found = {
        Column(model._meta.db_table, str(model._meta.pk.column), str(field.column))
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.BinaryField)
    }
    return sorted(found)


def reseal(column: Column) -> Iterator[int]:
    """How many values each batch sealed anew, until none is left."""
    last: Any = None
    while rows := _older(column, last):
        last = rows[-1][0]
        yield _reseal(column, rows)


def left() -> dict[str, int]:
    """By place, how many values still need an older key; empty when the older keys may go."""
    counts = {column.place: _count(column) for column in columns()}
    counts |= {f"{table} (index)": count for table, count in reindexing.left().items()}
    return {place: count for place, count in counts.items() if count}


def _heads() -> list[bytes]:
    """How values begin that older keys sealed."""
    return [sealed.VERSION + key for key in sealed.key_ids()[1:]]


def _older(column: Column, after: Any) -> list[tuple[Any, bytes]]:
    table, key, name = (connection.ops.quote_name(word) for word in column)
    since = f"AND {key} > %s" if after is not None else ""
    asked = f"""SELECT {key}, {name} FROM {table} WHERE substring({name} FROM 1 FOR 5) = ANY(%s) {since}
        ORDER BY {key} LIMIT {A_BATCH}"""
    with connection.cursor() as cursor:
        cursor.execute(asked, [_heads(), *([after] if after is not None else [])])
        return [(pk, bytes(value)) for pk, value in cursor.fetchall()]


@transaction.atomic
def _reseal(column: Column, rows: list[tuple[Any, bytes]]) -> int:
    """What somebody else changed meanwhile is sealed by the first key already."""
    table, key, name = (connection.ops.quote_name(word) for word in column)
    changed = []
    for pk, value in rows:
        try:
            plain = sealed.open_sealed(value, column.place)
        except sealed.CannotOpen:
            continue  # bytes that only look like it, such as a digest
        changed.append((sealed.seal(plain, column.place), pk, value))
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s", changed)
    return len(changed)


def _count(column: Column) -> int:
    table, _key, name = (connection.ops.quote_name(word) for word in column)
    asked = f"SELECT {name} FROM {table} WHERE substring({name} FROM 1 FOR 5) = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(asked, [_heads()])
        return sum(_opens(bytes(value), column.place) for (value,) in cursor.fetchall())


def _opens(value: bytes, place: str) -> bool:
    try:
        sealed.open_sealed(value, place)
    except sealed.CannotOpen:
        return False
    return True
