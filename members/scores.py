"""Tags by rule: each order and event that a rule names gives points, which halve every so many days. The sum, at most
100, is a person's score; from the rule's threshold on she bears the tag.

All is counted in thousandths of a point, each piece of evidence rounded by itself, so that the sum is the same in
whichever order it is added up. A score belongs to a day; each day scores all persons anew, and whoever has news is
scored within the minute. Below the threshold nothing is kept.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from math import ceil, log2
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import Q

from members import labels, persons
from members.models import MemberTag, Tag, TagGroup, TagRule
from members.tagchanges import CannotBe
from scrm.audit import entries
from scrm.clock import SHANGHAI, day_of
from scrm.ids import sql_array
from stores.models import Person

log = structlog.get_logger()

MOST = 100
CLAUSES_AT_MOST = 12
LONGEST_HALF_LIFE = 3650
WORDS = {
    "order": {"category", "sku", "channel", "at_least_fen"},
    "event": {"kind"},
}
A_BATCH = 5000


class Evidence(NamedTuple):
    """An order or an event that gives points: which clause counts it, when it was, and what it is worth on the day."""

    clause: int
    what: str
    ref: str
    day: date
    thousandths: int


def checked(clauses: Any) -> list[dict[str, Any]]:
    """The clauses as they are kept; raises CannotBe."""
    if not isinstance(clauses, list) or not 0 < len(clauses) <= CLAUSES_AT_MOST:
        raise CannotBe("clauses", limit=CLAUSES_AT_MOST)
    return [_checked(clause) for clause in clauses]


def _checked(clause: Any) -> dict[str, Any]:
    of = clause.get("of") if isinstance(clause, Mapping) else None
    if of not in WORDS or set(clause) - WORDS[of] - {"of", "points", "days"}:
        raise CannotBe("clause")
    for word, least, most in (("points", 1, MOST), ("days", 1, LONGEST_HALF_LIFE), ("at_least_fen", 1, 10**12)):
        value = clause.get(word)
        if (value is None and word == "points") or (value is not None and not _is_whole(value, least, most)):
            raise CannotBe("clause_number", word=word)
    texts = {word: str(clause[word]).strip() for word in WORDS[of] - {"at_least_fen"} if clause.get(word)}
    if any(len(text) > 64 for text in texts.values()) or (of == "event" and not texts):
        raise CannotBe("clause")
    numbers = {word: clause[word] for word in ("points", "days", "at_least_fen") if clause.get(word) is not None}
    return {"of": of, **texts, **numbers}


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


@transaction.atomic
def define(
    group: TagGroup,
    name: str,
    *,
    clauses: Any,
    half_life: int | None,
    threshold: int,
    says: str = "",
    by: Person | None,
    at: datetime,
) -> TagRule:
    """A new tag that puts itself on; who bears it is known within minutes. Raises CannotBe."""
    told = _told(clauses, half_life, threshold)
    tag = labels.tag(group, name, says=says, kind=Tag.Kind.RULE, by=by, at=at)
    return TagRule.objects.create(tag=tag, by=by, at=at, **told)


@transaction.atomic
def redefine(
    rule: TagRule,
    *,
    clauses: Any,
    half_life: int | None,
    threshold: int,
    is_active: bool = True,
    by: Person | None,
    at: datetime,
) -> bool:
    """Whether the rule reads otherwise now; then everybody is scored anew. Raises CannotBe."""
    told = _told(clauses, half_life, threshold) | {"is_active": is_active}
    rule = TagRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    before = {word: getattr(rule, word) for word in told}
    if told == before:
        return False
    TagRule.objects.filter(pk=rule.pk).update(**told, version=rule.version + 1, scored_on=None, by=by, at=at)
    if not is_active:
        MemberTag.objects.filter(tag=rule.tag_id, source=MemberTag.Source.RULE).delete()
    entries.record("tagrule.changed", by=by, subject=rule, at=at, before=before, after=told)
    return True


def _told(clauses: Any, half_life: int | None, threshold: int) -> dict[str, Any]:
    if half_life is not None and not _is_whole(half_life, 1, LONGEST_HALF_LIFE):
        raise CannotBe("half_life", limit=LONGEST_HALF_LIFE)
    if not _is_whole(threshold, 1, MOST):
        raise CannotBe("threshold", limit=MOST)
    return {"clauses": checked(clauses), "half_life": half_life, "threshold": threshold}


# One clause: who, which order or event, on which day, and its worth on the day of the score.
ORDERS = """
SELECT {root} AS root, {n} AS clause, 'order' AS what, o.public_id AS ref, o.paid_day AS day, {worth} AS worth
FROM members_order o JOIN members_member m ON m.id = o.member_id AND m.erased_at IS NULL
WHERE o.parent_id IS NULL AND o.paid_fen > o.refunded_fen AND o.paid_day <= %(day)s {where}
"""
EVENTS = """
SELECT {root} AS root, {n} AS clause, 'event' AS what, e.kind || ' ' || e.number AS ref, e.day, {worth} AS worth
FROM members_event e JOIN members_member m ON m.id = e.member_id AND m.erased_at IS NULL
WHERE e.kind = %(kind{n})s AND e.day <= %(day)s {where}
"""
HAS_LINE = "AND EXISTS (SELECT FROM members_orderline l WHERE l.order_id = o.id AND l.{column} = %({column}{n})s)"


def _evidence(rule: TagRule, day: date, members: Collection[int] | None) -> tuple[str, dict[str, Any]]:
    """SQL for all evidence of a rule, of these members or of everybody, and its parameters."""
    told: dict[str, Any] = {"day": day, "members": sql_array(members or ()), "half_life": rule.half_life}
    parts = []
    for n, clause in enumerate(rule.clauses):
        table, column = ("o", "paid_day") if clause["of"] == "order" else ("e", "day")
        where = [f"AND {table}.member_id = ANY(%(members)s::bigint[])"] if members is not None else []
        if (days := _days(rule, clause)) is not None:
            where.append(f"AND {table}.{column} > %(day)s::date - %(days{n})s::int")
        if clause["of"] == "order":
            where += [HAS_LINE.format(column=word, n=n) for word in ("category", "sku") if clause.get(word)]
            where += [f"AND o.channel = %(channel{n})s"] if clause.get("channel") else []
            where += [f"AND o.paid_fen - o.refunded_fen >= %(at_least_fen{n})s"] if clause.get("at_least_fen") else []
        told |= {f"{word}{n}": value for word, value in clause.items()} | {f"days{n}": days}
        query = ORDERS if clause["of"] == "order" else EVENTS
        shown = {"root": persons.ROOT, "n": n, "worth": _worth(rule, n, f"{table}.{column}")}
        parts.append(query.format(where=" ".join(where), **shown))
    return " UNION ALL ".join(parts), told


def _worth(rule: TagRule, n: int, column: str) -> str:
    if rule.half_life is None:
        return f"%(points{n})s::bigint * 1000"
    age = f"(%(day)s::date - {column})::float8 / %(half_life)s::float8"
    return f"round(%(points{n})s::float8 * 1000 * power(0.5::float8, {age}))::bigint"


def _days(rule: TagRule, clause: Mapping[str, Any]) -> int | None:
    """How far back a clause looks: what is worth less than half a thousandth counts nothing."""
    faded = ceil(rule.half_life * log2(clause["points"] * 2000)) + 1 if rule.half_life else None
    told = [days for days in (clause.get("days"), faded) if days is not None]
    return min(told) if told else None


def evidence(rule: TagRule, members: Sequence[int], *, day: date) -> list[Evidence]:
    """What gave a person (all members of one) her points, the most first."""
    query, told = _evidence(rule, day, members)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT clause, what, ref, day, worth FROM ({query}) e ORDER BY worth DESC, day DESC, ref", told
        )
        return [Evidence(*row) for row in cursor.fetchall()]


SCORED = """
CREATE TEMP TABLE scored ON COMMIT DROP AS
SELECT root AS member_id, least({most}, div(sum(worth), 1000))::int AS score, sum(worth)::float8 / 1000 AS raw
FROM ({evidence}) e GROUP BY root HAVING sum(worth) >= %(threshold)s::bigint * 1000
"""
# A planner that knows nothing of the table would go through all of it for each bearer.
SEARCHED = "CREATE UNIQUE INDEX ON scored (member_id); ANALYZE scored"
TAKE_OFF = """
DELETE FROM members_membertag w WHERE w.tag_id = %(tag)s AND w.source = 'rule' {among}
  AND NOT EXISTS (SELECT FROM scored s WHERE s.member_id = w.member_id)
