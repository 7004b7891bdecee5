"""Time: an instant is aware and in UTC; a day is an Asia/Shanghai day, closed at its start and open at its end."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant. Only doors call it; everything below is told the time."""
    return datetime.now(UTC)


def ticking(at: datetime) -> Callable[[], datetime]:
    """The time as it goes on from an instant: for work that lasts, below the door that was told the time."""
    began = time.monotonic()
    return lambda: at + timedelta(seconds=time.monotonic() - began)


def day_of(instant: datetime) -> date:
    """The Shanghai day in which an instant falls."""
    return instant.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """The first instant of a Shanghai day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def day_span(day: date) -> tuple[datetime, datetime]:
    """The instants from which and before which a Shanghai day lasts."""
    return start_of(day), start_of(day + timedelta(days=1))


def days(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def from_unix(seconds: int) -> datetime:
    """The instant of WeCom's CreateTime and its like (Unix seconds)."""
    return datetime.fromtimestamp(seconds, UTC)
