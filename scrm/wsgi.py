"""Pages by Django, callbacks before Django: a letter of WeCom's needs no sessions, no middleware and no URLs."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
pages = get_wsgi_application()

from scrm import footing, timings  # noqa: E402
from scrm.wecom import front  # noqa: E402  needs the app registry that the line above filled

footing.insist()


def door(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The door for letters, with its duration where durations are measured."""
    if not timings.ARE_ON:
        return front.wsgi(environ, start_response)
    began, said = time.perf_counter(), ["500"]

    def note(status: str, *more: Any) -> Any:
        said[0] = status
        return start_response(status, *more)

    body = front.wsgi(environ, note)
    timings.observe("callback", environ["REQUEST_METHOD"], int(said[0][:3]), time.perf_counter() - began)
    return body


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ.get("PATH_INFO", "").startswith(front.PREFIX):
        return door(environ, start_response)
    return pages(environ, start_response)
