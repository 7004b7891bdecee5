"""How far a sync is, phase by phase, for people who wait for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from guides import syncs
from guides.models import Sync

TITLES: dict[str, Any] = {
    "roster": _("Departments and people"),
    "tags": _("Tags"),
    "customers": _("Customers and relations"),
    "groups": _("Customer groups"),
    "codes": _("Channel codes"),
}
CHECK_SECRET = _("Check the app's secret and the trusted IP addresses in WeCom's console.")
CHECK_APP = _("In WeCom's console, open Customer contact › API and name this app as one that may call it.")
CHECK_RANGE = _("In WeCom's console, widen the visible range of the app to the whole company.")
# errcode → what a person can do about it
REMEDIES: dict[int, Any] = {
    **dict.fromkeys((40001, 40013, 40014, 40091, 41002, 41004, 42001, 50003, 60020), CHECK_SECRET),
    **dict.fromkeys((48001, 48002, 48004, 48009, 60031, 84074), CHECK_APP),
    **dict.fromkeys((50002, 60011, 301002), CHECK_RANGE),
    **dict.fromkeys((45009, 45033), _("Too many calls for now: it goes on by itself.")),
    **dict.fromkeys((-1, 50100), _("WeCom did not answer properly several times; start the sync again later.")),
}
UNKNOWN = _("WeCom did not answer, or not as it should; start the sync again later.")


@dataclass(frozen=True)
class Line:
    """One phase. `state` is waiting, running, done, partial or refused."""

    name: str
    title: Any
    state: str
    done: int = 0
    all: int = 0
    rows: int = 0
    calls: int = 0
    new: int = 0
    ended: int = 0
    missing: int = 0
    shrunk: int = 0
    left_out: int = 0
    errcode: int | None = None
    lasted: timedelta = timedelta()

    @property
    def percent(self) -> int:
        return 100 if self.state == "done" else 100 * self.done // self.all if self.all else 0

    @property
    def rate(self) -> float:
        """Rows a second."""
        seconds = self.lasted.total_seconds()
        return self.rows / seconds if seconds >= 1 else float(self.rows)

    @property
    def remaining(self) -> timedelta | None:
        """How long the rest takes if it goes on as it went."""
        if self.state != "running" or not self.done:
            return None
        return timedelta(seconds=round(self.lasted.total_seconds() * (self.all - self.done) / self.done))

    @property
    def remedy(self) -> Any:
        """What to do where WeCom refused; empty where it did not."""
        if self.state in ("partial", "refused") or self.errcode is not None:
            return REMEDIES.get(self.errcode or 0, UNKNOWN)
        return ""


def lines(sync: Sync, *, at: datetime) -> list[Line]:
    """All phases in order."""
    names = [phase.name for phase in syncs.PHASES]
    return [_line(sync, name, at, is_ahead=names.index(name) > names.index(sync.phase)) for name in names]


def _line(sync: Sync, name: str, at: datetime, *, is_ahead: bool) -> Line:
    told = sync.counters.get(name)
    if told is not None:
        lasted = datetime.fromisoformat(told["ended_at"]) - datetime.fromisoformat(told["began_at"])
        return _of(name, told, told["state"], lasted, told["errcode"])
    if is_ahead or sync.state != Sync.State.RUNNING:
        return Line(name, TITLES.get(name, name), "waiting")
    lasted = max(at - sync.phase_began_at, timedelta())
    return _of(name, syncs.counted(sync, name), "running", lasted, syncs.last_refusal(sync))


def _of(name: str, told: dict[str, Any], state: str, lasted: timedelta, errcode: int | None) -> Line:
    return Line(
        name,
        TITLES.get(name, name),
        state,
        done=told.get("chunks_done", 0),
        all=told.get("chunks", 0),
        **{key: told.get(key) or 0 for key in ("rows", "calls", "new", "ended", "missing", "shrunk")},
        left_out=told.get("unlicensed", 0) + told.get("unreadable", 0),
        errcode=errcode,
        lasted=lasted,
    )


def sentence(line: Line) -> str:
    """The line for a terminal."""
    parts = [f"{line.name:10}{line.state:8}", f"{line.done:>5,}/{line.all:,} chunks", f"{line.rows:,} rows"]
    parts += [f"{line.calls:,} calls", f"{line.rate:,.0f} rows/s"]
    parts += [f"{line.remaining} left"] if line.remaining else []
    parts += [f"WeCom says {line.errcode}"] if line.errcode is not None else []
    return " · ".join(parts)
