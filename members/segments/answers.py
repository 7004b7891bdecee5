"""The kept answers to questions of rules: asked in full once, then of those alone of whom something changed."""

import json
from collections.abc import Iterable
from datetime import date, datetime

from pyroaring import BitMap

from members.models import Bitmap, Leaf
from members.segments import bits, conditions, families, lookups, sets, trees
from members.segments.families import Whom
from members.segments.sets import LEAF
from members.segments.trees import Asked, Tree


def never(atom: Asked) -> BitMap:
    """Whoever counts from kept sets has asked before."""
    raise LookupError(f"the question {atom.question} was not kept")


def asked_in(found: Iterable[Tree]) -> set[Asked]:
    return {atom for tree in found for atom in trees.atoms(tree) if isinstance(atom, Asked)}


def keep(found: Iterable[Tree], *, at: datetime, day: date, revision: int) -> None:
    """Every question of these rules has an answer that is kept; only who may change sets calls it."""
    wanted = asked_in(found)
    known = lookups.leaves(wanted)
    Leaf.objects.filter(pk__in=[leaf.pk for leaf in known.values() if leaf.used_on < day]).update(used_on=day)
    for atom in sorted(wanted - known.keys(), key=str):
        leaf = Leaf.objects.create(
            digest=lookups.digest(atom),
            asked={"question": atom.question, "params": json.loads(atom.params)},
            day=day,
            used_on=day,
        )
        members = answer(leaf, Whom(at, day)) & sets.everybody()
        sets.write(((LEAF, leaf.pk, shard, piece) for shard, piece in bits.pieces(members)), revision)


def answer(leaf: Leaf, whom: Whom) -> BitMap:
    return families.answer(conditions.questions()[leaf.asked["question"]], leaf.asked["params"], whom)


def try_to_keep(tree: Tree, *, at: datetime, day: date) -> None:
    """The same while nobody else changes sets; otherwise whoever counts asks the rows themselves."""
    wanted = asked_in([tree])
    if not wanted - lookups.leaves(wanted).keys():
        return
    try:
        with sets.writing() as engine:
            if engine.built_at is not None and engine.day == day:
                engine.revision = sets.next_revision()
                at = max(at, engine.folded_at or at)  # what ran out before the last fold is looked for no more
                keep([tree], at=at, day=day, revision=engine.revision)
                engine.save(update_fields=["revision"])
    except sets.Busy:
        return


def forget(leaves: Iterable[Leaf]) -> None:
    """These answers are kept no longer."""
    keys = [leaf.pk for leaf in leaves]
    Bitmap.objects.filter(family=LEAF, key__in=keys).delete()
    Leaf.objects.filter(pk__in=keys).delete()
