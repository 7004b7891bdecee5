"""How large segments were day by day, told backwards from their present size by who entered and left."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from members.models import Segment
from members.segments import days as summed
from scrm.clock import day_of, days

SPARK = 96, 26  # width and height


@dataclass(frozen=True)
class Day:
    """A day of a segment: how many entered and left, and its size at the day's end."""

    day: date
    entered: int
    left: int
    size: int


def of(segments: Collection[Segment], *, until: date, count: int = 30) -> dict[int, list[Day]]:
    """By segment the last so many days; beginning with the one before the segment was made."""
    first = until - timedelta(days=count - 1)
    moved = summed.moved(segments, first=first, last=until)
    return {one.pk: _days(one, days(max(first, _began(one, first)), until), moved) for one in segments}


def _began(segment: Segment, first: date) -> date:
    return max(first, day_of(segment.made_at) - timedelta(days=1))


def _days(segment: Segment, span: list[date], moved: dict[tuple[int, date], tuple[int, int]]) -> list[Day]:
    told, size = [], segment.size
    for day in reversed(span):
        entered, left = moved.get((segment.pk, day), (0, 0))
        told.append(Day(day, entered, left, size))
        size -= entered - left
    return told[::-1]


def spark(told: Collection[Day]) -> str:
    """The points of a little line; empty where there is nothing to draw."""
    sizes = [one.size for one in told]
    if len(sizes) < 2:
        return ""
    low, high = min(sizes), max(sizes)
    width, height = SPARK
    rise = (height - 4) / (high - low) if high > low else 0
    return " ".join(
        f"{n * width / (len(sizes) - 1):.1f},{height - 2 - (size - low) * rise if rise else height / 2:.1f}"
        for n, size in enumerate(sizes)
    )


def chart(told: Collection[Day]) -> dict[str, Any]:
    """What boards.js draws: who entered and left by day, and the size at the day's end."""
    return {
        "days": [str(one.day) for one in told],
        "from": 0,
        "adds": [one.entered for one in told],
        "ended": [-one.left for one in told],
        "net": [one.entered - one.left for one in told],
        "live": [one.size for one in told],
        "words": {"adds": _("Entered"), "ended": _("Left"), "net": _("Net"), "live": _("People")},
    }
