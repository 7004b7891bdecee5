"""Customers as WeCom tells them, many at a time: members, their ids, and who is the same person.

Only what differs is written. What a single read told after this one began is left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from members import links, merges, tombstones
from scrm import bulk
from scrm.bulk import told
from scrm.ids import sql_id

PICTURE, NAME, VALUE = 500, 120, 64  # characters


class Contact(NamedTuple):
    """A customer as WeCom tells her."""

    external_userid: str
    name: str
    avatar: str
    gender: int
    unionid: str


def of(said: Mapping[str, Any], external_userid: str = "") -> Contact:
    """WeCom's `external_contact`, without what we could not keep. Raises KeyError where it has no id."""
    get = said.get
    value, gender = external_userid or said["external_userid"], get("gender")
    name, url, unionid = get("name") or "", get("avatar") or "", get("unionid") or ""
    if not (type(value) is type(name) is type(unionid) is str):
        raise TypeError("a text of another type")
    if not 0 < len(value) <= VALUE or not value.isprintable():
        raise ValueError("external_userid")
    return Contact(
        value,
        name[:NAME],
        url if type(url) is str and url.startswith("https://") and len(url) <= PICTURE else "",
        gender if gender in (1, 2) else 0,
        unionid[:VALUE] if unionid else "",
    )


COLUMNS = "people_read (value, name, avatar, gender, unionid)"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS people_read (
    value text, name text, avatar text, gender smallint, unionid text, member_id bigint, is_fresh boolean
) ON COMMIT DELETE ROWS
"""
KNOWN = """
UPDATE people_read p SET member_id = i.member_id, is_fresh = i.read_at IS NULL OR i.read_at <= %(at)s
FROM members_identity i WHERE i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = p.value
"""
# Ids first, so that nobody whom another worker writes down just now leaves a member without a name behind.
NEW = f"""
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, value, name, avatar, gender
    FROM people_read WHERE member_id IS NULL
), ids AS (
    INSERT INTO members_identity (member_id, kind, corp_id, value)
    SELECT id, 'external_userid', %(corp)s, value FROM fresh ORDER BY value
    ON CONFLICT DO NOTHING RETURNING member_id
)
INSERT INTO members_member (id, public_id, name, avatar, gender, created_at)
OVERRIDING SYSTEM VALUE SELECT id, {sql_id("m_")}, name, avatar, gender, %(at)s FROM fresh
WHERE id IN (SELECT member_id FROM ids)
RETURNING id
"""
CHANGED = """
UPDATE members_member m SET name = p.name, avatar = p.avatar, gender = p.gender
FROM people_read p
WHERE m.id = p.member_id AND p.is_fresh AND (m.name, m.avatar, m.gender) IS DISTINCT FROM (p.name, p.avatar, p.gender)
"""
NEW_UNIONIDS = """
INSERT INTO members_identity (member_id, kind, value)
SELECT min(p.member_id), 'unionid', p.unionid FROM people_read p
WHERE p.unionid <> '' AND NOT EXISTS (
    SELECT FROM members_identity u WHERE u.kind = 'unionid' AND u.corp_id IS NULL AND u.value = p.unionid)
GROUP BY p.unionid ORDER BY p.unionid
ON CONFLICT DO NOTHING RETURNING member_id
"""
# Whose unionid another member bears; said once, so that an unchanged customer costs one look.
CLAIMED = """
SELECT u.id, p.member_id
FROM people_read p JOIN members_identity u ON u.kind = 'unionid' AND u.corp_id IS NULL AND u.value = p.unionid
WHERE p.unionid <> '' AND u.member_id <> p.member_id AND NOT EXISTS (
    SELECT FROM members_identitylink l
    WHERE l.identity_id = u.id AND l.member_id = p.member_id AND l.source = 'wecom' AND l.until IS NULL)
"""


class Learned(NamedTuple):
    """Members by external_userid, those of them who are new, and those of whom we know nothing newer than this read."""

    members: dict[str, int]
    new: set[int]
    fresh: set[int]


@transaction.atomic
def learn_many(corp: int, contacts: Iterable[Contact], *, at: datetime) -> Learned:
    """Writes down a corp's customers as a read that began at an instant tells them; each may be told several times."""
    people: dict[str, Contact] = {contact.external_userid: contact for contact in contacts}
    veils = tombstones.veiled(corp, people)
    people.update({value: Contact(veil, "", "", 0, "") for value, veil in veils.items()})
    asked: dict[str, Any] = {"corp": corp, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("DELETE FROM people_read")
        bulk.stage(cursor, COLUMNS, map(_line, people.values()))
        cursor.execute(KNOWN, asked)
        new: set[int] = set()
        learned: set[int] = set()  # whose unionid is news, and so may contradict what she was merged by
        claimed: list[tuple[int, int, bool]] = []
        if cursor.rowcount < len(people):
            cursor.execute(NEW, asked)
            new = {row[0] for row in cursor.fetchall()}
            cursor.execute(KNOWN, asked)
        cursor.execute(CHANGED)
        if any(contact.unionid for contact in people.values()):
            cursor.execute(NEW_UNIONIDS)
            learned = {row[0] for row in cursor.fetchall()} - new
            cursor.execute(CLAIMED)
            claimed = [(identity, member, False) for identity, member in cursor.fetchall()]
        cursor.execute("SELECT value, member_id, is_fresh FROM people_read")
        rows: Sequence[tuple[str, int, bool]] = cursor.fetchall()
    if claimed:
        merges.heed(links.claim(claimed, source="wecom", at=at), at=at)
    if learned:
        merges.settle_united(learned, at=at)
    known = {value: member for value, member, _ in rows}
    members = {value: known[veils.get(value, value)] for value in people}
    return Learned(members, new, {m for value, m, fresh in rows if fresh and not tombstones.is_veil(value)})


def _line(one: Contact) -> str:
    value, name, avatar, gender, unionid = one
    return f"{told(value)}\t{told(name)}\t{told(avatar)}\t{gender}\t{told(unionid)}\n"
