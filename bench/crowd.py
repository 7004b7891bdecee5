"""A database full of people, for segments: members, their tags, orders, relations and words of consent as rows, from
which the product builds all of its sets; and further tags, that no row tells of, as sets alone.

Loading is not what is measured: indexes are made after the rows, and only those by which a member's rows are found.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import psycopg

from bench import world
from bench.ground import EMPTY, Ground
from scrm.embedded import postgres
from scrm.ids import sql_id

T = TypeVar("T")
STORES, REGIONS, GUIDES_A_STORE = 10_000, 20, 1
TAGS, TAGGED = 40, 1  # tags told by rows; rows of tags for each member
BUYERS, FRIENDS, SPEAKERS = 0.2, 0.3, 0.2  # so many rows for each member
SHARES = (0.2, 0.1, 0.05, 0.02, 0.01, 0.001)  # of everybody, who bears one of the further tags

MEMBERS = f"""
INSERT INTO members_member (public_id, name, avatar, gender, created_at)
SELECT {sql_id("m_")}, '客户', '', n %% 3, timestamptz %(today)s - (n::bigint * 7919 %% 900) * interval '1 day'
FROM generate_series(1, %(members)s) n
"""
TAG_ROWS = f"""
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since)
SELECT n, (SELECT min(id) FROM members_tag) + (hashint4(n) & 2147483647) %% {TAGS}, 'ours', '', now()
FROM generate_series(1, %(members)s) n
"""
ORDERS = f"""
INSERT INTO members_order (public_id, source_id, number, member_id, content, store_id, channel, paid_at, paid_day,
    paid_fen, units, categories, created_at, changed_at)
SELECT {sql_id("o_")}, (SELECT min(id) FROM members_source), n::text, 1 + (hashint4(n) & 2147483647) %% %(members)s, '',
    1 + n %% {STORES}, 'store', day, day, 1000 + (hashint4(-n) & 65535), 1, 1, day, day
FROM (SELECT n, %(today)s::date - (n::bigint * 104729 %% 720)::int AS day FROM generate_series(1, %(orders)s) n) x
"""
RELATIONS = f"""
INSERT INTO guides_relation (public_id, guide_id, member_id, store_id, state, epoch, opened_at, opened_day, added_at,
    added_day, guide_side, customer_side, by_transfer, store_chosen, changed_at)
SELECT {sql_id("rel_")}, 1 + n %% {STORES}, n, 1 + n %% {STORES}, CASE WHEN n %% 5 = 0 THEN 'lost' ELSE 'live' END, 1,
    day, day, day, day, true, n %% 5 > 0, false, false, day
FROM (SELECT n, %(today)s::date - (n::bigint * 7919 %% 600)::int AS day FROM generate_series(1, %(relations)s) n) x
"""
CONSENTS = """
INSERT INTO members_consent (member_id, purpose, state, terms, at, source, recorded_at)
SELECT n, 'marketing_1v1', CASE WHEN n %% 10 = 0 THEN 'withdrawn' ELSE 'given' END, 'v1', now() - interval '9 days',
    'form', now()
FROM generate_series(1, %(consents)s) n
"""
TABLES = ("members_member", "members_membertag", "members_order", "guides_relation", "members_consent")
INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
WHERE i.indrelid = %s::regclass AND NOT i.indisprimary
"""
NEEDED = ("member_id", "same_person_as_id")


@dataclass(frozen=True)
class Crowd:
    """So many people; `tags` are those told by rows, `more` are kept as sets alone, with their shares."""

    members: int
    tags: list[int]
    more: list[tuple[int, float]]


@contextmanager
def standing(
    ground: Ground, members: int, today: date, furnish: Callable[[Ground, str, int, date], T] | None = None
) -> Iterator[T]:
    """Django speaks to a database of so many people, which is gone afterwards."""
    from django.db import connection

    before, name = str(connection.settings_dict["NAME"]), f"crowd_of_{members}"
    connection.close()
    _as_master(ground, f"CREATE DATABASE {name} TEMPLATE {EMPTY} OWNER {postgres.OWNER}")
    connection.settings_dict["NAME"] = name
    try:
        yield (furnish or _furnished)(ground, name, members, today)  # type: ignore[misc]
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        _as_master(ground, f"DROP DATABASE {name} WITH (FORCE)")


def _as_master(ground: Ground, statement: str) -> None:
    with psycopg.connect(ground.cluster.url(postgres.SUPERUSER, "postgres"), autocommit=True) as here:
        here.execute(statement)  # type: ignore[arg-type]


