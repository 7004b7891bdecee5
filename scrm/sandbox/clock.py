"""The world's clock: real time plus an offset, or a time that stands still until it is driven."""

import time
from collections.abc import Callable

CHINA = 8 * 3600
DAY = 86_400


class Clock:
    """Unix seconds of the world; it can be driven forward and frozen."""

    def __init__(self, *, frozen_at: float | None = None) -> None:
        self._offset = 0.0
        self._frozen_at = frozen_at
        self._watchers: list[Callable[[], None]] = []

    @property
    def frozen(self) -> bool:
        return self._frozen_at is not None

    def now(self) -> float:
        return time.time() + self._offset if self._frozen_at is None else self._frozen_at

    def seconds(self) -> int:
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Drive the clock and wake those who wait for a time; the world never goes back."""
        if seconds < 0:
            raise ValueError("the clock of the world does not go back")
        if self._frozen_at is None:
            self._offset += seconds
        else:
            self._frozen_at += seconds
        self.wake()

    def freeze(self) -> None:
        self._frozen_at = self.now()

    def thaw(self) -> None:
        self._offset, self._frozen_at = self.now() - time.time(), None
        self.wake()

    def watch(self, wake: Callable[[], None]) -> None:
        self._watchers.append(wake)

    def wake(self) -> None:
        for wake in self._watchers:
            wake()


def midnight(at: float) -> int:
    """The China-time midnight at or before an instant, in Unix seconds."""
    return int(at + CHINA) // DAY * DAY - CHINA
