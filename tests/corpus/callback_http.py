"""Area: method, path, query and size of a callback. Each case: name, method, path, query, body, status."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.corpus.callback_seal import Sender, added


class Case(NamedTuple):
    name: str
    method: str
    path: str
    query: str
    body: bytes
    status: int


def cases(sender: Sender, path: str) -> Iterator[Case]:
    query, body = sender.post(added())
    sealed = sender.seal(added())

    def post(name: str, status: int, query: str = query, body: bytes = body, path: str = path) -> Case:
        return Case(name, "POST", path, query, body, status)

    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"):
        yield Case(method, method, path, query, body, 405)
    yield post("unknown address", 404, path="/wecom/callback/nobody/")
    yield post("body of 64 KiB and one byte", 413, body=body + b" " * (64 * 1024 + 1 - len(body)))
    yield post("body of a megabyte", 413, body=b"x" * 1_000_000)
    yield post("query of five kilobytes", 413, query=query + "&x=" + "y" * 5000)
    yield post("no query", 400, query="")
    for name in ("msg_signature", "timestamp", "nonce"):
        yield post(f"no {name}", 400, query="&".join(p for p in query.split("&") if not p.startswith(name)))
        yield post(f"{name} twice", 400, query=f"{query}&{next(p for p in query.split('&') if p.startswith(name))}")
        yield post(f"{name} empty", 400, query=sender.query(sealed, **{name: ""}))
    for stamp in (
        "140965981",
        "14096598133",
        "1409659813 ",
        "-409659813",
        "1409659813.0",
        "１４０９６５９８１３",
        "0x14096598",
    ):
        yield post(f"timestamp {stamp!r}", 400, query=sender.but(timestamp=stamp).query(sealed))
    for nonce in ("n" * 33, "a b", "a/b", "a=b", "é", "n\x00", "n\n", "😀"):
        yield post(f"nonce {nonce!r}", 400, query=sender.but(nonce=nonce).query(sealed))
    good = sender.sign(sealed)
    for signature in (good[:-1], good + "0", "g" * 40, "签" * 40, "é" * 40, good[:-1] + " ", "0x" + good[2:]):
        yield post(f"signature {signature!r}", 400, query=sender.query(sealed, msg_signature=signature))
    flipped = good[:-1] + ("0" if good[-1] != "0" else "1")
    yield post("one digit of the signature changed", 403, query=sender.query(sealed, msg_signature=flipped))
    yield post("signature of nothing", 403, query=sender.query(sealed, msg_signature="0" * 40))
    yield post("signed with another token", 403, query=sender.but(token="other").query(sealed))
    yield post("another letter under this signature", 403, body=sender.envelope(sender.seal(added(userid="dong"))))
    yield post("ciphertext moved into the nonce", 400, *_moved(sender, 64))
    yield post("ciphertext moved into the nonce, short", 403, *_moved(sender, 16))
    yield post("percent signs that decode to nothing", 400, query=query.replace("nonce=", "nonce=%zz"))
    yield post("seventeen query fields", 400, query=query + "&a=1" * 17)


def _moved(sender: Sender, count: int) -> tuple[str, bytes]:
    """The signature joins its parts without separators; the sealed text's head is given out as the nonce's tail."""
    sealed = sender.seal(added())
    head, tail = sealed[:count].decode(), sealed[count:]
    query = sender.query(sealed, nonce=sender.nonce + "".join(c for c in head if c.isalnum()))
    return query, sender.envelope(tail)
