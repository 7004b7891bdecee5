"""Group commit: everybody's letter in one commit, one bad row alone, a dead connection replaced, never a long wait."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from scrm.wecom import commit
from scrm.wecom.commit import AsyncGroupCommit, GroupCommit, NotWritable, Row
from scrm.wecom.models import Letter
from tests.wecom.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def row(name: str, **changes: Any) -> Row:
    digest = name.encode().ljust(32, b".")
    made = Row(1, 1, digest, b"sealed", name, 7, "change_external_contact", "add_external_contact", NOW, NOW, "none")
    return made._replace(**changes)


BAD = row("bad", welcome="far too long for this column")


@pytest.fixture
def group() -> Iterator[GroupCommit]:
    made = GroupCommit()
    yield made
    made._hang_up()


def streams() -> set[str]:
    return set(Letter.objects.values_list("stream", flat=True))


def in_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_threads_share_commits_and_lose_nothing(group: GroupCommit) -> None:
    statements: list[int] = []
    store = group._store
    group._store = lambda rows, until: (statements.append(len(rows)), store(rows, until))[1]  # type: ignore[method-assign]
    in_threads(lambda n: group.put(row(f"wm{n % 80}")), 100)
    assert streams() == {f"wm{n}" for n in range(80)}
    assert sum(statements) == 100


class Counted(deque[Any]):
    """A queue that says when something was put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.queued = threading.Semaphore(0)

    def append(self, ticket: Any) -> None:
        super().append(ticket)
        self.queued.release()


def test_a_bad_row_fails_alone(group: GroupCommit) -> None:
    refused: list[int] = []

    def put(number: int) -> None:
        try:
            group.put(BAD if number == 3 else row(f"wm{number}"))
        except NotWritable:
            refused.append(number)

    group.queue = Counted()
    assert group._lead()  # so that all of them stand in one group
    starter = threading.Thread(target=in_threads, args=(put, 10))
    starter.start()
    for _ in range(10):
        assert group.queue.queued.acquire(timeout=10)
    group._step_down()
    starter.join()
    assert refused == [3]
    assert streams() == {f"wm{n}" for n in range(10) if n != 3}


def test_a_connection_that_the_server_closed_is_replaced(group: GroupCommit) -> None:
    group.put(row("wm1"))
    assert group.connection is not None
    end_session(group.connection.info.backend_pid)
    group.put(row("wm2"))
    assert streams() == {"wm1", "wm2"}


def end_session(pid: int) -> None:
    with psycopg.connect(**commit.address()) as owner:
        owner.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_a_database_that_is_away_is_not_writable(group: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "address", lambda: {"host": "127.0.0.1", "port": 9, "connect_timeout": 2})
    with pytest.raises(NotWritable):
        group.put(row("wm1"))


def test_a_database_that_fell_silent_is_given_up_in_time(group: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "PATIENCE", 0.3)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE wecom_letter IN SHARE MODE")
        started = time.monotonic()
        with pytest.raises(NotWritable):
            group.put(row("wm1"))
        assert time.monotonic() - started < 1.5
        cursor.execute("ROLLBACK")
    group.put(row("wm2"))
    assert "wm2" in streams()


def test_acknowledged_means_committed_synchronously(group: GroupCommit) -> None:
    group.put(row("wm1"))
    assert group.connection is not None
    assert group.connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    assert group.connection.autocommit


def test_the_event_loop_twin_stores_all_and_fails_the_bad_row_alone() -> None:
    async def story() -> list[BaseException | None]:
        group = AsyncGroupCommit()
        rows = [BAD if n == 7 else row(f"wm{n}") for n in range(60)]
        found = await asyncio.gather(*(group.put(one) for one in rows), return_exceptions=True)
        for held in group.idle:
            await held.close()
        return found

    found = asyncio.run(story())
    assert [type(one) for one in found if one] == [NotWritable]
    assert streams() == {f"wm{n}" for n in range(60) if n != 7}


def test_the_event_loop_twin_replaces_a_closed_connection() -> None:
    async def story() -> None:
        group = AsyncGroupCommit()
        await group.put(row("wm1"))
        end_session(group.idle[0].info.backend_pid)
        await group.put(row("wm2"))
        for held in group.idle:
            await held.close()

    asyncio.run(story())
    assert streams() == {"wm1", "wm2"}