"""
# Only what differs is offered: a night moves few scores of a slow rule, and ON CONFLICT writes a lock on every row.
PUT_ON = """
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since, score, expires_at)
SELECT s.member_id, %(tag)s, 'rule', '', %(at)s, s.score, s.expires_at
FROM (SELECT s.*, {expires} AS expires_at FROM scored s) s LEFT JOIN members_membertag w
  ON (w.member_id, w.tag_id, w.source, w.source_key) = (s.member_id, %(tag)s, 'rule', '')
WHERE (w.score, w.expires_at) IS DISTINCT FROM (s.score, s.expires_at) ORDER BY s.member_id
ON CONFLICT (member_id, tag_id, source, source_key)
DO UPDATE SET score = excluded.score, expires_at = excluded.expires_at
"""
# The first midnight on which what she has now is worth less than the threshold, if nothing is added.
EXPIRES = """(%(midnight)s::timestamptz + make_interval(days => 1 + floor(%(half_life)s::float8
    * ln(greatest(1, s.raw / %(threshold)s::float8)) / ln(2))::int))"""


def _write(rule: TagRule, members: Collection[int] | None, *, at: datetime) -> int:
    """How many bear the tag after these persons, or everybody, were scored for the day."""
    day = day_of(at)
    query, told = _evidence(rule, day, members)
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    told |= {"tag": rule.tag_id, "threshold": rule.threshold, "at": at, "midnight": midnight}
    among = "" if members is None else "AND w.member_id = ANY(%(members)s::bigint[])"
    expires = "NULL::timestamptz" if rule.half_life is None else EXPIRES
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS scored")
        cursor.execute(SCORED.format(evidence=query, most=MOST), told)
        worn = int(cursor.rowcount)
        cursor.execute(SEARCHED)
        cursor.execute(TAKE_OFF.format(among=among), told)
        cursor.execute(PUT_ON.format(expires=expires), told)
    return worn


@transaction.atomic
def settle(members: Collection[int], *, at: datetime) -> int:
    """How many persons were scored anew by every active rule: those to whom these members belong."""
    circles = persons.circle(members)
    everybody = [member for circle in circles.values() for member in circle]
    for rule in TagRule.objects.select_for_update(of=("self",)).filter(is_active=True).order_by("pk"):
        if rule.scored_on is not None:  # else all are scored anyway
            _write(rule, everybody, at=at)
    return len(circles)


CLAIM = """
DELETE FROM members_scoredue WHERE id IN (
    SELECT id FROM members_scoredue ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING member_id
"""


@transaction.atomic
def settle_changed(*, at: datetime) -> int:
    """How many persons with news were scored; nobody's news is lost when this breaks off."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [A_BATCH])
        members = {member for (member,) in cursor.fetchall()}
    return settle(members, at=at) if members else 0


def settle_day(*, at: datetime) -> int:
    """How many rules scored everybody for this day: each once a day, and once it reads otherwise."""
    due = TagRule.objects.filter(Q(scored_on=None) | Q(scored_on__lt=day_of(at)), is_active=True)
    return sum(_settle_rule(pk, at=at) for pk in list(due.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _settle_rule(pk: int, *, at: datetime) -> bool:
    found = TagRule.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk, is_active=True)
    rule = found.first()
    if rule is None or rule.scored_on == day_of(at):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30min'")
    worn = _write(rule, None, at=at)
    TagRule.objects.filter(pk=pk).update(scored_on=day_of(at))
    Tag.objects.filter(pk=rule.tag_id).update(hits=worn, counted_at=at)
    log.info("members.tags.scored", rule=rule.pk, tag=rule.tag_id, worn=worn)
    return True


def united(roots: Collection[int], at: datetime) -> None:
    """Who is one person changed: the tags by rule stand with the surviving members, of all that is theirs."""
    settle(roots, at=at)
