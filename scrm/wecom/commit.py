"""Group commit: letters that arrive while one commit runs share the next; nobody is answered before his is durable.

It has a connection of its own: an answer waits for no pool and no transaction of a page, and never longer than
PATIENCE for a database that has fallen silent. A group that fails is tried again row by row.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog
from django.db import connections

log = structlog.get_logger()

PATIENCE = 3.5  # seconds; WeCom hangs up after 5
LARGEST_GROUP = 256
TELL_AFTER = 0.25  # seconds

INSERT = """
INSERT INTO wecom_letter (receiver_id, corp_id, digest, body, stream, shard, event, change_type, happened_at,
                          received_at, welcome, due_at, state, attempts, last_error)
SELECT l.*, l.received_at, 'waiting', 0, ''
FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::bytea[], %b::text[], %b::smallint[], %b::text[], %b::text[],
            %b::timestamptz[], %b::timestamptz[], %b::text[])
  AS l (receiver_id, corp_id, digest, body, stream, shard, event, change_type, happened_at, received_at, welcome)
ON CONFLICT (digest) DO NOTHING
"""

# Asked only after a group in which a letter was stored already: it must not make anybody wait, so it locks no row.
REPEATS = """
INSERT INTO wecom_repeat (letter_id, received_at)
SELECT l.id, d.at FROM unnest(%b::bytea[], %b::timestamptz[]) AS d (digest, at)
JOIN wecom_letter l ON l.digest = d.digest AND l.received_at <> d.at
"""


class NotWritable(Exception):
    """The letter is not stored, or nobody can say that it is: WeCom shall deliver it again."""


class Row(NamedTuple):
    """A letter on its way into the table."""

    receiver_id: int
    corp_id: int
    digest: bytes
    body: bytes
    stream: str
    shard: int
    event: str
    change_type: str
    happened_at: datetime
    received_at: datetime
    welcome: str


def columns(rows: Sequence[Row]) -> list[list[Any]]:
    """The parameters of INSERT."""
    return [list(column) for column in zip(*rows, strict=True)]


def repeats(rows: Sequence[Row]) -> list[list[Any]]:
    """The parameters of REPEATS."""
    return [[row.digest for row in rows], [row.received_at for row in rows]]


def address() -> dict[str, Any]:
    """How to reach Django's default database with a connection of our own that waits for nothing long."""
    said = connections["default"].settings_dict
    parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    ours = ("ssl", "target_", "passfile")
    kept = {key: value for key, value in said.get("OPTIONS", {}).items() if key.startswith(ours)}
    return {
        **{key: said[name] for key, name in parts.items() if said.get(name)},
        **kept,
        "application_name": "zhanggui door",
        "connect_timeout": 2,
        "options": "-c synchronous_commit=on -c statement_timeout=2500 -c lock_timeout=2000",
        "autocommit": True,
    }


class Punctual(psycopg.Connection[Any]):
    """A connection that stops waiting at `until`, even for a server that has fallen silent."""

    until = float("inf")

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's; raises OperationalError when the time is up."""
        return super().wait(gen, interval, min(max(0.0, self.until - time.monotonic()), timeout or PATIENCE))


class Ticket:
    """One letter in the queue, and what became of it."""

    __slots__ = ("error", "row", "settled")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.settled = False
        self.error: Exception | None = None

    def settle(self, error: Exception | None = None) -> None:
        self.error, self.settled = error, True


@dataclass(eq=False)
class GroupCommit:
    """For threads: one of them leads and stores what everybody has queued; whoever is stored leaves at once."""

    def __post_init__(self) -> None:
        self.queue: deque[Ticket] = deque()
        self.turn = threading.Condition()
        self.is_led = False
        self.connection: Punctual | None = None

    def put(self, row: Row) -> None:
        """Returns when the letter is durable; raises NotWritable."""
        until = time.monotonic() + PATIENCE
        ticket = Ticket(row)
        self.queue.append(ticket)
        if self._lead(ticket):
            try:
                while not ticket.settled:
                    self._flush(until)
            finally:
                self._step_down()
        if ticket.error:
            raise NotWritable(type(ticket.error).__name__) from ticket.error

    def read(self, query: str) -> list[Any]:
        """The rows of a query, over the same connection."""
        self._lead()
        try:
            return self._connected(time.monotonic() + PATIENCE).execute(query).fetchall()
        except psycopg.Error:
            self._hang_up()
            raise
        finally:
            self._step_down()

    def _lead(self, ticket: Ticket | None = None) -> bool:
        """Whether this thread leads now; it need not when another has settled its letter. Raises NotWritable."""
        with self.turn:
            self.turn.wait_for(lambda: not self.is_led or (ticket and ticket.settled), PATIENCE)
            if ticket and ticket.settled:
                return False
            if self.is_led:
                raise NotWritable("the queue stands still")
            self.is_led = True
            return True

    def _step_down(self) -> None:
        with self.turn:
            self.is_led = False
            self.turn.notify_all()

    def _flush(self, until: float) -> None:
        group = [self.queue.popleft() for _ in range(min(len(self.queue), LARGEST_GROUP))]
        try:
            self._store([ticket.row for ticket in group], until)
        except psycopg.OperationalError as error:  # gone or silent: no use in asking once for each row
            self._hang_up()
            self._again(group, until, error)
        except psycopg.Error:
            self._one_by_one(group, until)
        except Exception as error:
            self._hang_up()
            _settle(group, error)
        else:
            _settle(group)
            receipts.add(ticket.row for ticket in group)

    def _again(self, group: Sequence[Ticket], until: float, first: Exception) -> None:
        """Once more on a new connection: a restarted server closes the old one, and storing twice stores once."""
        try:
            self._store([ticket.row for ticket in group], until)
        except psycopg.Error as error:
            self._hang_up()
            _settle(group, error)
        else:
            _settle(group)
            receipts.add(ticket.row for ticket in group)

    def _one_by_one(self, group: Sequence[Ticket], until: float) -> None:
        for ticket in group:
            try:
                self._store([ticket.row], until)
                ticket.settle()
                receipts.add([ticket.row])
            except Exception as error:
                ticket.settle(error)

    def _store(self, rows: Sequence[Row], until: float) -> None:
        line = self._connected(until)
        if line.execute(INSERT, columns(rows)).rowcount < len(rows):
            with suppress(psycopg.Error):  # the letters are stored; that one of them came again is only good to know
                line.execute(REPEATS, repeats(rows))

    def _connected(self, until: float) -> Punctual:
        if self.connection is None or self.connection.closed:
            if time.monotonic() >= until:
                raise psycopg.OperationalError("no time left to connect")
            self.connection = Punctual.connect(**address())
        self.connection.until = until
        return self.connection

    def _hang_up(self) -> None:
        if self.connection is not None:
            with suppress(Exception):
                self.connection.pgconn.finish()
            self.connection = None


