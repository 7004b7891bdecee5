"""A rule as sets: what to look up, and what to do with it (all, any, but not). Pure; no database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyroaring import BitMap

from members.segments import bits


@dataclass(frozen=True)
class Has:
    """The members of one set of a family."""

    family: str
    key: int


@dataclass(frozen=True)
class Number:
    """Those of whom a family's number is at least, and at most, so much."""

    family: str
    bits: int
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Asked:
    """Those who meet a question; `params` is its canonical JSON."""

    question: str
    params: str


@dataclass(frozen=True)
class In:
    """Those who are in another segment, as it was counted last."""

    segment: int


@dataclass(frozen=True)
class All:
    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Either:
    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Not:
    """Everybody else."""

    part: "Tree"


Atom = Has | Number | Asked | In
Tree = Atom | All | Either | Not
NOBODY = Either(())
EVERYBODY = All(())


def atoms(tree: Tree) -> Iterator[Atom]:
    """What a tree looks up."""
    if isinstance(tree, All | Either):
        for part in tree.parts:
            yield from atoms(part)
    elif isinstance(tree, Not):
        yield from atoms(tree.part)
    else:
        yield tree


def evaluate(tree: Tree, look_up: Callable[[Atom], BitMap], everybody: BitMap) -> BitMap:
    """The members for whom a tree holds, of everybody. It may be a set that is kept: copy it before you change it."""
    if isinstance(tree, Not):
        return everybody - evaluate(tree.part, look_up, everybody)
    if isinstance(tree, Either):
        return bits.union(evaluate(part, look_up, everybody) for part in tree.parts)
    if isinstance(tree, All):
        return _all(tree, look_up, everybody)
    return look_up(tree)


def _all(tree: All, look_up: Callable[[Atom], BitMap], everybody: BitMap) -> BitMap:
    """The smallest set first; those who must not be in are taken away, never turned into everybody else."""
    wanted = sorted((evaluate(p, look_up, everybody) for p in tree.parts if not isinstance(p, Not)), key=len)
    found = reduce(and_, wanted) if wanted else everybody
    for part in tree.parts:
        if isinstance(part, Not) and found:
            found = found - evaluate(part.part, look_up, found)
    return found
