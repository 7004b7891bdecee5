"""Where every person stands in her life, and where she is at home: the only writer of stages and homes.

Both follow from the ledgers and are told anew, a few thousand persons at a time: of those of whom something changed,
every minute; of those whom time moves, and of those whose change left no trace, every night. A late fact that
changes what came after it begins a new telling; the same story written down twice is written once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import islice

import structlog
from django.db import connection, transaction
from django.db.models import Max

from members import stages
from members.models import Home, Member, MemberStage, Round, StageChange, StageRule
from members.persons import roots
from scrm import bulk
from scrm.clock import day_of
from scrm.ids import sql_array

log = structlog.get_logger()
AT_ONCE = 2000
OVERLAP = timedelta(minutes=2)  # a transaction may commit a while after the instant that it wrote down
LOCK = 7_310_014
ROUND = "lives"

CIRCLE = """
WITH circle AS MATERIALIZED (
    SELECT m.id, coalesce(m.same_person_as_id, m.id) AS root, m.created_at, m.registered_at
    FROM members_member m WHERE m.erased_at IS NULL
      AND (m.id = ANY(%(roots)s::bigint[]) OR m.same_person_as_id = ANY(%(roots)s::bigint[]))
)
"""
FACTS = (
    CIRCLE
    + """
SELECT root, created_at, 'known', '' FROM circle
UNION ALL SELECT root, registered_at, 'registered', '' FROM circle WHERE registered_at IS NOT NULL
UNION ALL SELECT root, r.added_at, 'added', r.id::text FROM guides_relation r JOIN circle ON circle.id = r.member_id
    WHERE r.added_at IS NOT NULL
UNION ALL SELECT root, r.ended_at, CASE r.state WHEN 'moved' THEN 'moved' ELSE 'ended' END, r.id::text
    FROM guides_relation r JOIN circle ON circle.id = r.member_id
    WHERE r.added_at IS NOT NULL AND r.ended_at IS NOT NULL
UNION ALL (SELECT DISTINCT ON (root, o.paid_day) root, o.paid_at, 'order', o.id::text
    FROM members_order o JOIN circle ON circle.id = o.member_id
    WHERE o.parent_id IS NULL AND (o.paid_fen = 0 OR o.refunded_fen < o.paid_fen)
    ORDER BY root, o.paid_day, o.paid_at, o.id)
"""
)
# At home is where she has her oldest guide, else where she joined first, else where she bought last. Each is found for
# all of them at once: looked up person by person, the circle would be read anew for everyone in it.
HOMES = (
    CIRCLE
    + """
, owned AS (
    SELECT DISTINCT ON (c.root) c.root, o.store_id FROM guides_ownership o JOIN circle c ON c.id = o.member_id
    WHERE o.ends_at IS NULL ORDER BY c.root, o.starts_at, o.id
), joined AS (
    SELECT DISTINCT ON (c.root) c.root, j.store_id FROM members_joining j JOIN circle c ON c.id = j.member_id
    ORDER BY c.root, j."on", j.id
), bought AS (
    SELECT DISTINCT ON (c.root) c.root, o.store_id FROM members_order o JOIN circle c ON c.id = o.member_id
    WHERE o.store_id IS NOT NULL ORDER BY c.root, o.paid_at DESC, o.id
), homes AS (
    SELECT root, coalesce(owned.store_id, joined.store_id, bought.store_id) AS store_id
    FROM (SELECT DISTINCT root FROM circle) p
    LEFT JOIN owned USING (root) LEFT JOIN joined USING (root) LEFT JOIN bought USING (root)
)
INSERT INTO members_home (member_id, store_id, city_tier)
SELECT root, homes.store_id, t.tier FROM homes LEFT JOIN stores_store s ON s.id = homes.store_id
LEFT JOIN stores_citytier t ON t.city = regexp_replace(s.city, '市$', '')
LEFT JOIN members_home h ON h.member_id = root
WHERE h.member_id IS NULL OR (h.store_id, h.city_tier) IS DISTINCT FROM (homes.store_id, t.tier)
ON CONFLICT (member_id) DO UPDATE SET store_id = EXCLUDED.store_id, city_tier = EXCLUDED.city_tier
"""
)
STAND = """
INSERT INTO members_memberstage (member_id, stage, since, cause, telling, due_on)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::int[], %s::date[])
ON CONFLICT (member_id) DO UPDATE SET stage = EXCLUDED.stage, since = EXCLUDED.since, cause = EXCLUDED.cause,
    telling = EXCLUDED.telling, due_on = EXCLUDED.due_on
"""
# Merged members stand nowhere by themselves.
MERGED = "SELECT id FROM members_member WHERE same_person_as_id = ANY(%s::bigint[])"
CHANGED = """
SELECT DISTINCT coalesce(m.same_person_as_id, m.id) FROM (
    SELECT member_id FROM guides_relation WHERE changed_at >= %(since)s
    UNION SELECT member_id FROM members_order WHERE changed_at >= %(since)s AND member_id IS NOT NULL
    UNION SELECT id FROM members_member WHERE registered_at >= %(since)s
    UNION SELECT id FROM members_member WHERE id > %(last)s
) c JOIN members_member m ON m.id = c.member_id
"""
# What left no trace to ask for by the minute, such as a registration of long ago that an import told today.
AMISS = """
SELECT m.id FROM members_member m LEFT JOIN members_memberstage s ON s.member_id = m.id
WHERE m.same_person_as_id IS NULL AND m.erased_at IS NULL AND m.id > %(after)s
  AND (s.member_id IS NULL OR s.due_on <= %(today)s
       OR (s.stage IN ('lead', 'added') AND m.registered_at IS NOT NULL))
