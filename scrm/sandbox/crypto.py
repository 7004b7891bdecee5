"""WeCom's sealing of callbacks, from the side of WeCom (doc 90968)."""

import base64
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class BadSeal(Exception):
    """A text that this Token and EncodingAESKey did not seal; `code` is that of Tencent's sample library."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """msg_signature: the SHA-1 of the four values, sorted and joined."""
    words = "".join(sorted([token, timestamp, nonce, encrypted]))
    return hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()


def key_of(aes_key: str) -> bytes:
    """The 32 bytes behind an EncodingAESKey of 43 letters and digits."""
    if len(aes_key) != 43 or not (aes_key.isascii() and aes_key.isalnum()):
        raise BadSeal(-40004)
    return base64.b64decode(aes_key + "=")


def seal(aes_key: str, message: str, receive_id: str, random16: bytes) -> str:
    """The Encrypt value of a message; the same 16 random bytes give the same text."""
    key, text = key_of(aes_key), message.encode()
    plain = random16 + struct.pack(">I", len(text)) + text + receive_id.encode()
    pad = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def open_seal(aes_key: str, encrypted: str) -> tuple[str, str]:
    """(message, receiveid) of an Encrypt value."""
    plain = _decrypt(key_of(aes_key), encrypted)
    if not 1 <= plain[-1] <= BLOCK or len(plain) - plain[-1] < 20:
        raise BadSeal(-40008)
    plain = plain[: -plain[-1]]
    end = 20 + struct.unpack(">I", plain[16:20])[0]
    if end > len(plain):
        raise BadSeal(-40008)
    return plain[20:end].decode(), plain[end:].decode()


def _decrypt(key: bytes, encrypted: str) -> bytes:
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    except ValueError as error:
        raise BadSeal(-40007) from error
    if not plain:
        raise BadSeal(-40008)
    return plain
