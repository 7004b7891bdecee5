"""Pages: every row once, in order, forwards and backwards, and cursors that tell nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from scrm.rest.paging import Pages
from tests.api.conftest import Caller
from tests.cast import Cast, after


@pytest.fixture
def many(cast: Cast) -> Cast:
    for n in range(7):
        cast.add(f"wmCustomer{n:022d}", "cai", at=after(minutes=n))
    return cast


def walk(api: Any, url: str | None, way: str = "next") -> Iterator[list[str]]:
    while url:
        page = api.get(url).json()
        yield [row["id"] for row in page["results"]]
        url = page[way]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pages_give_every_row_once(many: Cast, calling: Caller, size: int) -> None:
    api = calling(many.ada)
    whole = next(walk(api, "/api/v1/relations/"))
    pages = list(walk(api, f"/api/v1/relations/?page_size={size}"))
    assert [id for page in pages for id in page] == whole
    assert {len(page) for page in pages[:-1]} <= {size}


def test_the_way_back_is_the_way_there(many: Cast, calling: Caller) -> None:
    api = calling(many.ada)
    first = api.get("/api/v1/relations/?page_size=2").json()
    last = api.get(api.get(first["next"]).json()["next"])
    back = list(walk(api, last.json()["previous"], "previous"))
    assert [row["id"] for row in first["results"]] == back[-1]


def test_a_row_that_comes_meanwhile_moves_no_page(many: Cast, calling: Caller) -> None:
    api = calling(many.ada)
    first = api.get("/api/v1/relations/?page_size=3").json()
    whole = next(walk(api, "/api/v1/relations/"))
    many.add("wmLateLateLateLateLateLateLate00", "cai", at=after(days=1))
    assert [row["id"] for row in api.get(first["next"]).json()["results"]] == whole[3:6]


def test_the_filter_goes_on_with_the_pages(many: Cast, calling: Caller) -> None:
    api = calling(many.ada)
    pages = walk(api, "/api/v1/relations/?page_size=2&added_to=2026-03-02T04:03:00Z")
    assert sum(len(page) for page in pages) == 3


def test_a_cursor_belongs_to_its_list(many: Cast, calling: Caller) -> None:
    api = calling(many.ada)
    cursor = api.get("/api/v1/relations/?page_size=2").json()["next"].split("cursor=")[1].split("&")[0]
    assert api.get(f"/api/v1/members/?cursor={cursor}").status_code == 400
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert api.get(f"/api/v1/relations/?cursor={changed}").status_code == 400


def test_a_page_is_fifty_rows_unless_asked_and_a_thousand_at_most(many: Cast, calling: Caller) -> None:
    assert (Pages.page_size, Pages.max_page_size) == (50, 1000)
    assert calling(many.ada).get("/api/v1/relations/?page_size=1000").status_code == 200
