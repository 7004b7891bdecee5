"""The demo's customers, walking through a sandbox without HTTP."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from scrm.demo.traffic import Refused, Town
from scrm.sandbox.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(seed=3)


@pytest.fixture
def town(sandbox: Sandbox) -> Town:
    def ask(path: str, **body: Any) -> Any:
        path, _, query = path.partition("?")
        method = "POST" if body else "GET"
        try:
            return sandbox.do(method, path, **body)
        except ValueError as wrong:
            raise Refused(str(wrong)) from wrong

    return Town(ask=ask, dice=random.Random(1))


def pairs(sandbox: Sandbox, *status: str) -> set[tuple[str, str]]:
    return {(each.external_userid, each.userid) for each in sandbox.corp.relations.values() if each.status in status}


def test_the_town_remembers_who_knows_whom_as_the_world_does(town: Town, sandbox: Sandbox) -> None:
    town.look_around()
    for _ in range(200):
        town.one_scan_and_what_follows()
    assert set(town.friends) == pairs(sandbox, "full")
    assert set(town.gone) == pairs(sandbox, "one-way", "none")


def test_everything_that_should_happen_happens(town: Town) -> None:
    town.look_around()
    for _ in range(300):
        town.one_scan_and_what_follows()
    assert set(town.happened) >= {"somebody_scans", "customer_leaves", "guide_deletes", "somebody_returns"}


def test_a_town_that_wakes_up_knows_its_people(town: Town, sandbox: Sandbox) -> None:
    town.look_around()
    for _ in range(20):
        town.one_scan_and_what_follows()
    again = Town(ask=town.ask, dice=random.Random(2))
    again.look_around()
    assert set(again.friends) == set(town.friends)


def test_a_refusal_is_counted_and_passed_over(town: Town, capsys: pytest.CaptureFixture) -> None:
    town.look_around()
    town.friends.append(("nobody", town.guides[0]))
    town.try_to("customer_leaves")
    assert town.happened == {"refused": 1}
    assert "nobody" in capsys.readouterr().out


def test_the_same_seed_likes_the_same_shops(town: Town) -> None:
    town.look_around()
    first: Callable[[], list[str]] = lambda: [Town.pick(Town(town.ask, random.Random(7)), town.guides)]  # noqa: E731
    assert first() == first()
