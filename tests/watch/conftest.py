"""Letters and calls as they would stand there at a given time."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from scrm.audit.models import Alarm
from scrm.watch import rounds
from scrm.wecom.models import Letter
from tests.cast import Cast

numbers = count(1)


@pytest.fixture
def letters(cast: Cast) -> Callable[..., list[Letter]]:
    """`letters(3, at=…, state="parked")` puts three letters there, as if they had come then."""

    def put(many: int, *, at: datetime, **more: Any) -> list[Letter]:
        said: dict[str, Any] = {"receiver": cast.receiver, "corp": cast.corp, "body": b"sealed", "stream": "s"}
        said |= {"shard": 1, "event": "e"}
        said |= {"due_at": at, "happened_at": at, "received_at": at, "state": "applied", **more}
        rows = [Letter(**said, digest=f"{next(numbers):032}".encode()) for _ in range(many)]
        return Letter.objects.bulk_create(rows)

    return put


@pytest.fixture
def open_alarms() -> Callable[[datetime], dict[str, int]]:
    """What stands open after one look at everything, with how often it was counted."""

    def looked(at: datetime) -> dict[str, int]:
        rounds.look(rounds.LOOKS, at)
        return dict(Alarm.objects.filter(cleared_at=None).values_list("kind", "count"))

    return looked
