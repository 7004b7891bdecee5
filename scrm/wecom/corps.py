"""Connecting corps: a corp, an app, a receiver; at once from a command, or step by step from a page."""

import base64
import re
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug
from django.db import transaction

from scrm.audit import entries
from scrm.wecom import receivers, tokens
from scrm.wecom.door import Key
from scrm.wecom.models import App, Corp, DomainProof, Receiver
from scrm.wecom.models.corps import PROOF_FORM

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class AddressIsTaken(Exception):
    """Another corp receives its letters at this address."""


@transaction.atomic
def connect(
    *,
    corp_id: str,
    agent_id: int,
    secret: str,
    token: str,
    aes_key: str,
    slug: str,
    api_base_url: str = "",
    name: str = "",
    at: datetime,
) -> Receiver:
    """The receiver, made or changed to these values; raises BadKey, AddressIsTaken or ValueError."""
    Key.of(token, aes_key)
    _check(corp_id, secret, slug, api_base_url)
    corp = _corp(corp_id, name, api_base_url)
    app = _app(corp, agent_id, secret, at=at)
    receiver = Receiver.objects.select_for_update().filter(slug=slug).first()
    if receiver is None:
        return Receiver.objects.create(corp=corp, app=app, slug=slug, token=token, aes_key=aes_key)
    if receiver.corp_id != corp.pk:
        raise AddressIsTaken
    receiver.app = app
    receiver.save(update_fields=["app"])
    return receivers.rotate(receiver, token=token, aes_key=aes_key, at=at)


def _check(corp_id: str, secret: str, slug: str, api_base_url: str) -> None:
    check_corp_id(corp_id)
    check_secret(secret)
    try:
        validate_slug(slug)
    except ValidationError:
        raise ValueError("the address or the API address has the wrong form") from None
    check_api_address(api_base_url)


def check_corp_id(corp_id: str) -> None:
    """Raises ValueError."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{4,64}", corp_id):
        raise ValueError("the corp id has 4 to 64 letters, digits, - and _")


def check_secret(secret: str) -> None:
    """Raises ValueError."""
    if not 8 <= len(secret) <= 128 or not secret.isascii() or not secret.isprintable():
        raise ValueError("the secret has 8 to 128 ASCII characters")


def check_api_address(url: str) -> None:
    """Raises ValueError; secrets and tokens go there, so a real installation speaks https, or to its own machine."""
    try:
        if url and not re.fullmatch(r"https?://(localhost|[^/]+:\d+)/?", url):
            URLValidator(schemes=["http", "https"])(url)
        parts = urlsplit(url)
        host = parts.hostname
    except (ValidationError, ValueError):
        raise ValueError("the address or the API address has the wrong form") from None
    if settings.PRODUCTION and parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError("the API address must be https: our secrets go there")


@transaction.atomic
def begin(*, corp_id: str, name: str, api_base_url: str = "", by: Any, at: datetime) -> Corp:
    """The corp, made or changed to these values; raises ValueError."""
    check_corp_id(corp_id)
    check_api_address(api_base_url)
    known = Corp.objects.filter(corp_id=corp_id).exists()
    corp = _corp(corp_id, name, api_base_url)
    entries.record(f"wecom.corp.{'changed' if known else 'added'}", by=by, subject=corp, at=at)
    return corp


@transaction.atomic
def give_app(corp: Corp, *, agent_id: int, secret: str, by: Any, at: datetime) -> App:
    """The corp's app with this secret, which starts without the refusals of an old one; raises ValueError."""
    check_secret(secret)
    app = _app(corp, agent_id, secret, at=at)
    entries.record("wecom.app.changed", by=by, subject=app, at=at, fields=["agent_id", "secret"])
    return app


@transaction.atomic
def receive(app: App, *, by: Any, at: datetime) -> Receiver:
    """The app's receiver; made, when there is none, with an address and keys that nobody can guess."""
    if receiver := Receiver.objects.filter(app=app).order_by("pk").first():
        return receiver
    slug = secrets.token_hex(8)
    receiver = Receiver.objects.create(corp=app.corp, app=app, slug=slug, token=new_token(), aes_key=new_aes_key())
    entries.record("wecom.receiver.added", by=by, subject=receiver, at=at)
    return receiver


@transaction.atomic
def renew_keys(receiver: Receiver, *, by: Any, at: datetime) -> Receiver:
    """The receiver with new keys, which WeCom must verify; the ones before are good for another day."""
    receivers.rotate(receiver, token=new_token(), aes_key=new_aes_key(), at=at)
    entries.record("wecom.receiver.changed", by=by, subject=receiver, at=at, fields=["token", "aes_key"])
    return receiver


def new_token() -> str:
    """A Token as WeCom's own button makes it."""
    return secrets.token_hex(12)


def new_aes_key() -> str:
    """An EncodingAESKey: 32 bytes as 43 letters and digits."""
    while not (made := base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")).isalnum():
        pass
    return made


@transaction.atomic
def prove(code: str, *, by: Any, at: datetime) -> DomainProof:
    """The file WW_verify_<code>.txt is served from now on; raises ValidationError."""
    PROOF_FORM(code)
    proof, _ = DomainProof.objects.get_or_create(code=code, defaults={"added_at": at})
    entries.record("wecom.domainproof.added", by=by, subject=proof, at=at)
    return proof


def _corp(corp_id: str, name: str, api_base_url: str) -> Corp:
    corp, _ = Corp.objects.get_or_create(corp_id=corp_id)
    corp.name = name or corp.name
    corp.api_base_url = api_base_url.rstrip("/")
    corp.save()
    return corp


def _app(corp: Corp, agent_id: int, secret: str, *, at: datetime) -> App:
    """The app with this secret; a new secret starts without token and without the refusals of the old one."""
    app = App.objects.select_for_update().filter(corp=corp, agent_id=agent_id).first()
    if app is None:
        return App.objects.create(corp=corp, agent_id=agent_id, secret=secret, secret_set_at=at)
    if app.secret != secret:
        app.secret, app.secret_set_at = secret, at
        tokens.forget(app).save()
    return app
