"""The brand as WeCom's departments tell it."""

from typing import Any

import pytest

from stores import departments
from stores.models import Store
from tests.cast import NOW, Cast


def said(*names: str) -> list[dict[str, Any]]:
    """A brand with one region, and these shops in it."""
    tree = [{"id": 1, "name": "梧桐里", "parentid": 0}, {"id": 2, "name": "华北", "parentid": 1}]
    return tree + [{"id": 100 + n, "name": name, "parentid": 2} for n, name in enumerate(names)]


@pytest.mark.parametrize(
    ("name", "city"), [("北京·国贸店", "北京"), ("国贸店", ""), ("梧桐里·国贸店", ""), ("国际贸易中心大厦·一店", "")]
)
def test_the_city_stands_in_front_of_a_shops_name(cast: Cast, name: str, city: str) -> None:
    departments.learn(cast.corp, said(name), at=NOW)
    assert Store.objects.get(name=name).city == city


def test_telling_it_twice_changes_nothing(cast: Cast) -> None:
    first = departments.learn(cast.corp, said("北京·国贸店"), at=NOW)
    before = list(Store.objects.order_by("pk").values())
    assert departments.learn(cast.corp, said("北京·国贸店"), at=NOW) == first
    assert list(Store.objects.order_by("pk").values()) == before