def _furnished(ground: Ground, name: str, members: int, today: date) -> Crowd:
    from bench import ingest

    ingest.connect_corp()
    world.build(STORES, STORES * GUIDES_A_STORE, regions=REGIONS)
    tags, more = _tags()
    sizes: dict[str, Any] = {
        "members": members,
        "orders": int(members * BUYERS),
        "relations": int(members * FRIENDS),
        "consents": int(members * SPEAKERS),
        "today": today,
    }
    lots = (
        (("members_member", MEMBERS), ("members_membertag", TAG_ROWS)),
        (
            ("members_order", ORDERS),
            ("guides_relation", RELATIONS),
            ("members_consent", CONSENTS),
        ),
    )
    load_side_by_side(ground, name, lots, sizes)
    return Crowd(members, tags, more)


def load_side_by_side(ground: Ground, name: str, lots: Any, sizes: dict[str, Any], *, needed: Any = None) -> None:
    """The tables of each lot one after the other, the lots at the same time; `needed` says which indexes come back."""
    threads = [threading.Thread(target=_load, args=(ground, name, lot, sizes, needed or _is_needed)) for lot in lots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _tags() -> tuple[list[int], list[tuple[int, float]]]:
    from members.models import Source, Tag, TagGroup
    from scrm import clock

    Source.objects.create(code="bench", name="bench", created_at=clock.now())
    group = TagGroup.objects.create(name="标签")
    made = Tag.objects.bulk_create(Tag(group=group, kind="internal", name=f"标签{n}") for n in range(TAGS + 260))
    keys = [tag.pk for tag in made]
    return keys[:TAGS], [(pk, SHARES[n % len(SHARES)]) for n, pk in enumerate(keys[TAGS:])]


def _load(ground: Ground, name: str, lot: Any, sizes: dict[str, Any], needed: Callable[[str], bool]) -> None:
    """Without a look at each foreign key, and without a note of each row: the sets are built afterwards. The tables are
    tidied as those of a brand have been for long, or that would run into what is measured."""
    with psycopg.connect(ground.cluster.url(postgres.SUPERUSER, name), autocommit=True) as here:
        for setting in ("session_replication_role = replica", "maintenance_work_mem = '256MB'", "jit = off"):
            here.execute(f"SET {setting}")  # type: ignore[arg-type]
        for table, statement in lot:
            again = _without_indexes(here, table, needed)
            wanted = {key: value for key, value in sizes.items() if f"%({key})s" in statement}
            psycopg.ClientCursor(here).execute(statement, wanted)
            for definition in again:
                here.execute(definition)  # type: ignore[arg-type]
            here.execute(f"VACUUM (ANALYZE) {table}")  # type: ignore[arg-type]


def _without_indexes(here: Any, table: str, needed: Callable[[str], bool]) -> list[str]:
    """How to make again those of the dropped indexes that are needed."""
    again = []
    for index, definition, constraint in here.execute(INDEXES, [table]).fetchall():
        here.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
        if needed(definition):
            again.append(definition)
    return again


def _is_needed(definition: str) -> bool:
    columns = definition.rpartition("USING")[2].partition("(")[2]
    return columns.startswith(NEEDED) or "tag_id, member_id" in columns


def put_more_tags(crowd: Crowd) -> None:
    """The further tags as sets: each member bears each of them by chance. Tags of one share are one draw, turned."""
    from pyroaring import BitMap

    from members.models import Engine
    from members.segments import bits, sets

    dice = random.Random(5)
    draws = {share: _drawn(dice, crowd.members, share) for share in SHARES}
    everybody = BitMap(range(1, crowd.members + 1))
    with sets.writing(wait=True):
        revision = sets.next_revision()
        for tag, share in crowd.more:
            turn = dice.randrange(crowd.members)
            who = (draws[share].shift(turn) | draws[share].shift(turn - crowd.members)) & everybody
            sets.write((("tag", tag, shard, piece) for shard, piece in bits.pieces(who)), revision)
        Engine.objects.update(revision=revision)


def _drawn(dice: random.Random, members: int, share: float) -> Any:
    """About that share of everybody: blocks of random bits, thinned."""
    from array import array

    from pyroaring import BitMap

    chosen, at = array("I"), 0
    step = 2 / share - 1
    while True:
        at += 1 + int(dice.random() * step)
        if at > members:
            return BitMap(chosen)
        chosen.append(at)
