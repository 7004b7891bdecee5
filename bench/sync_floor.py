"""The floor of a sync: one COPY, then guarded merges of the same rows, for lists that are read once and in order.

It leaves the same members, ids, notes, tags, facts, relations and owners. It leaves out what makes the product right
where the world is not tidy: relations that events have told of already, deletions, handovers, customers whom two
guides of one store have, reads that are older than what we know, and the sweep of what is listed no longer.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from scrm import sealed
from scrm.ids import sql_id

DAY = "(%s AT TIME ZONE 'Asia/Shanghai')::date"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS stage (userid text, value text, name text, avatar text, gender smallint, unionid text,
    remark text, description text, company text, phones bytea, digest bytea, way smallint, created timestamptz,
    state text, tags text[]) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS pairs ON COMMIT DELETE ROWS AS
    SELECT s.*, 0::bigint AS guide, 0::bigint AS member FROM stage s WITH NO DATA
"""
PEOPLE = f"""
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, p.*
    FROM (SELECT DISTINCT ON (value) * FROM stage) p WHERE NOT EXISTS (SELECT FROM members_identity i
        WHERE i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = p.value)
), members AS (
    INSERT INTO members_member (id, public_id, name, avatar, gender, created_at)
    OVERRIDING SYSTEM VALUE SELECT id, {sql_id("m_")}, name, avatar, gender, %(at)s FROM fresh
)
INSERT INTO members_identity (member_id, kind, corp_id, value)
SELECT id, 'external_userid', %(corp)s, value FROM fresh
UNION ALL SELECT id, 'unionid', NULL, unionid FROM fresh WHERE unionid <> ''
ON CONFLICT DO NOTHING
"""
PAIRS = """
INSERT INTO pairs SELECT s.*, g.id, i.member_id FROM stage s
JOIN guides_guide g ON g.corp_id = %(corp)s AND lower(g.userid) = s.userid
JOIN members_identity i ON i.kind = 'external_userid' AND i.corp_id = %(corp)s AND i.value = s.value
"""
MEMBERS = """
UPDATE members_member m SET name = p.name, avatar = p.avatar, gender = p.gender FROM pairs p
WHERE m.id = p.member AND (m.name, m.avatar, m.gender) IS DISTINCT FROM (p.name, p.avatar, p.gender)
"""
NOTES = """
INSERT INTO guides_note AS n (guide_id, member_id, remark, description, company, phones, phones_digest, add_way,
    changed_at)
SELECT guide, member, remark, description, company, phones, digest, way, %(at)s FROM pairs
ON CONFLICT (member_id, guide_id) DO UPDATE SET remark = excluded.remark, description = excluded.description,
    company = excluded.company, phones = excluded.phones, phones_digest = excluded.phones_digest,
    add_way = excluded.add_way, changed_at = excluded.changed_at
WHERE (n.remark, n.description, n.company, n.phones_digest, n.add_way)
    IS DISTINCT FROM (excluded.remark, excluded.description, excluded.company, excluded.phones_digest, excluded.add_way)
"""
UNTAG = """
DELETE FROM members_membertag w USING pairs p, members_tag t
WHERE w.member_id = p.member AND w.source = 'wecom' AND w.source_key = p.userid AND t.id = w.tag_id
  AND NOT t.tag_id = ANY(p.tags)
"""
TAG = """
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since)
SELECT p.member, t.id, 'wecom', p.userid, %(at)s
FROM pairs p, unnest(p.tags) AS u (tag) JOIN members_tag t ON t.tag_id = tag
ON CONFLICT DO NOTHING
"""
RELATIONS = f"""
WITH fresh AS MATERIALIZED (
    SELECT p.guide, p.member, p.created, p.state, c.id AS code, coalesce(c.store_id, o.store_id) AS store
    FROM pairs p LEFT JOIN guides_code c ON p.state <> '' AND c.state = p.state
    LEFT JOIN guides_posting o ON o.guide_id = p.guide AND o.ends_at IS NULL
    WHERE NOT EXISTS (SELECT FROM guides_relation r WHERE r.member_id = p.member AND r.guide_id = p.guide)
), facts AS (
    INSERT INTO guides_relationfact (guide_id, member_id, kind, at, created_at, digest, state, code_id, recorded_at)
    SELECT guide, member, 'read_there', %(at)s, created,
           sha256(convert_to(guide || ':' || member, 'UTF8')), state, code, %(at)s FROM fresh
), owners AS (
    INSERT INTO guides_ownership (member_id, store_id, guide_id, starts_at, starts_day)
    SELECT member, store, guide, created, {DAY % "created"} FROM fresh
)
INSERT INTO guides_relation (public_id, guide_id, member_id, store_id, code_id, state, epoch, opened_at, opened_day,
    added_at, added_day, guide_side, customer_side, by_transfer, store_chosen, changed_at)
SELECT {sql_id("rel_")}, guide, member, store, code, 'live', 1, created, {DAY % "created"}, created,
       {DAY % "created"}, true, true, false, false, %(at)s FROM fresh
"""
MERGES = (PEOPLE, PAIRS, MEMBERS, NOTES, UNTAG, TAG, RELATIONS)


@dataclass
class Floor:
    """Merges batches of rows on one connection."""

    connection: psycopg.Connection[Any]
    corp: int
    at: datetime
    aad: str = "guides_note.phones"
    rows: int = field(default=0)

    def merge(self, rows: Sequence[dict[str, Any]]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(STAGE)
            cursor.execute("SET LOCAL random_page_cost = 1.1")
            with cursor.copy("COPY stage FROM STDIN") as copy:
                for row in self._flat(rows):
                    copy.write_row(row)
            for statement in MERGES:
                cursor.execute(statement, {"corp": self.corp, "at": self.at} if "%(" in statement else None)  # type: ignore[call-overload]
        self.rows += len(rows)

    def _flat(self, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            who, told = row["external_contact"], row["follow_info"]
            phones = json.dumps(told["remark_mobiles"]) if told["remark_mobiles"] else ""
            yield (
                told["userid"],
                who["external_userid"],
                who["name"],
                who["avatar"],
                who["gender"],
                who.get("unionid", ""),
                told["remark"],
                told["description"],
                told.get("remark_corp_name", ""),
                sealed.seal(phones.encode(), self.aad) if phones else None,
                sealed.digest(phones, "note phones") if phones else None,
                told["add_way"],
                datetime.fromtimestamp(told["createtime"], UTC),
                told.get("state", ""),
                "{" + ",".join(told["tag_id"]) + "}",
            )
