"""Numbers as people read them."""

from typing import Any

from django import template

from scrm.clock import SHANGHAI
from scrm.dashboard.kpis import Kpi, Sums, Tile

register = template.Library()
NOTHING = "—"
FORMS = {"rate": "{:.1%}", "fen": "¥{:,.0f}", "ratio": "{:.2f}"}


@register.filter
def number(sums: Sums, kpi: Kpi) -> str:
    """A KPI of some sums: 1,234 or 5.6 %, or a dash where there is none."""
    return said(kpi.of(sums), kpi)


@register.filter
def said(value: float | int | None, kpi: Kpi) -> str:
    if value is None:
        return NOTHING
    return FORMS.get(kpi.form, "{:,}").format(value / 100 if kpi.form == "fen" else value).replace("-", "−")


@register.filter
def change(tile: Tile) -> str:
    """The change since the period before: 12 %, or 0.4 points."""
    if tile.change is None:
        return ""
    size = abs(tile.change)
    if tile.kpi.is_rate:
        return f"{size * 100:.1f} pp"
    return f"{size:.0%}" if size < 10 else "10×+"


@register.filter
def arrow(tile: Tile) -> str:
    return "" if not tile.change else "▲" if tile.change > 0 else "▼"


@register.filter
def shanghai(instant: Any, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return instant.astimezone(SHANGHAI).strftime(form) if instant else NOTHING


@register.simple_tag(takes_context=True)
def also(context: Any, **changes: Any) -> str:
    """The page's own query string with some of its words changed; None leaves one out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = value
    return "?" + query.urlencode()


@register.simple_tag(takes_context=True)
def span_link(context: Any, key: str) -> str:
    """The same page over another usual span."""
    return also(context, period=key, page=None, **{"from": None, "to": None})


@register.simple_tag(takes_context=True)
def sort_link(context: Any, kpi: Kpi) -> str:
    """The same table by another number, the largest first; asked again, the smallest first."""
    asked = context["table"].asked
    return also(context, sort=kpi.key if asked.sort == kpi.key and not asked.rising else f"-{kpi.key}", page=None)


@register.simple_tag(takes_context=True)
def turn_link(context: Any, by: int) -> str:
    """Another page of the same table."""
    return also(context, page=context["table"].asked.page + by)
