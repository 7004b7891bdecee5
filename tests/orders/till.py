"""A till of the cast's brand: rows as it writes them."""

from datetime import datetime, timedelta
from typing import Any

from members import orders, sources
from members.models import Source
from tests.cast import NOW

PHONE = "13800010001"
NOON = NOW - timedelta(hours=5)  # when refunds are given unless said otherwise


def till(code: str = "pos") -> Source:
    return sources.named(code, NOW)


def order(number: str = "A1", *, fen: int = 10000, at: datetime = NOW, **said: Any) -> dict[str, Any]:
    """An order of two lines at Nanjing Road, of somebody unknown unless said otherwise."""
    first = fen // 3
    lines = [
        {"sku": "T01", "name": "明前龙井", "category": "绿茶", "quantity": 1, "paid_fen": first},
        {"sku": "C02", "name": "茶杯", "category": "茶具", "quantity": 2, "paid_fen": fen - first},
    ]
    row = {"source": "pos", "number": number, "kind": "order", "store": "S001", "channel": "store"}
    return {**row, "paid_at": at.isoformat(), "paid_fen": fen, "lines": lines, **said}


def refund(number: str = "R1", *, of: str = "A1", fen: int = 4000, at: datetime = NOON, **said: Any) -> dict[str, Any]:
    row = {"source": "pos", "number": number, "kind": "refund", "refund_of": of}
    return {**row, "paid_at": at.isoformat(), "paid_fen": fen, **said}


def take(*rows: Any, at: datetime = NOW, by: Any = None, source: str = "pos") -> list[orders.Verdict]:
    return orders.take_in(till(source), rows, at=at, by=by)


def statuses(*rows: Any, **how: Any) -> list[str]:
    return [verdict.status for verdict in take(*rows, **how)]


def errors(*rows: Any, **how: Any) -> list[str]:
    return [verdict.error for verdict in take(*rows, **how)]
