"""How a source proves that a push is its own: HMAC-SHA256 over the time and the body, under its secret."""

import hashlib
import hmac
from datetime import datetime, timedelta

from members.models import Source

GOOD_FOR = timedelta(minutes=5)


def of(secret: str, seconds: str, body: bytes) -> str:
    """The signature of a body sent at this Unix time, in hex."""
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_good(source: Source | None, seconds: str, signature: str, body: bytes, *, at: datetime) -> bool:
    """Whether the push is the source's own and was signed just now; one without a secret signs nothing."""
    secret = source.secret if source else None
    expected = of(secret or "nobody's", seconds, body)  # in the same time for a source that does not exist
    is_right = hmac.compare_digest(expected.encode(), signature.lower().removeprefix("sha256=").encode())
    return bool(secret) and is_right and _is_recent(seconds, at)


def _is_recent(seconds: str, at: datetime) -> bool:
    return (
        seconds.isascii()
        and seconds.isdigit()
        and len(seconds) == 10
        and abs(int(seconds) - at.timestamp()) <= GOOD_FOR.total_seconds()
    )
