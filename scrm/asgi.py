"""The callback door alone, for a process of its own behind the proxy. Django's pages never run under ASGI."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
django.setup()

from scrm import footing  # noqa: E402
from scrm.wecom.front import AsgiDoor  # noqa: E402  needs the app registry that the line above filled

footing.insist()
application = AsgiDoor()
