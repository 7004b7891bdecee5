"""What WeCom counted of a guide's day, said in a line; and a town whose time and WeCom's are driven together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from guides import drifts, officials, syncs
from guides.models import Drift, Guide, Sync
from guides.officials import Told
from scrm import clock
from scrm.clock import SHANGHAI, day_of
from tests.cast import NOW, Cast
from tests.walks.conftest import House
from tests.walks.conftest import house as house  # the fixture


class Book:
    """WeCom's numbers of NOW's day, and the report about them."""

    day = day_of(NOW)
    read_at = NOW + timedelta(days=1)  # noon of the next day

    def counts(self, guide: Guide, *, contacts: int = 0, deletions: int = 0, at: datetime | None = None) -> None:
        """WeCom counts so much; a message makes the row one that is not all zeros."""
        officials.remember([Told(guide.pk, self.day, 1, 1, None, None, deletions, 0, contacts)], at=at or self.read_at)

    def judge(self, *, at: datetime | None = None) -> list[tuple[str, str, int]]:
        """Who differs by what, of the drifts that stand open."""
        drifts.judge_recent(at or self.read_at)
        open_ones = Drift.objects.filter(state="open").order_by("guide__userid", "kind")
        return list(open_ones.values_list("guide__userid", "kind", "difference"))


@pytest.fixture
def book(cast: Cast) -> Book:
    return Book()


@dataclass
class Town:
    """A house in which days pass: letters come, statistics are read at noon, syncs run when they are told to."""

    house: House
    travel: Any

    @property
    def wx(self) -> Any:
        return self.house.wx

    @property
    def today(self) -> date:
        return day_of(clock.now())

    def go_to(self, hour: int, *, days: int = 0, minute: int = 0) -> None:
        """The clock stands at this hour of Shanghai, so many days later."""
        day = self.today + timedelta(days=days)
        wanted = datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)
        self.travel.shift(wanted - clock.now())

    def sync(self) -> Sync:
        """A sync to its end."""
        sync = syncs.begin(self.house.corp, cause="nightly", at=clock.now())
        for _ in range(200):
            while syncs.lane(clock.now(), threads=1):
                pass
            sync.refresh_from_db()
            self.travel.shift(timedelta(seconds=20))
            if sync.state != Sync.State.RUNNING:
                return sync
        raise AssertionError(f"still {sync.phase} {sync.step}")

    def read_statistics(self) -> None:
        """What the scheduler and the worker do from noon on, until all guides were asked."""
        officials.plan(clock.now())
        while officials.read_due(clock.now(), threads=1) or self._more_to_ask():
            self.travel.shift(timedelta(seconds=2))
        drifts.judge_recent(clock.now())

    def _more_to_ask(self) -> bool:
        soon = clock.now() + timedelta(minutes=1)
        return officials.OfficialReading.objects.filter(due_at__lte=soon).exists()


@pytest.fixture
def town(house: House) -> Iterator[Town]:
    with time_machine.travel(clock.now(), tick=False) as travel:
        here = Town(house, travel)
        here.go_to(10, days=1)
        yield here
