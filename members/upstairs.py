"""What the floors above know of members. Members do not import them; the setting KNOWLEDGE names the table."""

from importlib import import_module
from typing import Any

from django.conf import settings


def told(what: str) -> tuple[Any, ...]:
    """One row of the table: CHAPTERS, COPIES, ERASURES, UNITED, TAG_USES or CONDITIONS."""
    found: tuple[Any, ...] = getattr(import_module(settings.KNOWLEDGE), what, ())
    return found
