"""What was measured: printed as a table, kept as JSON."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LATEST = Path(__file__).parent / "latest.json"


@dataclass(frozen=True)
class Target:
    """What the ratio (or, where there is none, the value) must reach."""

    limit: float
    at_least: bool = True
    of_value: bool = False

    def met_by(self, figure: "Figure") -> bool | None:
        found = figure.value if self.of_value else figure.ratio
        if found is None:
            return None
        return found >= self.limit if self.at_least else found <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """One figure beside its floor; `n` is how many rounds, requests or reads it was taken from."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    n: int = 0
    target: Target | None = None

    def as_row(self) -> dict[str, Any]:
        row = {key: value for key, value in asdict(self).items() if key != "target"}
        return {key: _short(value) if isinstance(value, float) else value for key, value in row.items()}


def at_least(limit: float) -> Target:
    return Target(limit)


def at_most(limit: float) -> Target:
    return Target(limit, at_least=False)


def value_at_most(limit: float) -> Target:
    return Target(limit, at_least=False, of_value=True)


def beside(
    name: str, unit: str, ours: Sequence[float], floor: Sequence[float], *, target: Target | None = None
) -> Figure:
    """The medians of some rounds, and the median of the rounds' own ratios: neighbours in time share the noise."""
    ratio = statistics.median(a / b for a, b in zip(ours, floor, strict=True))
    return Figure(name, statistics.median(ours), unit, statistics.median(floor), ratio, len(ours), target)


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def keep(figures: Sequence[Figure]) -> None:
    """Writes `bench/latest.json`."""
    LATEST.write_text(json.dumps([figure.as_row() for figure in figures], indent=1, ensure_ascii=False) + "\n")


def table(figures: Sequence[Figure]) -> str:
    """The figures for people."""
    lines = [f"{'':44}{'value':>11} {'unit':9}{'floor':>11}{'ratio':>8}{'n':>7}  target"]
    for f in figures:
        floor = "" if f.floor is None else _said(f.floor)
        ratio = "" if f.ratio is None else f"{f.ratio:.2f}"
        met = {None: "", True: "met", False: "MISSED"}[f.target.met_by(f) if f.target else None]
        wanted = f"{f.target} {met}" if f.target else ""
        lines.append(f"{f.name:44}{_said(f.value):>11} {f.unit:9}{floor:>11}{ratio:>8}{f.n:>7}  {wanted}".rstrip())
    return "\n".join(lines)


def _said(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")
