"""What WeCom counted of a guide's day, said in a line."""

from datetime import datetime, timedelta

import pytest

from guides import drifts, officials
from guides.models import Drift, Guide
from guides.officials import Told
from scrm.clock import day_of
from tests.cast import NOW, Cast


class Book:
    """WeCom's numbers of NOW's day, and the report about them."""

    day = day_of(NOW)
    read_at = NOW + timedelta(days=1)  # noon of the next day

    def counts(self, guide: Guide, *, contacts: int = 0, deletions: int = 0, at: datetime | None = None) -> None:
        """WeCom counts so much; a message makes the row one that is not all zeros."""
        officials.remember(
            [Told(guide.pk, self.day, 1, 1, None, None, deletions, 0, contacts)], at=at or self.read_at
        )

    def judge(self, *, at: datetime | None = None) -> list[tuple[str, str, int]]:
        """Who differs by what, of the drifts that stand open."""
        drifts.judge_recent(at or self.read_at)
        open_ones = Drift.objects.filter(state="open").order_by("guide__userid", "kind")
        return list(open_ones.values_list("guide__userid", "kind", "difference"))


@pytest.fixture
def book(cast: Cast) -> Book:
    return Book()
