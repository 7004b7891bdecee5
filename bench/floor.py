"""The floor of ingest: what answering durably costs at least, with no framework and no shell around it.

A bare ASGI application: outer XML by one pattern, one reused AES cipher, SHA-1, ElementTree for the letter, SHA-256 of
it, group commit of the same columns into a table of the same shape, answer after COMMIT. It leaves out what the
product's door does besides: sealing the stored letter, strict formats, refusal of DTDs and doubled fields, checked
padding, rotated keys, several receivers, retries and time limits of the database.
"""

import asyncio
import base64
import hashlib
import os
import re
import zlib
from collections import deque
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import psycopg
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bench.letters import AES_KEY, CORP_ID, TOKEN

TABLE = "floor_letter"
OUTER = re.compile(rb"<Encrypt><!\[CDATA\[([^\]]+)\]\]></Encrypt>")
QUERY = re.compile(rb"msg_signature=([0-9a-f]{40})&timestamp=(\d{10})&nonce=(\w{1,32})")
KEY = base64.b64decode(AES_KEY + "=")
CIPHER = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16]))
SIGNED_WITH, RECEIVEID = TOKEN.encode(), CORP_ID.encode()
RECEIVER = CORP = 1
GROUP, SIDE_BY_SIDE = 256, 2
INSERT = f"""
INSERT INTO {TABLE} (receiver_id, corp_id, digest, body, stream, shard, event, change_type, happened_at,
                     received_at, welcome, due_at, state, attempts, last_error)
SELECT l.*, l.received_at, 'waiting', 0, ''
FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::bytea[], %b::text[], %b::smallint[], %b::text[], %b::text[],
            %b::timestamptz[], %b::timestamptz[], %b::text[])
  AS l (receiver_id, corp_id, digest, body, stream, shard, event, change_type, happened_at, received_at, welcome)
ON CONFLICT (digest) DO NOTHING
"""


def opened(query: bytes, body: bytes) -> tuple[Any, ...] | None:
    """The row of a letter; None for a wrong signature."""
    signature, timestamp, nonce = QUERY.fullmatch(query).groups()  # type: ignore[union-attr]
    sealed = OUTER.search(body)[1]  # type: ignore[index]
    if hashlib.sha1(b"".join(sorted((SIGNED_WITH, timestamp, nonce, sealed)))).hexdigest().encode() != signature:
        return None
    cipher = CIPHER.decryptor()
    plain = cipher.update(base64.b64decode(sealed)) + cipher.finalize()
    end = 20 + int.from_bytes(plain[16:20], "big")
    if plain[end : -plain[-1]] != RECEIVEID:
        return None
    return row_of(plain[20:end])


def row_of(xml: bytes) -> tuple[Any, ...]:
    said = {child.tag: child.text or "" for child in ElementTree.fromstring(xml)}
    stream = said["ExternalUserID"]
    now = datetime.now(UTC)
    happened_at = datetime.fromtimestamp(int(said["CreateTime"]), UTC)
    shard = zlib.crc32(f"{CORP}:{stream}".encode()) % 64
    digest = hashlib.sha256(b"%d\0" % RECEIVER + xml).digest()
    welcome = "waiting" if said.get("WelcomeCode") else "none"
    named = (stream, shard, said["Event"], said["ChangeType"])
    return (RECEIVER, CORP, digest, xml, *named, happened_at, now, welcome)


class Group:
    """Futures that resolve after COMMIT; while some rows are being written, the next gather."""

    def __init__(self) -> None:
        self.queue: deque[tuple[tuple[Any, ...], asyncio.Future[None]]] = deque()
        self.idle: deque[psycopg.AsyncConnection[Any]] = deque()
        self.running = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def put(self, row: tuple[Any, ...]) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append((row, future))
        if self.running < SIDE_BY_SIDE:
            self.running += 1
            task = asyncio.ensure_future(self.run())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await future

    async def run(self) -> None:
        address = os.environ["DATABASE_URL"]
        line = self.idle.popleft() if self.idle else await psycopg.AsyncConnection.connect(address, autocommit=True)
        try:
            while self.queue:
                group = [self.queue.popleft() for _ in range(min(len(self.queue), GROUP))]
                await line.execute(INSERT, [list(column) for column in zip(*(row for row, _ in group), strict=True)])
                for _, future in group:
                    future.set_result(None)
        finally:
            self.running -= 1
            self.idle.append(line)


group = Group()
OK = (200, b"success")
REFUSED = (403, b"forbidden")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    parts = b""
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if not message.get("more_body"):
            break
    row = opened(scope["query_string"], parts)
    if row:
        await group.put(row)
    status, said = OK if row else REFUSED
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
