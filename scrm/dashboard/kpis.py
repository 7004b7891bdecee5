"""The numbers that boards show: what each is called, what it means, and how it is reckoned from sums."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Sums:
    """What adds up over days and places, with the live counts at both ends; ratios are reckoned from here."""

    adds: int = 0
    people_adds: int = 0
    losses: int = 0
    drops: int = 0
    moved_in: int = 0
    moved_out: int = 0
    kept_7: int = 0
    kept_of: int = 0
    orders: int = 0
    gmv: int = 0
    member_gmv: int = 0
    units: int = 0
    attached: int = 0
    live_at_start: int = 0
    live: int = 0
    buyers_365: int = 0
    repeaters_365: int = 0

    @classmethod
    def of(cls, row: Any) -> "Sums":
        """The sums in a row, be it a model, a mapping or something of the sort."""
        read = row.get if isinstance(row, Mapping) else lambda name: getattr(row, name, None)
        return cls(**{field.name: read(field.name) or 0 for field in fields(cls)})

    @property
    def net_adds(self) -> int:
        return self.adds - self.losses - self.drops

    @property
    def loss_rate(self) -> float | None:
        """None where there was nobody to lose."""
        return _ratio(self.losses, self.live_at_start + self.adds)

    @property
    def keep_7(self) -> float | None:
        """None where no add is seven days old."""
        return _ratio(self.kept_7, self.kept_of)

    @property
    def basket(self) -> float | None:
        """Fen an order; None where nothing was sold."""
        return _ratio(self.gmv, self.orders)

    @property
    def member_share(self) -> float | None:
        return _ratio(self.member_gmv, self.gmv)

    @property
    def add_rate(self) -> float | None:
        return _ratio(self.adds, self.orders)

    @property
    def repurchase(self) -> float | None:
        return _ratio(self.repeaters_365, self.buyers_365)

    @property
    def upt(self) -> float | None:
        return _ratio(self.units, self.orders)

    @property
    def attach(self) -> float | None:
        return _ratio(self.attached, self.orders)

    @property
    def change(self) -> int:
        """By how much live relations became more."""
        return self.adds + self.moved_in - self.losses - self.drops - self.moved_out


SALES = ("orders", "gmv", "member_gmv", "units", "attached")
LEVELS = ("live", "buyers_365", "repeaters_365")
FLOWS = tuple(field.name for field in fields(Sums) if field.name not in (*SALES, *LEVELS, "live_at_start"))


def total(days: Iterable[Sums]) -> Sums:
    """The sums of consecutive days, oldest first: flows and sales add up, levels are those of the ends."""
    told = list(days)
    if not told:
        return Sums()
    flows = {name: sum(getattr(day, name) for day in told) for name in (*FLOWS, *SALES)}
    levels = {name: getattr(told[-1], name) for name in LEVELS}
    return Sums(**flows, **levels, live_at_start=told[0].live_at_start)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


@dataclass(frozen=True)
class Kpi:
    """A number on a board. `wanted` is the direction that is good: 1 up, -1 down, 0 neither.

    `form` is how it reads: a count, `rate` (of a hundred), `fen` (money) or `ratio` (so many of one for each other).
    """

    key: str
    label: Any
    meaning: Any
    wanted: int = 1
    form: str = ""

    @property
    def is_rate(self) -> bool:
        return self.form == "rate"

    def of(self, sums: Sums) -> float | int | None:
        return getattr(sums, self.key)  # type: ignore[no-any-return]


GROWTH = (
    Kpi("adds", _("Adds"), _("Customers and guides who became friends, counted by pair. Handovers do not count.")),
    Kpi("people_adds", _("New people"), _("Adds of people whom no guide of the brand had before.")),
    Kpi("net_adds", _("Net adds"), _("Adds, less what customers and guides ended.")),
    Kpi("losses", _("Lost"), _("Relations that the customer ended."), wanted=-1),
    Kpi(
        "loss_rate",
        _("Loss rate"),
        _("Lost ÷ (live at the start of the period + adds)."),
        wanted=-1,
        form="rate",
    ),
    Kpi("live", _("Live"), _("Relations in which both sides still have each other at the end of the last day.")),
    Kpi(
        "keep_7",
        _("7-day keep"),
        _("Of the adds made seven days ago or longer, those that still held after seven days."),
        form="rate",
    ),
)
SOLD = (
    Kpi("gmv", _("Sales"), _("Paid by customers, less refunds on the day of the refund. A split order counts once."),
        form="fen"),
    Kpi("orders", _("Orders"), _("Paid orders.")),
    Kpi("basket", _("Basket"), _("Sales ÷ orders."), form="fen"),
    Kpi("member_share", _("Member share"), _("Sales to registered members ÷ sales."), form="rate"),
    Kpi("add_rate", _("Add rate"), _("Adds ÷ orders."), form="rate"),
    Kpi(
        "repurchase",
        _("Repurchase"),
        _(
            "Of the people who bought here within the 365 days up to the last one, those who did on two days or more. "
            "Above a store they are counted store by store."
        ),
        form="rate",
    ),
    Kpi("upt", _("Units an order"), _("Units ÷ orders."), form="ratio"),
    Kpi("attach", _("Attach rate"), _("Orders with goods of two categories or more ÷ orders."), form="rate"),
)  # fmt: skip
KPIS = (*GROWTH, *SOLD)
GROUPS = {"growth": (_("Customers"), GROWTH), "sales": (_("Sales"), SOLD)}
BY_KEY = {kpi.key: kpi for kpi in KPIS}


@dataclass(frozen=True)
class Tile:
    """A number of the period beside that of the period before."""

    kpi: Kpi
    value: float | int | None
    before: float | int | None

    @property
    def change(self) -> float | None:
        """By which part it changed; of a rate, by how many points; None where that cannot be said."""
        if self.value is None or self.before is None:
            return None
        if self.kpi.is_rate:
            return round(self.value - self.before, 3)
        return (self.value - self.before) / abs(self.before) if self.before else None

    @property
    def mood(self) -> str:
        """Whether the change is `good`, `bad` or neither."""
        turn = (self.change or 0) * self.kpi.wanted
        return "good" if turn > 0 else "bad" if turn < 0 else ""


def tiles(now: Sums, before: Sums | None, kpis: Iterable[Kpi] = GROWTH) -> list[Tile]:
    return [Tile(kpi, kpi.of(now), kpi.of(before) if before else None) for kpi in kpis]
