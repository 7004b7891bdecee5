"""A sync's phases, for templates that are given a sync and nothing else."""

from datetime import timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _

from guides import progress
from guides.models import Sync
from scrm import clock

register = template.Library()


@register.simple_tag
def lines_of(sync: Sync) -> list[progress.Line]:
    return progress.lines(sync, at=clock.now())


@register.filter
def spoken(lasted: timedelta | None) -> str:
    """A duration in words: seconds below two minutes, minutes below two hours."""
    seconds: Any = round(lasted.total_seconds()) if lasted else 0
    if seconds < 120:
        return _("%s s") % seconds
    return _("%s min") % round(seconds / 60) if seconds < 7200 else _("%s h") % round(seconds / 3600, 1)
