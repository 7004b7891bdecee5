"""The door: strict formats, signature, decryption. Bytes in, a letter out; every fault has a status. No Django here.

WeCom's signature joins its four parts without a separator, so it alone does not say where one ends and the next begins:
timestamp and nonce must have exactly the form that WeCom gives them, and freshness is never read from them.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

from wechatpy.crypto.base import WeChatCipher

from scrm.wecom import envelope

LARGEST_BODY = 64 * 1024
LARGEST_QUERY = 4 * 1024

_PLAIN_QUERY = re.compile(rb"msg_signature=([0-9a-fA-F]{40})&timestamp=([0-9]{10})&nonce=([0-9A-Za-z]{1,32})")
_SIGNATURE = re.compile(rb"[0-9a-fA-F]{40}")
_TIMESTAMP = re.compile(rb"[0-9]{10}")
_NONCE = re.compile(rb"[0-9A-Za-z]{1,32}")
_START = re.compile(rb"\s*(?:<\?xml version=(?:\"1\.0\"|'1\.0')(?: encoding=[\"'][uU][tT][fF]-8[\"'])?\s*\?>\s*)?<xml>")
_CHILD = re.compile(rb"\s*<([A-Za-z][0-9A-Za-z]{0,31})(?:/>|>(?:\s*<!\[CDATA\[([^<>\]]*)\]\]>\s*|([^<>&\]]*))</\1>)")
_END = re.compile(rb"\s*</xml>\s*\Z")
_PLAIN_BODY = re.compile(  # as WeCom writes it, read at once; whatever else the rules allow is read child by child
    rb"<xml><ToUserName><!\[CDATA\[[0-9A-Za-z_-]*\]\]></ToUserName>"
    rb"(?:<AgentID><!\[CDATA\[[0-9]*\]\]></AgentID>)?<Encrypt><!\[CDATA\[([0-9A-Za-z+/=]+)\]\]></Encrypt></xml>"
)
_AES_KEY = re.compile(r"[0-9A-Za-z]{43}")
_TOKEN = re.compile(r"[0-9A-Za-z]{1,32}")


class Fault(Exception):
    """Why a request is refused: a status, a body that gives nothing away, and a reason for our log."""

    status = 400
    body = b"malformed"


class Malformed(Fault):
    """The request does not have the form that WeCom gives it."""


class NoSuchReceiver(Fault):
    """Nobody receives letters at this address."""

    status = 404
    body = b"not found"


class WrongMethod(Fault):
    """WeCom verifies with GET and delivers with POST, nothing else."""

    status = 405
    body = b"method not allowed"


class TooLarge(Fault):
    """No letter of WeCom's is that long."""

    status = 413
    body = b"too large"


class Forged(Fault):
    """No key of this receiver made the signature."""

    status = 403
    body = b"forbidden"


class Undecipherable(Fault):
    """Properly signed, but not sealed as WeCom seals: base64, length, padding or message length."""

    status = 403
    body = b"forbidden"


class ForSomebodyElse(Fault):
    """The letter names another corp than the one that this receiver belongs to."""

    status = 403
    body = b"forbidden"


class BadKey(ValueError):
    """A Token has 1 to 32 letters and digits, an EncodingAESKey exactly 43."""


@dataclass(frozen=True, slots=True)
class Key:
    """One Token with its AES key, good until an instant or for ever."""

    token: bytes
    cipher: WeChatCipher
    until: datetime | None = None

    @classmethod
    def of(cls, token: str, aes_key: str, until: datetime | None = None) -> "Key":
        """The key of a receiver's settings; raises BadKey."""
        if not _TOKEN.fullmatch(token) or not _AES_KEY.fullmatch(aes_key):
            raise BadKey("Token or EncodingAESKey has the wrong form")
        return cls(token.encode(), WeChatCipher(base64.b64decode(aes_key + "=")), until)

    def signed(self, signature: bytes, timestamp: bytes, nonce: bytes, sealed: bytes) -> bool:
        """True if this key made the signature."""
        parts = b"".join(sorted((self.token, timestamp, nonce, sealed)))
        made = hashlib.sha1(parts, usedforsecurity=False).hexdigest().encode()
        return hmac.compare_digest(made, signature.lower())


