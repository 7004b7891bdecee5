"""What follows from the facts of a guide and a customer. Pure: no database, no clock.

A read of WeCom is not the truth about a binding: after a customer deleted the guide, WeCom goes on listing the
relation, and after a guide deleted the customer it may list her for a while. So each side is kept apart: events move
both, a read corrects the guide's side only, and only when it was taken a minute or more after the last event.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

HALF, ADD = "half", "add"
GUIDE_DELETED, TRANSFERRED, CUSTOMER_DELETED = "guide_del", "transferred", "cust_del"
READ_THERE, READ_GONE = "read_there", "read_gone"
RANK = {
    kind: n for n, kind in enumerate((HALF, ADD, GUIDE_DELETED, TRANSFERRED, CUSTOMER_DELETED, READ_GONE, READ_THERE))
}
DELETIONS = (GUIDE_DELETED, TRANSFERRED, CUSTOMER_DELETED)
READS_LAG = timedelta(seconds=60)
FOREVER = datetime.max.replace(tzinfo=UTC)
HANDOVER_WITHIN = timedelta(minutes=10)
ENDED_AS = {GUIDE_DELETED: "dropped", TRANSFERRED: "moved", CUSTOMER_DELETED: "lost", READ_GONE: "dropped"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing we were told of a pair; `created_at` is WeCom's createtime, of reads only."""

    at: datetime
    kind: str
    digest: bytes
    code_id: int | None = None
    created_at: datetime | None = None


@dataclass(slots=True)
class Epoch:
    """From an add to the first deletion by either side; `added_at` is None while the guide has not confirmed."""

    opened_at: datetime
    added_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: str = ""
    guide_side: bool = True
    customer_side: bool = True
    code_id: int | None = None
    by_transfer: bool = False

    @property
    def state(self) -> str:
        """A value of Relation.State."""
        return self.ended_as or ("live" if self.added_at else "half")


def merge(facts: Iterable[Fact]) -> list[Epoch]:
    """The epochs of a pair, oldest first: the same for any order in which the facts arrived."""
    fold = _Fold()
    ordered = sorted(facts, key=lambda f: (f.at, RANK[f.kind], f.digest))
    for _second, told in groupby(ordered, key=lambda f: f.at):
        fold.take_second(list(told))
    return fold.epochs


