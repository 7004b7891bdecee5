"""A customer's life: which facts move her, and that their order of arrival does not matter."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.models import Stage
from members.stages import ADDED, ENDED, KNOWN, MOVED, ORDER, REGISTERED, Fact, Limits, tell
from scrm.clock import day_of, start_of

BEGIN = datetime(2026, 1, 1, 4, tzinfo=UTC)
TODAY = date(2026, 12, 31)
LIMITS = Limits()


def at(day: int, hour: int = 0) -> datetime:
    return BEGIN + timedelta(days=day, hours=hour)


def stages(*facts: Fact, today: date = TODAY) -> list[str]:
    return [step.stage for step in tell(facts, LIMITS, today=today).steps]


def orders(*days: int) -> list[Fact]:
    return [Fact(at(day), ORDER, f"{n}") for n, day in enumerate(days)]


def test_a_whole_life() -> None:
    facts = [Fact(at(0), KNOWN), Fact(at(1), ADDED, "r1"), Fact(at(2), REGISTERED), *orders(3, 13)]
    told = stages(*facts)
    assert told == ["lead", "added", "member", "first_order", "repeat", "at_risk", "lost"]


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ([Fact(at(0), KNOWN)], Stage.LEAD),
        ([Fact(at(0), ADDED, "r")], Stage.ADDED),
        ([Fact(at(0), ADDED, "r"), Fact(at(1), ENDED, "r")], Stage.LOST),
        ([Fact(at(0), ADDED, "r"), Fact(at(1), MOVED, "r")], Stage.ADDED),
        ([Fact(at(0), ADDED, "r"), Fact(at(0), ADDED, "q"), Fact(at(1), ENDED, "r")], Stage.ADDED),
        ([Fact(at(0), ADDED, "r"), Fact(at(1), REGISTERED), Fact(at(2), ENDED, "r")], Stage.MEMBER),
        ([Fact(at(0), ADDED, "r"), Fact(at(1), ENDED, "r"), Fact(at(2), ADDED, "s")], Stage.ADDED),
        (orders(300), Stage.FIRST_ORDER),
        (orders(300, 300), Stage.FIRST_ORDER),
        (orders(300, 320), Stage.REPEAT),
    ],
)
def test_what_happened_says_where_she_stands(facts: list[Fact], stage: str) -> None:
    assert stages(*facts, today=day_of(at(330)))[-1] == stage


def test_nobody_is_an_advocate_before_there_are_referrals() -> None:
    assert Stage.ADVOCATE not in stages(*orders(*range(0, 300, 5)))


@pytest.mark.parametrize(("gap", "risk", "lost"), [(7, 30, 90), (40, 60, 160), (200, 180, 365)])
def test_her_own_rhythm_says_when_she_is_missed(gap: int, risk: int, lost: int) -> None:
    told = tell(orders(0, gap, 2 * gap), LIMITS, today=TODAY + timedelta(days=1000))
    last = day_of(at(2 * gap))
    assert [(s.stage, day_of(s.at)) for s in told.steps[-2:]] == [
        (Stage.AT_RISK, last + timedelta(days=risk)),
        (Stage.LOST, last + timedelta(days=lost)),
    ]


def test_time_moves_at_the_first_instant_of_the_day() -> None:
    told = tell(orders(0), LIMITS, today=day_of(at(0)))
    assert told.due_on == day_of(at(90))
    moved = tell(orders(0), LIMITS, today=told.due_on)
    assert moved.steps[-1] == (Stage.AT_RISK, start_of(told.due_on), "time")
    assert tell(orders(0), LIMITS, today=told.due_on - timedelta(days=1)).steps == told.steps


def test_an_order_wakes_a_lost_buyer_and_nothing_else_does() -> None:
    away = [*orders(0), Fact(at(340), ADDED, "r")]
    assert stages(*away, today=day_of(at(341)))[-1] == Stage.LOST
    assert stages(*away, Fact(at(342), ORDER, "9"), today=day_of(at(342)))[-1] == Stage.REPEAT


def test_we_know_her_by_what_happened_before_we_wrote_her_down() -> None:
    assert stages(Fact(at(5), KNOWN), Fact(at(1), ADDED, "r"), today=day_of(at(6))) == ["added"]


some_facts = st.lists(
    st.tuples(
        st.integers(0, 600), st.integers(0, 23), st.sampled_from([KNOWN, ADDED, REGISTERED, ORDER, MOVED, ENDED]),
        st.sampled_from("abc"),
    ).map(lambda told: Fact(at(told[0], told[1]), told[2], told[3])),
    max_size=14,
)  # fmt: skip


@given(some_facts, st.randoms(use_true_random=False), st.integers(0, 900))
def test_late_and_repeated_facts_give_the_same_story(facts: list[Fact], chance: random.Random, days: int) -> None:
    again = [*facts, *facts[: len(facts) // 2]]
    chance.shuffle(again)
    today = day_of(at(days))
    assert tell(again, LIMITS, today=today) == tell(facts, LIMITS, today=today)


@given(some_facts, st.integers(0, 900), st.integers(0, 300))
def test_time_only_adds_to_a_story(facts: list[Fact], days: int, more: int) -> None:
    early = tell(facts, LIMITS, today=day_of(at(days)))
    late = tell(facts, LIMITS, today=day_of(at(days + more)))
    assert late.steps[: len(early.steps)] == early.steps


@given(some_facts, st.integers(0, 600))
def test_what_comes_later_does_not_change_what_was(facts: list[Fact], days: int) -> None:
    day = day_of(at(days))
    known = [fact for fact in facts if day_of(fact.at) <= day]
    late = [step for step in tell(facts, LIMITS, today=max(day, TODAY)).steps if day_of(step.at) <= day]
    if all(fact.kind != KNOWN for fact in facts):
        assert tell(known, LIMITS, today=day).steps == late


@given(some_facts)
def test_steps_rise_in_time_and_never_repeat_a_stage(facts: list[Fact]) -> None:
    steps: Any = tell(facts, LIMITS, today=TODAY + timedelta(days=2000)).steps
    assert all(a.at <= b.at and a.stage != b.stage for a, b in zip(steps, steps[1:], strict=False))
