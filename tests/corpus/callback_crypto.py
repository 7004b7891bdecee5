"""Area: base64, AES, padding, length and receiveid; everything here is properly signed and answered with 403."""

from collections.abc import Iterator

from tests.corpus.callback_http import Case
from tests.corpus.callback_seal import Sender, added

OTHER_KEY = "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt"


def cases(sender: Sender, path: str) -> Iterator[Case]:
    message = added()
    plain, sealed = sender.plain(message), sender.seal(message)
    room = -len(plain) % 32 or 32

    def case(name: str, sealed: bytes, status: int = 403) -> Case:
        return Case(name, "POST", path, sender.query(sealed), sender.envelope(sealed), status)

    yield case("not base64", b"!" * 64)
    yield case("base64 for URLs", sealed.replace(b"+", b"-").replace(b"/", b"_") + b"--__")
    yield case("base64 without its end", sealed[:-1])
    yield case("base64 with more behind it", sealed + b"AAAA")
    yield case("base64 broken by a blank", sealed[:40] + b" " + sealed[40:])
    yield case("padding sign in the middle", sealed[:40] + b"=" + sealed[41:])
    yield case("one block of 16", sender.encrypt(b"x" * 15, pad=b"\x01"))
    yield case("padded to 16, not to 32", sender.encrypt(sender.plain(b"1" * 30), pad=b"\x0c" * 12))
    yield case("half of the ciphertext", sealed[: len(sealed) // 8 * 4])
    yield case("sealed with another key", sender.but(aes_key=OTHER_KEY).seal(message))
    yield case("pad byte 0", sender.encrypt(plain, pad=bytes(room)))
    yield case("pad byte 33", sender.encrypt(plain, pad=bytes([33]) * room))
    yield case("pad byte 255", sender.encrypt(plain, pad=b"\xff" * room))
    yield case("pad bytes that differ", sender.encrypt(plain, pad=b"\x01" * (room - 1) + bytes([room])))
    yield case("nothing but padding", sender.encrypt(b"", pad=b"\x20" * 32))
    for length in (0, len(message) - 1, len(message) + 1, len(plain), 2**31, 2**32 - 1):
        yield case(f"message length {length}", sender.encrypt(sender.plain(message, length=length)))
    for receiveid in (
        "",
        "wx5823bf96d3bd56c8",
        sender.receiveid + "x",
        sender.receiveid[:-1],
        sender.receiveid.upper(),
    ):
        forged = sender.but(receiveid=receiveid)
        yield case(f"receiveid {receiveid!r}", forged.seal(message))