ORDER BY m.id LIMIT %(limit)s
"""
MOVED_HOUSE = """
UPDATE members_home h SET city_tier = t.tier
FROM stores_store s LEFT JOIN stores_citytier t ON t.city = regexp_replace(s.city, '市$', '')
WHERE s.id = h.store_id AND h.city_tier IS DISTINCT FROM t.tier
"""


def limits_on(day: date) -> stages.Limits:
    """The limits in force on a day."""
    rule = StageRule.objects.filter(starts_on__lte=day).order_by("-starts_on").first()
    return stages.Limits(**{name: getattr(rule, name) for name in asdict(stages.Limits())}) if rule else stages.Limits()


def settle(members: Iterable[int], *, at: datetime) -> int:
    """Tells the lives of the persons whom these members are; says of how many something new was written."""
    wanted = iter(sorted(set(roots(list(members)).values())))
    told = 0
    while chunk := list(islice(wanted, AT_ONCE)):
        told += _settle(chunk, at=at)
    return told


def united(people: Iterable[int], at: datetime) -> None:
    """Who is one person changed for these: their lives and homes are told anew."""
    settle(people, at=at)


@transaction.atomic
def _settle(people: Sequence[int], *, at: datetime) -> int:
    keys, day = sql_array(people), day_of(at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(MERGED, [keys])
        merged = [pk for (pk,) in cursor.fetchall()]
        MemberStage.objects.filter(member__in=merged).delete()
        Home.objects.filter(member__in=merged).delete()
        cursor.execute(HOMES, {"roots": keys})
        cursor.execute(FACTS, {"roots": keys})
        facts: dict[int, list[stages.Fact]] = defaultdict(list)
        for root, *fact in cursor:
            facts[root].append(stages.Fact(*fact))
    limits = limits_on(day)
    return _write({root: stages.tell(told, limits, today=day) for root, told in facts.items()}, at)


def _write(stories: dict[int, stages.Story], at: datetime) -> int:
    """Appends the steps that are new, or the whole of a story that is another one now."""
    believed = _believed(stories)
    tellings, fresh = {}, []
    for root, story in stories.items():
        telling, old = believed.get(root, (1, []))
        begun = story.steps[: len(old)] == old
        tellings[root] = telling if begun else telling + 1
        new = story.steps[len(old) :] if begun else story.steps
        fresh += [(root, tellings[root], step.stage, step.at, step.cause, at) for step in new]
    columns = ["member_id", "telling", "stage", "at", "cause", "recorded_at"]
    bulk.insert(StageChange._meta.db_table, columns, fresh)
    _stand(stories, tellings)
    return len({row[0] for row in fresh})


def _believed(people: Iterable[int]) -> dict[int, tuple[int, list[stages.Step]]]:
    """The last telling of each, with its number."""
    found: dict[int, tuple[int, list[stages.Step]]] = {}
    rows = StageChange.objects.filter(member__in=list(people)).order_by("member", "telling", "at", "pk")
    for root, telling, stage, at, cause in rows.values_list("member", "telling", "stage", "at", "cause"):
        if root not in found or found[root][0] != telling:
            found[root] = (telling, [])
        found[root][1].append(stages.Step(stage, at, cause))
    return found


def _stand(stories: dict[int, stages.Story], tellings: dict[int, int]) -> None:
    keys = [root for root, story in stories.items() if story.steps]
    known = {row[0]: row[1:] for row in MemberStage.objects.filter(member__in=keys).values_list(*STANDING)}
    rows = [(root, *stories[root].steps[-1], tellings[root], stories[root].due_on) for root in keys]
    moved = [row for row in rows if known.get(row[0]) != row[1:]]
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(STAND, [list(column) for column in zip(*moved, strict=True)])


STANDING = ("member", "stage", "since", "cause", "telling", "due_on")


def settle_changed(*, at: datetime) -> int:
    """Tells anew the lives of all of whom the ledgers, or a registration, say something new since the last look."""
    seen = Round.objects.filter(pk=ROUND).first()
    if seen is None:
        return settle_night(at=at)
    last = Member.objects.aggregate(most=Max("pk"))["most"] or 0
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, {"since": seen.at - OVERLAP, "last": seen.last})
        found = [root for (root,) in cursor.fetchall()]
    moved = settle(found, at=at)
    Round.objects.filter(pk=ROUND).update(at=at, last=last)
    log.info("members.lives.told", asked=len(found), moved=moved)
    return moved


def settle_night(*, at: datetime) -> int:
    """Tells the lives that time moves on this day, and all that were never told; and brings homes up to date."""
    last = Member.objects.aggregate(most=Max("pk"))["most"] or 0
    moved = sum(_settle(chunk, at=at) for chunk in _amiss(day_of(at)))
    Round.objects.get_or_create(pk=ROUND, defaults={"at": at, "last": last})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30min'")
        cursor.execute(MOVED_HOUSE)
    log.info("members.lives.night_told", moved=moved)
    return moved


def settle_all(*, at: datetime) -> int:
    """Tells every life from zero, as after a change of the limits."""
    moved, last, most = 0, 0, Member.objects.aggregate(most=Max("pk"))["most"] or 0
    while last < most:
        rows = Member.objects.filter(pk__gt=last, same_person_as=None, erased_at=None).order_by("pk")
        if not (chunk := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
            break
        moved, last = moved + _settle(chunk, at=at), chunk[-1]
    return moved


def _amiss(today: date) -> Iterator[list[int]]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(AMISS, {"today": today, "after": after, "limit": AT_ONCE})
            found = [pk for (pk,) in cursor.fetchall()]
        if not found:
            return
        yield found
        after = found[-1]
