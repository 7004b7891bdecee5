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
from scrm.ids import sql_array, sql_id

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


COLUMNS = "people_read (n, value, name, avatar, gender, unionid)"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS people_read (
    n int, value text, name text, avatar text, gender smallint, unionid text
) ON COMMIT DELETE ROWS;
DELETE FROM people_read
"""
# All that is to be known of them in one look, so that customers of whom nothing changed cost no more than this.
COMPARE = """
SELECT p.n, i.member_id, i.read_at IS NULL OR i.read_at <= %(at)s,
       (m.name, m.avatar, m.gender) IS DISTINCT FROM (p.name, p.avatar, p.gender), p.unionid <> '', u.id, u.member_id
FROM people_read p
LEFT JOIN members_identity i ON i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = p.value
LEFT JOIN members_member m ON m.id = i.member_id
LEFT JOIN members_identity u ON p.unionid <> '' AND u.kind = 'unionid' AND u.corp_id IS NULL AND u.value = p.unionid
"""
# Ids first, so that nobody whom another worker writes down just now leaves a member without a name behind.
NEW = f"""
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, value, name, avatar, gender
    FROM people_read WHERE n = ANY(%(strangers)s::int[])
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
CHANGE = """
UPDATE members_member m SET name = p.name, avatar = p.avatar, gender = p.gender
FROM unnest(%(rows)s::int[], %(members)s::bigint[]) AS c (n, id) JOIN people_read p USING (n) WHERE m.id = c.id
"""
NEW_UNIONIDS = """
INSERT INTO members_identity (member_id, kind, value)
SELECT min(c.id), 'unionid', p.unionid
FROM unnest(%(rows)s::int[], %(members)s::bigint[]) AS c (n, id) JOIN people_read p USING (n)
GROUP BY p.unionid ORDER BY p.unionid
ON CONFLICT DO NOTHING RETURNING member_id
"""
# Of unionids that another member bears; said once, so that she is not claimed again by every read.
UNCLAIMED = """
SELECT c.identity, c.member FROM unnest(%(identities)s::bigint[], %(members)s::bigint[]) AS c (identity, member)
WHERE NOT EXISTS (
    SELECT FROM members_identitylink l WHERE l.identity_id = c.identity AND l.member_id = c.member
    AND l.source = 'wecom' AND l.until IS NULL)
"""


class Learned(NamedTuple):
    """Members by external_userid, those of them who are new, and those of whom we know nothing newer than this read."""

    members: dict[str, int]
    new: set[int]
    fresh: set[int]


# Row, member, whether we know nothing newer, whether she differs, whether she has a unionid; it, and who bears it.
Known = list[tuple[int, int, bool, bool, bool, int | None, int | None]]


@transaction.atomic(savepoint=False)
def learn_many(corp: int, contacts: Iterable[Contact], *, at: datetime) -> Learned:
    """Writes down a corp's customers as a read that began at an instant tells them; each may be told several times."""
    people: dict[str, Contact] = {contact.external_userid: contact for contact in contacts}
    veils = tombstones.veiled(corp, people)
    people.update({value: Contact(veil, "", "", 0, "") for value, veil in veils.items()})
    asked: dict[str, Any] = {"corp": corp, "at": at}
    values = list(people)
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        bulk.stage(cursor, COLUMNS, map(_line, range(len(values)), people.values()))
        known, new = _known(cursor, asked)
        _change(cursor, [(row[0], row[1]) for row in known if row[3] and row[2]])
        known, bearers = _bear_unionids(cursor, known, asked)
        claimed = _claimed(cursor, known)
    if claimed:
        merges.heed(links.claim(claimed, source="wecom", at=at), at=at)
    if learned := bearers - new:  # whose unionid is news, and so may contradict what she was merged by
        merges.settle_united(learned, at=at)
    members = {values[row[0]]: row[1] for row in known}
    return Learned(members, new, {row[1] for row in known if row[2] and values[row[0]] not in veils})


def _known(cursor: Any, asked: dict[str, Any]) -> tuple[Known, set[int]]:
    """What is known of everybody; whom nobody knew is a new member now."""
    cursor.execute(COMPARE, asked)
    known: Known = cursor.fetchall()
    strangers = [row[0] for row in known if row[1] is None]
    if not strangers:
        return known, set()
    cursor.execute(NEW, {**asked, "strangers": sql_array(strangers)})
    new = {row[0] for row in cursor.fetchall()}
    cursor.execute(COMPARE, asked)
    return cursor.fetchall(), new


def _change(cursor: Any, differing: Sequence[tuple[int, int]]) -> None:
    if differing:
        cursor.execute(CHANGE, _columns(differing))


def _bear_unionids(cursor: Any, known: Known, asked: dict[str, Any]) -> tuple[Known, set[int]]:
    """Unionids that nobody bears are theirs now: what is known then, and who got one."""
    lacking = [(row[0], row[1]) for row in known if row[4] and row[5] is None]
    if not lacking:
        return known, set()
    cursor.execute(NEW_UNIONIDS, _columns(lacking))
    bearers = {row[0] for row in cursor.fetchall()}
    if len(bearers) < len(lacking):  # several have the same, or another worker was faster
        cursor.execute(COMPARE, asked)
        known = cursor.fetchall()
    return known, bearers


def _claimed(cursor: Any, known: Known) -> list[tuple[int, int, bool]]:
    """Claims on unionids of other members that nobody has heard of yet."""
    foreign = [(row[5], row[1]) for row in known if row[5] is not None and row[6] != row[1]]
    if not foreign:
        return []
    identities, members = zip(*foreign, strict=True)
    cursor.execute(UNCLAIMED, {"identities": sql_array(identities), "members": sql_array(members)})
    return [(identity, member, False) for identity, member in cursor.fetchall()]


def _columns(rows: Sequence[tuple[int, int]]) -> dict[str, str]:
    numbers, members = zip(*rows, strict=True)
    return {"rows": sql_array(numbers), "members": sql_array(members)}


def _line(n: int, one: Contact) -> str:
    value, name, avatar, gender, unionid = one
    return f"{n}\t{told(value)}\t{told(name)}\t{told(avatar)}\t{gender}\t{told(unionid)}\n"
