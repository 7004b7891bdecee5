"""The sets as they are kept: read, held in memory while they are the present ones, and written by one at a time."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable, SerializationFailure
from pyroaring import BitMap

from members.models import Bitmap, Engine
from members.segments import bits, conditions
from members.segments.families import as_bytes
from scrm.ids import sql_array

Key = tuple[str, int]
SEGMENT, LEAF = "segment", "leaf"  # the families of snapshots (by version), and of answers to questions

ROWS = """
SELECT w.family, w.key, b.shard, b.revision, b.body
FROM unnest(%(families)s::text[], %(keys)s::bigint[], %(since)s::bigint[]) AS w (family, key, since)
JOIN members_bitmap b ON b.family = w.family AND b.key = w.key AND b.revision > w.since {shards}
UNION ALL
SELECT w.family, w.key, s.shard, s.revision, s.body
FROM unnest(%(families)s::text[], %(keys)s::bigint[], %(since)s::bigint[]) AS w (family, key, since)
JOIN members_snapshot s ON w.family = 'segment' AND s.version_id = w.key AND s.revision > w.since {shards}
"""
SOME_SHARDS = "AND shard = ANY(%(shards)s::int[])"


@dataclass(slots=True)
class Held:
    """One set in memory: never changed in place, since others may be counting with it."""

    body: BitMap
    revision: int
    size: int


class Shelf:
    """The sets that this process used last, up to so many bytes; each is asked for again when the engine went on."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.epoch = 0
        self.size = 0
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._lock = threading.Lock()

    def sets(self, keys: Collection[Key], engine: Engine) -> dict[Key, BitMap]:
        """The present sets; what is not kept is empty."""
        with self._lock:
            if self.epoch != engine.epoch:
                self.forget()
                self.epoch = engine.epoch
            held = {key: self._held[key] for key in keys if key in self._held}
        stale = {key: held[key].revision if key in held else -1 for key in keys}
        stale = {key: since for key, since in stale.items() if since < engine.revision}
        if stale:
            fresh = _renewed(stale, {key: one.body for key, one in held.items()}, engine.revision)
            self._keep(fresh, engine)
            held |= fresh
        with self._lock:
            for key in keys:
                if key in self._held:
                    self._held.move_to_end(key)
        return {key: one.body for key, one in held.items()}

    def _keep(self, fresh: Mapping[Key, Held], engine: Engine) -> None:
        limit = self.limit if self.limit is not None else settings.SEGMENT_MEMORY_MB * 1_000_000
        with self._lock:
            if self.epoch != engine.epoch:
                return
            for key, one in fresh.items():
                before = self._held.pop(key, None)
                self.size += one.size - (before.size if before else 0)
                self._held[key] = one
            while self.size > limit and self._held:
                self.size -= self._held.popitem(last=False)[1].size

    def forget(self) -> None:
        """Everything is asked for again."""
        self._held.clear()
        self.size = 0


SHELF = Shelf()


def _renewed(stale: Mapping[Key, int], bodies: Mapping[Key, BitMap], revision: int) -> dict[Key, Held]:
    pieces: dict[Key, list[tuple[int, BitMap]]] = {key: [] for key in stale}
    for family, key, shard, _revision, body in _rows(stale):
        pieces[family, key].append((shard, bits.unpacked(body)))
    found = {}
    for key, changed in pieces.items():
        body = _patched(bodies.get(key), changed, whole=is_whole(key[0]))
        found[key] = Held(body, revision, _weight(body))
    return found


def _weight(body: BitMap) -> int:
    """About what a set takes in memory."""
    told = body.get_statistics()
    return int(
        told["n_bytes_array_containers"]
        + told["n_bytes_run_containers"]
        + told["n_bytes_bitset_containers"]
        + 64 * told["n_containers"]
        + 200
    )


def _patched(body: BitMap | None, changed: list[tuple[int, BitMap]], *, whole: bool) -> BitMap:
    """The set with these shards in place of the ones that it has."""
    new = bits.union(piece for _shard, piece in changed)
    if whole:
        return new if changed or body is None else body
    if not body or not changed:
        return new if body is None or changed else body
    return (body - bits.span(shard for shard, _piece in changed)) | new


def is_whole(family: str) -> bool:
    known = conditions.families().get(family)
    return bool(known and known.whole)


def some(keys: Collection[Key], shards: Collection[int]) -> dict[Key, BitMap]:
    """The present sets in some shards, straight from the database; what is not kept is empty."""
    found: dict[Key, list[BitMap]] = {key: [] for key in keys}
    cut = [key for key in keys if not is_whole(key[0])]
    for wanted, among in ((cut, shards), ([key for key in keys if is_whole(key[0])], None)):
        for family, key, _shard, _revision, body in _rows(dict.fromkeys(wanted, -1), among):
            found[family, key].append(bits.unpacked(body))
    return {key: bits.union(pieces) for key, pieces in found.items()}


def _rows(since: Mapping[Key, int], shards: Collection[int] | None = None) -> Iterator[tuple[Any, ...]]:
    if not since:
        return
    asked: dict[str, Any] = {
        "families": [family for family, _key in since],
        "keys": sql_array(key for _family, key in since),
        "since": sql_array(since.values()),
    }
    if shards is not None:
        asked["shards"] = sql_array(shards)
    sql = ROWS.format(shards=SOME_SHARDS if shards is not None else "")
    yield from as_bytes(sql, asked)


# --- writing ------------------------------------------------------------------------------------------------------


class Busy(Exception):
    """Another process is changing the sets now."""


@contextmanager
def writing(*, wait: bool = False) -> Iterator[Engine]:
    """One transaction in which this process alone changes the sets, and sees one moment of all other tables.

    The lock is taken before the transaction looks at anything, so that it sees what the last one left. Raises Busy,
    also when somebody changed a segment meanwhile.
    """
    is_inner = connection.in_atomic_block  # then it sees what that transaction sees
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                if not is_inner:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(f"LOCK TABLE members_engine IN SHARE ROW EXCLUSIVE MODE {'' if wait else 'NOWAIT'}")
            yield present()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable | SerializationFailure):
            raise Busy from error
        raise


def present() -> Engine:
    """How far the sets are."""
    return Engine.objects.order_by("pk").first() or Engine()


def all_shards() -> list[int]:
    """Every shard in which anybody stands or stood."""
    rows = Bitmap.objects.filter(family="all").order_by("shard").values_list("shard", flat=True)
    return list(rows)


def everybody() -> BitMap:
    """All persons, as they are kept."""
    return whole(("all", 0))


def whole(key: Key) -> BitMap:
    """One set of everybody, straight from the database."""
    return bits.union(bits.unpacked(body) for _f, _k, _s, _r, body in _rows({key: -1}))


def next_revision() -> int:
    """A number larger than all before it, that is never given twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('members_segment_revision')")
        return int(cursor.fetchone()[0])


WRITE = """
INSERT INTO members_bitmap (family, key, shard, revision, body)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::int[], %s::bigint[], %s::bytea[])
ON CONFLICT (family, key, shard) DO UPDATE SET revision = excluded.revision, body = excluded.body
"""
AT_ONCE = 500


def write(pieces: Iterable[tuple[str, int, int, BitMap]], revision: int) -> int:
    """These sets stand in place of what was kept: (family, key, shard, members); how many pieces that were."""
    count = 0
    rows = ((family, key, shard, revision, bits.packed(body)) for family, key, shard, body in pieces)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, AT_ONCE)):
            cursor.execute(WRITE, [list(column) for column in zip(*batch, strict=True)])
            count += len(batch)
    return count
