"""Asking our own callback address from outside, as WeCom asks it when an administrator saves it."""

import base64
import hashlib
import secrets
import struct
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import requests

from scrm import outbound
from scrm.wecom.door import Key
from scrm.wecom.models import Receiver

TIMEOUT = (3.05, 5)
WECOM_WAITS = 1.0  # seconds that WeCom leaves a receiver
FOREWORD = "zhanggui-"  # WeCom's own echoes are digits: by this our own question counts as no verification


class Question(NamedTuple):
    """A verification's query string, and the one right answer."""

    query: str
    answer: str


class Heard(NamedTuple):
    """What came back: the status (None: nothing did), whether it was right, and after how many seconds."""

    status: int | None
    right: bool
    seconds: float
    error: str = ""


def question(receiver: Receiver, *, at: datetime) -> Question:
    """A verification with the receiver's present keys."""
    answer = FOREWORD + secrets.token_hex(8)
    key = Key.of(str(receiver.token), str(receiver.aes_key))
    message = answer.encode()
    plain = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + receiver.corp.corp_id.encode()
    short = 32 - len(plain) % 32
    sealed = base64.b64encode(key.cipher.encrypt(plain + bytes([short]) * short))
    stamp, nonce = str(int(at.timestamp())), secrets.token_hex(5)
    parts = b"".join(sorted((key.token, stamp.encode(), nonce.encode(), sealed)))
    signed = hashlib.sha1(parts, usedforsecurity=False).hexdigest()
    said = {"msg_signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": sealed.decode()}
    return Question(urlencode(said), answer)


def ask(receiver: Receiver, base_url: str, *, at: datetime) -> Heard:
    """What our public address answers to a verification, through DNS, TLS and whatever proxy stands there."""
    asked = question(receiver, at=at)
    return fetch(f"{base_url}/wecom/callback/{receiver.slug}/?{asked.query}", asked.answer)


def fetch(url: str, expected: str) -> Heard:
    """Whether an address of ours answers exactly this."""
    try:
        with outbound.session() as line:
            said = line.get(url, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        return Heard(None, False, 0.0, _reason(error))
    return Heard(
        said.status_code, said.status_code == 200 and said.text.strip() == expected, said.elapsed.total_seconds()
    )


def _reason(error: requests.RequestException) -> str:
    """The kind of failure, without the URL that requests quotes."""
    text = repr(error)
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "dns"
    return "timeout" if isinstance(error, requests.Timeout) else type(error).__name__
