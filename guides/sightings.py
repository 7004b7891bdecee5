"""Relations that a list of WeCom's shows: facts, relations and owners, by sets.

A sighting is a fact only where it tells something new. A pair of whom we knew nothing becomes a relation at once, as
the fold of that one fact would have it; whatever is less simple is derived from all facts, as everywhere else.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from guides import bindings, ledger, postings
from guides.ledger import DAY
from guides.models import Code
from scrm import bulk
from scrm.audit import alarms
from scrm.ids import sql_array, sql_id

ALARMS_AT_ONCE = 20  # another system may have made a state for each of its customers


class Seen(NamedTuple):
    """WeCom lists a customer with a guide. `is_new`: she was written down just now, so nothing is known of her."""

    guide_id: int
    member_id: int
    created: int  # Unix seconds; 0 where WeCom does not say
    state: str
    is_new: bool


STAGES = """
CREATE TEMP TABLE IF NOT EXISTS seen (
    guide_id bigint, member_id bigint, created bigint, state text, is_new boolean, code_id bigint, store_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS seen_news (
    guide_id bigint, member_id bigint, created_at timestamptz, state text, is_new boolean, code_id bigint,
    store_id bigint, is_plain boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS shifts (
    guide_id bigint, starts_at timestamptz, ends_at timestamptz, store_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS born (
    member_id bigint, store_id bigint, guide_id bigint, added_at timestamptz
) ON COMMIT DELETE ROWS;
DELETE FROM seen; DELETE FROM seen_news; DELETE FROM shifts; DELETE FROM born
"""
# Something new: no relation, none on the guide's side, or one that WeCom dates after the end of ours. Most
# have a relation that lasts, which is then their newest: one join leaves these out.
NEWS = """
INSERT INTO seen_news
SELECT s.guide_id, s.member_id, to_timestamp(s.created), s.state, s.is_new, s.code_id, s.store_id,
       s.is_new OR r.guide_side IS NULL AND NOT EXISTS (
    SELECT FROM guides_relationfact f
    WHERE f.member_id = s.member_id AND (f.guide_id = s.guide_id OR f.kind = 'transferred'))
FROM (
    SELECT * FROM seen s WHERE NOT EXISTS (
        SELECT FROM guides_relation l
        WHERE l.member_id = s.member_id AND l.guide_id = s.guide_id AND l.guide_side AND l.ended_at IS NULL)
) s LEFT JOIN LATERAL (
    SELECT guide_side, ended_at FROM guides_relation r
    WHERE NOT s.is_new AND r.member_id = s.member_id AND r.guide_id = s.guide_id ORDER BY epoch DESC LIMIT 1
) r ON true
WHERE r.guide_side IS NOT TRUE OR to_timestamp(s.created) > r.ended_at
"""
ACQUAINTED = "SELECT DISTINCT member_id FROM seen_news WHERE NOT is_new"
FACTS = """
INSERT INTO guides_relationfact (guide_id, member_id, kind, at, created_at, digest, state, code_id, recorded_at)
SELECT guide_id, member_id, 'read_there', %(at)s, created_at,
       sha256(convert_to(%(key)s || ':' || guide_id || ':' || member_id || ':' || %(at)s::text, 'UTF8')),
       state, code_id, %(now)s
FROM seen_news ORDER BY member_id, guide_id ON CONFLICT (digest) DO NOTHING
"""
RELATIONS = f"""
WITH opened AS (
    SELECT n.guide_id, n.member_id, n.code_id, coalesce(n.created_at, %(at)s) AS at, n.store_id
    FROM seen_news n WHERE n.is_plain
), written AS (
    INSERT INTO guides_relation (public_id, guide_id, member_id, store_id, code_id, state, epoch, opened_at, opened_day,
        added_at, added_day, guide_side, customer_side, by_transfer, store_chosen, changed_at)
    SELECT {sql_id("rel_")}, o.guide_id, o.member_id,
           CASE WHEN o.code_id IS NULL THEN h.store_id ELSE o.store_id END, o.code_id, 'live', 1,
           o.at, {DAY % "o.at"}, o.at, {DAY % "o.at"}, true, true, false, false, %(now)s
    FROM opened o LEFT JOIN shifts h ON o.code_id IS NULL AND h.guide_id = o.guide_id
        AND (h.starts_at IS NULL OR h.starts_at <= o.at) AND (h.ends_at IS NULL OR o.at < h.ends_at)
    ORDER BY o.member_id, o.guide_id
    RETURNING member_id, store_id, guide_id, added_at
)
INSERT INTO born SELECT * FROM written WHERE store_id IS NOT NULL
"""
OWNERS = f"""
INSERT INTO guides_ownership (member_id, store_id, guide_id, starts_at, starts_day)
SELECT member_id, store_id, guide_id, added_at, {DAY % "added_at"}
FROM (SELECT *, count(*) OVER (PARTITION BY member_id, store_id) AS n FROM born) b
WHERE n = 1 AND NOT EXISTS (
    SELECT FROM guides_ownership o WHERE o.member_id = b.member_id AND o.store_id = b.store_id)
ORDER BY member_id, store_id
"""
# Who came to a store where she had a guide already, or two guides at once, or is known as another member too: the fold
# of owners says whose she is.
CONTESTED = """
SELECT DISTINCT member_id FROM born b WHERE NOT EXISTS (
    SELECT FROM guides_ownership o WHERE o.member_id = b.member_id AND o.store_id = b.store_id
    AND o.guide_id = b.guide_id AND o.starts_at = b.added_at AND o.ends_at IS NULL)
OR EXISTS (SELECT FROM members_member m WHERE m.id = b.member_id AND m.same_person_as_id IS NOT NULL)
OR EXISTS (SELECT FROM members_member m WHERE m.same_person_as_id = b.member_id)
"""
KNOTTY = "SELECT DISTINCT member_id FROM seen_news WHERE NOT is_plain ORDER BY 1"
UNKNOWN = "SELECT DISTINCT state FROM seen_news WHERE state <> '' AND code_id IS NULL ORDER BY 1 LIMIT %s"


@transaction.atomic(savepoint=False)
def see(corp: int, seen: Iterable[Seen], states: Collection[str], *, key: str, at: datetime, now: datetime) -> int:
    """How many of these pairs, seen by a read that began at an instant, told us something new."""
    with connection.cursor() as cursor:
        cursor.execute(STAGES)
        _copy(cursor, corp, seen, states)
        cursor.execute(NEWS)
        if not cursor.rowcount:
            return 0
        news = _alone_with(cursor)
        _copy_shifts(cursor)
        told: dict[str, Any] = {"key": key, "at": at, "now": now}
        cursor.execute(FACTS, told)
        cursor.execute(RELATIONS, told)
        cursor.execute(OWNERS)
        contested, knotty = _ids(cursor, CONTESTED), _ids(cursor, KNOTTY)
        cursor.execute(UNKNOWN, [ALARMS_AT_ONCE])
        strange = [state for (state,) in cursor.fetchall()]
    if contested:
        book = ledger.read(contested)
        ledger.settle_owners({member: book.rows_of(member) for member in contested})
    if knotty:
        bindings.derive(knotty, now=now)
    for state in strange:
        alarms.sound("unknown_state", state, at=now)
    return news


def _copy(cursor: Any, corp: int, seen: Iterable[Seen], states: Collection[str]) -> None:
    named = Code.objects.filter(corp=corp, state__in=[state for state in states if state])
    known = named.values_list("state", "pk", "store_id") if any(states) else ()
    codes = {state: (code, store) for state, code, store in known}
    none = bulk.NULL, bulk.NULL
    bulk.stage(
        cursor,
        "seen",
        (
            f"{guide}\t{member}\t{created or bulk.NULL}\t{bulk.told(state)}\t{int(is_new)}\t{code}\t{store}\n"
            for guide, member, created, state, is_new in seen
            for code, store in (codes.get(state, none),)
        ),
    )


def _alone_with(cursor: Any) -> int:
    """Nobody else derives these members' relations meanwhile; how many pairs are news even then."""
    if acquainted := _ids(cursor, ACQUAINTED):
        cursor.execute(bindings.LOCK, [sql_array(acquainted)])
        cursor.execute("DELETE FROM seen_news")
        cursor.execute(NEWS)
    return int(cursor.rowcount) if acquainted else _count(cursor)


def _count(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM seen_news")
    return int(cursor.fetchone()[0])


def _ids(cursor: Any, query: str) -> list[int]:
    cursor.execute(query)
    return [row[0] for row in cursor.fetchall()]


def _copy_shifts(cursor: Any) -> None:
    """Where these guides worked when."""
    guides = _ids(cursor, "SELECT DISTINCT guide_id FROM seen_news WHERE is_plain AND code_id IS NULL")
    book = postings.book_of(guides)
    with cursor.copy("COPY shifts FROM STDIN") as copy:
        for guide in guides:
            for span in book.spans(guide):
                copy.write_row((guide, *span))
