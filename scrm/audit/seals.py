"""The chain over the book: each day's seal covers its entries and the seal before, under a key of FIELD_KEYS.

Who edits, adds or removes an entry of a sealed day, even as the database's superuser, breaks the chain there; who makes
the chain anew lacks the key, and the heads that the log has told. `broken` names what was touched.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from scrm import clock
from scrm.audit.models import Entry, Leaves, Seal

log = structlog.get_logger()
QUIET = timedelta(hours=1)  # after midnight, until what began before it has been committed
BLOCK = 1000
WIDTH = 28  # bytes of a leaf: id, day, digest
EPOCH = date(2000, 1, 1)
LOCK = 6_230_871_002
ROOT = b"zhanggui audit"

LEAF = """
int8send(e.id) || int4send((e.at AT TIME ZONE 'Asia/Shanghai')::date - date '2000-01-01')
|| substring(sha256(convert_to(jsonb_build_array(
    e.id, extract(epoch FROM e.at), e.actor_id, e.system, e.verb, e.kind, e.subject_id, e.customer, e.store, e.rows,
    host(e.address), e.request_id, e.detail)::text, 'UTF8')) FROM 1 FOR 16)
"""
WRITE = f"""
INSERT INTO audit_leaves (day, number, first_id, last_id, leaves)
SELECT %(day)s, block, lag(top, 1, %(after)s) OVER (ORDER BY block) + 1,
       CASE WHEN lead(top) OVER (ORDER BY block) IS NULL THEN %(last)s ELSE top END, leaves
FROM (
    SELECT block, max(id) AS top, string_agg(leaf, ''::bytea ORDER BY id) AS leaves
    FROM (
        SELECT e.id, {LEAF} AS leaf, (row_number() OVER (ORDER BY e.id) - 1) / {BLOCK} AS block
        FROM audit_entry e WHERE e.id > %(after)s AND e.id <= %(last)s
    ) AS one GROUP BY block
) AS blocks
"""
NOW = f"""
SELECT coalesce(string_agg({LEAF}, ''::bytea ORDER BY e.id), ''::bytea) FROM audit_entry e WHERE e.id BETWEEN %s AND %s
"""


@dataclass(frozen=True)
class Break:
    """Where the book is not what was sealed: a day, and the entry if it can be named."""

    day: date
    what: str  # changed, missing, added, digests, seal
    entry: int | None = None


@transaction.atomic
def seal(*, at: datetime) -> list[Seal]:
    """The seals of the days that have ended and had none; a second caller waits, and finds them done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    return [_sealed(day, at) for day in _unsealed(clock.day_of(at - QUIET))]


def broken(first: date | None = None, last: date | None = None) -> Iterator[Break]:
    """Each break from the first to the last day (both included), oldest first."""
    before: Seal | None = None
    gone = _months_dropped()
    for one in Seal.objects.order_by("day"):
        if (first is None or one.day >= first) and (last is None or one.day <= last):
            yield from _breaks_of(one, before, gone)
        before = one


def _unsealed(today: date) -> list[date]:
    newest = Seal.objects.order_by("-day").first()
    if newest:
        return clock.days(newest.day + timedelta(days=1), today - timedelta(days=1))
    oldest = Entry.objects.order_by("at", "id").first()
    return clock.days(clock.day_of(oldest.at), today - timedelta(days=1)) if oldest else []


def _sealed(day: date, at: datetime) -> Seal:
    before = Seal.objects.order_by("-day").first()
    after = before.last_id if before else 0
    last = max(after, _last_id(clock.day_span(day)[1], at))
    with connection.cursor() as cursor:
        cursor.execute(WRITE, {"day": day, "after": after, "last": last})
    digest, n = _digest(day)
    key = settings.FIELD_KEYS[0]
    head = _head(key, before, day, after + 1, last, digest)
    made = Seal.objects.create(day=day, first_id=after + 1, last_id=last, entries=n, head=head, sealed_at=at)
    log.info("audit.day.sealed", day=str(day), entries=n, head=head.hex())
    return made


