"""Filling days: the only writer of facts, which follow from the ledgers alone, whatever stood there before.

Filled days are contiguous (`Fill.first_day` to `Fill.last_day`). Two fills never overlap. Changes that leave no trace
in the relation ledger (a customer found to be another one, a backdated placement) are seen by the nightly fill.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import pairwise

import structlog
from django.db import connection, transaction
from django.db.models import Max, Min

from guides.models import Relation, RelationFact
from scrm.clock import day_of
from scrm.clock import days as days_between
from scrm.dashboard import flows, sales, standings
from scrm.dashboard.models import Fill, NodeDay
from scrm.dashboard.periods import EARLIEST

log = structlog.get_logger()
LOCK = 7_310_001
CHUNK = 31
RECENT = 35
OVERLAP = timedelta(minutes=2)  # a transaction may commit a while after the instant that it wrote down
ONE = timedelta(days=1)

Told = Callable[[date, date], None]


def fill(days: Sequence[date], *, at: datetime, told: Told | None = None) -> None:
    """Replaces the rows of these days, and of those that would leave a gap; live counts of later days follow."""
    today = day_of(at)
    wanted = sorted({day for day in days if EARLIEST <= day <= today} | set(_gap(days, today)))
    chunks = list(_chunks(wanted))
    ends = [following[0] - ONE for _chunk, following in pairwise(chunks)]
    for chunk, end in zip(chunks, [*ends, None], strict=True) if chunks else ():
        with _alone():
            _fill_chunk(chunk, until=end, today=today)
        if told:
            told(chunk[0], chunk[-1])


def fill_all(*, at: datetime, told: Told | None = None) -> None:
    """Every day since the first add or sale."""
    today = day_of(at)
    added = Relation.objects.aggregate(day=Min("added_day"))["day"] or today
    oldest = min(added, sales.oldest() or today)
    filled = Fill.objects.filter(pk=1).first()
    first = min(oldest, today - ONE * (RECENT - 1), (filled and filled.first_day) or today)
    fill(days_between(max(first, EARLIEST), today), at=at, told=told)
    _settle(at)


def fill_recent(*, at: datetime, told: Told | None = None) -> None:
    """The last 35 days."""
    today = day_of(at)
    fill(days_between(today - ONE * (RECENT - 1), today), at=at, told=told)


def fill_touched(*, at: datetime) -> int:
    """Fills what the ledger's changes since the last look touch; says how many store-days became different."""
    with _alone(wait=False) as here:
        filled = Fill.objects.filter(pk=1).first()
        if not here:
            return 0
        if filled is not None and filled.filled_at is not None:
            return _fill_touched(filled, at=at)
        fill_all(at=at)
    return NodeDay.objects.filter(kind=NodeDay.Kind.STORE).count()


def _fill_touched(filled: Fill, *, at: datetime) -> int:
    today = day_of(at)
    assert filled.filled_at and filled.first_day and filled.last_day
    since = filled.filled_at - OVERLAP
    flows.prepare()
    sales.prepare()
    added = flows.touch_changes(since, last_fact=filled.last_fact, earliest=EARLIEST, today=today)
    sold = sales.touch_changes(since, earliest=EARLIEST, today=today, first=filled.first_day)
    oldest = min(filter(None, (added, sold)), default=None)
    if oldest and oldest < filled.first_day:
        fill(days_between(oldest, filled.first_day - ONE), at=at)
        return _fill_touched(Fill.objects.get(pk=1), at=at)
    fresh_days = days_between(filled.last_day + ONE, today)
    flows.touch_days([*fresh_days, *(day - ONE * flows.KEEP for day in fresh_days)])
    sales.touch_days(fresh_days)
    flows.count(first=filled.first_day, today=today)
    sales.count(first=filled.first_day)
    standings.prepare()
    last = max(today, filled.last_day)
    standings.bear(fresh_days[0] if fresh_days else last, last)
    standings.all_cells(fresh_days)
    standings.stand(places=[*fresh_days, today], until=last)
    changed = standings.noted()
    if changed:
        standings.span(today, everywhere=bool(fresh_days))
    _widen(filled.first_day, today)
    _settle(at)
    log.info("dashboard.touched.filled", changed=changed, new_days=len(fresh_days))
    return changed


def _fill_chunk(chunk: Sequence[date], *, until: date | None, today: date) -> None:
    filled, _is_new = Fill.objects.get_or_create(pk=1)
    flows.prepare()
    sales.prepare()
    standings.prepare()
    flows.touch_days(chunk)
    sales.touch_days(chunk)
    flows.count(first=chunk[0], today=today)
    sales.count(first=chunk[0])
    if filled.first_day is None or chunk[0] <= filled.first_day:
        standings.read_base(chunk[0])
    last = until or max(chunk[-1], filled.last_day or chunk[-1])
    standings.bear(chunk[0], last)
    standings.all_cells(chunk)
    standings.stand(places=chunk, until=last)
    if last >= today:
        standings.span(today, everywhere=True)
    _widen(chunk[0], chunk[-1])


def _gap(days: Sequence[date], today: date) -> list[date]:
    """The days between the wanted ones and the filled ones."""
    filled = Fill.objects.filter(pk=1).first()
    if not days or filled is None or filled.first_day is None or filled.last_day is None:
        return days_between(max(min(days), EARLIEST), min(max(days), today)) if days else []
    after = days_between(filled.last_day + ONE, min(today, max(days)))
    return [*days_between(max(min(days), EARLIEST), filled.first_day - ONE), *after]


def _chunks(days: Sequence[date]) -> Iterator[list[date]]:
    for start in range(0, len(days), CHUNK):
        yield list(days[start : start + CHUNK])


@contextmanager
def _alone(*, wait: bool = True) -> Iterator[bool]:
    """A transaction in which nobody else fills; False if one does and we do not wait."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '15min'; SET LOCAL statement_timeout = '15min'")
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield True
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            yield bool(cursor.fetchone()[0])


def _widen(first: date, last: date) -> None:
    filled = Fill.objects.get(pk=1)
    filled.first_day = min(first, filled.first_day or first)
    filled.last_day = max(last, filled.last_day or last)
    filled.save(update_fields=["first_day", "last_day"])


def _settle(at: datetime) -> None:
    filled = Fill.objects.get(pk=1)
    settled = RelationFact.objects.filter(id__gt=filled.last_fact, recorded_at__lt=at - OVERLAP)
    filled.last_fact = settled.aggregate(id=Max("id"))["id"] or filled.last_fact
    filled.filled_at = at
    filled.save(update_fields=["filled_at", "last_fact"])
