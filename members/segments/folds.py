"""What changed comes into the sets and the segments: of those members alone of whom something changed.

1. One process at a time takes the changes that triggers noted (`members_change`), in one transaction.
2. Of exactly these persons the same SQL is asked by which the sets were built; the sets take what it says.
3. Every segment that looks at a set which changed is counted again, of these persons.
4. When a day went by, the answers that have a window are asked again of whoever left it, and all segments are counted.

What time alone brings about within a day is news too: tags that ran out, terms that came into force.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from django.db import connection
from pyroaring import BitMap

from members.models import Change, Engine, Leaf
from members.segments import answers, bits, builds, conditions, families, patches, plans, sets, snapshots, trees
from members.segments.families import Whom
from members.segments.patches import News
from members.segments.sets import Key
from members.segments.snapshots import Moment
from scrm.clock import day_of

log = structlog.get_logger()

AT_ONCE = 200_000
UNUSED_AFTER = 2  # days after which the answer to a question that nobody asks is dropped
TAKE = """
WITH taken AS (
    DELETE FROM members_change WHERE id IN (SELECT id FROM members_change ORDER BY id LIMIT %(most)s)
    RETURNING what, key, member_id
)
SELECT what, key, string_agg(int4send(member_id::int4), ''), count(*) FROM taken GROUP BY 1, 2
"""
COME_DUE = """
INSERT INTO members_change (what, key, member_id)
SELECT 'tag', tag_id, member_id FROM members_membertag WHERE expires_at > %(since)s AND expires_at <= %(at)s
UNION ALL
SELECT 'terms', NULL, 0 WHERE EXISTS (
    SELECT FROM members_terms WHERE valid_from > %(since)s AND valid_from <= %(at)s)
"""


def lane(at: datetime) -> int:
    """How many changes came into the sets (a lane of the worker); nothing while another process does it."""
    try:
        return fold(at=at, wait=False)
    except sets.Busy:
        return 0


def fold(*, at: datetime, wait: bool = True) -> int:
    """The sets and segments as everything that was told so far makes them; how many changes that were."""
    for last in (False, False, True):
        try:
            with sets.writing(wait=wait) as engine:
                return _fold(engine, at) if engine.built_at else builds.build(engine, at=at)
        except sets.Busy:
            if last or not wait:
                raise
    return 0


@dataclass
class Step:
    """One fold: what it knows and what it touched."""

    engine: Engine
    at: datetime
    day: date
    revision: int
    dirty: BitMap
    touched: set[Key]

    def moment(self, cause: str) -> Moment:
        return Moment(self.at, self.day, self.revision, cause)


def _fold(engine: Engine, at: datetime) -> int:
    assert engine.day is not None
    _note_what_came_due(engine.folded_at, at)
    news, count = take()
    day = max(day_of(at), engine.day)
    moved = day > engine.day
    found = plans.of_day(day)
    pending = {plan.segment.pk for plan in found if plan.segment.is_due}
    if not (count or moved or pending):
        return 0
    step = Step(engine, at, day, sets.next_revision(), BitMap(), set())
    if moved:
        news = _with(news, _went_by(engine.day, day))
    if news:
        step.dirty, step.touched = patches.apply(news, Whom(at, day), step.revision)
    if moved:
        _move(step, engine.day)
    _count(step, found, pending, moved=moved)
    engine.revision, engine.day, engine.folded_at = step.revision, day, at
    engine.save(update_fields=["revision", "day", "folded_at"])
    log.info("segments.folded", changes=count, people=len(step.dirty), sets=len(step.touched), moved=moved)
    return count + moved + len(pending)


def take() -> tuple[News, int]:
    """The oldest changes, which are gone from the table if the transaction holds: by kind and key, of whom."""
    news: News = {}
    count = 0
    for what, key, body, rows in families.as_bytes(TAKE, {"most": AT_ONCE}):
        news[what, key] = bits.of_bytes(body)
        count += rows
    return news, count


def _with(news: News, more: News) -> News:
    return {key: news.get(key, BitMap()) | more.get(key, BitMap()) for key in news.keys() | more.keys()}


def _note_what_came_due(since: datetime | None, at: datetime) -> None:
    """Notes what the hours themselves changed since the last fold; a time that lies behind is found by an index."""
    with connection.cursor() as cursor:
        cursor.execute(COME_DUE, {"since": since or at, "at": at})


def _went_by(first: date, last: date) -> News:
    """What the days themselves changed: who is a minor no longer."""
    minors = "SELECT id AS root FROM members_member WHERE minor_until > %(first)s AND minor_until <= %(last)s"
    grown = families.roots((minors, {"first": first, "last": last}))
    return {("consent", None): grown} if grown else {}


def _move(step: Step, first: date) -> None:
    """Answers with a window are those of the new day; those that nobody asks any more are dropped."""
    answers.forget(leaf for leaf in Leaf.objects.all() if (step.day - leaf.used_on).days > UNUSED_AFTER)
    alive: Any = sets.everybody()
    for leaf in Leaf.objects.order_by("pk"):
        question = conditions.questions()[leaf.asked["question"]]
        left = question.passing(leaf.asked["params"], first, step.day) if question.passing else None
        if left and (concerned := families.circles(families.roots(left))):
            whom = Whom(step.at, step.day, concerned)
            met = answers.answer(leaf, whom) & alive
            step.touched |= patches.patch(sets.LEAF, {leaf.pk: met}, concerned, step.revision)
    Leaf.objects.update(day=step.day)


def _count(step: Step, found: list[plans.Plan], pending: set[int], *, moved: bool) -> None:
    if moved:
        snapshots.recount(found, step.moment(Change.Cause.DAY))
        return
    whole = plans.following(found, pending)
    snapshots.recount(whole, step.moment(Change.Cause.RULE))
    concerned = {plan.segment.pk for plan in found if _looks_at(plan.tree, step.touched)}
    done = {plan.segment.pk for plan in whole}
    rest = [plan for plan in plans.following(found, concerned) if plan.segment.pk not in done]
    if rest and step.dirty:
        snapshots.recount(rest, step.moment(Change.Cause.NEWS), dirty=step.dirty)


def _looks_at(tree: trees.Tree, touched: Iterable[Key]) -> bool:
    """Whether any of these sets can matter to a rule; who is there at all matters to every one."""
    families_touched: Mapping[str, set[int]] = _by_family(touched)
    if "all" in families_touched:
        return True
    for atom in trees.atoms(tree):
        if isinstance(atom, trees.Has) and atom.key in families_touched.get(atom.family, ()):
            return True
        if isinstance(atom, trees.Number) and atom.family in families_touched:
            return True
        if isinstance(atom, trees.Asked) and sets.LEAF in families_touched:
            return True
    return False


def _by_family(touched: Iterable[Key]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for family, key in touched:
        found.setdefault(family, set()).add(key)
    return found
