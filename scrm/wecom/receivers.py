"""Who receives letters: addresses, their locks, and changing the keys."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, connection

from scrm.sealed import open_sealed
from scrm.wecom.door import Door, Key, NoSuchReceiver
from scrm.wecom.models import Receiver
from scrm.wecom.models.corps import OLD_KEYS_LAST_FOR

log = structlog.get_logger()

ALL = """
SELECT r.id, r.corp_id, c.corp_id, r.slug, r.token, r.aes_key, r.previous_token, r.previous_aes_key, r.rotated_at
FROM wecom_receiver r JOIN wecom_corp c ON c.id = r.corp_id
"""
FRESH_FOR = 5.0  # seconds in which a process may not have heard of changed keys
STRANGERS_EVERY = 0.25  # an address that nobody knows makes us look again, but not more often than this


@dataclass(frozen=True, slots=True)
class Known:
    """A receiver as the door needs it."""

    id: int
    corp_pk: int
    door: Door
    row: tuple[Any, ...]


def _sealed(value: bytes, column: str) -> str:
    return open_sealed(bytes(value), f"wecom_receiver.{column}").decode()


def _keys(token: bytes, aes_key: bytes, old_token: bytes | None, old_aes: bytes | None, rotated_at: Any) -> list[Key]:
    keys = [Key.of(_sealed(token, "token"), _sealed(aes_key, "aes_key"))]
    if old_token and old_aes and rotated_at:
        old = Key.of(_sealed(old_token, "previous_token"), _sealed(old_aes, "previous_aes_key"))
        keys.append(replace(old, until=rotated_at + OLD_KEYS_LAST_FOR))
    return keys


def known(row: Sequence[Any]) -> Known:
    """The receiver of a row of ALL."""
    pk, corp_pk, corp_id, _slug, *keys = row
    return Known(pk, corp_pk, Door(tuple(_keys(*keys)), corp_id.encode()), tuple(row))


class Book:
    """All receivers by address, read again every few seconds; the last page serves while the database is away."""

    def __init__(
        self,
        load: Callable[[], Sequence[Sequence[Any]]],
        fresh_for: float = FRESH_FOR,
        strangers_every: float = STRANGERS_EVERY,
    ) -> None:
        self.load, self.fresh_for, self.strangers_every = load, fresh_for, strangers_every
        self.by_slug: dict[str, Known] = {}
        self.read_at: float | None = None
        self.looking = threading.Lock()

    def find(self, slug: str) -> Known:
        """The receiver at an address; raises NoSuchReceiver, or what load raises while nothing was ever read."""
        if self.stale(slug):
            with self.looking:  # a crowd of strangers looks once
                if self.stale(slug):
                    self._look()
        return self.known(slug)

    def _look(self) -> None:
        try:
            self.write(self.load())
        except Exception as error:
            self.keep(error)

    def stale(self, slug: str) -> bool:
        """True when it is time to look again; an address that nobody knows makes us look sooner."""
        lasts = self.fresh_for if slug in self.by_slug else self.strangers_every
        return self.read_at is None or time.monotonic() - self.read_at >= lasts

    def known(self, slug: str) -> Known:
        """The receiver as last read; raises NoSuchReceiver."""
        try:
            return self.by_slug[slug]
        except KeyError:
            raise NoSuchReceiver(slug) from None

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Takes over the rows of ALL; a lock is made anew only when its row changed."""
        old = self.by_slug
        fresh = [tuple(row) for row in rows]
        self.by_slug = {row[3]: one if (one := old.get(row[3])) and one.row == row else known(row) for row in fresh}
        self.read_at = time.monotonic()

    def keep(self, error: Exception) -> None:
        """Goes on with what was read before; raises the error when nothing ever was."""
        if self.read_at is None:
            raise error
        self.read_at = time.monotonic()


def rotate(receiver: Receiver, *, token: str, aes_key: str, at: datetime) -> Receiver:
    """The receiver with new keys; the ones before open letters for another 24 hours."""
    if (receiver.token, receiver.aes_key) == (token, aes_key):
        return receiver
    Key.of(token, aes_key)
    receiver.previous_token, receiver.previous_aes_key = receiver.token, receiver.aes_key
    receiver.token, receiver.aes_key, receiver.rotated_at = token, aes_key, at
    receiver.verified_at = None
    receiver.save()
    return receiver


def verified(receiver_id: int, *, at: datetime) -> None:
    """WeCom has asked this address to prove itself with its present keys. Never raises: the answer goes out anyway."""
    try:
        Receiver.objects.filter(pk=receiver_id).update(verified_at=at)
    except DatabaseError as error:
        log.warning("wecom.receiver.not_noted", receiver=receiver_id, error=type(error).__name__)
    finally:
        if not connection.in_atomic_block:  # the door's threads are outside of Django's requests: nobody else closes it
            connection.close()
    log.info("wecom.receiver.verified", receiver=receiver_id)
