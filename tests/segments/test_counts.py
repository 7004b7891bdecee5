"""How many people a rule means, before anything is built."""

from typing import Any

import pytest

from members.segments import conditions, counts, folds, rules, sets
from tests.cast import LAN, MEI, NOW, Cast, after

LIVE = {"field": "relation", "op": "is_any", "value": ["live"]}


@pytest.fixture
def two(cast: Cast) -> Cast:
    cast.add(MEI, "cai")
    cast.add(LAN, "dong")
    return cast


@pytest.mark.django_db
def test_a_rule_is_counted_and_shown(two: Cast) -> None:
    assert counts.count(LIVE, viewer=two.ada, at=NOW) == 2
    here = {"field": "store", "op": "is_any", "value": [two.nanjing_road.public_id]}
    rule = {"all": [LIVE, {"none": [here]}]}
    assert counts.sample(rule, two.ada, NOW) == [two.member(LAN)]


@pytest.mark.django_db
def test_a_second_count_asks_only_how_far_the_sets_are(
    two: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    folds.fold(at=NOW)
    rule = {"all": [LIVE, {"field": "added", "op": "within", "days": 7}]}
    assert counts.count(rule, viewer=None, at=NOW) == 2
    monkeypatch.setattr(sets, "as_bytes", None)  # sets are read by it
    with django_assert_num_queries(1):
        assert counts.count(rule, viewer=None, at=NOW) == 2


@pytest.mark.django_db
def test_below_hq_only_the_stores_own_are_counted(two: Cast) -> None:
    seen = {who: counts.count(LIVE, viewer=getattr(two, who), at=NOW) for who in ("ada", "rita", "ben", "cai", "fang")}
    assert seen == {"ada": 2, "rita": 2, "ben": 1, "cai": 1, "fang": 0}
    assert counts.count(LIVE, viewer=two.eve, at=NOW) == 0


@pytest.mark.django_db
def test_every_condition_can_be_asked(two: Cast) -> None:
    for condition in conditions.all().values():
        for op in condition.ops:
            leaf = {"field": condition.key, "op": op.key, **said(condition, op)}
            assert not [one for one in rules.check(leaf) if one.path[-1] != "value"], leaf
            if not rules.check(leaf):
                assert counts.count(leaf, viewer=two.ada, at=after(days=1)) >= 0, leaf


def said(condition: conditions.Condition, op: conditions.Op) -> dict[str, object]:
    """Something to compare with."""
    choices = [value for value, _label in condition.choices(None)[:2]] or ["category:茶"]
    values = {
        "choices": {"value": choices},
        "days": {"days": 30},
        "number": {"value": 2},
        "range": {"value": [1, 5]},
        "dates": {"value": ["2026-01-01", "2026-12-31"]},
        "flag": {"value": True},
        "nothing": {},
    }[op.takes]
    where = {"kind": ["page_viewed"]} if condition.where_needed else {}
    return {**values, **({"where": where} if where else {})}
