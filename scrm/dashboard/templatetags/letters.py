"""Times of a letter's story, as people read them."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _

from scrm.clock import SHANGHAI, day_of
from scrm.dashboard import stories

register = template.Library()


@register.filter
def after(at: datetime, start: datetime) -> str:
    """How long after: +0.4 s, +7 min, +3 h, +2 d."""
    seconds = (at - start).total_seconds()
    sign, size = ("+" if seconds >= 0 else "−"), abs(seconds)
    for limit, unit, word in ((120, 1, _("s")), (7200, 60, _("min")), (172_800, 3600, _("h"))):
        if size < limit:
            said = f"{size:.1f}" if unit == 1 and size < 60 else f"{size / unit:.0f}"
            return f"{sign}{said} {word}"
    return f"{sign}{size / 86_400:.0f} " + _("d")


@register.filter
def clock_time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%H:%M:%S")


@register.filter
def beside(at: datetime, start: datetime) -> str:
    """The time of day, with its day where that is another than the start's."""
    same = day_of(at) == day_of(start)
    return at.astimezone(SHANGHAI).strftime("%H:%M:%S" if same else "%m-%d %H:%M")


@register.filter
def day_time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


@register.filter
def iso(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


@register.filter
def technical(story: Any) -> list[tuple[str, Any]]:
    return stories.technical(story.case)


@register.filter
def kind_of(subject: Any) -> str:
    """The word for a thing: code, guide."""
    return str(subject._meta.model_name)
