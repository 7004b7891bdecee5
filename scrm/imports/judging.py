"""Looking at all lines of a file, and bringing them in: the same judgement both times."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction

from scrm import bulk
from scrm.audit import entries
from scrm.imports import columns
from scrm.imports.columns import Draft
from scrm.imports.models import Import, ImportRow
from scrm.imports.verdicts import Case, Kind, Outcome, Verdict
from scrm.sealed import seal

BATCH = 2000
NAMES_KEPT = 200
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS answers (number int, outcome text, said bytea, thing text) ON COMMIT DELETE ROWS
"""
WRITE = """
UPDATE imports_importrow r SET outcome = a.outcome, said = a.said, thing = a.thing
FROM answers a WHERE r.upload_id = %s AND r.number = a.number
"""


def preview(upload: Import, kind: Kind, case: Case) -> None:
    """Writes what would become of each line, and nothing else."""
    about: dict[str, list[int]] = defaultdict(list)
    for verdicts in _answers(upload, kind, case):
        for verdict in verdicts:
            if verdict.thing and verdict.outcome == Outcome.UPDATED and kind.name == "members":
                about[verdict.thing].append(verdict.number)
    if _set_against_each_other(upload, about):
        case.missing.clear()
        for _verdicts in _answers(upload, kind, case):
            pass
    upload.counts = counts(upload)
    upload.missing = {what: dict(names.most_common(NAMES_KEPT)) for what, names in case.missing.items()}


def _answers(upload: Import, kind: Kind, case: Case) -> Iterator[list[Verdict]]:
    for drafts in batches(upload, kind):
        verdicts = kind.judge(drafts, case)
        write(upload, verdicts)
        yield verdicts


def _set_against_each_other(upload: Import, about: dict[str, list[int]]) -> bool:
    """Whether several lines would change one and the same thing; none of them is better than the others."""
    several = [numbers for numbers in about.values() if len(numbers) > 1]
    for numbers in several:
        rows = {row.number: row for row in upload.rows.filter(number__in=numbers)}  # type: ignore[attr-defined]
        for number, row in rows.items():
            row.faults.append({"code": "same_thing", "line": next(n for n in numbers if n != number)})
        ImportRow.objects.bulk_update(rows.values(), ["faults"])
    return bool(several)


@transaction.atomic
def bring_in(upload: Import, kind: Kind, case: Case) -> None:
    """Judges every line once more and brings the good ones in, in one transaction: killed half-way, it did nothing."""
    for drafts in batches(upload, kind):
        verdicts = kind.judge(drafts, case)
        kind.bring_in([v for v in verdicts if v.outcome in (Outcome.CREATED, Outcome.UPDATED)], case)
        write(upload, verdicts)
    kind.finish(case)
    upload.counts = counts(upload)
    upload.missing = {what: dict(names.most_common(NAMES_KEPT)) for what, names in case.missing.items()}
    rows = sum(upload.counts.values())
    entries.record("import.applied", by=case.by, subject=upload, at=case.at, rows=rows, file=kind.name, **upload.counts)


def batches(upload: Import, kind: Kind) -> Iterator[list[Draft]]:
    """The lines in order, so many at a time that memory stays small."""
    after = 0
    while True:
        rows = list(upload.rows.filter(number__gt=after).order_by("number")[:BATCH])  # type: ignore[attr-defined]
        if not rows:
            return
        yield [columns.draft(r.number, json.loads(r.cells or "{}"), r.faults, kind.columns) for r in rows]
        after = rows[-1].number


def write(upload: Import, verdicts: Sequence[Verdict]) -> None:
    place = ImportRow._meta.get_field("said").aad  # type: ignore[union-attr]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("DELETE FROM answers")
        rows = ((v.number, str(v.outcome), seal(_said(v), place), v.thing) for v in verdicts)
        bulk.insert("answers", ["number", "outcome", "said", "thing"], rows)
        cursor.execute(WRITE, [upload.pk])


def _said(verdict: Verdict) -> bytes:
    told: dict[str, Any] = {"problems": verdict.problems, "changes": verdict.changes, "notes": verdict.notes}
    return json.dumps({name: words for name, words in told.items() if words}, ensure_ascii=False).encode()


def counts(upload: Import) -> dict[str, int]:
    """How many lines came to what."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, count(*) FROM imports_importrow WHERE upload_id = %s GROUP BY 1", [upload.pk])
        found = Counter(dict(cursor.fetchall()))
    return {str(outcome): found[outcome] for outcome in Outcome.values}