class Receipts:
    """Lines about stored letters, a few each second however many letters come: a line costs a fifth of a letter."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.lock = threading.Lock()

    def add(self, rows: Iterable[Row]) -> None:
        with self.lock:
            begins = not self.rows
            self.rows += rows
        if begins:
            timer = threading.Timer(TELL_AFTER, self.tell)
            timer.daemon = True
            timer.start()

    def tell(self) -> None:
        with self.lock:
            rows, self.rows = self.rows, []
        for start in range(0, len(rows), LARGEST_GROUP):
            tell(rows[start : start + LARGEST_GROUP])


receipts = Receipts()


def tell(rows: Sequence[Row]) -> None:
    """One line for a group of letters that are durable now; the beginnings of their digests find them in the trace."""
    corps = sorted({row.corp_id for row in rows})
    log.info(
        "wecom.letters.stored", corp=corps[0] if len(corps) == 1 else corps, letters=[digest_start(r) for r in rows]
    )


def digest_start(row: Row) -> str:
    return row.digest[:8].hex()


def _settle(group: Sequence[Ticket], error: Exception | None = None) -> None:
    for ticket in group:
        ticket.settle(error)


def _give_up(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError())


class AsyncGroupCommit:
    """For an event loop: futures that resolve after COMMIT; one group gathers while others are being written."""

    def __init__(self, side_by_side: int = 2) -> None:
        self.queue: deque[tuple[Row, asyncio.Future[None]]] = deque()
        self.idle: deque[Any] = deque()
        self.running = 0
        self.side_by_side = side_by_side
        self.tasks: set[asyncio.Task[None]] = set()

    async def put(self, row: Row) -> None:
        """Returns when the letter is durable; raises NotWritable."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append((row, future))
        if self.running < self.side_by_side:
            self.running += 1
            task = asyncio.ensure_future(self._run())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        timer = future.get_loop().call_later(PATIENCE, _give_up, future)  # half the cost of asyncio.wait_for
        try:
            await future
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise NotWritable(type(error).__name__) from error
        finally:
            timer.cancel()

    async def read(self, query: str) -> list[Any]:
        """The rows of a query."""
        async with asyncio.timeout(PATIENCE):
            connection = await self._connected()
            try:
                rows = await (await connection.execute(query)).fetchall()
            except BaseException:
                connection.pgconn.finish()
                raise
        self.idle.append(connection)
        return rows

    async def _run(self) -> None:
        try:
            while self.queue:
                group = [self.queue.popleft() for _ in range(min(len(self.queue), LARGEST_GROUP))]
                await self._flush(group)
        finally:
            self.running -= 1

    async def _flush(self, group: Sequence[tuple[Row, "asyncio.Future[None]"]]) -> None:
        error = await self._store([row for row, _ in group])
        if error and (len(group) > 1 or isinstance(error, psycopg.OperationalError)):
            lost = isinstance(error, psycopg.OperationalError | OSError)
            errors = [await self._store([row for row, _ in group])] * len(group) if lost else []
            errors = errors or [await self._store([row]) for row, _ in group]
        else:
            errors = [error] * len(group)
        for (_, future), one in zip(group, errors, strict=True):
            if not future.done():
                future.set_exception(one) if one else future.set_result(None)
        receipts.add(row for (row, _), one in zip(group, errors, strict=True) if one is None)

    async def _store(self, rows: Sequence[Row]) -> Exception | None:
        """What went wrong; a connection that is lost or silent is not used again."""
        connection = None
        try:
            async with asyncio.timeout(PATIENCE / 2):
                connection = await self._connected()
                if (await connection.execute(INSERT, columns(rows))).rowcount < len(rows):
                    with suppress(psycopg.Error):  # stored they are; that one of them came again is only good to know
                        await connection.execute(REPEATS, repeats(rows))
        except (psycopg.OperationalError, OSError) as error:
            if connection is not None:
                connection.pgconn.finish()
            return error
        except psycopg.Error as error:
            self.idle.append(connection)
            return error
        self.idle.append(connection)
        return None

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        while self.idle:
            if not (connection := self.idle.popleft()).closed:
                return connection
        return await psycopg.AsyncConnection.connect(**address())
