"""Area: what comes back from WeCom, or from whatever stands between. Each case: name, bytes on the wire, outcome.

The outcome is the class that the client raises, or None where the answer is one. `pause` is how long the server waits
before each of the pieces; `hang` that it does not close the line afterwards.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GOOD = {"errcode": 0, "errmsg": "ok", "follow_user": ["cai", "dong"]}


@dataclass(frozen=True)
class Case:
    name: str
    pieces: tuple[bytes, ...]
    outcome: str | None
    pause: float = 0.0
    hang: bool = False


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """An answer on the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


def said(**changes: Any) -> bytes:
    """The good answer with something else in it."""
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


def cases() -> Iterator[Case]:
    yield from _documents()
    yield from _values()
    yield from _statuses()
    yield from _wires()


def _documents() -> Iterator[Case]:
    def bad(name: str, body: bytes, *headers: str) -> Case:
        return Case(name, (http(body, "200 OK", *headers),), "BadReply")

    good = said()
    yield bad("HTML with 200", b"<html><title>Please sign in</title></html>", "Content-Type: text/html")
    yield bad("nothing", b"")
    yield bad("blanks", b" \r\n ")
    yield bad("cut off", good[:-9])
    yield bad("cut off in a character", '{"errcode":0,"errmsg":"好'.encode()[:-1])
    yield bad("more behind the object", good + b"{}")
    yield bad("an array", b"[]")
    yield bad("null", b"null")
    yield bad("a text", b'"ok"')
    yield bad("a number", b"0")
    yield bad("JSONP", b"callback(" + good + b")")
    yield bad("single quotes", good.replace(b'"', b"'"))
    yield bad("a comment", b"/* ok */" + good)
    yield bad(
        "GBK", '{"errcode":0,"errmsg":"成功","follow_user":[]}'.encode("gbk"), "Content-Type: text/json; charset=gbk"
    )
    yield bad("broken UTF-8", good.replace(b"cai", b"\xc3\x28"))
    yield bad("nested ten thousand deep", b'{"errcode":0,"follow_user":' + b"[" * 10_000 + b"]" * 10_000 + b"}")
    yield bad("nested a million deep", b"[" * 1_000_000)
    yield bad("a number of ten thousand digits", b'{"errcode":0,"follow_user":[],"n":' + b"9" * 10_000 + b"}")
    yield Case("a byte order mark", (http(b"\xef\xbb\xbf" + good),), None)
    yield Case("UTF-16", (http(good.decode().encode("utf-16")),), None)
    yield Case("gzip", (http(gzip.compress(good), "200 OK", "Content-Encoding: gzip"),), None)
    yield Case("deflate", (http(zlib.compress(good), "200 OK", "Content-Encoding: deflate"),), None)


def _values() -> Iterator[Case]:
    for name, value in {
        "a text": "0", "a fraction": 0.0, "null": None, "true": True, "false": False, "a list": [0], "an object": {},
        "beyond 32 bits": 2**40,
    }.items():  # fmt: skip
        yield Case(f"errcode is {name}", (http(said(errcode=value)),), "BadReply")
    for name, value in {
        "null": None, "a text": "cai", "an object": {"0": "cai"}, "a number": 1, "a list of numbers": [1, 2],
        "a list of nulls": [None], "a list of lists": [["cai"]],
    }.items():  # fmt: skip
        yield Case(f"the list is {name}", (http(said(follow_user=value)),), "BadReply")
    yield Case("the list is missing", (http(b'{"errcode":0,"errmsg":"ok"}'),), "BadReply")
    yield Case("NaN", (http(said(total=float("nan"))),), "BadReply")
    yield Case("Infinity", (http(said(total=float("inf"))),), "BadReply")
    yield Case("a fraction where WeCom counts", (http(said(total=1.5)),), "BadReply")
    yield Case("an error with an empty list", (http(said(errcode=48002, follow_user=[])),), "NeedsFix")
    yield Case("an unknown code", (http(said(errcode=999_999)),), "GiveUp")
    yield Case("a negative unknown code", (http(said(errcode=-77)),), "GiveUp")
    yield Case("busy", (http(said(errcode=-1)),), "Retry")
    yield Case("an error without its text", (http(b'{"errcode":40058}'),), "NeedsFix")
    yield Case("an error whose text is an object", (http(said(errcode=40058, errmsg={"a": ["b"]})),), "NeedsFix")
    yield Case("the code twice, the last one counts", (http(b'{"errcode":0,"follow_user":[],"errcode":-1}'),), "Retry")
    yield Case("no code at all", (http(b'{"follow_user":["cai"]}'),), None)
    yield Case("fields that nobody knows", (http(said(brand_new={"deep": [1, {"x": None}]})),), None)
    yield Case("a NUL in a text", (http(said(follow_user=["c\0ai"])),), None)
    yield Case("half a character", (http(b'{"errcode":0,"follow_user":["c\\ud800ai"]}'),), None)


