"""Writing down what WeCom told us of guides and customers: set-based, whoever and however many they are.

Names become ids by plain look-ups rather than by joins: a planner that has not counted the tables yet (a new house, a
first flood of letters) takes those the right way too.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from members import tombstones
from scrm.ids import sql_array, sql_id


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a letter or a read says of a guide and a customer."""

    corp_id: int
    userid: str
    external_userid: str
    kind: str
    at: datetime
    digest: bytes
    state: str = ""
    letter_id: int | None = None
    created_at: datetime | None = None


STAGE = """
CREATE TEMP TABLE IF NOT EXISTS heard (
    guide_id bigint, member_id bigint, kind text, at timestamptz, digest bytea, state text, code_id bigint,
    letter_id bigint, created_at timestamptz
) ON COMMIT DELETE ROWS
"""
COLUMNS = "guide_id, member_id, kind, at, digest, state, code_id, letter_id, created_at"
FACTS = f"""
INSERT INTO guides_relationfact ({COLUMNS}, recorded_at) SELECT {COLUMNS}, %s FROM heard
ON CONFLICT (digest) DO NOTHING
RETURNING id, guide_id, member_id, kind, state, code_id
"""
KNOWN_GUIDES = """
SELECT corp_id, lower(userid), id FROM guides_guide WHERE corp_id = ANY(%s) AND lower(userid) = ANY(%s)
"""
# A guide of whom we never heard gets a placeholder, which the next reading of the roster fills.
NEW_GUIDES = f"""
INSERT INTO guides_guide (public_id, corp_id, userid, name, position, status, can_contact)
SELECT {sql_id("g_")}, corp_id, userid, '', '', 'placeholder', false
FROM unnest(%s::bigint[], %s::text[]) AS n (corp_id, userid) ORDER BY corp_id, lower(userid)
ON CONFLICT DO NOTHING
"""
KNOWN_PEOPLE = """
SELECT corp_id, value, member_id, id FROM members_identity
WHERE kind = 'external_userid' AND corp_id = ANY(%s) AND value = ANY(%s)
"""
# Ids first: whom another worker writes down just now leaves no member behind whom nothing names.
NEW_PEOPLE = f"""
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, n.*
    FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS n (corp_id, value, at)
), ids AS (
    INSERT INTO members_identity (member_id, kind, corp_id, value)
    SELECT id, 'external_userid', corp_id, value FROM fresh ORDER BY corp_id, value
    ON CONFLICT DO NOTHING
    RETURNING corp_id, value, member_id, id
), people AS (
    INSERT INTO members_member (id, public_id, name, avatar, gender, created_at)
    OVERRIDING SYSTEM VALUE SELECT id, {sql_id("m_")}, '', '', 0, at FROM fresh
    WHERE id IN (SELECT member_id FROM ids)
)
SELECT corp_id, value, member_id, id FROM ids
"""
CODES = "SELECT corp_id, state, id FROM guides_code WHERE corp_id = ANY(%s) AND state = ANY(%s)"
# Each event makes the customer due to be read: soon for her name, and again when a read can be trusted.
DUE = """
UPDATE members_identity SET read_due_at = least(coalesce(read_due_at, %s), %s)
WHERE id = ANY(%s::bigint[]) AND value NOT LIKE 'erased-%%'
"""
ADDS = {"half", "add"}

Name = tuple[int, str]  # of a corp


@dataclass(frozen=True, slots=True)
class Noted:
    """A fact that was new to us."""

    id: int
    guide_id: int
    member_id: int
    kind: str
    state: str
    code_id: int | None


def write_down(news: Sequence[News], *, due: datetime, now: datetime) -> tuple[list[int], list[Noted]]:
    """The ids of all members that the news is of, and those facts of it that we had not been told before."""
    news = _of_the_forgotten(news)
    guides = _guides({(n.corp_id, n.userid.lower()): n for n in news})
    people = _people(news)
    codes = _look_up(CODES, {(n.corp_id, n.state) for n in news if n.state})
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("DELETE FROM heard")
        with cursor.copy(f"COPY heard ({COLUMNS}) FROM STDIN") as copy:
            for n in news:
                guide, (member, _identity) = guides[n.corp_id, n.userid.lower()], people[n.corp_id, n.external_userid]
                code = codes.get((n.corp_id, n.state))
                copy.write_row((guide, member, n.kind, n.at, n.digest, n.state, code, n.letter_id, n.created_at))
        cursor.execute(FACTS, [now])
        noted = [Noted(*row) for row in cursor.fetchall()]
        told = {people[n.corp_id, n.external_userid][1] for n in news if n.letter_id is not None}
        cursor.execute(DUE, [due, due, sql_array(told)])
    return sorted({member for member, _identity in people.values()}), noted


def _of_the_forgotten(news: Sequence[News]) -> Sequence[News]:
    """The news, in which erased people have no ids; who added a guide since then is somebody new."""
    told = list(news)
    for corp in {n.corp_id for n in told}:
        here = [n for n in told if n.corp_id == corp]
        tombstones.lift(corp, {n.external_userid: n.at for n in sorted(here, key=lambda n: n.at) if n.kind in ADDS})
        if veils := tombstones.veiled(corp, (n.external_userid for n in here)):
            told = [
                replace(n, external_userid=veils[n.external_userid])
                if n.corp_id == corp and n.external_userid in veils
                else n
                for n in told
            ]
    return told


def _guides(wanted: dict[Name, News]) -> dict[Name, int]:
    """The ids of guides by corp and lower-case userid; those who were unknown are there now."""
    known = _look_up(KNOWN_GUIDES, wanted)
    if missing := [wanted[name] for name in sorted(wanted) if name not in known]:  # sorted: two workers may do so
        with connection.cursor() as cursor:
            cursor.execute(NEW_GUIDES, [[n.corp_id for n in missing], [n.userid for n in missing]])
        known = _look_up(KNOWN_GUIDES, wanted)
    return known


def _people(news: Iterable[News]) -> dict[Name, tuple[int, int]]:
    """Member and identity of each customer by corp and external_userid; those who were unknown are there now."""
    since: dict[Name, datetime] = {}
    for n in news:
        name = n.corp_id, n.external_userid
        since[name] = min(n.at, since.get(name, n.at))
    known = _look_up(KNOWN_PEOPLE, since)
    if missing := [(*name, at) for name, at in since.items() if name not in known]:
        known |= _ask(NEW_PEOPLE, [list(column) for column in zip(*missing, strict=True)])
    return known | _look_up(KNOWN_PEOPLE, since.keys() - known.keys())  # whom somebody else wrote down just now


def _look_up(query: str, names: Collection[Name]) -> dict[Name, Any]:
    """What is known of these names of corps."""
    if not names:
        return {}
    return _ask(query, [sorted({corp for corp, _ in names}), sorted({name for _, name in names})])


def _ask(query: str, values: Sequence[Any]) -> dict[Name, Any]:
    """What a query gives, by its first two columns: one value, or several in a tuple."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return {(corp, name): rest[0] if len(rest) == 1 else tuple(rest) for corp, name, *rest in cursor.fetchall()}