def _last_id(until: datetime, now: datetime) -> int:
    """The id before the first entry of the time after; entries that came late belong to the next seal.

    One that says it is of the future holds nothing up: it is sealed among its neighbours.
    """
    later = Entry.objects.filter(at__gte=until, at__lte=now).order_by("id").values_list("id", flat=True).first()
    if later is not None:
        return later - 1
    return Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _digest(day: date) -> tuple[bytes, int]:
    """Over all leaves of a day, and how many there are."""
    said, n = hashlib.sha256(), 0
    for block in Leaves.objects.filter(day=day).order_by("number").iterator(chunk_size=100):
        said.update(f"{block.number} {block.first_id} {block.last_id}\n".encode())
        said.update(block.leaves)
        n += len(block.leaves) // WIDTH
    return said.digest(), n


def _head(key: str, before: Seal | None, day: date, first: int, last: int, digest: bytes) -> bytes:
    said = b"%s\n%s %d %d\n%s" % (bytes(before.head) if before else ROOT, str(day).encode(), first, last, digest)
    return hmac.new(hashlib.sha256(b"zhanggui audit chain\0" + key.encode()).digest(), said, hashlib.sha256).digest()


def _keys() -> list[str]:
    """All keys that ever sealed a day."""
    return [*settings.FIELD_KEYS, *settings.RETIRED_KEYS]


def _breaks_of(one: Seal, before: Seal | None, gone: set[str]) -> Iterator[Break]:
    blocks = list(Leaves.objects.filter(day=one.day).order_by("number"))
    for block in blocks:
        with connection.cursor() as cursor:
            cursor.execute(NOW, [block.first_id, block.last_id])
            there = bytes(cursor.fetchone()[0])
        if there != bytes(block.leaves):
            yield from _differences(one.day, _by_id(bytes(block.leaves)), _by_id(there), gone)
    digest, n = _digest(one.day)
    if n != one.entries:
        yield Break(one.day, "digests")
    heads = (_head(key, before, one.day, one.first_id, one.last_id, digest) for key in _keys())
    follows = one.first_id == (before.last_id + 1 if before else 1)
    if not follows or not any(hmac.compare_digest(head, bytes(one.head)) for head in heads):
        yield Break(one.day, "seal")
    if not blocks and Entry.objects.filter(id__range=(one.first_id, one.last_id)).exists():
        yield Break(one.day, "added")


def _by_id(leaves: bytes) -> dict[int, bytes]:
    rows = (leaves[at : at + WIDTH] for at in range(0, len(leaves), WIDTH))
    return {int.from_bytes(row[:8], signed=True): row[8:] for row in rows}


def _differences(day: date, sealed: dict[int, bytes], there: dict[int, bytes], gone: set[str]) -> Iterator[Break]:
    for number in sorted(sealed.keys() | there.keys()):
        if number not in sealed:
            yield Break(day, "added", number)
        elif number in there and there[number] != sealed[number]:
            yield Break(day, "changed", number)
        elif number not in there and _month(sealed[number]) not in gone:
            yield Break(day, "missing", number)


def _month(leaf: bytes) -> str:
    return f"{EPOCH + timedelta(days=int.from_bytes(leaf[:4], signed=True)):%Y-%m}"


def _months_dropped() -> set[str]:
    """The months of which the book itself says that they were dropped, no earlier than that may be."""
    said: Any = Entry.objects.filter(verb="audit.month_dropped").values_list("at", "detail__month")
    return {month for at, month in said if month and _month_before(at) >= month}


def _month_before(at: datetime) -> str:
    """The newest month that could be dropped then."""
    last_day = clock.day_of(at) - timedelta(days=180)
    return f"{last_day.replace(day=1) - timedelta(days=1):%Y-%m}"
