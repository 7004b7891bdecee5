"""The floor of the drain: COPY into a stage, fold in Python, merge by sets, for letters that come in order.

It reads, opens and parses the same letters and leaves the same rows: letters marked, guides, members with identities,
facts, relations, owners, people due to be read. It leaves out what makes the product right where the world is not
tidy: shards and locks for several workers, facts told late or twice (it folds on top of the newest epoch instead of
deriving all of them anew), handovers, reads, stores chosen by people, savepoints and the halving of bad batches,
unknown letters, alarms, and tags and remarks planned after an add.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from scrm.ids import sql_id

SAID = re.compile(rb"<(CreateTime|ChangeType|UserID|ExternalUserID|State)>(?:<!\[CDATA\[)?([^<\]]*)")
KINDS = {
    b"add_external_contact": "add",
    b"add_half_external_contact": "half",
    b"del_external_contact": "guide_del",
    b"del_follow_user": "cust_del",
}
ENDS = {"guide_del": "dropped", "cust_del": "lost"}
DAY = "(%s AT TIME ZONE 'Asia/Shanghai')::date"

READ = "SELECT id, digest, body FROM wecom_letter WHERE state = 'waiting' ORDER BY id LIMIT %s"
STAGES = """
CREATE TEMP TABLE stage (n int, userid text, person text, kind text, at timestamptz, digest bytea, state text,
    letter bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE fold (id bigint, guide bigint, member bigint, store bigint, code bigint, state text, epoch int,
    opened timestamptz, added timestamptz, ended timestamptz, ours boolean, theirs boolean) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE owning (is_gone boolean, member bigint, store bigint, guide bigint, starts timestamptz,
    ends timestamptz) ON COMMIT DELETE ROWS;
"""
PEOPLE = f"""
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, person, at
    FROM (SELECT person, min(at) AS at FROM stage WHERE kind <> '' GROUP BY 1) s
    WHERE NOT EXISTS (SELECT FROM members_identity i
                      WHERE i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = person)
), members AS (
    INSERT INTO members_member (id, public_id, name, avatar, gender, created_at)
    OVERRIDING SYSTEM VALUE SELECT id, {sql_id("m_")}, '', '', 0, at FROM fresh
)
INSERT INTO members_identity (member_id, kind, corp_id, value)
SELECT id, 'external_userid', %(corp)s, person FROM fresh
"""
DUE = """
UPDATE members_identity i SET read_due_at = least(coalesce(i.read_due_at, %(now)s), %(now)s)
FROM (SELECT DISTINCT person FROM stage) s
WHERE i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = s.person
RETURNING i.value, i.member_id
"""
FACTS = """
INSERT INTO guides_relationfact (guide_id, member_id, kind, at, digest, state, code_id, letter_id, recorded_at)
SELECT g.id, i.member_id, s.kind, s.at, s.digest, s.state, c.id, s.letter, %(now)s
FROM stage s JOIN guides_guide g ON g.corp_id = %(corp)s AND lower(g.userid) = lower(s.userid)
JOIN members_identity i ON i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = s.person
LEFT JOIN guides_code c ON s.state <> '' AND c.state = s.state
WHERE s.kind <> '' ON CONFLICT (digest) DO NOTHING
"""
COLUMNS = (
    "guide_id, member_id, store_id, code_id, state, epoch, opened_at, added_at, ended_at, guide_side, customer_side"
)
RELATIONS = f"SELECT id, {COLUMNS} FROM guides_relation WHERE member_id = ANY(%s) ORDER BY epoch"
CHANGE = f"""
UPDATE guides_relation r SET store_id = f.store, code_id = f.code, state = f.state, added_at = f.added,
    ended_at = f.ended, guide_side = f.ours, customer_side = f.theirs, added_day = {DAY % "f.added"},
    ended_day = {DAY % "f.ended"}, changed_at = %(now)s
FROM fold f WHERE f.id = r.id
"""
ADD = f"""
INSERT INTO guides_relation (public_id, {COLUMNS}, opened_day, added_day, ended_day, by_transfer, store_chosen,
    changed_at)
SELECT {sql_id("rel_")}, guide, member, store, code, state, epoch, opened, added, ended, ours, theirs,
       {DAY % "opened"}, {DAY % "added"}, {DAY % "ended"}, false, false, %(now)s
