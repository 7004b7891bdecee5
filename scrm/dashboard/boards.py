"""Reading days: what a board shows of a place, a guide or a code. Nothing here counts a ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum

from guides.models import Code, Guide
from scrm import clock
from scrm.dashboard.kpis import FLOWS, LEVELS, SALES, Sums, total
from scrm.dashboard.models import Fill, GuideDay, SalesDay
from scrm.dashboard.nodes import Node, home_of, homes_of, node_for, trail
from scrm.dashboard.periods import Period

__all__ = [
    "Day",
    "Growth",
    "Node",
    "as_of",
    "growth",
    "growth_of_code",
    "growth_of_guide",
    "home_of",
    "homes_of",
    "node_for",
    "trail",
]
TREND = 14  # a chart of fewer days shows nothing


@dataclass(frozen=True)
class Day:
    day: date
    sums: Sums


@dataclass(frozen=True)
class Growth:
    """The sums of a period, those of the period before (None if nothing is known of it), and the days of a chart."""

    totals: Sums
    before: Sums | None
    series: list[Day]

    @property
    def is_empty(self) -> bool:
        """Nothing ever happened here up to the end of the period."""
        totals = self.totals
        return not any((totals.live, totals.adds, totals.losses, totals.live_at_start, totals.orders, totals.gmv))


def as_of() -> datetime | None:
    """The instant up to which the facts know the ledgers; None before the first fill."""
    return Fill.objects.values_list("filled_at", flat=True).first()


def growth(node: Node, first: date, last: date) -> Growth:
    """A node's period in one query."""
    since = _since(Period(first, last))
    rows = node.days().filter(day__range=(since, last)).values("day", *FLOWS, *SALES, "live_at_start", *LEVELS)
    return _grown({row["day"]: Sums.of(row) for row in rows}, Period(first, last))


def growth_of_guide(guide: Guide, first: date, last: date, *, viewer: Any) -> Growth:
    """A guide's own period, over all the stores in which the viewer sees her."""
    period = Period(first, last)
    sold: dict[date, Any] = {}
    if guide.person_id:
        hers = SalesDay.objects.visible_to(viewer).filter(seller=guide.person_id)
        sold = _by_day(hers.filter(day__range=(_since(period), last)), SALES)
    return _growth_of(GuideDay.objects.visible_to(viewer).filter(guide=guide), period, sold)


def growth_of_code(code: Code, first: date, last: date, *, viewer: Any) -> Growth:
    """The period of a code: of the guides whom the viewer sees."""
    return _growth_of(GuideDay.objects.visible_to(viewer).filter(code=code), Period(first, last))


def _by_day(rows: QuerySet[Any], names: Iterable[str]) -> dict[date, Any]:
    return {row["day"]: row for row in rows.values("day").annotate(**{name: Sum(name) for name in names})}


def _growth_of(rows: QuerySet[GuideDay], period: Period, sold: dict[date, Any] | None = None) -> Growth:
    since = _since(period)
    change = F("adds") + F("moved_in") - F("losses") - F("drops") - F("moved_out")
    live = rows.filter(day__lt=since).aggregate(n=Sum(change))["n"] or 0
    flows = _by_day(rows.filter(day__range=(since, period.last)), FLOWS)
    for day, sums in (sold or {}).items():
        flows[day] = {**flows.get(day, {}), **sums}
    return _grown(dict(_walked(clock.days(since, period.last), flows, live)), period)


def _walked(days: Iterable[date], flows: dict[date, Any], live: int) -> Iterable[tuple[date, Sums]]:
    for day in days:
        after = live + Sums.of(flows.get(day, {})).change
        yield day, Sums.of({**flows.get(day, {}), "live_at_start": live, "live": after})
        live = after


def _since(period: Period) -> date:
    """The first day that a page about this period needs."""
    return min(period.previous.first, period.last - timedelta(days=TREND - 1))


def _grown(days: dict[date, Sums], period: Period) -> Growth:
    def within(p: Period) -> list[Sums]:
        return [sums for day, sums in sorted(days.items()) if p.first <= day <= p.last]

    drawn = min(period.first, period.last - timedelta(days=TREND - 1))
    before = within(period.previous)
    return Growth(
        totals=total(within(period)),
        before=total(before) if before else None,
        series=[Day(day, sums) for day, sums in sorted(days.items()) if drawn <= day <= period.last],
    )
