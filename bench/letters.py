"""Letters as WeCom seals them: distinct, made before the clock runs."""

import base64
import hashlib
import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CORP_ID, AGENT_ID, TOKEN, SLUG = "wwbench00000000001", 1000002, "TokenOfTheBench0123456789", "bench"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
PATH = f"/wecom/callback/{SLUG}/"
BEGAN = int(datetime(2026, 3, 2, 2, 0, tzinfo=UTC).timestamp())

XML = (
    "<xml><ToUserName><![CDATA[{corp}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
    "<CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[{change}]]></ChangeType>"
    "<UserID><![CDATA[{guide}]]></UserID><ExternalUserID><![CDATA[{customer}]]></ExternalUserID>{more}</xml>"
)


@dataclass(frozen=True)
class Said:
    """What a letter of a guide and a customer says."""

    change: str
    guide: str
    customer: str
    at: int = BEGAN
    state: str = ""
    welcome_code: str = ""

    def xml(self) -> bytes:
        more = "".join(
            f"<{name}><![CDATA[{value}]]></{name}>"
            for name, value in (("State", self.state), ("WelcomeCode", self.welcome_code))
            if value
        )
        fields = {"at": self.at, "change": self.change, "guide": self.guide, "customer": self.customer}
        return XML.format(corp=CORP_ID, more=more, **fields).encode()


def customer(n: int) -> str:
    return f"wmBench{n:025d}"


def adds(count: int, *, first: int = 0) -> Iterator[Said]:
    """So many adds, no two alike, each with a state and a code for a welcome."""
    for n in range(first, first + count):
        state, welcome = f"zbench{n % 500:015d}", f"CALLBACKCODE{n:020d}"
        yield Said("add_external_contact", f"guide{n % 300:04d}", customer(n), BEGAN + n % 3600, state, welcome)


def request(xml: bytes) -> bytes:
    """The bytes of one POST, sealed and signed."""
    plain = os.urandom(16) + len(xml).to_bytes(4, "big") + xml + CORP_ID.encode()
    missing = 32 - len(plain) % 32
    key = base64.b64decode(AES_KEY + "=")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = base64.b64encode(cipher.update(plain + bytes([missing]) * missing) + cipher.finalize())
    timestamp, nonce = str(BEGAN).encode(), str(random.randrange(10**9)).encode()
    signature = hashlib.sha1(b"".join(sorted((TOKEN.encode(), timestamp, nonce, sealed)))).hexdigest().encode()
    body = b"<xml><ToUserName><![CDATA[%b]]></ToUserName><AgentID><![CDATA[%d]]></AgentID>" % (
        CORP_ID.encode(),
        AGENT_ID,
    )
    body += b"<Encrypt><![CDATA[" + sealed + b"]]></Encrypt></xml>"
    head = b"POST %b?msg_signature=%b&timestamp=%b&nonce=%b HTTP/1.1\r\n" % (PATH.encode(), signature, timestamp, nonce)
    rest = b"Host: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + rest + body


def write(said: Iterable[Said], place: Path) -> None:
    """Requests for `bench.load`, each behind its length."""
    with place.open("wb") as file:
        for one in said:
            whole = request(one.xml())
            file.write(len(whole).to_bytes(4, "big") + whole)


def read(place: Path) -> list[bytes]:
    """The requests of a file."""
    data, found, position = place.read_bytes(), [], 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        found.append(data[position + 4 : position + 4 + length])
        position += 4 + length
    return found
