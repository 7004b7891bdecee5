"""The spans of days that a board can show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

SPANS = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "days_7": _("Last 7 days"),
    "days_30": _("Last 30 days"),
    "month": _("This month"),
}
USUAL = "days_7"
LONGEST = 400
EARLIEST = date(2016, 1, 1)  # WeCom is younger; an earlier day is a slip of the pen, or a fault of the source


class WrongPeriod(ValueError):
    """The days that were asked for are no span; the message says why, for the reader."""


@dataclass(frozen=True)
class Period:
    """A span of days, both ends included."""

    first: date
    last: date
    key: str = "custom"

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> "Period":
        """The span of the same length just before."""
        return Period(self.first - timedelta(days=self.length), self.first - timedelta(days=1))

    @property
    def query(self) -> str:
        """The query string that leads back to this span."""
        return f"period={self.key}" if self.key in SPANS else f"from={self.first}&to={self.last}"


def spans(today: date) -> dict[str, Period]:
    """The usual spans as they stand today."""
    back = partial(_back, today)
    return {
        "today": Period(today, today, "today"),
        "yesterday": Period(back(1), back(1), "yesterday"),
        "days_7": Period(back(6), today, "days_7"),
        "days_30": Period(back(29), today, "days_30"),
        "month": Period(today.replace(day=1), today, "month"),
    }


def _back(today: date, days: int) -> date:
    return today - timedelta(days=days)


def asked(query: Mapping[str, str], *, today: date) -> Period:
    """The span that a page's query names (`period=` or `from=`, `to=`); raises WrongPeriod."""
    if query.get("from") or query.get("to"):
        return _custom(query.get("from", ""), query.get("to", ""), today)
    key = query.get("period") or USUAL
    if key not in SPANS:
        raise WrongPeriod(gettext("There is no such period."))
    return spans(today)[key]


def _custom(first: str, last: str, today: date) -> Period:
    try:
        period = Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise WrongPeriod(gettext("Give both days, as in 2026-01-31."))
    if period.first > period.last:
        raise WrongPeriod(gettext("The first day is after the last one."))
    if period.last > today:
        raise WrongPeriod(gettext("The last day has not come yet."))
    if period.first < EARLIEST:
        raise WrongPeriod(gettext("There was no WeCom before %(day)s.") % {"day": EARLIEST})
    if period.length > LONGEST:
        raise WrongPeriod(gettext("At most %(days)d days at once.") % {"days": LONGEST})
    return period