class _Fold:
    """The state of a pair while its facts are told in order of their time."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []
        self.last_event: datetime | None = None
        self.guide_deleted_at: datetime | None = None
        self.lost_unseen_at: datetime | None = None  # a deletion by a customer of whose add we had not heard

    @property
    def open(self) -> Epoch | None:
        return self.epochs[-1] if self.epochs and not self.epochs[-1].ended_as else None

    def take_second(self, told: list[Fact]) -> None:
        """Facts of one second, in the one order that can have happened: friends part, others become friends."""
        adds = [f for f in told if f.kind == ADD]
        ends = [f for f in told if f.kind in DELETIONS]
        for fact in told:
            if fact.kind == HALF:
                self.take(fact)
        while adds or ends:
            are_friends = self.open is not None and self.open.added_at is not None
            self.take((ends or adds if are_friends else adds or ends).pop(0))
        for fact in told:
            if fact.kind in (READ_THERE, READ_GONE):
                self.take(fact)

    def take(self, fact: Fact) -> None:
        if fact.kind == HALF:
            self._half(fact)
        elif fact.kind == ADD:
            self._add(fact, fact.at)
        elif fact.kind in (READ_THERE, READ_GONE):
            self._read(fact)
            return
        else:
            self._delete(fact)
        self.last_event = fact.at

    def _half(self, fact: Fact) -> None:
        if self.open is None:
            self.epochs.append(Epoch(fact.at, guide_side=False, code_id=fact.code_id))

    def _add(self, fact: Fact, at: datetime, *, customer_side: bool = True) -> None:
        epoch = self.open
        if epoch is None:
            epoch = Epoch(at)
            self.epochs.append(epoch)
        if epoch.added_at is None:
            epoch.added_at = at
            epoch.guide_side = True
            epoch.customer_side = customer_side
        epoch.code_id = epoch.code_id or fact.code_id

    def _delete(self, fact: Fact) -> None:
        by_customer = fact.kind == CUSTOMER_DELETED
        if not self.epochs:
            self.lost_unseen_at = fact.at if by_customer else None
            return
        epoch = self.epochs[-1]
        if by_customer:
            epoch.customer_side = False
        else:
            epoch.guide_side = False
            self.guide_deleted_at = fact.at
        if not epoch.ended_as:
            epoch.ended_at, epoch.ended_as = fact.at, ENDED_AS[fact.kind]

    def _read(self, fact: Fact) -> None:
        if self.last_event is not None and fact.at - self.last_event < READS_LAG and not self._is_newer(fact):
            return
        epoch = self.epochs[-1] if self.epochs else None
        listed = fact.kind == READ_THERE
        if not listed and epoch and epoch.guide_side:
            self._delete(fact)
        elif listed and epoch is None:
            self._add(fact, fact.created_at or fact.at)
            if self.lost_unseen_at and self.epochs[-1].opened_at <= self.lost_unseen_at:
                self._delete(Fact(self.lost_unseen_at, CUSTOMER_DELETED, b""))
        elif listed and epoch and epoch.added_at is None and not epoch.ended_as:
            # The guide has confirmed, of which we never heard.
            self._add(fact, fact.created_at if fact.created_at and fact.created_at >= epoch.opened_at else fact.at)
        elif listed and epoch and epoch.ended_as and not epoch.guide_side:
            # The guide had deleted her and WeCom lists her again: a new relation, of whose add we never heard.
            self._add(fact, fact.created_at if self._is_newer(fact) and fact.created_at else fact.at)
        elif listed and epoch and epoch.ended_at and fact.created_at and fact.created_at > epoch.ended_at:
            self._add(fact, fact.created_at)  # the customer had deleted the guide, and WeCom dates them after that

    def _is_newer(self, fact: Fact) -> bool:
        """Whether a read shows a relation that was made after the guide's last deletion."""
        return bool(fact.created_at and self.guide_deleted_at and fact.created_at > self.guide_deleted_at)


def merge_member(facts: dict[int, list[Fact]]) -> dict[int, list[Epoch]]:
    """The epochs of a member by guide; an add that a handover brought is marked, since it counts as no add."""
    epochs = {guide: merge(told) for guide, told in facts.items()}
    handed = [(guide, f.at) for guide, told in facts.items() for f in told if f.kind == TRANSFERRED]
    for guide, lives in epochs.items() if handed else ():
        for epoch in lives:
            epoch.by_transfer = epoch.code_id is None and any(
                other != guide and abs((epoch.added_at or epoch.opened_at) - at) <= HANDOVER_WITHIN
                for other, at in handed
            )
    return epochs


@dataclass(frozen=True, slots=True)
class Life:
    """The time in which a guide and a member were friends, at one store."""

    guide_id: int
    from_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Owned:
    guide_id: int
    from_at: datetime
    until: datetime | None


def owners(lives: Iterable[Life]) -> list[Owned]:
    """Who owns a member at a store, when: the oldest living relation owns until it ends, then the next oldest one."""
    waiting = sorted(lives, key=lambda life: (life.from_at, life.guide_id, life.until or FOREVER))
    owned: list[Owned] = []
    free_from: datetime | None = None
    while waiting:
        life = waiting.pop(0)
        starts = life.from_at if free_from is None else max(life.from_at, free_from)
        if life.until is not None and life.until <= starts:
            continue
        owned.append(Owned(life.guide_id, starts, life.until))
        if life.until is None:
            break
        free_from = life.until
    return owned
