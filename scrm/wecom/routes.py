"""The table of who hears what. The gateway does not import the apps; the setting WECOM_ROUTES names the module."""

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings

Handler = Callable[[Sequence[Any]], None]


def table() -> ModuleType:
    return import_module(settings.WECOM_ROUTES)


def handlers() -> dict[type, tuple[Handler, ...]]:
    """ROUTES: who is told of each kind of event; a type that is not in it is told to nobody."""
    found: dict[type, tuple[Handler, ...]] = getattr(table(), "ROUTES", {})
    return found


def first() -> Callable[[Sequence[Any]], dict[int, dict[str, Any] | None]] | None:
    """FIRST: what to say to people who were just added, by letter id."""
    return getattr(table(), "FIRST", None)


def answers() -> dict[str, Callable[..., None]]:
    """ANSWERS: who hears what became of the calls of an API."""
    return getattr(table(), "ANSWERS", {})


def lookups() -> dict[str, Callable[..., dict[str, Any] | None]]:
    """LOOKUPS: how to find out whether a call that got no answer took effect, beside the gateway's own."""
    return getattr(table(), "LOOKUPS", {})


def lanes() -> Sequence[Callable[[datetime], int]]:
    """LANES: further work that `manage.py work` does in a loop."""
    return getattr(table(), "LANES", ())
