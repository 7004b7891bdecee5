"""The weeks before the demo: customers of every past day, none of tomorrow, and a clock that is right again."""

import random
import time
from types import SimpleNamespace
from typing import Any

import pytest

from scrm.demo import history
from scrm.demo.traffic import Town
from scrm.sandbox.sandbox import Sandbox

DAYS = 3
NOON = 1_795_320_000.0  # 2026-11-22 12:00 in Shanghai


def ask_of(sandbox: Sandbox) -> Any:
    def ask(path: str, **body: Any) -> Any:
        return {} if path == "settle" else sandbox.do("POST" if body else "GET", path.partition("?")[0], **body)

    return ask


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox(seed=3, frozen_at=history.beginning(time.time(), days=DAYS))
    town = Town(ask=ask_of(sandbox), dice=random.Random(1))
    town.look_around()
    history.live_through(town, days=DAYS, stores=12)
    return sandbox


def day_of(instant: float) -> int:
    return int(instant + history.CHINA) // history.DAY


def test_shops_open_at_ten_in_the_morning() -> None:
    began_at = time.gmtime(history.beginning(NOON, days=28) + history.CHINA)
    assert (began_at.tm_mon, began_at.tm_mday, began_at.tm_hour, began_at.tm_min) == (10, 25, 10, 0)


def test_each_past_day_has_customers_and_today_has_none_yet(sandbox: Sandbox) -> None:
    today = day_of(time.time())
    days = {day_of(relation.createtime) for relation in sandbox.corp.relations.values()}
    assert days == {today - back for back in range(1, DAYS + 1)}


def test_afterwards_the_worlds_clock_is_ours(sandbox: Sandbox) -> None:
    assert sandbox.world.clock.now() == pytest.approx(time.time(), abs=5)
    assert not sandbox.world.clock.frozen


def test_a_demo_that_begins_at_night_is_not_ahead_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    night = NOON - 11 * history.HOUR
    monkeypatch.setattr(history, "time", SimpleNamespace(time=lambda: night, gmtime=time.gmtime))
    world = Sandbox(seed=3, frozen_at=history.beginning(night, days=1))
    history.live_through(Town(ask=ask_of(world), dice=random.Random(1)), days=1, stores=1)
    assert world.world.clock.now() == pytest.approx(night, abs=5)


def test_a_bigger_brand_has_more_customers(sandbox: Sandbox) -> None:
    bigger = Sandbox(seed=3, stores=36, frozen_at=history.beginning(time.time(), days=1))
    town = Town(ask=ask_of(bigger), dice=random.Random(1))
    town.look_around()
    history.live_through(town, days=1, stores=36)
    assert len(bigger.corp.relations) > len(sandbox.corp.relations) / DAYS
