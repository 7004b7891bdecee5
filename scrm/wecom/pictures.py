"""Fetching a picture that WeCom drew for us."""

import requests
from django.conf import settings

from scrm import outbound

MOST = 2 * 1024 * 1024
FORMS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class NotAPicture(Exception):
    """What came is no PNG or JPEG, or is larger than 2 MiB, or nothing came."""


def fetch(url: str) -> bytes:
    """The bytes of a PNG or JPEG; follows no redirect; raises NotAPicture."""
    if settings.PRODUCTION and not url.startswith("https://"):
        raise NotAPicture("not https")  # WeCom's are; others may be machines of our own network
    try:
        with (
            outbound.session() as line,
            line.get(url, timeout=settings.WECOM_TIMEOUT, allow_redirects=False, stream=True) as answer,
        ):
            body = answer.raw.read(MOST + 1, decode_content=True) if answer.status_code == 200 else b""
    except (requests.RequestException, OSError):
        raise NotAPicture("no answer") from None
    if len(body) > MOST or not content_type(body):
        raise NotAPicture(f"{len(body)} bytes")
    return bytes(body)


def content_type(body: bytes) -> str:
    """image/png, image/jpeg, or nothing for other bytes."""
    return next((form for start, form in FORMS.items() if body.startswith(start)), "")