FROM fold WHERE id IS NULL
"""
OWNERS = "SELECT member_id, store_id, guide_id, starts_at, ends_at FROM guides_ownership WHERE member_id = ANY(%s)"
DISOWN = """
DELETE FROM guides_ownership o USING owning n
WHERE n.is_gone AND o.member_id = n.member AND o.store_id = n.store AND o.starts_at = n.starts
"""
OWN = f"""
INSERT INTO guides_ownership (member_id, store_id, guide_id, starts_at, starts_day, ends_at)
SELECT member, store, guide, starts, {DAY % "starts"}, ends FROM owning WHERE NOT is_gone
"""
MARK = "UPDATE wecom_letter SET state = 'applied', handled_at = %s, last_error = '' WHERE id = ANY(%s)"


@dataclass(slots=True)
class Row:
    """An epoch as it is written."""

    id: int | None
    guide: int
    member: int
    store: int | None
    code: int | None
    state: str
    epoch: int
    opened: datetime
    added: datetime | None
    ended: datetime | None
    ours: bool
    theirs: bool

    def take(self, kind: str, at: datetime, code: int | None, store: int | None) -> None:
        """Folds one more event into an epoch."""
        if kind == "add":
            if self.added is None:
                self.added, self.ours, self.theirs, self.state = at, True, True, "live"
            if code and not self.code:
                self.code, self.store = code, store
        elif kind in ENDS:
            self.ours, self.theirs = self.ours and kind == "cust_del", self.theirs and kind != "cust_del"
            if self.ended is None:
                self.ended, self.state = at, ENDS[kind]


COLUMNS_OF = attrgetter(*(column.name for column in fields(Row)))


@dataclass
class Floor:
    """A drain with one connection; what seldom changes it knows by heart."""

    connection: psycopg.Connection[Any]
    cipher: AESGCM
    corp: int
    codes: dict[str, tuple[int, int]] = field(default_factory=dict)
    guides: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        run = self.connection.execute
        run(STAGES)
        self.codes = {s: (c, store) for s, c, store in run("SELECT state, id, store_id FROM guides_code").fetchall()}
        posted = "SELECT lower(userid), g.id, store_id FROM guides_guide g JOIN guides_posting p ON p.guide_id = g.id"
        self.guides = {userid: (guide, store) for userid, guide, store in run(posted).fetchall()}
        self.connection.commit()

    def drain(self, batch: int) -> int:
        """How many letters were applied, in one transaction."""
        letters = self.connection.execute(READ, [batch], binary=True).fetchall()
        if letters:
            told = [self.parsed(n, *letter) for n, letter in enumerate(letters)]
            self.apply(told, datetime.now(UTC))
            self.connection.execute(MARK, [datetime.now(UTC), [letter[0] for letter in letters]])
        self.connection.commit()
        return len(letters)

    def parsed(self, n: int, letter: int, digest: bytes, body: bytes) -> tuple[Any, ...]:
        said = dict(SAID.findall(self.cipher.decrypt(body[5:17], body[17:], b"wecom_letter.body")))
        at = datetime.fromtimestamp(int(said[b"CreateTime"]), UTC)
        kind, state = KINDS.get(said[b"ChangeType"], ""), said.get(b"State", b"").decode()
        return n, said[b"UserID"].decode(), said[b"ExternalUserID"].decode(), kind, at, digest, state, letter

    def apply(self, told: Sequence[tuple[Any, ...]], now: datetime) -> None:
        with self.connection.cursor() as cursor:
            _copy(cursor, "stage", told)
            named = {"corp": self.corp, "now": now}
            cursor.execute(PEOPLE, named)
            members = dict(cursor.execute(DUE, named).fetchall())
            cursor.execute(FACTS, named)
            touched = sorted({members[t[2]] for t in told if t[3]})
            relations = defaultdict(list)
            for columns in cursor.execute(RELATIONS, [touched]).fetchall():
                relations[columns[2], columns[1]].append(Row(*columns))
            _copy(cursor, "fold", map(COLUMNS_OF, self.folded(told, members, relations)))
            cursor.execute(CHANGE, named)
            cursor.execute(ADD, named)
            self.own(cursor, touched, relations)

    def folded(self, told: Sequence[tuple[Any, ...]], members: dict[str, int], relations: Any) -> Iterable[Row]:
        """The epochs that this batch makes or changes; `relations` then holds all of them."""
        changed: dict[int, Row] = {}
        for _n, userid, person, kind, at, _digest, state, _letter in told:
            if not kind:
                continue
            guide, home = self.guides[userid.lower()]
            code, store = self.codes.get(state, (None, home))
            epochs = relations[members[person], guide]
            if kind in ("add", "half") and (not epochs or epochs[-1].ended):
                new = (None, guide, members[person], store, code, "half", len(epochs) + 1, at, None, None, False, True)
                epochs.append(Row(*new))
            if epochs:
                epochs[-1].take(kind, at, code, store)
                changed[id(epochs[-1])] = epochs[-1]
        return changed.values()

    def own(self, cursor: psycopg.Cursor[Any], touched: list[int], relations: Any) -> None:
        """Owners follow from all relations of the people in the batch."""
        lives = defaultdict(list)
        for rows in relations.values():
            for row in rows:
                if row.added and row.store:
                    lives[row.member, row.store].append((row.added, row.guide, row.ended))
        wanted = {(*key, *owned) for key, told in lives.items() for owned in owners(told)}
        present = set(cursor.execute(OWNERS, [touched]).fetchall())
        if wanted != present:
            gone, new = present - wanted, wanted - present
            _copy(cursor, "owning", [*((True, *o) for o in gone), *((False, *o) for o in new)])
            cursor.execute(DISOWN)
            cursor.execute(OWN)


def owners(lives: list[tuple[datetime, int, datetime | None]]) -> Iterable[tuple[int, datetime, datetime | None]]:
    """The oldest living relation owns until it ends, then the next oldest one."""
    free: datetime | None = None
    for added, guide, ended in sorted(lives, key=lambda life: life[:2]):
        starts = max(added, free) if free else added
        if ended and ended <= starts:
            continue
        yield guide, starts, ended
        if not ended:
            return
        free = ended


def _copy(cursor: psycopg.Cursor[Any], table: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
