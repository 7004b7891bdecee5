"""What boards.js draws: days, series and words, as plain data."""

from typing import Any

from django.utils.translation import gettext as _

from scrm.dashboard.boards import Growth
from scrm.dashboard.periods import Period


def trend(growth: Growth, period: Period) -> dict[str, Any]:
    """The days around a period; `from` is the place of its first day among them."""
    days = growth.series
    return {
        "days": [str(d.day) for d in days],
        "from": next((n for n, d in enumerate(days) if d.day >= period.first), 0),
        "adds": [d.sums.adds for d in days],
        "ended": [-(d.sums.losses + d.sums.drops) for d in days],
        "net": [d.sums.net_adds for d in days],
        "live": [d.sums.live for d in days],
        "words": {"adds": _("Adds"), "ended": _("Ended"), "net": _("Net adds"), "live": _("Live")},
    }
