"""How tests read customers' pages."""

from typing import Any


def names(answer: Any) -> list[str]:
    """Whom the list shows, in order."""
    assert answer.status_code == 200
    return [card.face.name for card in answer.context["page"].cards]


def sees(client: Any, member: Any) -> str:
    """The address of a customer's page, which this viewer may open."""
    place = f"/customers/{member.public_id}/"
    answer = client.get(place)
    assert answer.status_code == 200, answer.status_code
    return place
