"""Sets made right for those members of whom something changed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from pyroaring import BitMap

from members.models import Leaf
from members.segments import answers, bits, builds, conditions, families, sets
from members.segments.families import PERSON, Family, Question, Whom
from members.segments.sets import LEAF, Key

News = dict[tuple[str, int | None], BitMap]  # by kind of change and its key, of whom
AT_ONCE = 16  # shards that are read together


def apply(news: News, whom: Whom, revision: int) -> tuple[BitMap, set[Key]]:
    """The sets take what the rows say of these members; of whom that was, and which sets are now others."""
    heard: dict[str, BitMap] = {}
    for (what, _key), members in news.items():
        heard[what] = heard.get(what, BitMap()) | members
    anew = {what for what, members in heard.items() if 0 in members}  # noted of everybody
    heard = {what: members - BitMap([0]) for what, members in heard.items()}
    circles = Circles(heard)
    dirty = circles.of(frozenset(heard))
    alive = _alive(replace(whom, members=dirty)) if dirty else BitMap()
    touched: set[Key] = set()
    for family in conditions.families().values():
        if anew & family.hears:
            dirty = dirty | builds.rebuild(family, whom, revision)
            touched |= {(family.name, key) for key in family.all_keys}
        elif concerned := circles.of(family.hears | {PERSON}):
            touched |= _family(family, news, replace(whom, members=concerned), alive, revision)
    again, changed = _asked_again(anew, whom, revision)
    return dirty | again, touched | changed | _answers(circles, whom, alive, revision)


class Circles:
    """All members of the persons of whom something was heard, by kinds of change."""

    def __init__(self, heard: Mapping[str, BitMap]) -> None:
        self._heard = heard
        self._known: dict[frozenset[str], BitMap] = {}

    def of(self, kinds: frozenset[str]) -> BitMap:
        kinds = frozenset(kind for kind in kinds if kind in self._heard)
        if kinds not in self._known:
            members = bits.union(self._heard[kind] for kind in kinds)
            self._known[kinds] = members | families.circles(members)
        return self._known[kinds]


def _alive(whom: Whom) -> BitMap:
    return families.states(conditions.families()["all"], whom).get(0, BitMap())


def _family(family: Family, news: News, whom: Whom, alive: BitMap, revision: int) -> set[Key]:
    assert whom.members is not None
    state = {key: members & alive for key, members in families.states(family, whom).items()}
    hints = {key for what, key in news if what in family.hinted and key is not None}
    keys = family.all_keys or sorted(state.keys() | hints)
    return patch(family.name, {key: state.get(key, BitMap()) for key in keys}, whom.members, revision)


def _asked_again(anew: set[str], whom: Whom, revision: int) -> tuple[BitMap, set[Key]]:
    """Answers that may be others for everybody; whose they may be, and which these are."""
    leaves = [leaf for leaf in Leaf.objects.order_by("pk") if _question(leaf).hears & anew]
    alive = sets.everybody() if leaves else BitMap()
    for leaf in leaves:
        met = answers.answer(leaf, replace(whom, members=None, day=leaf.day)) & alive
        changed = met ^ sets.whole((LEAF, leaf.pk))
        sets.write(((LEAF, leaf.pk, shard, bits.cut(met, shard)) for shard in bits.shards_of(changed)), revision)
    return alive, {(LEAF, leaf.pk) for leaf in leaves}


def _question(leaf: Leaf) -> Question:
    return conditions.questions()[leaf.asked["question"]]


def _answers(circles: Circles, whom: Whom, alive: BitMap, revision: int) -> set[Key]:
    touched: set[Key] = set()
    for leaf in Leaf.objects.order_by("pk"):
        if concerned := circles.of(_question(leaf).hears | {PERSON}):
            met = answers.answer(leaf, replace(whom, members=concerned, day=leaf.day)) & alive
            touched |= patch(LEAF, {leaf.pk: met}, concerned, revision)
    return touched


def patch(family: str, states: Mapping[int, BitMap], dirty: BitMap, revision: int) -> set[Key]:
    """Of the dirty members, those of each state and no others are in its set; which sets are now others."""
    touched: set[Key] = set()
    for shards in _batches(family, dirty):
        here = dirty if sets.is_whole(family) else dirty & bits.span(shards)
        kept = sets.some([(family, key) for key in states], shards)
        pieces = list(_patched(family, kept, states, here))
        sets.write(pieces, revision)
        touched |= {(family, key) for _family, key, _shard, _body in pieces}
    return touched


def _batches(family: str, dirty: BitMap) -> Iterator[Collection[int]]:
    if sets.is_whole(family):
        yield [0]
        return
    shards = bits.shards_of(dirty)
    for start in range(0, len(shards), AT_ONCE):
        yield shards[start : start + AT_ONCE]


def _patched(
    family: str, kept: Mapping[Key, BitMap], states: Mapping[int, BitMap], here: BitMap
) -> Iterator[tuple[str, int, int, BitMap]]:
    for key, state in states.items():
        old = kept[family, key]
        now, before = state & here, old & here
        if now == before:
            continue
        new = (old - before) | now
        if sets.is_whole(family):
            yield family, key, 0, new
        else:
            yield from ((family, key, shard, bits.cut(new, shard)) for shard in bits.shards_of(now ^ before))
