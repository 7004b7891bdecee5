"""Relations and owners as rows, read and written many at a time: plain SQL, since every callback passes here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter

from django.db import connection

from guides import postings
from guides.epochs import Fact, Life, owners
from scrm.ids import sql_array, sql_id


@dataclass(slots=True)
class Row:
    """A relation; rows compare by everything but their id."""

    guide_id: int
    member_id: int
    store_id: int | None
    code_id: int | None
    state: str
    epoch: int
    opened_at: datetime
    added_at: datetime | None
    ended_at: datetime | None
    guide_side: bool
    customer_side: bool
    by_transfer: bool
    store_chosen: bool = False
    id: int | None = field(default=None, compare=False)


COLUMNS = (
    "guide_id, member_id, store_id, code_id, state, epoch, opened_at, added_at, ended_at, "
    "guide_side, customer_side, by_transfer, store_chosen"
)
AS_COLUMNS = attrgetter(*(column.name for column in fields(Row)))
DAY = "(%s AT TIME ZONE 'Asia/Shanghai')::date"
DAYS = {f"{name}_day": DAY % f"{name}_at" for name in ("opened", "added", "ended")}

# Instants as text: Python reads them ten times faster than Django's loader, and there are many.
READ_FACTS = """
SELECT member_id, guide_id, at::text, kind, digest, code_id, created_at::text
FROM guides_relationfact WHERE member_id = ANY(%s::bigint[])
"""
READ_ROWS = f"SELECT {COLUMNS}, id FROM guides_relation WHERE member_id = ANY(%s::bigint[]) ORDER BY epoch"
STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS drafts ON COMMIT DELETE ROWS AS SELECT {COLUMNS}, id FROM guides_relation WITH NO DATA
"""
INSERT = f"""
INSERT INTO guides_relation (public_id, {COLUMNS}, {", ".join(DAYS)}, changed_at)
SELECT {sql_id("rel_")}, {COLUMNS}, {", ".join(DAYS.values())}, %(now)s
FROM drafts WHERE id IS NULL ORDER BY member_id, guide_id, epoch
"""
UPDATE = f"""
UPDATE guides_relation r SET
    {", ".join(f"{name} = d.{name}" for name in COLUMNS.split(", "))},
    {", ".join(f"{name} = {DAY % f'd.{name[:-4]}_at'}" for name in DAYS)}, changed_at = %(now)s
FROM drafts d WHERE d.id = r.id
"""


@dataclass
class Ledger:
    """All that is known of some members: what their relations follow from, and what these are now."""

    facts: dict[int, dict[int, list[Fact]]] = field(default_factory=dict)
    rows: dict[tuple[int, int], list[Row]] = field(default_factory=lambda: defaultdict(list))
    code_stores: dict[int, int] = field(default_factory=dict)
    postings: "postings.Book" = field(default_factory=lambda: postings.Book({}))
    _by_member: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def rows_of(self, member: int) -> list[Row]:
        return self._by_member[member]


def read(members: Sequence[int]) -> Ledger:
    """The facts and relations of these members, in a fixed number of queries."""
    ledger = Ledger()
    guides: set[int] = set()
    codes: set[int] = set()
    with connection.cursor() as cursor:
        cursor.execute(READ_FACTS, [sql_array(members)])
        for member, guide, at, kind, digest, code, created_at in cursor.fetchall():
            told = ledger.facts.setdefault(member, {}).setdefault(guide, [])
            created = datetime.fromisoformat(created_at) if created_at else None
            told.append(Fact(datetime.fromisoformat(at), kind, bytes(digest), code, created))
            if code:
                codes.add(code)
            else:
                guides.add(guide)
        cursor.execute(READ_ROWS, [sql_array(members)])
        for columns in cursor.fetchall():
            row = Row(*columns)
            ledger.rows[row.member_id, row.guide_id].append(row)
            ledger._by_member[row.member_id].append(row)
    ledger.code_stores = postings.stores_of_codes(codes)
    ledger.postings = postings.book_of(guides)
    return ledger


def matched(drafts: Sequence[Row], before: Sequence[Row]) -> list[Row]:
    """The drafts, now with the ids of the rows that they replace and the store that a person chose for them."""
    by_opening = {row.opened_at: row for row in before}
    found = {id(draft): by_opening.pop(draft.opened_at, None) for draft in drafts}
    left = list(by_opening.values())
    for draft in drafts:
        old = found[id(draft)] or (left.pop(0) if left else None)
        if old is not None:
            draft.id = old.id
            if old.store_chosen and draft.code_id is None:
                draft.store_id, draft.store_chosen = old.store_id, True
    return list(drafts)


