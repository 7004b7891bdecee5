"""The catalogue and the stock of stores."""

from typing import Any

import pytest

from members import products
from members.models import Product, Stock
from tests.cast import NOW, Cast, after

TEA = {"sku": "T01", "name": "明前龙井", "category": "绿茶", "price_fen": 19800}


def statuses(*rows: Any, at: Any = NOW) -> list[str]:
    return [verdict.status for verdict in products.take_in(rows, at=at, by=None)]


def counted(*rows: Any, at: Any = NOW, by: Any = None) -> list[str]:
    return [verdict.status for verdict in products.count_stock(rows, at=at, by=by)]


def test_a_catalogue_twice_is_no_change(db: None) -> None:
    cup = {"sku": "C02", "name": "茶杯"}
    assert statuses(TEA, cup) == ["created", "created"]
    assert statuses(TEA, cup, at=after(hours=1)) == ["unchanged", "unchanged"]
    assert statuses({**TEA, "price_fen": 18800}) == ["updated"]
    assert Product.objects.get(sku="T01").price_fen == 18800


def test_of_two_rows_about_one_thing_the_last_counts(db: None) -> None:
    assert statuses({**TEA, "name": "旧"}, TEA, TEA) == ["rejected", "unchanged", "created"]
    assert Product.objects.get().name == "明前龙井"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"sku": ""}, "sku"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"price_fen": -1}, "price_fen"),
        ({"price_fen": 1.5}, "price_fen"),
        ({"is_on_sale": "yes"}, "is_on_sale"),
        ({"category": 7}, "category"),
    ],
)
def test_a_bad_row_is_refused_by_its_field(db: None, said: dict, field: str) -> None:
    good, bad = products.take_in([{**TEA, "sku": "G"}, {**TEA, **said}], at=NOW, by=None)
    assert (good.status, bad.status) == ("created", "rejected") and bad.error.startswith(f"{field}: ")


def test_stock_is_what_was_counted_last(cast: Cast) -> None:
    statuses(TEA)
    assert counted({"sku": "T01", "store": "S001", "quantity": 5}) == ["created"]
    assert counted({"sku": "T01", "store": "S001", "quantity": 4}, at=after(hours=1)) == ["updated"]
    late = {"sku": "T01", "store": "S001", "quantity": 9, "at": NOW.isoformat()}
    assert counted(late, at=after(hours=2)) == ["unchanged"]
    assert Stock.objects.get().quantity == 4


def test_stock_of_strange_things_and_places_is_refused(cast: Cast) -> None:
    statuses(TEA)
    row = {"sku": "T01", "store": "S001", "quantity": 5}
    told = counted(row, {**row, "sku": "X"}, {**row, "store": "S999"}, {**row, "store": "S002", "quantity": -1})
    assert told == ["created", "rejected", "rejected", "rejected"]


def test_a_stranger_counts_nothing_and_hears_nothing(cast: Cast) -> None:
    statuses(TEA)
    rows = [{"sku": "T01", "store": code, "quantity": 1} for code in ("S003", "S999")]
    one, other = products.count_stock(rows, at=NOW, by=cast.ben)
    assert one.error.replace("S003", "S999") == other.error
