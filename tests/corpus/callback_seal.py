"""WeCom's side of a callback: seals, signs and addresses letters, honestly or with one thing wrong."""

import base64
import hashlib
import struct
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from wechatpy.crypto.base import WeChatCipher

RANDOM = b"0123456789abcdef"


@dataclass(frozen=True)
class Sender:
    """Seals as WeCom does; each step can be told to do something else."""

    token: str = "QDG6eK"
    aes_key: str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
    receiveid: str = "wx5823bf96d3bd56c7"
    timestamp: str = "1409659813"
    nonce: str = "1372623149"

    def plain(self, message: bytes, *, length: int | None = None) -> bytes:
        said = len(message) if length is None else length
        return RANDOM + struct.pack(">I", said) + message + self.receiveid.encode()

    def encrypt(self, plain: bytes, *, pad: bytes | None = None) -> bytes:
        missing = 32 - len(plain) % 32
        cipher = WeChatCipher(base64.b64decode(self.aes_key + "="))
        return base64.b64encode(cipher.encrypt(plain + (bytes([missing]) * missing if pad is None else pad)))

    def seal(self, message: bytes) -> bytes:
        return self.encrypt(self.plain(message))

    def sign(self, sealed: bytes) -> str:
        parts = sorted([self.token.encode(), self.timestamp.encode(), self.nonce.encode(), sealed])
        return hashlib.sha1(b"".join(parts)).hexdigest()

    def query(self, sealed: bytes, **instead: Any) -> str:
        values = {"msg_signature": self.sign(sealed), "timestamp": self.timestamp, "nonce": self.nonce}
        return urlencode({**values, **instead})

    def envelope(self, sealed: bytes) -> bytes:
        agent = b"<AgentID><![CDATA[1000002]]></AgentID>"
        to = b"<ToUserName><![CDATA[" + self.receiveid.encode() + b"]]></ToUserName>"
        return b"<xml>" + to + agent + b"<Encrypt><![CDATA[" + sealed + b"]]></Encrypt></xml>"

    def post(self, message: bytes) -> tuple[str, bytes]:
        """Query and body of an honest delivery."""
        sealed = self.seal(message)
        return self.query(sealed), self.envelope(sealed)

    def but(self, **changes: str) -> "Sender":
        return replace(self, **changes)


def added(
    userid: str = "cai",
    external_userid: str = "wmMei",
    state: str = "",
    welcome_code: str = "",
    at: int = 1762000000,
    change: str = "add_external_contact",
    more: str = "",
) -> bytes:
    """A change_external_contact letter."""
    optional = "".join(
        f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in [("State", state), ("WelcomeCode", welcome_code)]
        if value
    )
    return (
        "<xml><ToUserName><![CDATA[ww]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[{change}]]></ChangeType>"
        f"<UserID><![CDATA[{userid}]]></UserID><ExternalUserID><![CDATA[{external_userid}]]></ExternalUserID>"
        f"{optional}{more}</xml>"
    ).encode()
