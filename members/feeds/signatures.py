"""How a source proves that a push is its own: HMAC-SHA256 over the time and the body, under its secret.

Youzan signs in its own way.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from members.models import Source

GOOD_FOR = timedelta(minutes=5)
YOUZAN = "youzan"
YOUZAN_HEARS = {"code": 0, "msg": "success"}  # any other answer, and it tells the same again


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


def of_youzan(client_id: str, entity: bytes, secret: str) -> str:
    """Youzan's signature of a message (developers.youzanyun.com/article/1577262013829), in hex.

    MD5 is Youzan's choice. Nothing in it tells the time: what is sent again changes nothing, see members.pushes.
    """
    said = client_id.encode("utf-8", "replace") + entity + secret.encode()
    return hashlib.md5(said, usedforsecurity=False).hexdigest()


def is_youzans(source: Source | None, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Youzan signed this message for a source that speaks its words, under the secret of its app.

    Newer messages sign the whole body in `Event-Sign`; older ones sign `msg` as it is encoded, in `sign` beside it.
    """
    if source is None or source.adapter != YOUZAN or not source.secret:
        return False
    if told := headers.get("Event-Sign", ""):
        return _is_youzans(headers.get("Client-Id", ""), body, source.secret, told)
    said = _message(body)
    client, msg, sign = (said.get(name) for name in ("client_id", "msg", "sign"))
    if not (isinstance(client, str) and isinstance(msg, str) and isinstance(sign, str)):
        return False
    return _is_youzans(client, msg.encode("utf-8", "replace"), source.secret, sign)


def _is_youzans(client_id: str, entity: bytes, secret: str, told: str) -> bool:
    expected = of_youzan(client_id, entity, secret)
    return hmac.compare_digest(expected.encode(), told.lower().encode("utf-8", "replace"))


def is_a_trial(body: bytes) -> bool:
    """Whether Youzan only tries if somebody answers, as it does now and then: there is nothing to keep."""
    return _message(body).get("test") is True


def _message(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
