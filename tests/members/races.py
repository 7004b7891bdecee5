"""Several workers at once, each with a connection of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

PATIENCE = 20  # seconds; whoever waits longer has found a deadlock


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each act gave or raised; all begin at the same moment."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            gate.wait(PATIENCE)
            return act()
        except Exception as wrong:
            return wrong
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