def _statuses() -> Iterator[Case]:
    for status in ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"):
        yield Case(status, (http(b"<html>nginx</html>", status),), "Retry")
    yield Case("429", (http(b"", "429 Too Many Requests", "Retry-After: 3600"),), "Retry")
    yield Case("403 of a proxy", (http(b"blocked", "403 Forbidden"),), "Retry")
    yield Case("500 with a good body", (http(said(), "500 Internal Server Error"),), "Retry")
    yield Case("404", (http(b"", "404 Not Found"),), "NeedsFix")
    for status in ("301 Moved Permanently", "302 Found", "307 Temporary Redirect"):
        yield Case(f"{status[:3]} elsewhere", (http(b"", status, "Location: http://127.0.0.1:9/stolen"),), "Retry")
    yield Case("302 to itself", (http(b"", "302 Found", "Location: /cgi-bin/gettoken"),), "Retry")
    yield Case("204", (http(b"", "204 No Content"),), "Retry")


def _wires() -> Iterator[Case]:
    good = said()
    bomb = gzip.compress(b" " * (200 * 1024 * 1024), 9)
    yield Case("closed before a byte", (), "TimedOut")
    yield Case("closed in the headers", (b"HTTP/1.1 200 OK\r\nContent-Le",), "BadReply")
    yield Case("closed in the body", (http(good, length=len(good) + 500),), "TimedOut")
    yield Case("not HTTP", (b"SSH-2.0-OpenSSH_9.6\r\n\r\n",), "TimedOut")
    yield Case("a length that is no number", (http(good).replace(b"Length: ", b"Length: x"),), None)
    yield Case("a length that is too small", (http(good, length=10),), "BadReply")
    yield Case(
        "chunks that are no chunks", (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",), "TimedOut"
    )
    yield Case("a header without end", (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,), "TimedOut")
    yield Case("ten thousand headers", (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",), "TimedOut")
    yield Case("gzip that is none", (http(good, "200 OK", "Content-Encoding: gzip"),), "BadReply")
    yield Case("gzip cut off", (http(gzip.compress(good)[:-12], "200 OK", "Content-Encoding: gzip"),), "BadReply")
    yield Case("a gzip bomb", (http(bomb, "200 OK", "Content-Encoding: gzip"),), "BadReply")
    yield Case("forty megabytes", (http(b'{"a":"' + b"x" * (40 * 1024 * 1024) + b'"}'),), "BadReply")
    yield Case("silence", (b"",), "TimedOut", hang=True)
    yield Case("silence after the headers", (http(b"", length=10),), "TimedOut", hang=True)
    yield Case("headers that drip", tuple(bytes([c]) for c in http(good)), "TimedOut", pause=0.05)
    drip = http(good)
    body = tuple(bytes([c]) for c in good)
    yield Case("a body that drips", (drip[: -len(good)], *body), "TimedOut", pause=0.05)
