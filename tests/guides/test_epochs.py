"""The pure core: what follows from facts, whatever order they came in."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from guides.epochs import Fact, Life, merge, merge_member, owners

START = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ["half", "add", "guide_del", "transferred", "cust_del", "read_there", "read_gone"]


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    kind = draw(st.sampled_from(KINDS))
    when = at(draw(st.integers(0, 400)))
    created = draw(st.one_of(st.none(), st.integers(0, 400).map(at))) if kind == "read_there" else None
    return Fact(when, kind, draw(st.binary(min_size=4, max_size=4)), created_at=created)


stories = st.lists(facts(), max_size=12, unique_by=lambda f: f.digest)


@given(stories, st.randoms(use_true_random=False))
def test_any_order_of_arrival_tells_the_same_story(told: list[Fact], dice: random.Random) -> None:
    shuffled = list(told)
    dice.shuffle(shuffled)
    assert merge(shuffled) == merge(told)


@given(stories)
def test_epochs_follow_each_other_and_only_the_last_may_be_open(told: list[Fact]) -> None:
    epochs = merge(told)
    assert all(e.ended_as for e in epochs[:-1])
    assert all(e.added_at is None or e.opened_at <= e.added_at for e in epochs)
    for before, _after in zip(epochs, epochs[1:], strict=False):
        assert before.ended_at is not None


@given(stories)
def test_live_is_adds_minus_first_deletions(told: list[Fact]) -> None:
    epochs = merge(told)
    adds = sum(e.added_at is not None for e in epochs)
    ends = sum(e.added_at is not None and bool(e.ended_as) for e in epochs)
    assert sum(e.state == "live" for e in epochs) == adds - ends


@given(stories, st.lists(st.integers(401, 5000), max_size=3))
def test_a_one_way_friend_stays_lost_however_often_wecom_lists_her(told: list[Fact], reads: list[int]) -> None:
    events = [f for f in told if not f.kind.startswith("read")]
    before = merge(events)
    listed = [Fact(at(n), "read_there", b"r%d" % n, created_at=at(0)) for n in reads]
    if before and before[-1].ended_as == "lost" and before[-1].guide_side:
        assert merge([*events, *listed]) == before


def fact(seconds: int, kind: str, created: int | None = None) -> Fact:
    return Fact(at(seconds), kind, f"{seconds}{kind}".encode(), created_at=None if created is None else at(created))


def test_a_read_within_a_minute_of_an_event_proves_nothing() -> None:
    assert merge([fact(0, "add"), fact(59, "read_gone")])[0].state == "live"
    assert merge([fact(0, "add"), fact(60, "read_gone")])[0].state == "dropped"


def test_a_lagging_read_after_the_guide_deleted_her_does_not_revive_her() -> None:
    told = [fact(0, "add"), fact(100, "guide_del"), fact(120, "read_there", created=0)]
    assert [e.state for e in merge(told)] == ["dropped"]


def test_a_read_with_a_later_createtime_proves_an_add_that_we_never_heard_of() -> None:
    told = [fact(0, "add"), fact(100, "guide_del"), fact(130, "read_there", created=125)]
    assert [(e.state, e.opened_at) for e in merge(told)] == [("dropped", at(0)), ("live", at(125))]


def test_a_customer_who_deleted_the_guide_stays_lost_though_wecom_lists_her() -> None:
    told = [fact(0, "add"), fact(100, "cust_del"), fact(9000, "read_there", created=0)]
    assert [(e.state, e.guide_side, e.customer_side) for e in merge(told)] == [("lost", True, False)]


def test_within_one_second_strangers_become_friends_before_they_part() -> None:
    for end in ("guide_del", "cust_del"):
        assert [e.ended_at for e in merge([fact(5, end), fact(5, "add")])] == [at(5)]


def test_within_one_second_friends_part_before_they_become_friends_again() -> None:
    told = [fact(0, "add"), fact(5, "add"), fact(5, "cust_del")]
    assert [e.state for e in merge(told)] == ["lost", "live"]


def test_a_half_add_becomes_full_when_the_guide_confirms() -> None:
    [epoch] = merge([fact(0, "half"), fact(30, "add")])
    assert (epoch.state, epoch.opened_at, epoch.added_at) == ("live", at(0), at(30))
    assert merge([fact(0, "half")])[0].state == "half"


def test_the_add_that_a_handover_brings_is_marked() -> None:
    lives = merge_member({1: [fact(0, "add"), fact(100, "transferred")], 2: [fact(101, "add")]})
    assert lives[1][0].state == "moved" and lives[2][0].by_transfer


lives = st.lists(
    st.builds(
        lambda guide, start, length: Life(guide, at(start), None if length > 90 else at(start + length)),
        st.integers(1, 4),
        st.integers(0, 100),
        st.integers(1, 100),
    ),
    max_size=8,
)


@given(lives)
def test_a_member_has_one_owner_at_a_time_and_one_while_any_relation_lives(told: list[Life]) -> None:
    owned = owners(told)
    for before, after in zip(owned, owned[1:], strict=False):
        assert before.until is not None and before.until <= after.from_at
    for moment in (at(n) for n in range(0, 210, 7)):
        alive = any(life.from_at <= moment and (life.until is None or moment < life.until) for life in told)
        holding = [o for o in owned if o.from_at <= moment and (o.until is None or moment < o.until)]
        assert len(holding) == alive


@given(lives, st.randoms(use_true_random=False))
def test_the_owner_does_not_depend_on_the_order_in_which_relations_are_told(
    told: list[Life], dice: random.Random
) -> None:
    shuffled = list(told)
    dice.shuffle(shuffled)
    assert owners(shuffled) == owners(told)
