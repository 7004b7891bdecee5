"""Who is one person: a pure function of what is claimed and what people decided, whatever came first.

Claims of one id join those who claim it, the surest ids first, each kind in an order that no arrival changes. A join is
refused where the two sides together would have more values of a kind than one person has. A kind contradicts only what
is not surer than itself: a unionid is WeChat's own word for a person, so two external_userids do not part it, while two
unionids part a shared card or phone. A phone joins those who proved that it is theirs; where nobody did, it is a
question. What somebody at HQ decided of two members goes before every rule.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

UNIONID, EXTERNAL_USERID, OPENID, MARKETPLACE, CARD, PHONE = SURENESS = (
    *("unionid", "external_userid", "openid", "marketplace", "card", "phone"),
)
RANK = {kind: rank for rank, kind in enumerate(SURENESS)}
# How many values of a kind (in one corp, app or marketplace) one person may have before a join is refused.
OF_A_PERSON = {UNIONID: 1, EXTERNAL_USERID: 1, OPENID: 1, MARKETPLACE: 3, CARD: 3, PHONE: 5}
# How many members may claim one id before it is nobody's, as the tablet or the phone of a shop.
CLAIMANTS = {UNIONID: 20, EXTERNAL_USERID: 20, OPENID: 10, MARKETPLACE: 10, CARD: 10, PHONE: 10}

Rank = tuple[Any, ...]
Pair = tuple[int, int]


class Claim(NamedTuple):
    """A member has this id; `identity` is the id's key, of which nothing but the answer speaks."""

    member: int
    kind: str
    scope: str
    value: str
    verified: bool
    identity: int
    is_allowed: bool = False  # HQ says that it counts however many claim it


class Reason(NamedTuple):
    """Why a member stands with others: a rule's kind, or a decision."""

    rule: str
    identity: int | None


class Question(NamedTuple):
    """Two members of whom somebody has to say whether they are one; the smaller key first."""

    low: int
    high: int
    why: str  # phone, veto or limit
    against: str  # the kind that contradicts
    identity: int


class Partition(NamedTuple):
    """The surviving member of each, the reason of each who is merged, and what is left to be asked."""

    roots: dict[int, int]
    reasons: dict[int, Reason]
    questions: list[Question]


class _Groups:
    """Members joined so far: by representative, who is in it and which values it has of each kind and scope."""

    def __init__(self, ranks: Mapping[int, Rank], claims: Iterable[Claim], parted: Iterable[Pair]) -> None:
        self.ranks = ranks
        self.of = {member: member for member in ranks}
        self.members: dict[int, list[int]] = {member: [member] for member in ranks}
        self.values: dict[int, dict[tuple[str, str], set[str]]] = {m: defaultdict(set) for m in ranks}
        self.parted: dict[int, set[int]] = defaultdict(set)
        self.reasons: dict[int, Reason] = {}
        for claim in claims:
            self.values[claim.member][claim.kind, claim.scope].add(claim.value)
        for one, other in parted:
            self.parted[one].add(other)
            self.parted[other].add(one)

    def together(self, one: int, other: int) -> bool:
        return self.of[one] == self.of[other]

    def are_parted(self, one: int, other: int) -> bool:
        """Whether somebody said that a member of the one group is nobody of the other."""
        small, large = sorted((self.of[one], self.of[other]), key=lambda g: len(self.members[g]))
        there = set(self.members[large])
        return any(not self.parted[m].isdisjoint(there) for m in self.members[small] if m in self.parted)

    def against(self, one: int, other: int, kind: str) -> str:
        """The kind, at least as sure as the shared one, of which both together would have too many; or nothing."""
        mine, hers = self.values[self.of[one]], self.values[self.of[other]]
        for key in sorted(mine.keys() & hers.keys(), key=lambda k: (RANK[k[0]], k[1])):
            most = max(OF_A_PERSON[key[0]], len(mine[key]), len(hers[key]))
            if RANK[key[0]] <= RANK[kind] and len(mine[key] | hers[key]) > most:
                return key[0]
        return ""

    def join(self, one: int, other: int, reason: Reason) -> None:
        self.reasons.setdefault(one, reason)
        self.reasons.setdefault(other, reason)
        keep, gone = sorted((self.of[one], self.of[other]), key=lambda g: (-len(self.members[g]), self.ranks[g]))
        for member in self.members[gone]:
            self.of[member] = keep
        self.members[keep] += self.members.pop(gone)
        for key, values in self.values.pop(gone).items():
            self.values[keep][key] |= values


def resolve(
    ranks: Mapping[int, Rank],
    claims: Collection[Claim],
    *,
    same: Sequence[Pair] = (),
    not_same: Collection[Pair] = (),
) -> Partition:
    """The persons among these members. `ranks` orders them: the least of a person survives.

    `same` stands in the order of the decisions: an earlier one is not overruled by a later one of others.
    """
    known = [claim for claim in claims if claim.member in ranks]
    groups = _Groups(ranks, known, [pair for pair in not_same if set(pair) <= ranks.keys()])
    for one, other in (pair for pair in same if set(pair) <= ranks.keys()):
        if not groups.together(one, other) and not groups.are_parted(one, other):
            groups.join(one, other, Reason("decision", None))
    refused = list(_join_claimants(groups, known))
    roots = {m: min(group, key=ranks.__getitem__) for group in groups.members.values() for m in group}
    reasons = {member: reason for member, reason in groups.reasons.items() if roots[member] != member}
    return Partition(roots, reasons, _questions(groups, refused))


def _join_claimants(groups: _Groups, claims: Iterable[Claim]) -> Iterable[tuple[int, int, Claim, str, str]]:
    """Joins whoever claims the same id; gives the pairs that it leaves apart, with why and what contradicts."""
    ids: dict[tuple[int, str, str, str], dict[int, Claim]] = defaultdict(dict)
    for claim in claims:
        told = ids[RANK[claim.kind], claim.kind, claim.scope, claim.value]
        if claim.member not in told or claim.verified:
            told[claim.member] = claim
    for name in sorted(key for key, told in ids.items() if len(told) > 1 and _counts(told.values())):
        told = ids[name]
        for one, other in _pairs(sorted(told, key=groups.ranks.__getitem__)):
            if groups.together(one, other):
                continue
            claim = told[other]
            if claim.kind == PHONE and not (claim.verified and told[one].verified):
                yield one, other, claim, "phone", ""
            elif groups.are_parted(one, other):
                continue
            elif against := groups.against(one, other, claim.kind):
                yield one, other, claim, "veto" if OF_A_PERSON[against] == 1 else "limit", against
            else:
                groups.join(one, other, Reason(claim.kind, claim.identity))


def _counts(claims: Collection[Claim]) -> bool:
    """Whether an id may be one person's, as few as claim it."""
    return any(claim.is_allowed or len(claims) <= CLAIMANTS[claim.kind] for claim in claims)


def _pairs(members: list[int]) -> Iterable[Pair]:
    return ((one, other) for n, one in enumerate(members) for other in members[n + 1 :])


def _questions(groups: _Groups, refused: Iterable[tuple[int, int, Claim, str, str]]) -> list[Question]:
    """One question for two persons, by the surest id that they share; none where the answer is known."""
    asked: dict[frozenset[int], Question] = {}
    for one, other, claim, why, against in refused:
        persons = frozenset((groups.of[one], groups.of[other]))
        if len(persons) == 2 and persons not in asked and not groups.are_parted(one, other):
            asked[persons] = Question(min(one, other), max(one, other), why, against, claim.identity)
    return sorted(asked.values())
