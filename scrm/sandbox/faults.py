"""Faults to switch on with POST /sandbox/faults and off with DELETE /sandbox/faults.

How often: `true` always, a whole number the next n times, a number with a point (0.25, 1.0) that probability.

Callbacks
  drop          how often      a letter is never sent
  duplicate     how often      a letter is sent a second time, as a letter of its own
  delay         how often      a letter comes late, by an exponential time of mean `delay_seconds` (40)
  reorder       how often      a letter waits up to `reorder_seconds` (3), so that others overtake it
  ack_lost      how often      the receiver's 200 is not heard, so the letter is sent again
  hold          true           letters wait until the faults are lifted, then come in one burst

API
  api           list of        {path, errcode, times, errmsg?, http_status?, lose_answer?, hang?}: `path` is the end of
                               the API's path or "*", `times` a "how often" (default 1); lose_answer: the call has its
                               effect, then the connection is cut; hang: seconds of silence, then it is cut (with an
                               errcode before the effect, without one after it)
  slow          seconds        each API call takes that long, or {path: seconds}
  read_lag      seconds        reads of customers show adds and deletes of guides that much later (by the world's clock)
  empty_lists   how often      a list API answers ok with nothing in it
  repeat_page   how often      a next_cursor of batch/get_by_user gives the same page once more
  skip_page     how often      a next_cursor of batch/get_by_user leaves a page out
  invalidate_tokens   true     once: all access tokens die now (40014)
  expire_cursors      true     once: all cursors die now (50100)
"""

import random
import threading
from typing import Any

Chance = bool | int | float


class Faults:
    """What goes wrong at the moment. Its dice are its own, so faults change no id of the world."""

    HOW_OFTEN = ("drop", "duplicate", "delay", "reorder", "ack_lost", "empty_lists", "repeat_page", "skip_page")
    AMOUNTS = ("delay_seconds", "reorder_seconds", "read_lag")
    ONCE = ("invalidate_tokens", "expire_cursors")

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed * 7919 + 1)
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._chances: dict[str, Chance] = {}
        self._amounts: dict[str, float] = {"delay_seconds": 40.0, "reorder_seconds": 3.0, "read_lag": 0.0}
        self.slow: float | dict[str, float] = 0.0
        self.api: list[dict[str, Any]] = []
        self.hold = False

    def set(self, **wanted: Any) -> None:
        """Switch faults on; those not named stay as they are. An unknown name is a ValueError."""
        for name, value in wanted.items():
            if name in self.HOW_OFTEN:
                self._chances[name] = value
            elif name in self.AMOUNTS:
                self._amounts[name] = float(value)
            elif name == "api":
                self.api += [{"times": 1, **each} for each in value]
            elif name in ("slow", "hold"):
                setattr(self, name, value)
            elif name not in self.ONCE:
                raise ValueError(f"there is no fault {name}")

    def strikes(self, name: str) -> bool:
        """Does the fault happen this time? Counts run down."""
        with self._lock:
            strikes, self._chances[name] = self._roll(self._chances.get(name, False))
        return strikes

    def amount(self, name: str) -> float:
        return self._amounts[name]

    def lateness(self) -> float:
        """Seconds by which delay and reorder hold a new letter back."""
        late = 0.0
        if self.strikes("delay"):
            late += self.dice.expovariate(1 / self.amount("delay_seconds"))
        if self.strikes("reorder"):
            late += self.dice.uniform(0.001, self.amount("reorder_seconds"))
        return late

    def of_api(self, path: str) -> dict[str, Any] | None:
        """The fault that meets this call, if one does."""
        for fault in self.api:
            if fault.get("path", "*") == "*" or path.endswith(fault["path"]):
                with self._lock:
                    strikes, fault["times"] = self._roll(fault["times"])
                if strikes:
                    return fault
        return None

    def slowness(self, path: str) -> float:
        if isinstance(self.slow, dict):
            return next((float(each) for end, each in self.slow.items() if path.endswith(end)), 0.0)
        return float(self.slow)

    def as_dict(self) -> dict[str, Any]:
        return {**self._chances, **self._amounts, "slow": self.slow, "hold": self.hold, "api": self.api}

    def _roll(self, chance: Chance) -> tuple[bool, Chance]:
        if isinstance(chance, bool):
            return chance, chance
        if isinstance(chance, int):
            return chance > 0, max(chance - 1, 0)
        return self.dice.random() < chance, chance
