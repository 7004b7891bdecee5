"""Connecting corps: a corp, an app, a receiver."""

import re
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug
from django.db import transaction

from scrm.wecom import receivers, tokens
from scrm.wecom.door import Key
from scrm.wecom.models import App, Corp, Receiver


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
    if not re.fullmatch(r"[0-9A-Za-z_-]{4,64}", corp_id):
        raise ValueError("the corp id has 4 to 64 letters, digits, - and _")
    if not 8 <= len(secret) <= 128 or not secret.isascii():
        raise ValueError("the secret has 8 to 128 ASCII characters")
    try:
        validate_slug(slug)
        if api_base_url and not re.fullmatch(r"https?://(localhost|[^/]+:\d+)/?", api_base_url):
            URLValidator(schemes=["http", "https"])(api_base_url)
    except ValidationError:
        raise ValueError("the address or the API address has the wrong form") from None


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
