"""What is filled in on the builder, and the rule that it comes to."""

from typing import Any

import pytest
from django.http import QueryDict

from members.segments import rules
from members.segments.pages import drafts, questions, usual
from members.segments.pages.drafts import Draft
from members.segments.pages.questions import Questions

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Questions:
    return questions.present()


def filled(text: str) -> Draft:
    return drafts.read(QueryDict(text))


def test_two_groups_become_a_rule(asked: Questions) -> None:
    draft = filled(
        "join=any&g0-join=all&g0-c0-field=added&g0-c0-op=within&g0-c0-days=30"
        "&g0-c1-field=first_order&g0-c1-op=never&g1-join=none&g1-c0-field=gender&g1-c0-op=is_any"
        "&g1-c0-value=male&g1-c0-value=unknown"
    )
    assert drafts.to_rule(draft, asked) == {
        "any": [
            {"all": [{"field": "added", "op": "within", "days": 30}, {"field": "first_order", "op": "never"}]},
            {"none": [{"field": "gender", "op": "is_any", "value": ["male", "unknown"]}]},
        ]
    }


def test_yuan_become_fen(asked: Questions) -> None:
    draft = filled("g0-c0-field=spent&g0-c0-op=between&g0-c0-from=99.5&g0-c0-to=1,000&g0-c0-days=365")
    leaf = {"field": "spent", "op": "between", "value": [9950, 100000], "days": 365}
    assert drafts.to_rule(draft, asked) == {"all": [{"all": [leaf]}]}


def test_what_of_an_order_is_asked(asked: Questions) -> None:
    draft = filled("g0-c0-field=orders&g0-c0-op=at_least&g0-c0-value=2&g0-c0-where_category=鞋&g0-c0-where_category=帽")
    leaf = {"field": "orders", "op": "at_least", "value": 2, "where": {"category": ["鞋", "帽"]}}
    assert drafts.to_rule(draft, asked) == {"all": [{"all": [leaf]}]}


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("field=added&op=within", "days"),
        ("field=added&op=within&days=soon", "days"),
        ("field=added&op=within&days=0", "days"),
        ("field=spent&op=at_least&value=1.234", "value"),
        ("field=spent&op=at_least&value=-3", "value"),
        ("field=spent&op=at_least&value=1e99", "value"),
        ("field=gender&op=is_any", "value"),
        ("field=last_order&op=between&from=2026-02-30&to=2026-03-01", "from"),
        ("field=last_order&op=between&from=2026-03-02&to=2026-03-01", "to"),
        ("field=nonsense&op=is", "field"),
    ],
)
def test_what_is_wrong_is_said_at_its_input(asked: Questions, said: str, part: str) -> None:
    draft = filled("&".join(f"g0-c0-{one}" for one in said.split("&")))
    assert drafts.to_rule(draft, asked) is None
    assert list(draft.groups[0].lines[0].problems) == [part]


def test_lines_of_which_nothing_was_chosen_are_left_out(asked: Questions) -> None:
    assert drafts.to_rule(filled("g0-c0-field=&g1-join=any"), asked) is None
    draft = filled("g0-c0-field=&g0-c4-field=first_order&g0-c4-op=never")
    assert drafts.to_rule(draft, asked) == {"all": [{"all": [{"field": "first_order", "op": "never"}]}]}


def test_what_is_typed_survives_another_question() -> None:
    draft = filled("g0-c0-field=known&g0-c0-op=at_least&g0-c0-days=45&g0-c0-value_q=abc")
    assert draft.groups[0].lines[0].said == {"days": ["45"], "value_q": ["abc"]}


def test_names_that_nobody_made_are_no_part_of_a_draft() -> None:
    draft = filled("g-1-join=all&gx-c0-field=a&g0-c=3&g99999-c0-field=x&name=x&g0-c0-op=is")
    assert [len(group.lines) for group in draft.groups] == [1]


def test_every_usual_segment_can_be_made_and_is_a_rule(asked: Questions) -> None:
    for one in usual.offered(asked):
        draft = drafts.from_rule(one.rule, asked)
        assert draft is not None, one.slug
        assert drafts.to_rule(draft, asked) == one.rule
        assert rules.check(one.rule) == []


def test_all_usual_segments_but_the_birthday_are_offered_at_once(asked: Questions) -> None:
    assert {one.slug for one in usual.USUAL} - {one.slug for one in usual.offered(asked)} == {"birthday"}


RULES: list[Any] = [
    {"field": "first_order", "op": "never"},
    {"any": [{"field": "first_order", "op": "never"}, {"field": "registered", "op": "is", "value": True}]},
    {"none": [{"field": "first_order", "op": "never"}]},
    {"all": [{"field": "first_order", "op": "never"}, {"any": [{"field": "known", "op": "within", "days": 3}]}]},
    {"all": [{"all": [{"field": "spent", "op": "at_least", "value": 12345, "where": {"channel": ["store"]}}]}]},
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_of_two_levels_comes_back_as_it_means(asked: Questions, rule: Any) -> None:
    draft = drafts.from_rule(rule, asked)
    assert draft is not None
    again = drafts.to_rule(draft, asked)
    assert again is not None
    assert [*rules.leaves(again)] == [*rules.leaves(rule)]
    assert drafts.from_rule(again, asked) == draft


@pytest.mark.parametrize(
    "rule",
    [
        {"all": [{"all": [{"any": [{"field": "first_order", "op": "never"}]}]}]},
        {"none": [{"all": [{"field": "first_order", "op": "never"}]}]},
        {"all": [{"field": "gone", "op": "is"}]},
        {"all": [{"field": "added", "op": "within", "days": 3, "min_score": 4}]},
    ],
    ids=str,
)
def test_what_the_builder_cannot_say_has_no_draft(asked: Questions, rule: Any) -> None:
    assert drafts.from_rule(rule, asked) is None


def test_the_engine_s_complaint_stands_at_its_line(asked: Questions) -> None:
    draft = filled("g0-c0-field=&g0-c1-field=tag&g0-c1-op=has_any&g0-c1-value=t_gone")
    rule = drafts.to_rule(draft, asked)
    assert drafts.blame(draft, rules.check(rule)) == ""
    assert "value" in draft.groups[0].lines[1].problems
