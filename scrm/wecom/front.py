"""The callback address, in front of Django: one answer for WSGI, ASGI and Django's own view."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import structlog
from django.db import connection
from django.http import HttpRequest

from scrm import clock
from scrm.wecom import commit, door, inbox, receivers
from scrm.wecom.commit import NotWritable, Row

log = structlog.get_logger()

PREFIX = "/wecom/callback/"
_PATH = re.compile(r"/wecom/callback/([0-9A-Za-z_-]{1,50})/?")


class Answer(NamedTuple):
    """What goes back to WeCom."""

    status: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def all_headers(self) -> list[tuple[str, str]]:
        plain = [("Content-Type", "text/plain"), ("Content-Length", str(len(self.body)))]
        return [*plain, ("X-Content-Type-Options", "nosniff"), *self.headers]


STORED = Answer("200 OK", b"success")
UNAVAILABLE = Answer("503 Service Unavailable", b"try again", (("Retry-After", "2"),))
_PHRASES = {
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
}


def slug_of(path: str) -> str:
    """The receiver's address in a path; raises NoSuchReceiver."""
    found = _PATH.fullmatch(path)
    if not found:
        raise door.NoSuchReceiver("path")
    return found[1]


def understand(known: receivers.Known, method: str, query: bytes, body: bytes, at: datetime) -> Row | Answer:
    """A letter to be stored, or the answer to a verification; raises door.Fault."""
    if method == "POST":
        return inbox.row_of(known, known.door.open(query, body, at), at)
    return Answer("200 OK", known.door.verify(query, at))


def proves(known: receivers.Known, query: bytes, said: Answer) -> bool:
    """True if this answer shows that WeCom has our present keys. Its echoes are digits; our own checks' are not."""
    return said.body.isdigit() and known.door.by_present_key(query)


def check_method(method: str) -> None:
    if method not in ("GET", "POST"):
        raise door.WrongMethod(method)


def refuse(fault: door.Fault, path: str) -> Answer:
    """The answer to a fault; the log gets its reason, and nothing of the letter."""
    log.info(
        "wecom.letter.refused", path=path[:80], status=fault.status, fault=type(fault).__name__, why=str(fault)[:60]
    )
    allow = (("Allow", "GET, POST"),) if fault.status == 405 else ()
    return Answer(_PHRASES[fault.status], fault.body, allow)


def unavailable(error: BaseException, path: str) -> Answer:
    log.error("wecom.letter.not_stored", path=path[:80], error=type(error).__name__)
    return UNAVAILABLE


def answer(
    method: str,
    path: str,
    query: bytes,
    read: Callable[[], bytes],
    *,
    book: receivers.Book,
    put: Callable[[Row], None],
    at: datetime,
) -> Answer:
    """Opens, stores, answers; never raises. `read` gives the body, `put` returns when a row is durable."""
    try:
        slug = slug_of(path)
        check_method(method)
        known = book.find(slug)
        found = understand(known, method, query, read() if method == "POST" else b"", at)
        if isinstance(found, Answer):
            if proves(known, query, found):
                receivers.verified(known.id, at=at)
            return found
        put(found)
    except door.Fault as fault:
        return refuse(fault, path)
    except Exception as error:  # whatever it is, WeCom shall deliver again
        return unavailable(error, path)
    return STORED


# --- WSGI: scrm.wsgi asks here before it asks Django ---------------------------------------------------------------

group = commit.GroupCommit()
book = receivers.Book(lambda: group.read(receivers.ALL))


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application for the callback address alone."""
    said = answer(
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", "").encode("latin-1"),
        lambda: _read(environ),
        book=book,
        put=group.put,
        at=clock.now(),
    )
    start_response(said.status, said.all_headers())
    return [said.body]


def _read(environ: dict[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit() and int(length) > door.LARGEST_BODY:
        raise door.TooLarge("body")
    wanted = int(length) if length.isascii() and length.isdigit() else door.LARGEST_BODY + 1
    body: bytes = environ["wsgi.input"].read(wanted)
    return body


# --- Django's view: the test client and runserver -----------------------------------------------------------------


def put_through_django(row: Row) -> None:
    """Stores over Django's own connection, so that a test's transaction sees it."""
    with connection.cursor() as cursor:
        cursor.execute(commit.INSERT, commit.columns([row]))
        if not cursor.rowcount:
            cursor.execute(commit.REPEATS, commit.repeats([row]))
    commit.tell([row])


def read_within_limit(request: HttpRequest) -> bytes:
    """The body of a Django request; raises TooLarge."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > door.LARGEST_BODY:
        raise door.TooLarge("body")
    return request.body


def load_through_django() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(receivers.ALL)
        return cursor.fetchall()


@lru_cache(maxsize=32)
def raw_headers(said: Answer) -> list[tuple[bytes, bytes]]:
    """An answer's headers as ASGI wants them; nearly all answers are the same."""
    return [(name.lower().encode(), value.encode()) for name, value in said.all_headers()]


# --- ASGI: a process of its own for the door ----------------------------------------------------------------------


class AsgiDoor:
    """An ASGI application for the callback address alone."""

    def __init__(self) -> None:
        self.group = commit.AsyncGroupCommit()
        self.book = receivers.Book(list)
        self.looking = asyncio.Lock()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            said = await self.answer(scope, receive)
            await send({"type": "http.response.start", "status": int(said.status[:3]), "headers": raw_headers(said)})
            await send({"type": "http.response.body", "body": said.body})

    async def answer(self, scope: dict[str, Any], receive: Any) -> Answer:
        path = scope["path"]
        try:
            slug = slug_of(path)
            check_method(scope["method"])
            known = await self.find(slug)
            body = await read_all(receive)
            found = understand(known, scope["method"], scope["query_string"], body, clock.now())
            if isinstance(found, Answer):
                if proves(known, scope["query_string"], found):
                    await asyncio.to_thread(receivers.verified, known.id, at=clock.now())
                return found
            await self.group.put(found)
        except door.Fault as fault:
            return refuse(fault, path)
        except Exception as error:
            return unavailable(error, path)
        return STORED

    async def find(self, slug: str) -> receivers.Known:
        """As Book.find, which must not wait for the database in here."""
        if self.book.stale(slug):
            async with self.looking:  # a crowd of strangers looks once, over one connection
                if self.book.stale(slug):
                    await self._look()
        return self.book.known(slug)

    async def _look(self) -> None:
        try:
            self.book.write(await self.group.read(receivers.ALL))
        except Exception as error:
            self.book.keep(error)


async def read_all(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    """The body of a request; raises TooLarge before more than a letter's length is held."""
    parts, length, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotWritable("the caller hung up")
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        more = message.get("more_body", False)
        if length > door.LARGEST_BODY:
            raise door.TooLarge("body")
    return b"".join(parts)