class Formal(NamedTuple):
    """What stands beside a letter, each in the form that WeCom gives it."""

    signature: bytes
    timestamp: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter out of its seal: the XML word for word, and what it says."""

    xml: bytes
    said: envelope.Envelope


@dataclass(frozen=True, slots=True)
class Door:
    """The lock of one receiver: its keys (the current one first) and the receiveid that its letters must name."""

    keys: tuple[Key, ...]
    receiveid: bytes

    def verify(self, query: bytes, at: datetime) -> bytes:
        """The exact bytes to answer when WeCom verifies the address (GET)."""
        *formal, echo = _values(query, ("msg_signature", "timestamp", "nonce", "echostr"))
        sealed = echo.replace(b" ", b"+")  # a proxy may have left a bare +
        said = self._decrypt(Formal(*_formal(formal)), sealed, at)
        if said.lstrip().startswith(b"<"):
            raise Malformed("a letter for an echo")  # whoever caught one on its way would have it read out
        return said

    def by_present_key(self, query: bytes) -> bool:
        """True if the present key, and not one before it, signed a verification that `verify` let pass."""
        *formal, echo = _values(query, ("msg_signature", "timestamp", "nonce", "echostr"))
        return self.keys[0].signed(*_formal(formal), echo.replace(b" ", b"+"))

    def open(self, query: bytes, body: bytes, at: datetime) -> Opened:
        """The letter of a POST, in order: size, formats, signature, seal, receiver, XML."""
        if len(body) > LARGEST_BODY:
            raise TooLarge("body")
        plain = _PLAIN_QUERY.fullmatch(query)
        formal = plain.groups() if plain else _formal(_values(query, ("msg_signature", "timestamp", "nonce")))
        xml = self._decrypt(Formal(*formal), sealed_part(body), at)
        try:
            return Opened(xml, envelope.read(xml))
        except envelope.Unreadable as why:
            raise Malformed(f"letter: {why}") from None

    def _decrypt(self, formal: Formal, sealed: bytes, at: datetime) -> bytes:
        good = [key for key in self.keys if key.until is None or at < key.until]
        makers = [key for key in good if key.signed(*formal, sealed)]
        if not makers:
            raise Forged("signature")
        for key in makers[:-1]:  # only when a rotation kept the Token and changed the AES key
            try:
                return unseal(key.cipher, sealed, self.receiveid)
            except Fault:
                continue
        return unseal(makers[-1].cipher, sealed, self.receiveid)


def _values(query: bytes, names: Sequence[str]) -> list[bytes]:
    """The named query values, each given exactly once; others may stand beside them."""
    if len(query) > LARGEST_QUERY:
        raise TooLarge("query")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=16, errors="strict")
    except ValueError:
        raise Malformed("query") from None
    found = [[value for name, value in pairs if name == wanted] for wanted in names]
    if any(len(values) != 1 for values in found):
        raise Malformed("query fields")
    return [values[0].encode() for values in found]


def _formal(values: Sequence[bytes]) -> tuple[bytes, bytes, bytes]:
    signature, timestamp, nonce = values
    fits = _SIGNATURE.fullmatch(signature) and _TIMESTAMP.fullmatch(timestamp) and _NONCE.fullmatch(nonce)
    if not fits:
        raise Malformed("query formats")
    return signature, timestamp, nonce


def sealed_part(body: bytes) -> bytes:
    """The text of the one Encrypt child. Scanned, not parsed: nothing has vouched for these bytes yet."""
    if plain := _PLAIN_BODY.fullmatch(body):
        return plain[1]
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("body is not UTF-8") from None
    start = _START.match(body)
    if not start:
        raise Malformed("body")
    position, children = start.end(), {}
    while child := _CHILD.match(body, position):
        name, quoted, bare = child.groups()
        if name in children:
            raise Malformed("a child of the root stands there twice")
        children[name] = quoted if quoted is not None else (bare or b"").strip()
        position = child.end()
    if not _END.match(body, position) or not children.get(b"Encrypt"):
        raise Malformed("body")
    return children[b"Encrypt"]


def unseal(cipher: WeChatCipher, sealed: bytes, receiveid: bytes) -> bytes:
    """The message in a sealed text: 16 random bytes, length, message, receiveid, padding to 32 — each checked."""
    try:
        ciphertext = binascii.a2b_base64(sealed, strict_mode=True)
    except (binascii.Error, ValueError):
        raise Undecipherable("base64") from None
    if not ciphertext or len(ciphertext) % 32:
        raise Undecipherable("length")
    plain = cipher.decrypt(ciphertext)
    pad = plain[-1]
    if not 1 <= pad <= 32 or plain[-pad:] != bytes([pad]) * pad:
        raise Undecipherable("padding")
    end = len(plain) - pad
    stop = 20 + int.from_bytes(plain[16:20], "big")
    if end < 20 or stop > end:
        raise Undecipherable("message length")
    if not hmac.compare_digest(plain[stop:end], receiveid):
        raise ForSomebodyElse("receiveid")
    return plain[20:stop]
