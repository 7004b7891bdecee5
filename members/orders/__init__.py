"""Orders and refunds as sources tell them. `take_in` is the one way in, for the API, adapters and files alike."""

from members.orders.intake import Verdict, take_in

__all__ = ["Verdict", "take_in"]
