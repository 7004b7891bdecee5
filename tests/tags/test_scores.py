"""Tags by rule: the score is what the evidence says, fades, and puts the tag on and takes it off."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import labels, persons, scores
from members.models import Event, Member, MemberTag, Order, OrderLine, ScoreDue, Source, TagRule
from members.tagchanges import CannotBe
from scrm.clock import SHANGHAI, day_of
from tests.cast import LAN, MEI, NOW, Cast

TODAY = day_of(NOW)
TEA = {"of": "order", "points": 30, "category": "茶"}
ANY = {"of": "order", "points": 20}
LIVE = {"of": "event", "kind": "live_enter", "points": 10}


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(code="pos", name="POS", kind="api", created_at=NOW)


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    return cast.member(MEI)


def rule(*clauses: dict[str, Any], half_life: int | None = 30, threshold: int = 30) -> TagRule:
    group = labels.group("偏好", by=None, at=NOW)
    made = scores.define(
        group, "爱喝茶", clauses=list(clauses or [TEA]), half_life=half_life, threshold=threshold, by=None, at=NOW
    )
    scores.settle_day(at=NOW)
    return TagRule.objects.get(pk=made.pk)


def order(
    source: Source, member: Member, *, days_ago: int = 0, fen: int = 5000, category: str = "茶", **more: Any
) -> Order:
    at = NOW - timedelta(days=days_ago)
    told = {"paid_at": at, "paid_day": day_of(at), "paid_fen": fen, "created_at": at, "changed_at": at, "content": b""}
    number = f"n{Order.objects.count()}"
    made = Order.objects.create(source=source, number=number, member=member, channel="store", **told, **more)
    OrderLine.objects.create(order=made, position=1, sku=f"sku-{category}", category=category, quantity=1, paid_fen=fen)
    return made


def event(source: Source, member: Member, *, days_ago: int = 0, kind: str = "live_enter") -> Event:
    at = NOW - timedelta(days=days_ago)
    number = f"e{Event.objects.count()}"
    return Event.objects.create(
        source=source, number=number, member=member, kind=kind, at=at, day=day_of(at), told_at=at
    )


def worn() -> dict[int, int]:
    return dict(MemberTag.objects.filter(source="rule").values_list("member", "score"))


def recomputed(rule: TagRule, member: Member, *, day: date = TODAY) -> int:
    told = scores.evidence(rule, persons.all_of(member.pk), day=day)
    return min(100, sum(one.thousandths for one in told) // 1000)


def worth(points: int, age: int, half_life: int | None) -> int:
    """What points are worth so many days later, in thousandths."""
    return round(points * 1000 * 0.5 ** (age / half_life)) if half_life else points * 1000


def test_an_order_puts_the_tag_on_within_the_minute(cast: Cast, source: Source, mei: Member) -> None:
    made = rule()
    order(source, mei)
    assert ScoreDue.objects.count() and scores.settle_changed(at=NOW) == 1
    assert worn() == {mei.pk: 30} and recomputed(made, mei) == 30
    assert scores.settle_changed(at=NOW) == 0 and not ScoreDue.objects.exists()


def test_nothing_is_noted_while_no_rule_wants_to_know(cast: Cast, source: Source, mei: Member) -> None:
    order(source, mei)
    assert not ScoreDue.objects.exists()


def test_a_score_fades_by_half_and_the_tag_goes_with_it(cast: Cast, source: Source, mei: Member) -> None:
    rule(threshold=15)
    order(source, mei)
    scores.settle_changed(at=NOW)
    until = MemberTag.objects.get().expires_at
    scores.settle_day(at=NOW + timedelta(days=30))
    assert worn() == {mei.pk: 15} and until is not None
    assert until.astimezone(SHANGHAI).date() == TODAY + timedelta(days=31)
    scores.settle_day(at=NOW + timedelta(days=31))
    assert worn() == {}


def test_a_score_never_passes_100_and_evidence_is_told_by_worth(cast: Cast, source: Source, mei: Member) -> None:
    made = rule(ANY, LIVE)
    for days_ago in range(8):
        order(source, mei, days_ago=days_ago)
    event(source, mei)
    scores.settle_changed(at=NOW)
    told = scores.evidence(made, [mei.pk], day=TODAY)
    assert worn() == {mei.pk: 100} and [e.thousandths for e in told] == sorted(e.thousandths for e in told)[::-1]
    assert {(e.clause, e.what) for e in told} == {(0, "order"), (1, "event")} and len(told) == 9


def test_what_is_refunded_whole_or_only_a_part_of_a_split_order_counts_nothing(
    cast: Cast, source: Source, mei: Member
) -> None:
    made = rule(ANY)
    whole = order(source, mei)
    order(source, mei, parent=whole)
    order(source, mei, refunded_fen=5000)
    assert recomputed(made, mei) == 20


def test_clauses_ask_for_channel_goods_money_and_days(cast: Cast, source: Source, mei: Member) -> None:
    made = rule({"of": "order", "points": 10, "sku": "sku-茶", "channel": "store", "at_least_fen": 5000, "days": 7})
    order(source, mei)
    order(source, mei, days_ago=6)
    for odd in ({"days_ago": 7}, {"fen": 4999}, {"category": "咖啡"}):
        order(source, mei, **odd)
    assert len(scores.evidence(made, [mei.pk], day=TODAY)) == 2


def test_merged_members_are_scored_as_one_and_apart_again(cast: Cast, source: Source, mei: Member) -> None:
    cast.add(LAN, "dong")
    lan = cast.member(LAN)
    rule(ANY, threshold=20)
    order(source, mei)
    order(source, lan)
    scores.settle_changed(at=NOW)
    assert worn() == {mei.pk: 20, lan.pk: 20}
    Member.objects.filter(pk=lan.pk).update(same_person_as=mei)
    scores.united([mei.pk], NOW)
    assert worn() == {mei.pk: 40}
    Member.objects.filter(pk=lan.pk).update(same_person_as=None)
    scores.united([mei.pk, lan.pk], NOW)
    assert worn() == {mei.pk: 20, lan.pk: 20}


def test_an_erased_member_bears_nothing(cast: Cast, source: Source, mei: Member) -> None:
    rule(ANY, threshold=20)
    order(source, mei)
    Member.objects.filter(pk=mei.pk).update(erased_at=NOW)
    scores.settle_changed(at=NOW)
    assert worn() == {}


def test_another_rule_scores_everybody_anew_and_one_switched_off_takes_the_tag_off(
    cast: Cast, source: Source, mei: Member
) -> None:
    made = rule(threshold=30)
    order(source, mei, days_ago=10)
    told: dict[str, Any] = {"clauses": [TEA], "half_life": 30, "by": cast.ada, "at": NOW}
    assert worn() == {} and scores.redefine(made, threshold=20, **told)
    assert scores.settle_day(at=NOW) == 1 and worn() == {mei.pk: 23}
    assert not scores.redefine(made, threshold=20, **told)
    assert scores.redefine(made, threshold=20, is_active=False, **told) and worn() == {}
    assert TagRule.objects.get().version == 3 and scores.settle_day(at=NOW) == 0


@pytest.mark.parametrize(
    "clauses",
    [[], "x", [{"of": "order"}], [{"of": "dream", "points": 1}], [{"of": "order", "points": 0}], [{**TEA, "odd": 1}],
     [{"of": "event", "points": 5}], [{"of": "order", "points": True}], [{**TEA, "days": -1}], [TEA] * 13],
)  # fmt: skip
def test_rules_that_say_nothing_are_refused(cast: Cast, clauses: Any) -> None:
    with pytest.raises(CannotBe):
        scores.checked(clauses)


happenings = st.lists(
    st.tuples(st.sampled_from(["茶", "咖啡", "live_enter", "page_view"]), st.integers(0, 400), st.integers(0, 1)),
    max_size=12,
)
clauses = st.lists(
    st.one_of(
        st.builds(lambda p, d: {**TEA, "points": p, "days": d}, st.integers(1, 100), st.integers(1, 500)),
        st.builds(lambda p: {**ANY, "points": p}, st.integers(1, 100)),
        st.builds(lambda p: {**LIVE, "points": p}, st.integers(1, 100)),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clauses, happenings, st.one_of(st.none(), st.integers(1, 200)), st.integers(1, 100), st.integers(0, 60))
def test_scores_made_bit_by_bit_all_at_once_and_by_hand_are_the_same(
    cast: Cast, source: Source, told: list[Any], happened: list[Any], half_life: int | None, threshold: int, later: int
) -> None:
    with transaction.atomic():
        made, people = _rule_of(told, half_life, threshold), _two(cast)
        for what, days_ago, who in happened:
            make = event if what in ("live_enter", "page_view") else order
            make(source, people[who], days_ago=days_ago, **({"kind": what} if make is event else {"category": what}))
            scores.settle_changed(at=NOW)
        step_by_step = worn()
        assert step_by_step == _by_hand(told, happened, half_life, threshold, people, at=NOW)
        TagRule.objects.update(scored_on=None)
        scores.settle_day(at=NOW)
        assert worn() == step_by_step == {pk: s for pk, s in _recomputed(made, people).items() if s >= threshold}
        scores.settle_day(at=NOW + timedelta(days=later))
        assert worn() == _by_hand(told, happened, half_life, threshold, people, at=NOW + timedelta(days=later))
        transaction.set_rollback(True)


def _rule_of(told: list[Any], half_life: int | None, threshold: int) -> TagRule:
    return rule(*told, half_life=half_life, threshold=threshold)


def _two(cast: Cast) -> list[Member]:
    cast.add(MEI, "cai")
    cast.add(LAN, "dong")
    return [cast.member(MEI), cast.member(LAN)]


def _recomputed(made: TagRule, people: list[Member]) -> dict[int, int]:
    return {one.pk: recomputed(made, one) for one in people}


def _by_hand(
    told: list[Any], happened: list[Any], half_life: int | None, threshold: int, people: list[Member], *, at: datetime
) -> dict[int, int]:
    """The naive sum."""
    sums = dict.fromkeys((one.pk for one in people), 0)
    more = (day_of(at) - TODAY).days
    for what, days_ago, who in happened:
        age = days_ago + more
        for clause in told:
            fits = clause.get("kind") == what if clause["of"] == "event" else (
                what in ("茶", "咖啡") and clause.get("category") in (None, what)
            )  # fmt: skip
            if fits and age < clause.get("days", 10**6):
                sums[people[who].pk] += worth(clause["points"], age, half_life)
    return {pk: min(100, s // 1000) for pk, s in sums.items() if min(100, s // 1000) >= threshold}


def test_scoring_asks_as_many_queries_for_many_as_for_one(
    cast: Cast, source: Source, mei: Member, django_assert_max_num_queries: Any
) -> None:
    rule(ANY, threshold=20)
    for _ in range(20):
        order(source, mei)
    with django_assert_max_num_queries(15):
        scores.settle_changed(at=NOW)
    assert connection.in_atomic_block
