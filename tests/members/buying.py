"""How tests let somebody buy."""

from datetime import datetime
from itertools import count
from typing import Any

from members.models import Order, Source
from scrm.clock import day_of

NUMBERS = count(1)


def bought(member: Any, store: Any, *, at: datetime, fen: int = 10_000, told_at: datetime | None = None) -> Order:
    """An order of hers at a store, as a till told it."""
    source, _new = Source.objects.get_or_create(code="till", defaults={"name": "till", "created_at": at})
    return Order.objects.create(
        source=source, number=f"n{next(NUMBERS)}", member=member, store=store, channel="store", paid_at=at,
        paid_day=day_of(at), paid_fen=fen, created_at=told_at or at, changed_at=told_at or at,
    )  # fmt: skip
