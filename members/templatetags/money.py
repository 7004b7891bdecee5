"""Money as people read it."""

from django import template

register = template.Library()


@register.filter
def yuan(fen: int | None) -> str:
    """Fen as ¥1,234.50; nothing for nothing."""
    return "" if fen is None else f"¥{fen / 100:,.2f}".replace("¥-", "−¥")
