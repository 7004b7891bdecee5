"""Answers kept for writes that carry an Idempotency-Key: told twice, done once."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from scrm import clock
from scrm.rest.models import KeptAnswer
from scrm.rest.problems import Conflict

KEPT_FOR = timedelta(hours=24)
HEADER = "Idempotency-Key"


class InFlight(Conflict):
    """The first request with this key is still being answered."""

    default_detail = gettext_lazy("A request with this Idempotency-Key is being answered now.")
    default_code = "in_flight"
    wait = 1


class KeyOfAnotherRequest(APIException):
    """The key was used for another request."""

    status_code = 422
    default_detail = gettext_lazy("This Idempotency-Key was used for another request.")
    default_code = "key_reused"


def once(write: Callable[..., Response]) -> Callable[..., Response]:
    """A write of a view that a repeated key does not repeat.

    1. A lock by person and key, held until the commit: whoever comes meanwhile hears 409.
    2. A kept answer to the same request is given again; one to another request is 422.
    3. Otherwise the write and its answer commit together; a write that fails keeps nothing, so it may be corrected.
    """

    @wraps(write)
    def answered(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key(request)
        if key is None:
            return write(view, request, *args, **kwargs)
        with transaction.atomic():
            _lock(request.user, key)
            asked = _digest(request)
            if kept := _kept(request.user, key):
                return _again(kept, asked)
            answer = write(view, request, *args, **kwargs)
            _keep(request.user, key, asked, answer)
            return answer

    answered.takes_key = True  # type: ignore[attr-defined]
    return answered


def _key(request: Request) -> str | None:
    key: str | None = request.headers.get(HEADER)
    if key is not None and not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise ValidationError({HEADER: [_("1 to 200 printable ASCII characters.")]})
    return key


def number_of(person: Any, key: str) -> int:
    """The number of the lock under which a person's key is answered."""
    return int.from_bytes(hashlib.sha256(f"idempotency {person.pk} {key}".encode()).digest()[:8], signed=True)


def _lock(person: Any, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number_of(person, key)])
        if not cursor.fetchone()[0]:
            raise InFlight


def _digest(request: Request) -> bytes:
    body = json.dumps(request.data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n{body}".encode()).digest()


def _kept(person: Any, key: str) -> KeptAnswer | None:
    """The answer to this key; what has grown too old is swept on the way."""
    KeptAnswer.objects.filter(person=person, kept_at__lt=clock.now() - KEPT_FOR).delete()
    return KeptAnswer.objects.filter(person=person, key=key).first()


def _again(kept: KeptAnswer, asked: bytes) -> Response:
    if bytes(kept.asked) != asked:
        raise KeyOfAnotherRequest
    data = json.loads(str(kept.body)) if kept.body else None
    return Response(data, status=kept.status, headers={"Idempotency-Replayed": "true"})


def _keep(person: Any, key: str, asked: bytes, answer: Response) -> None:
    body = JSONRenderer().render(answer.data).decode() if answer.data is not None else None
    KeptAnswer.objects.create(
        person=person, key=key, asked=asked, status=answer.status_code, body=body, kept_at=clock.now()
    )
