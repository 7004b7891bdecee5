"""What a check of the installation found: how it stands, in words, and how to mend it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `facts` are numbers and ids for machines: no names, no secrets."""

    level: Level
    said: Any
    mend: Any = ""
    facts: dict[str, Any] = field(default_factory=dict)


def ok(said: Any, **facts: Any) -> Finding:
    return Finding(Level.OK, said, "", facts)


def warn(said: Any, mend: Any = "", **facts: Any) -> Finding:
    return Finding(Level.WARN, said, mend, facts)


def bad(said: Any, mend: Any = "", **facts: Any) -> Finding:
    return Finding(Level.BAD, said, mend, facts)


def worst(levels: list[Level]) -> Level:
    """The one that stands for all of them; OK for none."""
    return max(levels, key=list(Level).index, default=Level.OK)
