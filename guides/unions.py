"""What follows for guides when members become one person, or two again (members tell it by scrm.knowledge)."""

from collections.abc import Collection
from datetime import datetime

from guides import ledger
from members import persons


def united(roots: Collection[int], at: datetime) -> None:
    """At each store the oldest living relation of all a person's members owns her, and nobody else does."""
    members = [member for circle in persons.circle(roots).values() for member in circle]
    ledger.settle_owners(ledger.relations_of(members))
