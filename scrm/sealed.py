"""Values sealed at rest: AES-256-GCM, a key id in each value, bound to the column that they stand in.

Layout of a sealed value: one version byte, four bytes of key id, twelve of nonce, then ciphertext and tag.
The first of settings.FIELD_KEYS seals, all of them open, so a key is changed by putting a new one in front; then
`manage.py rotate_keys` seals all anew, and the older one moves to RETIRED_KEYS, which open nothing.
"""

import hashlib
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

VERSION = b"\x01"


class CannotOpen(Exception):
    """A sealed value was made with a key that we do not have, for another column, or was changed."""


@lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> dict[bytes, AESGCM]:
    ring = {}
    for text in keys:
        key = hashlib.sha256(b"zhanggui field key\0" + text.encode()).digest()
        ring[hashlib.sha256(key).digest()[:4]] = AESGCM(key)
    return ring


def seal(plain: bytes, aad: str) -> bytes:
    """The sealed form of some bytes; `aad` names the place that they belong to."""
    key_id, cipher = next(iter(_ring(tuple(settings.FIELD_KEYS)).items()))
    nonce = os.urandom(12)
    return VERSION + key_id + nonce + cipher.encrypt(nonce, plain, aad.encode())


def open_sealed(sealed: bytes, aad: str) -> bytes:
    """The bytes that were sealed for this place; raises CannotOpen."""
    sealed = bytes(sealed)
    cipher = _ring(tuple(settings.FIELD_KEYS)).get(sealed[1:5])
    if sealed[:1] != VERSION or cipher is None:
        raise CannotOpen("no key of ours sealed this value")
    try:
        return cipher.decrypt(sealed[5:17], sealed[17:], aad.encode())
    except InvalidTag:
        raise CannotOpen("the value was changed or moved") from None


def digest(text: str, purpose: str) -> bytes:
    """A keyed fingerprint of what nobody keeps in full, such as a recovery code: 32 bytes.

    It cannot be made anew, so it is made by the oldest key for ever, which may be a retired one.
    """
    return _digest(text, purpose, [*settings.FIELD_KEYS, *settings.RETIRED_KEYS][-1])


def digests(text: str, purpose: str) -> list[bytes]:
    """Fingerprints by which a sealed value is found again (blind index), by all our keys, the present one's first."""
    return [_digest(text, purpose, key) for key in settings.FIELD_KEYS]


def key_ids() -> list[bytes]:
    """Four bytes by which each of our keys is known, the present key's first."""
    return list(_ring(tuple(settings.FIELD_KEYS)))


def _digest(text: str, purpose: str, secret: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=_index_key(secret), person=purpose.encode()[:16], digest_size=32).digest()


@lru_cache(maxsize=8)
def _index_key(secret: str) -> bytes:
    return hashlib.sha256(b"zhanggui blind index\0" + secret.encode()).digest()


class SealedField(models.BinaryField):
    """Text that the database holds sealed; Python sees the plain text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    @property
    def aad(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_prep_value(self, value: Any) -> Any:
        return seal(value.encode(), self.aad) if isinstance(value, str) and value else (value or None)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        return super().get_db_prep_value(value, connection, prepared=True)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str:
        return open_sealed(value, self.aad).decode() if value else ""

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: Any) -> str:
        return ""  # never into a fixture

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return forms.CharField(required=not self.blank, label=self.verbose_name, help_text=self.help_text)
