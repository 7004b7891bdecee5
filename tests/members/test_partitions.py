"""Who is one person does not depend on what came first."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from members import partitions
from members.partitions import CARD, CLAIMANTS, EXTERNAL_USERID, OF_A_PERSON, PHONE, SURENESS, UNIONID, Claim, resolve

RANKS: dict[int, tuple[Any, ...]] = {n: (False, 0, n) for n in range(1, 9)}


def claim(member: int, kind: str, value: str, *, verified: bool = False) -> Claim:
    return Claim(member, kind, "", value, verified, hash((kind, value)))


claims = st.lists(
    st.builds(claim, st.integers(1, 8), st.sampled_from(SURENESS), st.sampled_from("abc"), verified=st.booleans()),
    max_size=24,
)
pairs = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)).filter(lambda p: p[0] != p[1]), max_size=3)


def persons(claimed: list[Claim], **decided: Any) -> set[frozenset[int]]:
    roots = resolve(RANKS, claimed, **decided).roots
    return {frozenset(m for m in roots if roots[m] == root) for root in roots.values()}


@given(claims, pairs, pairs, st.randoms())
@settings(max_examples=300)
def test_order_changes_nothing(claimed: list[Claim], same: Any, not_same: Any, dice: Any) -> None:
    first = resolve(RANKS, claimed, same=same, not_same=not_same)
    mixed, others = dice.sample(claimed, len(claimed)), [(high, low) for low, high in same]
    assert resolve(RANKS, mixed, same=others, not_same=not_same) == first
    assert all(first.roots[first.roots[m]] == first.roots[m] <= m for m in RANKS)


@given(claims, pairs)
@settings(max_examples=300)
def test_unrelated_people_change_nothing(claimed: list[Claim], not_same: Any) -> None:
    """A knot alone gives what the whole house gives, so a change is worked out from its knot."""
    whole = resolve(RANKS, claimed, not_same=not_same)
    for knot in _knots(claimed):
        part = resolve({m: RANKS[m] for m in knot}, claimed, not_same=not_same)
        assert part.roots == {m: whole.roots[m] for m in knot}
        assert set(part.questions) <= set(whole.questions)


@given(claims, pairs)
@settings(max_examples=300)
def test_what_was_said_to_be_two_never_is_one(claimed: list[Claim], not_same: Any) -> None:
    roots = resolve(RANKS, claimed, same=[(low, high) for high, low in not_same], not_same=not_same).roots
    assert all(roots[one] != roots[other] for one, other in not_same)


@given(claims)
@settings(max_examples=300)
def test_two_unionids_never_are_one_person(claimed: list[Claim]) -> None:
    """Unless one source said both of one and the same member."""
    of = {m: {c.value for c in claimed if c.member == m and c.kind == UNIONID} for m in RANKS}
    for group in persons(claimed):
        assert len(set().union(*(of[m] for m in group))) <= max(1, *(len(of[m]) for m in group))


@given(claims)
@settings(max_examples=300)
def test_everybody_who_may_be_joined_is(claimed: list[Claim]) -> None:
    """As a naive reading has it: two who share an id stay two only where ids contradict, or nobody proved a phone."""
    found = resolve(RANKS, claimed)
    asked = {frozenset((found.roots[q.low], found.roots[q.high])) for q in found.questions}
    for one, other in combinations(claimed, 2):
        if one[1:4] == other[1:4] and found.roots[one.member] != found.roots[other.member]:
            assert frozenset((found.roots[one.member], found.roots[other.member])) in asked


def _knots(claimed: list[Claim]) -> list[set[int]]:
    found = [{m} for m in RANKS]
    for one, other in combinations(claimed, 2):
        if one[1:4] == other[1:4]:
            mine, hers = (next(k for k in found if c.member in k) for c in (one, other))
            if mine is not hers:
                mine |= hers
                found.remove(hers)
    return found


@pytest.mark.parametrize("kind", [k for k in SURENESS if k != PHONE])
def test_an_id_of_one_person_alone_joins(kind: str) -> None:
    found = resolve(RANKS, [claim(2, kind, "a"), claim(1, kind, "a")])
    assert found.roots[2] == 1 and found.reasons[2].rule == kind and not found.questions


def test_two_unionids_part_a_shared_card_and_ask() -> None:
    told = [claim(1, UNIONID, "a"), claim(2, UNIONID, "b"), claim(1, CARD, "c"), claim(2, CARD, "c")]
    found = resolve(RANKS, told)
    assert found.roots[2] == 2 and found.questions[0][:4] == (1, 2, "veto", UNIONID)
    assert resolve(RANKS, told, same=[(2, 1)]).roots[2] == 1


def test_wecoms_word_on_a_person_stands_above_her_ids_in_a_corp() -> None:
    told = [
        claim(n, kind, value) for n, e in ((1, "x"), (2, "y")) for kind, value in ((UNIONID, "u"), (EXTERNAL_USERID, e))
    ]
    assert resolve(RANKS, told).roots[2] == 1


def test_a_phone_joins_only_who_proved_it() -> None:
    weak = [claim(1, PHONE, "p", verified=True), claim(2, PHONE, "p")]
    assert resolve(RANKS, weak).questions[0][:3] == (1, 2, "phone")
    assert resolve(RANKS, [weak[0], claim(2, PHONE, "p", verified=True)]).roots[2] == 1


def test_what_too_many_claim_is_nobodys() -> None:
    ranks = {n: (False, 0, n) for n in range(CLAIMANTS[CARD] + 1)}
    told = [claim(n, CARD, "tablet") for n in ranks]
    assert len(set(resolve(ranks, told[:-1]).roots.values())) == 2
    assert len(set(resolve(ranks, told).roots.values())) == len(ranks) and not resolve(ranks, told).questions
    assert len(set(resolve(ranks, [c._replace(is_allowed=True) for c in told]).roots.values())) == 1


def test_one_person_has_only_so_many_cards() -> None:
    told = [claim(n, PHONE, "p", verified=True) for n in RANKS] + [claim(n, PHONE, f"own{n}") for n in RANKS]
    sizes = sorted(len(group) for group in persons(told))
    assert max(sizes) == OF_A_PERSON[PHONE] - 1 and partitions.resolve(RANKS, told).questions[0].why == "limit"


def test_the_oldest_registered_member_survives() -> None:
    ranks = {1: (True, 0, 1), 2: (False, 20, 2), 3: (False, 10, 3)}
    assert set(resolve(ranks, [claim(n, CARD, "c") for n in ranks]).roots.values()) == {3}
