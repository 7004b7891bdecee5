"""What a look can see."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sight:
    """Something out of order; not `wrong`: too little to sound an alarm, too much to end one."""

    subject: str
    wrong: bool = True
    detail: dict[str, Any] = field(default_factory=dict)


def measured(subject: str, value: float, *, limit: float, until: float, **detail: Any) -> list[Sight]:
    """Wrong from `limit` on, over when it is back under `until`."""
    if value < until:
        return []
    return [Sight(subject, value >= limit, {**detail, "value": round(value, 1), "limit": limit})]
