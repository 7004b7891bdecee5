"""The nightly purge: in batches of ten thousand rows, each its own short transaction, so that nobody waits for it.

A batch is the next ids after the cursor. Emptying rows remembers the cursor for the next night; deleting begins anew,
since what is gone costs nothing. Killed in the middle, the next run goes on where the last batch was committed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction

from scrm.audit.models import Purge
from scrm.keeping.rules import RULES, Rule

log = structlog.get_logger()

BATCH = 10_000
LOCK = 0x5A50  # our class of advisory locks: one purge at a time

# The next ids, those among them that are old, and those of the old that the rule is about.
NEXT = """
WITH batch AS (SELECT id, {column} AS at, ({only}) AS about FROM {table}
               WHERE id > %(after)s ORDER BY id LIMIT %(batch)s),
     old AS (SELECT id, about FROM batch WHERE at < %(before)s)
SELECT (SELECT count(*) FROM batch), (SELECT count(*) FROM old), (SELECT max(id) FROM old),
       coalesce((SELECT array_agg(id ORDER BY id) FROM old WHERE about), '{{}}')
"""
# Whoever holds a row at this moment keeps it for the next night.
HELD = "(SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED)"
DELETE = "DELETE FROM {table} WHERE id IN " + HELD
BLANK = "UPDATE {table} SET {blank} WHERE id IN " + HELD
# Small tables, or with an index on the column: the rows as they are found.
LOOSE = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM {table} WHERE {column} < %s AND ({only}) LIMIT %s FOR UPDATE SKIP LOCKED))
"""
NOTE = """
UPDATE audit_purge SET cursor = %s, removed = removed + %s, last_removed = last_removed + %s WHERE rule = %s
"""


class Step(NamedTuple):
    """What a batch did, and whether there may be more."""

    removed: int
    cursor: int
    more: bool


def run(at: datetime, rules: Iterable[Rule] = RULES, *, batch: int = BATCH) -> dict[str, int]:
    """How many rows each rule removed or emptied."""
    done = {rule.name: purge(rule, at, batch=batch) for rule in rules}
    log.info("keeping.purged", **{name.lower(): count for name, count in done.items()})
    return done


def purge(rule: Rule, at: datetime, *, batch: int = BATCH) -> int:
    """How many rows of one rule were removed; none while another process is at it."""
    start, removed, step = _begin(rule, at), 0, None
    while step is None or step.more:
        step = _step(rule, start if step is None else step.cursor, at - timedelta(days=rule.days), batch)
        if step is None:
            return removed
        removed += step.removed
    return removed


def _begin(rule: Rule, at: datetime) -> int:
    """From which id on this run looks."""
    row, _made = Purge.objects.get_or_create(rule=rule.name)
    Purge.objects.filter(pk=row.pk).update(ran_at=at, last_removed=0)
    return row.cursor if rule.blank else 0


@transaction.atomic
def _step(rule: Rule, after: int, before: datetime, batch: int) -> Step | None:
    """One batch and its note in one transaction; None while another process purges."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        step = _walk(cursor, rule, after, before, batch) if rule.in_order else _grab(cursor, rule, before, batch)
        cursor.execute(NOTE, [step.cursor, step.removed, step.removed, rule.name])
    return step


def _walk(cursor: Any, rule: Rule, after: int, before: datetime, batch: int) -> Step:
    parts = {name: getattr(rule, name) for name in ("table", "column", "only", "blank")}
    cursor.execute(NEXT.format(**parts), {"after": after, "before": before, "batch": batch})
    seen, old, last_old, ids = cursor.fetchone()
    if ids:
        cursor.execute((BLANK if rule.blank else DELETE).format(**parts), [ids])
    return Step(cursor.rowcount if ids else 0, last_old or after, seen == batch and old == seen)


def _grab(cursor: Any, rule: Rule, before: datetime, batch: int) -> Step:
    cursor.execute(LOOSE.format(table=rule.table, column=rule.column, only=rule.only), [before, batch])
    return Step(cursor.rowcount, 0, cursor.rowcount == batch)
