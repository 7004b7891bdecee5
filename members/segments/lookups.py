"""Where the sets of a rule are looked up: in memory, in some shards of the database, or in the rows themselves."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from pyroaring import BitMap

from members.models import Leaf, Segment
from members.segments import bits, conditions, families, rules, sets, trees
from members.segments.families import Whom
from members.segments.sets import LEAF, SEGMENT, Key
from members.segments.trees import Asked, Atom, Has, In, Number
from scrm.clock import day_of

ALL: Key = ("all", 0)


def digest(atom: Asked) -> bytes:
    """By what the answer to a question is found."""
    return hashlib.sha256(f"{atom.question} {atom.params}".encode()).digest()


def leaves(atoms: Iterable[Asked]) -> dict[Asked, Leaf]:
    """The kept answers to these questions."""
    by_digest = {digest(atom): atom for atom in atoms}
    rows = Leaf.objects.filter(digest__in=list(by_digest)) if by_digest else ()
    return {by_digest[bytes(leaf.digest)]: leaf for leaf in rows}


def versions(atoms: Iterable[In], which: str = "counted") -> dict[int, int]:
    """By segment, the version that was counted last, or (`version`) its newest."""
    wanted = {atom.segment for atom in atoms}
    rows = Segment.objects.filter(pk__in=wanted, archived_at=None, **{f"{which}__isnull": False}) if wanted else None
    return dict(rows.values_list("pk", which)) if rows is not None else {}


def keys_of(atom: Atom, kept: dict[Asked, Leaf], snapshots: dict[int, int]) -> list[Key]:
    """Which sets an atom is made of."""
    if isinstance(atom, Has):
        return [(atom.family, atom.key)]
    if isinstance(atom, Number):
        return [(atom.family, bit) for bit in bits.needed(atom.low, atom.high, atom.bits)]
    if isinstance(atom, In):
        return [(SEGMENT, snapshots[atom.segment])] if atom.segment in snapshots else []
    return [(LEAF, kept[atom].pk)] if atom in kept else []


class Kept:
    """The sets of some rules, fetched together by `fetch`; questions that are not kept are answered by `ask`."""

    def __init__(
        self,
        found: Iterable[trees.Tree],
        fetch: Callable[[list[Key]], dict[Key, BitMap]],
        ask: Callable[[Asked], BitMap],
        is_kept: Callable[[Leaf], bool] = lambda leaf: True,
        also: Iterable[Key] = (),
        which: str = "counted",
    ) -> None:
        atoms = {atom for tree in found for atom in trees.atoms(tree)}
        asked = leaves(atom for atom in atoms if isinstance(atom, Asked))
        self.leaves = {atom: leaf for atom, leaf in asked.items() if is_kept(leaf)}
        self.versions = versions((atom for atom in atoms if isinstance(atom, In)), which)
        self._keys = {atom: keys_of(atom, self.leaves, self.versions) for atom in atoms}
        self._sets = fetch([*dict.fromkeys([ALL, *also, *(key for keys in self._keys.values() for key in keys)])])
        self._ask = ask
        self._told: dict[Atom, BitMap] = {}

    @property
    def everybody(self) -> BitMap:
        return self._sets[ALL]

    def of(self, key: Key) -> BitMap:
        return self._sets[key]

    def put(self, key: Key, members: BitMap) -> None:
        """This set is now another one."""
        self._sets[key] = members
        self._told = {atom: told for atom, told in self._told.items() if not isinstance(atom, In)}

    def __call__(self, atom: Atom) -> BitMap:
        if atom not in self._told:
            self._told[atom] = self._look_up(atom)
        return self._told[atom]

    def _look_up(self, atom: Atom) -> BitMap:
        keys = self._keys[atom]
        if isinstance(atom, Number):
            kept = {key: self._sets[family, key] for family, key in keys}
            return bits.between(atom.low, atom.high, kept, atom.bits)
        if isinstance(atom, Asked) and not keys:
            return self._ask(atom)
        return self._sets[keys[0]] if keys else BitMap()


class Rows:
    """Everything asked of the rows themselves: before the sets are built, and to prove them."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.whom = Whom(at, day_of(at))
        self._families: dict[str, dict[int, BitMap]] = {}
        self._segments: dict[int, BitMap] = {}

    @cached_property
    def everybody(self) -> BitMap:
        return families.states(conditions.families()["all"], self.whom).get(0, BitMap())

    def __call__(self, atom: Atom) -> BitMap:
        if isinstance(atom, Asked):
            question = conditions.questions()[atom.question]
            return families.answer(question, json.loads(atom.params), self.whom) & self.everybody
        if isinstance(atom, In):
            return self.segment(Segment.objects.select_related("version").get(pk=atom.segment))
        found = self._family(atom.family)
        if isinstance(atom, Number):
            return bits.between(atom.low, atom.high, found, atom.bits) & self.everybody
        return found.get(atom.key, BitMap()) & self.everybody

    def _family(self, name: str) -> dict[int, BitMap]:
        if name not in self._families:
            self._families[name] = families.states(conditions.families()[name], self.whom)
        return self._families[name]

    def segment(self, segment: Segment) -> BitMap:
        """Who is in a segment: whom its rule means, less those of the segments before it in its exclusive group."""
        if segment.pk not in self._segments:
            found = self.rule(segment.version.rule) if segment.version and not segment.archived_at else BitMap()
            for other in before(segment):
                found = found - self.segment(other)
            self._segments[segment.pk] = found
        return self._segments[segment.pk]

    def rule(self, rule: Any) -> BitMap:
        return trees.evaluate(rules.meaning(rule, self.whom.day), self, self.everybody)


def before(segment: Segment) -> list[Segment]:
    """The segments that come first in the same exclusive group."""
    if segment.group_id is None:
        return []
    others = Segment.objects.live().filter(group=segment.group_id).exclude(pk=segment.pk).select_related("version")
    mine = (segment.priority, segment.pk)
    return [other for other in others.order_by("priority", "pk") if (other.priority, other.pk) < mine]


def present(tree: trees.Tree, at: datetime) -> "Kept | Rows":
    """The sets of one rule, whole: from memory as far as they are the present ones; before they are built, the rows."""
    engine = sets.present()
    if engine.built_at is None:
        return Rows(at)
    day = day_of(at)
    return Kept([tree], lambda keys: sets.SHELF.sets(keys, engine), Rows(at), lambda leaf: leaf.day == day)
