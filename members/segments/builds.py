"""All sets made anew from the rows: once when there are none, and whenever somebody wants to."""

import time
from collections.abc import Iterator
from datetime import datetime

import structlog
from pyroaring import BitMap

from members.models import Bitmap, Change, Changed, Engine, Leaf
from members.segments import bits, conditions, families, plans, sets, snapshots
from members.segments.families import Family, Whom
from members.segments.snapshots import Moment
from scrm.clock import day_of

log = structlog.get_logger()


def rebuild_all(*, at: datetime) -> int:
    """How many sets stand anew, and every segment counted from them; waits for whoever changes sets now."""
    with sets.writing(wait=True) as engine:
        return build(engine, at=at)


def build(engine: Engine, *, at: datetime) -> int:
    """The same for who may change the sets."""
    began = time.monotonic()
    day = max(day_of(at), engine.day or day_of(at))
    revision = sets.next_revision()
    for model in (Changed, Bitmap, Leaf):
        model.objects.all().delete()
    alive = _all(Whom(at, day), revision)
    count = sum(_fill(family, Whom(at, day), alive, revision) for family in _others())
    engine.built_at, engine.day, engine.revision, engine.epoch, engine.folded_at = at, day, revision, revision, at
    engine.save()
    snapshots.recount(plans.of_day(day), Moment(at, day, revision, Change.Cause.BUILD))
    log.info("segments.built", people=len(alive), sets=count, seconds=round(time.monotonic() - began, 1))
    return count + 1


def _others() -> Iterator[Family]:
    return (family for family in conditions.families().values() if family.name != "all")


def _all(whom: Whom, revision: int) -> BitMap:
    everybody = families.states(conditions.families()["all"], whom).get(0, BitMap())
    sets.write((("all", 0, shard, piece) for shard, piece in bits.pieces(everybody)), revision)
    return everybody


def _fill(family: Family, whom: Whom, alive: BitMap, revision: int) -> int:
    began = time.monotonic()
    found = families.states(family, whom).items()
    pieces = (piece for key, members in found for piece in _pieces(family, key, members & alive))
    count = sets.write(pieces, revision)
    log.info("segments.family.built", family=family.name, sets=count, seconds=round(time.monotonic() - began, 1))
    return count


def _pieces(family: Family, key: int, members: BitMap) -> Iterator[tuple[str, int, int, BitMap]]:
    if family.whole:
        yield family.name, key, 0, members
    else:
        yield from ((family.name, key, shard, piece) for shard, piece in bits.pieces(members))


def rebuild(family: Family, whom: Whom, revision: int) -> BitMap:
    """One family made anew, of everybody; whose it may have changed."""
    alive = sets.everybody()
    state = families.states(family, whom)
    kept = Bitmap.objects.filter(family=family.name).order_by("key").values_list("key", flat=True).distinct()
    for key in sorted({*kept, *state}):
        new, old = state.get(key, BitMap()) & alive, sets.whole((family.name, key))
        if family.whole:
            sets.write([(family.name, key, 0, new)], revision)
        else:
            changed = bits.shards_of(new ^ old)
            sets.write(((family.name, key, shard, bits.cut(new, shard)) for shard in changed), revision)
    return alive


def differences(*, at: datetime) -> dict[tuple[str, int], int]:
    """Proof: of each kept set, how many members differ from what the rows say now (while nothing waits)."""
    engine = sets.present()
    whom = Whom(at, engine.day or day_of(at))
    alive = families.states(conditions.families()["all"], whom).get(0, BitMap())
    found: dict[tuple[str, int], int] = {}
    for family in conditions.families().values():
        state = families.states(family, whom)
        kept = Bitmap.objects.filter(family=family.name).order_by("key").values_list("key", flat=True).distinct()
        for key in {*kept, *state}:
            wrong = (state.get(key, BitMap()) & alive) ^ sets.whole((family.name, key))
            if wrong:
                found[family.name, key] = len(wrong)
    return found
