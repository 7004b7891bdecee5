"""Usual segments to begin with: each is a rule that people then change to their liking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from members.segments.pages.questions import Questions
from members.segments.pages.sentences import leaves


@dataclass(frozen=True)
class Usual:
    """A segment that nearly every brand wants."""

    slug: str
    name: Any
    says: Any
    rule: Mapping[str, Any]


def _all(*parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"all": [{"all": list(parts)}]}


LIVE = {"field": "relation", "op": "is_any", "value": ["live"]}
NO_GUIDE = {"field": "relation", "op": "is_any", "value": ["lost", "none"]}
USUAL = (
    Usual(
        "no-first-order",
        _("New customers without a first order"),
        _("Added a guide in the last 30 days and have never bought."),
        _all({"field": "added", "op": "within", "days": 30}, {"field": "first_order", "op": "never"}),
    ),
    Usual(
        "no-second-order",
        _("30 days without buying again"),
        _("Bought in the last year, but not in the last 30 days."),
        _all(
            {"field": "last_order", "op": "within", "days": 365},
            {"field": "last_order", "op": "not_within", "days": 30},
        ),
    ),
    Usual(
        "asleep",
        _("Valuable and asleep"),
        _("Spent 1,000 yuan or more in two years, and nothing in the last 90 days."),
        _all(
            {"field": "spent", "op": "at_least", "value": 100_000, "days": 730},
            {"field": "last_order", "op": "not_within", "days": 90},
        ),
    ),
    Usual(
        "birthday",
        _("Birthday within 7 days"),
        _("Her birthday is one of the coming seven days."),
        _all({"field": "field:birthday", "op": "anniversary_within_next_days", "days": 7}),
    ),
    Usual(
        "not-registered",
        _("Has a guide, is no member yet"),
        _("Is friends with a guide, but has not registered as a member."),
        _all(LIVE, {"field": "registered", "op": "is", "value": False}),
    ),
    Usual(
        "no-guide",
        _("Members without a guide"),
        _("Registered as members, but friends with no guide."),
        _all({"field": "registered", "op": "is", "value": True}, NO_GUIDE),
    ),
    Usual(
        "at-risk",
        _("About to leave"),
        _("By her own rhythm she should have come back by now."),
        _all({"field": "stage", "op": "is_any", "value": ["at_risk"]}),
    ),
    Usual(
        "repeat",
        _("Loyal buyers"),
        _("Three orders or more in a year."),
        _all({"field": "orders", "op": "at_least", "value": 3, "days": 365}),
    ),
)


def offered(asked: Questions) -> list[Usual]:
    """Those whose every question can be asked here."""
    return [one for one in USUAL if all(_can(leaf, asked) for leaf in leaves(one.rule))]


def named(slug: str, asked: Questions) -> Usual | None:
    return next((one for one in offered(asked) if one.slug == slug), None)


def _can(leaf: Mapping[str, Any], asked: Questions) -> bool:
    question = asked.get(leaf["field"])
    return question is not None and question.known_op(leaf["op"]) is not None
