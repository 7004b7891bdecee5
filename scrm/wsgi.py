"""Pages by Django, callbacks before Django: a letter of WeCom's needs no sessions, no middleware and no URLs."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
pages = get_wsgi_application()

from scrm import footing  # noqa: E402
from scrm.wecom import front  # noqa: E402  needs the app registry that the line above filled

footing.insist()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ.get("PATH_INFO", "").startswith(front.PREFIX):
        return front.wsgi(environ, start_response)
    return pages(environ, start_response)
