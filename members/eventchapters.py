"""What a customer's story tells of her doings: pages seen, live rooms entered, services rated."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from members import eventkinds
from members.models import Event
from members.timelines import Happening, newest

TELLS = frozenset({"event"})


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """Her newest events at or before an instant, as far as the viewer may see where they were born."""
    seen = Event.objects.visible_to(viewer).filter(member__in=members).select_related("store", "source")
    for event in newest(seen, "at", before, limit):
        kind = eventkinds.KINDS.get(event.kind)
        yield Happening(
            event.at,
            "event",
            eventkinds.label(event.kind),
            eventkinds.line(event.kind, event.payload) or event.source.name,
            kind.icon if kind else "visibility",
            event.store.name if event.store else "",
            "",
            f"event:{event.pk}",
        )
