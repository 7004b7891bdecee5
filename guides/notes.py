"""What guides wrote down about customers: the only writer of notes. What is so already is not written."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from guides.follows import Follow
from guides.models import Note
from scrm import bulk, sealed

PURPOSE = "note phones"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS notes_told (
    n int, guide_id bigint, member_id bigint, remark text, description text, company text,
    phones bytea, phones_digest bytea, add_way smallint
) ON COMMIT DELETE ROWS;
DELETE FROM notes_told
"""
TEXTS = ("remark", "description", "company")
# A null says nothing of its column. An empty digest says that there are no numbers now.
# Each is laid beside what is known once; says how many are known, and how many of these differ.
CHANGE = """
WITH known AS MATERIALIZED (
    SELECT t.n, n.id,
           n.changed_at <= %(at)s AND (
               t.remark <> n.remark OR t.description <> n.description OR t.company <> n.company
               OR t.add_way <> n.add_way
               OR nullif(t.phones_digest, '') IS DISTINCT FROM n.phones_digest AND t.phones_digest IS NOT NULL
           ) AS differs
    FROM notes_told t JOIN guides_note n ON n.member_id = t.member_id AND n.guide_id = t.guide_id
), changed AS (
    UPDATE guides_note n SET
        remark = coalesce(t.remark, n.remark), description = coalesce(t.description, n.description),
        company = coalesce(t.company, n.company), add_way = coalesce(t.add_way, n.add_way),
        phones = CASE WHEN t.phones_digest IS NULL THEN n.phones ELSE t.phones END,
        phones_digest = CASE WHEN t.phones_digest IS NULL THEN n.phones_digest ELSE nullif(t.phones_digest, '') END,
        changed_at = %(at)s
    FROM known k JOIN notes_told t ON t.n = k.n WHERE k.differs AND n.id = k.id AND n.changed_at <= %(at)s
    RETURNING n.id
)
SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM changed)
"""
ADD = """
INSERT INTO guides_note AS n (guide_id, member_id, remark, description, company, phones, phones_digest, add_way,
                              changed_at)
SELECT DISTINCT ON (member_id, guide_id) guide_id, member_id, coalesce(remark, ''), coalesce(description, ''),
       coalesce(company, ''), phones, nullif(phones_digest, ''), coalesce(add_way, 0), %(at)s
FROM notes_told t WHERE NOT EXISTS (
    SELECT FROM guides_note k WHERE k.member_id = t.member_id AND k.guide_id = t.guide_id)
ORDER BY member_id, guide_id
ON CONFLICT DO NOTHING
"""


class Written(NamedTuple):
    """What a guide wrote of a customer; None says nothing of a field."""

    guide_id: int
    member_id: int
    remark: str | None = None
    description: str | None = None
    company: str | None = None
    phones: Sequence[str] | None = None
    add_way: int | None = None


def written(guide: int, member: int, follow: Follow) -> Written:
    """What a read says of a pair."""
    return Written(guide, member, *follow[4:])  # the last fields of both are the same


@transaction.atomic(savepoint=False)
def write(told: Iterable[Written], *, at: datetime) -> int:
    """How many notes are new or different now; a note that somebody changed after `at` is left alone."""
    lines = [_line(n, one) for n, one in enumerate(told)]
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        bulk.stage(cursor, "notes_told", lines)
        cursor.execute(CHANGE, {"at": at})
        known, changed = cursor.fetchone()
        if known == len(lines):
            return int(changed)
        cursor.execute(ADD, {"at": at})
        return int(changed + cursor.rowcount)


def _line(n: int, one: Written) -> str:
    guide, member, remark, description, company, phones, way = one
    texts = f"{_text(remark, REMARK)}\t{_text(description, DESCRIPTION)}\t{_text(company, COMPANY)}"
    numbers = _sealed(phones) if phones else NONE_OF[None if phones is None else ()]
    return f"{n}\t{guide}\t{member}\t{texts}\t{numbers}\t{bulk.NULL if way is None else way}\n"


def _text(text: str | None, longest: int) -> str:
    if not text:
        return bulk.NULL if text is None else ""
    return bulk.told(text[:longest])


def _sealed(phones: Sequence[str]) -> str:
    """The numbers sealed, and a fingerprint that is the same for the same numbers."""
    text = json.dumps(list(phones))
    return f"{bulk.told_bytes(sealed.seal(text.encode(), AAD))}\t{bulk.told_bytes(sealed.digest(text, PURPOSE))}"


def phones_of(note: Note) -> list[str]:
    """The numbers that the guide wrote down, in her order."""
    return list(json.loads(str(note.phones))) if note.phones else []


REMARK, DESCRIPTION, COMPANY = (int(Note._meta.get_field(name).max_length) for name in TEXTS)  # type: ignore
# No numbers: nothing is said of them, or that there are none.
NONE_OF = {None: f"{bulk.NULL}\t{bulk.NULL}", (): f"{bulk.NULL}\t{bulk.told_bytes(b'')}"}
AAD = Note._meta.get_field("phones").aad  # type: ignore[union-attr]
