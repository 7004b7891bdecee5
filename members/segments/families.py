"""What the sets hold: families, kept of everybody, and questions, kept once a rule asks them. Each is one SQL statement
that serves both for everybody and for those of whom something changed, so that both ways come to the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from django.db import connection
from pyroaring import BitMap

from members.segments import bits
from scrm.ids import sql_array

PERSON = "member"  # the change that says: who is one person changed, or who she is
DIGIT = 10
FIRST_DAY = date(2000, 1, 1)  # days are kept as numbers from here on
DAY_BITS, COUNT_BITS, MONEY_BITS = 15, 20, 40

Statement = tuple[str, dict[str, Any]]
Ask = Callable[[str, Mapping[str, Any]], Iterator[tuple[Any, ...]]]


@dataclass(frozen=True)
class Whom:
    """Of whom is asked: of all, or of these members, who are whole persons; as of an instant and its day."""

    at: datetime
    day: date
    members: BitMap | None = None

    def among(self, column: str) -> str:
        """The condition that leaves these members, as more SQL; its parameter is `members`."""
        return f"AND {column} = ANY(%(members)s::bigint[])" if self.members is not None else ""

    @property
    def asked(self) -> dict[str, Any]:
        said: dict[str, Any] = {"at": self.at, "day": self.day}
        return said if self.members is None else {**said, "members": sql_array(self.members)}


@dataclass(frozen=True)
class Family:
    """Sets of surviving members by key: `rows` gives SQL whose rows are `key, root`. With `bits`, `key` is a number,
    and slices are kept.

    `hears` are the kinds of change after which a member is looked at anew. Of those that are `hinted`, the change tells
    the key that she may have lost; where all keys are known (`keys`), all are looked at.
    """

    name: str
    rows: Callable[[Whom], Iterable[Statement]]
    hears: frozenset[str]
    hinted: frozenset[str] = frozenset()
    keys: Callable[[], Iterable[int]] = tuple
    bits: int = 0
    whole: bool = False  # of many small sets each is one piece

    @property
    def all_keys(self) -> tuple[int, ...]:
        return (*range(self.bits), bits.HAS) if self.bits else tuple(self.keys())


@dataclass(frozen=True)
class Question:
    """What rules ask with words of their own: `rows` gives SQL whose rows are `root`, of those who meet it.

    `passing` gives SQL of the members who may meet it no more, or newly, since days went by: after the first day, up to
    the second; None where the question has no window.
    """

    name: str
    rows: Callable[[dict[str, Any], Whom], Statement]
    hears: frozenset[str]
    passing: Callable[[dict[str, Any], date, date], Statement | None] | None = None


ROOT = "coalesce(g.same_person_as_id, x.member_id)"
SAME = "LEFT JOIN members_member g ON g.id = x.member_id AND g.same_person_as_id IS NOT NULL"


def plain(table: str, key: str, where: str = "true") -> Callable[[Whom], Iterable[Statement]]:
    """The rows of a table whose member_id bears a key."""

    def rows(whom: Whom) -> list[Statement]:
        sql = f"SELECT {key} AS key, {ROOT} AS root FROM {table} x {SAME} WHERE {where} {whom.among('x.member_id')}"
        return [(sql, whom.asked)]

    return rows


def summed(table: str, number: str, where: str = "true") -> Callable[[Whom], Iterable[Statement]]:
    """A number of each person, taken together from the rows of all of her members."""

    def rows(whom: Whom) -> list[Statement]:
        sql = f"""SELECT {number} AS key, {ROOT} AS root FROM {table} x {SAME}
                  WHERE {where} {whom.among("x.member_id")} GROUP BY 2"""
        return [(sql, whom.asked)]

    return rows


def day_number(sql: str) -> str:
    """A date as a number of days."""
    return f"({sql} - date '{FIRST_DAY}')"


def number_of(day: date) -> int:
    return (day - FIRST_DAY).days


# --- asking ------------------------------------------------------------------------------------------------------

SETS = "SELECT key::bigint, string_agg(int4send(root::int4), '') FROM ({rows}) q WHERE key IS NOT NULL GROUP BY 1"
# A number is told by digits of ten bits: so many values as there are people would be as many sets. OFFSET keeps the
# planner from working each number out twice, to look whether there is one and to tell it.
DIGITS = "SELECT {n}, n >> {shift} & 1023, string_agg(int4send(root::int4), '') FROM numbers GROUP BY 2"
NUMBERS = """
WITH numbers AS MATERIALIZED (
    SELECT least(greatest(key, 0), {most})::bigint AS n, root FROM ({rows} OFFSET 0) q WHERE key IS NOT NULL)
{digits}
"""
ROOTS = "SELECT string_agg(int4send(root::int4), '') FROM ({rows}) q"
BATCH = 500


def states(family: Family, whom: Whom) -> dict[int, BitMap]:
    """The sets of a family, of all or of these members, by key."""
    found: dict[int, BitMap] = {}
    for key, members in told(family, whom):
        found.setdefault(key, BitMap()).__ior__(members)
    return found


def told(family: Family, whom: Whom) -> Iterator[tuple[int, BitMap]]:
    """The same one by one, a key perhaps more than once. Of everybody, nothing else may be asked meanwhile."""
    ask = as_bytes if whom.members is not None else as_they_come
    for rows, asked in family.rows(whom):
        if family.bits:
            yield from bits.slices(_numbers(family, ask, rows, asked)).items()
        else:
            yield from ((key, bits.of_bytes(body)) for key, body in ask(SETS.format(rows=rows), asked))


def _numbers(family: Family, ask: Ask, rows: str, asked: dict[str, Any]) -> Iterator[tuple[int, BitMap]]:
    count = -(-family.bits // DIGIT)
    digits = " UNION ALL ".join(DIGITS.format(n=n, shift=n * DIGIT) for n in range(count))
    sql = NUMBERS.format(rows=rows, most=(1 << family.bits) - 1, digits=digits)
    for n, part, body in ask(sql, asked):
        yield part << n * DIGIT, bits.of_bytes(body)


def answer(question: Question, params: dict[str, Any], whom: Whom) -> BitMap:
    """Those who meet the question, of all or of these members."""
    rows, asked = question.rows(params, whom)
    return roots((rows, asked))


def roots(statement: Statement) -> BitMap:
    """The members whom SQL gives as `root`."""
    rows, asked = statement
    for (body,) in as_bytes(ROOTS.format(rows=rows), asked):
        return bits.of_bytes(body) if body else BitMap()
    return BitMap()


def as_bytes(sql: str, asked: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Rows in PostgreSQL's own form: as text each set would be twice as long."""
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(psycopg.ClientCursor(raw).mogrify(sql, asked), binary=True)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def as_they_come(sql: str, asked: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The same, one row in memory at a time: all sets of a family together are numbers of four bytes by the million.
    The connection is taken until the last row."""
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        yield from cursor.stream(psycopg.ClientCursor(raw).mogrify(sql, asked), binary=True)


CIRCLES = """
SELECT m.id AS root FROM members_member m WHERE m.id = ANY(%(members)s::bigint[])
UNION SELECT m.same_person_as_id FROM members_member m
    WHERE m.id = ANY(%(members)s::bigint[]) AND m.same_person_as_id IS NOT NULL
UNION SELECT o.id FROM members_member m
    JOIN members_member o ON o.same_person_as_id = coalesce(m.same_person_as_id, m.id)
    WHERE m.id = ANY(%(members)s::bigint[])
"""


def circles(members: BitMap) -> BitMap:
    """All members who are one person with any of these."""
    return roots((CIRCLES, {"members": sql_array(members)})) if members else BitMap()
