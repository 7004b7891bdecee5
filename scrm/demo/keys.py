"""Keys of the demo, made once and kept in its folder, so that a second start opens what the first one sealed."""

import base64
import json
import os
import secrets
import string
from dataclasses import asdict, dataclass
from pathlib import Path

LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Keys:
    secret_key: str
    field_keys: str
    corp_id: str
    agent_id: str
    secret: str
    token: str
    aes_key: str
    slug: str


def keep(folder: Path) -> Keys:
    """The folder's keys; made and written for its owner's eyes only when there are none."""
    place = folder / "keys.json"
    if not place.exists():
        half = place.with_suffix(".new")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(_made()), file, indent=1)
        half.rename(place)
    return Keys(**json.loads(place.read_text()))


def _made() -> Keys:
    return Keys(
        secret_key=secrets.token_urlsafe(48),
        field_keys=secrets.token_urlsafe(32),
        corp_id="ww" + secrets.token_hex(8),
        agent_id="1000002",
        secret=_letters(43),
        token=_letters(24),
        aes_key=_aes_key(),
        slug="demo",
    )


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def _aes_key() -> str:
    """43 letters and digits that are Base64 of 32 bytes, as WeCom's console makes them."""
    while True:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        if key.isalnum():
            return key