def write(new: Iterable[Row], changed: Iterable[Row], gone: Sequence[int], *, now: datetime) -> None:
    """Brings relations up to date in at most four statements."""
    drafts = [*new, *changed]
    with connection.cursor() as cursor:
        if gone:
            cursor.execute("DELETE FROM guides_relation WHERE id = ANY(%s)", [list(gone)])
        if not drafts:
            return
        cursor.execute(STAGE)
        cursor.execute("DELETE FROM drafts")
        with cursor.copy(f"COPY drafts ({COLUMNS}, id) FROM STDIN") as copy:
            for row in drafts:
                copy.write_row(AS_COLUMNS(row))
        cursor.execute(UPDATE, {"now": now})
        cursor.execute(INSERT, {"now": now})


READ_OWNERS = """
SELECT member_id, store_id, guide_id, starts_at, ends_at FROM guides_ownership WHERE member_id = ANY(%s::bigint[])
"""
OWNERS = """
CREATE TEMP TABLE IF NOT EXISTS owners_now (
    member_id bigint, store_id bigint, guide_id bigint, starts_at timestamptz, ends_at timestamptz, is_gone boolean
) ON COMMIT DELETE ROWS
"""
FORGET = """
DELETE FROM guides_ownership o USING owners_now n
WHERE n.is_gone AND o.member_id = n.member_id AND o.store_id = n.store_id AND o.starts_at = n.starts_at
"""
OWN = f"""
INSERT INTO guides_ownership (member_id, store_id, guide_id, starts_at, starts_day, ends_at)
SELECT member_id, store_id, guide_id, starts_at, {DAY % "starts_at"}, ends_at
FROM owners_now WHERE NOT is_gone ORDER BY 1, 2, 4
"""

# Of whoever is one person with another member: the person, and all members of hers.
KIN = """
WITH persons AS (
    SELECT DISTINCT coalesce(m.same_person_as_id, m.id) AS person FROM members_member m
    WHERE m.id = ANY(%s::bigint[]) AND (m.same_person_as_id IS NOT NULL
        OR EXISTS (SELECT FROM members_member o WHERE o.same_person_as_id = m.id))
)
SELECT person, person FROM persons
UNION ALL SELECT person, o.id FROM persons JOIN members_member o ON o.same_person_as_id = person
"""
Owner = tuple[int, int, int, datetime, datetime | None]


def settle_owners(touched: dict[int, list[Row]]) -> None:
    """Makes the owners of these members follow from their relations; who is one person has one owner at a store."""
    if not touched:
        return
    person = _persons(touched)
    touched = touched | relations_of(person.keys() - touched.keys())
    hers: dict[int, list[Row]] = defaultdict(list)
    for member, rows in touched.items():
        hers[person.get(member, member)] += rows
    wanted = {owner for rows in hers.values() for owner in _owners_of(rows)}
    with connection.cursor() as cursor:
        cursor.execute(READ_OWNERS, [sql_array(touched)])
        present: set[Owner] = set(cursor.fetchall())
        if wanted == present:
            return
        cursor.execute(OWNERS)
        cursor.execute("DELETE FROM owners_now")
        with cursor.copy("COPY owners_now FROM STDIN") as copy:
            for owner in present - wanted:
                copy.write_row((*owner, True))
            for owner in wanted - present:
                copy.write_row((*owner, False))
        if present - wanted:
            cursor.execute(FORGET)
        cursor.execute(OWN)


def relations_of(members: Iterable[int]) -> dict[int, list[Row]]:
    """The relations of these members."""
    found: dict[int, list[Row]] = {member: [] for member in members}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(READ_ROWS, [sql_array(found)])
            for columns in cursor.fetchall():
                found[columns[1]].append(Row(*columns))
    return found


def _persons(members: Iterable[int]) -> dict[int, int]:
    """The person of each who is one with another member, and of all her members."""
    with connection.cursor() as cursor:
        cursor.execute(KIN, [sql_array(members)])
        return {member: person for person, member in cursor.fetchall()}


def _owners_of(rows: Iterable[Row]) -> Iterable[Owner]:
    """Of one person, whose relations may be those of several members: whose relation owns, its member is owned."""
    lives: dict[int, dict[Life, int]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: row.member_id):
        if row.store_id and row.added_at:
            lives[row.store_id].setdefault(Life(row.guide_id, row.added_at, row.ended_at), row.member_id)
    for store, told in lives.items():
        for owned in owners(told):
            lived = min(
                (life.from_at, member)
                for life, member in told.items()
                if (life.guide_id, life.until) == (owned.guide_id, owned.until) and life.from_at <= owned.from_at
            )
            yield (lived[1], store, owned.guide_id, owned.from_at, owned.until)
