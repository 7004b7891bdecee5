"""Writing down what WeCom told us of guides and customers: set-based, whoever and however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from scrm.ids import sql_id


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
    corp_id bigint, userid text, external_userid text, kind text, at timestamptz, digest bytea,
    state text, letter_id bigint, created_at timestamptz
) ON COMMIT DELETE ROWS
"""
COPY = "COPY heard (corp_id, userid, external_userid, kind, at, digest, state, letter_id, created_at) FROM STDIN"

# A guide of whom we never heard gets a placeholder, which the next reading of the roster fills.
GUIDES = f"""
INSERT INTO guides_guide (public_id, corp_id, userid, name, position, status, can_contact)
SELECT {sql_id("g_")}, n.corp_id, n.userid, '', '', 'placeholder', false
FROM (SELECT DISTINCT ON (corp_id, lower(userid)) corp_id, userid FROM heard ORDER BY corp_id, lower(userid)) n
WHERE NOT EXISTS (
    SELECT FROM guides_guide g WHERE g.corp_id = n.corp_id AND lower(g.userid) = lower(n.userid))
ORDER BY n.corp_id, lower(n.userid)
ON CONFLICT DO NOTHING
"""
MEMBERS = f"""
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, n.*
    FROM (SELECT corp_id, external_userid, min(at) AS at FROM heard GROUP BY 1, 2 ORDER BY 1, 2) n
    WHERE NOT EXISTS (
        SELECT FROM members_identity i
        WHERE i.kind = 'external_userid' AND i.corp_id = n.corp_id AND i.value = n.external_userid)
), people AS (
    INSERT INTO members_member (id, public_id, name, avatar, gender, created_at)
    OVERRIDING SYSTEM VALUE SELECT id, {sql_id("m_")}, '', '', 0, at FROM fresh
)
INSERT INTO members_identity (member_id, kind, corp_id, value)
SELECT id, 'external_userid', corp_id, external_userid FROM fresh
ON CONFLICT DO NOTHING
"""
PAIRS = """
heard h
JOIN guides_guide g ON g.corp_id = h.corp_id AND lower(g.userid) = lower(h.userid)
JOIN members_identity i ON i.kind = 'external_userid' AND i.corp_id = h.corp_id AND i.value = h.external_userid
"""
FACTS = f"""
INSERT INTO guides_relationfact
    (guide_id, member_id, kind, at, digest, state, code_id, letter_id, created_at, recorded_at)
SELECT g.id, i.member_id, h.kind, h.at, h.digest, h.state, c.id, h.letter_id, h.created_at, %(now)s
FROM {PAIRS} LEFT JOIN guides_code c ON h.state <> '' AND c.state = h.state AND c.corp_id = h.corp_id
ON CONFLICT (digest) DO NOTHING
RETURNING id, guide_id, member_id, kind, at, state, code_id
"""
# Each event makes the customer due to be read: soon for her name, and again when a read can be trusted.
DUE = f"""
UPDATE members_identity SET read_due_at = least(coalesce(read_due_at, %(due)s), %(due)s)
WHERE id IN (SELECT i.id FROM {PAIRS} WHERE h.letter_id IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Noted:
    """A fact that was new to us."""

    id: int
    guide_id: int
    member_id: int
    kind: str
    at: datetime
    state: str
    code_id: int | None


def write_down(news: Sequence[News], *, due: datetime, now: datetime) -> tuple[list[int], list[Noted]]:
    """The ids of all members that the news is of, and those facts of it that we had not been told before."""
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("DELETE FROM heard")
        with cursor.copy(COPY) as copy:
            for n in news:
                copy.write_row(
                    (n.corp_id, n.userid, n.external_userid, n.kind, n.at, n.digest, n.state, n.letter_id, n.created_at)
                )
        cursor.execute(GUIDES)
        cursor.execute(MEMBERS)
        cursor.execute(FACTS, {"now": now})
        noted = [Noted(*row) for row in cursor.fetchall()]
        cursor.execute(DUE, {"due": due})
        cursor.execute(f"SELECT DISTINCT i.member_id FROM {PAIRS}")
        return [member for (member,) in cursor.fetchall()], noted
