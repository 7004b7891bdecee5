"""What comparisons mean as sets; conditions are put together from these."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from members.segments.conditions import Leaf, Unknown
from members.segments.families import number_of
from members.segments.trees import All, Asked, Either, Has, Not, Number, Tree


def asked(question: str, **params: Any) -> Asked:
    """A question with its parameters; what is asked alike is kept once."""
    said = {name: value for name, value in params.items() if value is not None}
    return Asked(question, json.dumps(said, sort_keys=True, ensure_ascii=False))


def chosen(op: str, sets: Sequence[Tree]) -> Tree:
    """has_any, has_all, has_none, is_any, is_none of some sets."""
    if op == "has_all":
        return All(tuple(sets))
    found = Either(tuple(sets)) if len(sets) != 1 else sets[0]
    return Not(found) if op in ("has_none", "is_none") else found


def keys(family: str, known: Mapping[str, int]) -> Callable[[Leaf, date], Tree]:
    """Choices whose keys never change."""

    def meaning(leaf: Leaf, day: date) -> Tree:
        unknown = [value for value in leaf["value"] if str(value) not in known]
        if unknown:
            raise Unknown(str(unknown[0]))
        return chosen(leaf["op"], [Has(family, known[str(value)]) for value in leaf["value"]])

    return meaning


def rows_named(family: str, model: Callable[[], Any]) -> Callable[[Leaf, date], Tree]:
    """Choices that are rows, by their public ids."""

    def meaning(leaf: Leaf, day: date) -> Tree:
        return chosen(leaf["op"], [Has(family, pk) for pk in ids_of(model(), leaf["value"])])

    return meaning


def ids_of(rows: Any, public_ids: Sequence[str]) -> list[int]:
    """The keys of rows by their public ids; raises Unknown."""
    found = dict(rows.filter(public_id__in=list(public_ids)).values_list("public_id", "pk"))
    for one in public_ids:
        if one not in found:
            raise Unknown(str(one))
    return [found[one] for one in public_ids]


def day_of_leaf(family: str, bits: int) -> Callable[[Leaf, date], Tree]:
    """within, not_within, between, never, of a day that is kept of each person."""

    def meaning(leaf: Leaf, day: date) -> Tree:
        if leaf["op"] == "never":
            return Not(Number(family, bits))
        if leaf["op"] == "between":
            first, last = (number_of(date.fromisoformat(one)) for one in leaf["value"])
            return Number(family, bits, max(first, 0), last)
        within = Number(family, bits, number_of(day - timedelta(days=days_of(leaf))) + 1)
        return Not(within) if leaf["op"] == "not_within" else within

    return meaning


def days_of(leaf: Leaf) -> int:
    """The number of days of a window, which stands in `days`, or as the value of `within`."""
    return int(leaf["days"] if leaf.get("days") is not None else leaf["value"])


def number(of: Callable[[int, int | None], Tree], leaf: Leaf) -> Tree:
    """at_least, at_most, between of a number that who has none has as 0; `of` gives those from 1 to a bound."""
    low, high = bounds(leaf)
    if low > 0:
        return of(low, high)
    if high is None:
        return All(())
    return Not(of(high + 1, None))


def bounds(leaf: Leaf) -> tuple[int, int | None]:
    value: Any = leaf["value"]
    if leaf["op"] == "between":
        return int(value[0]), int(value[1])
    return (int(value), None) if leaf["op"] == "at_least" else (0, int(value))
