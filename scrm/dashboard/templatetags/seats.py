"""Who is looking, for the top bar."""

from typing import Any

from django import template

from scrm import clock

register = template.Library()


@register.simple_tag
def seat_of(person: Any) -> str:
    """The first of a person's seats in words, such as: store manager, Nanjing Road."""
    seats = person.seats.at(clock.now()).select_related("region", "franchisee", "store").order_by("pk")
    return str(seats.first() or "")
