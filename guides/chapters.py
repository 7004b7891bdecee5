"""What guides know of a customer's story: who added whom, who left whom, and who was handed on."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from guides.models import Relation
from members.timelines import Happening

ICON = "handshake"


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """The beginnings and ends of the relations that the viewer sees. They are few for one person, so all are read."""
    seen = Relation.objects.visible_to(viewer).filter(member__in=members).select_related("guide", "store", "code")
    return [line for one in seen for line in _lines(one) if before is None or line.at <= before]


def _lines(one: Relation) -> Iterator[Happening]:
    if one.added_at is None or one.opened_at < one.added_at:
        yield _line(one, one.opened_at, _("Added %s, who has not confirmed yet"), "half")
    if one.added_at:
        said = _("Came to %s by a handover") if one.by_transfer else _("Became friends with %s")
        yield _line(one, one.added_at, said, "added")
    if one.ended_at:
        yield _line(one, one.ended_at, _end(one), "ended")


def _end(one: Relation) -> str:
    said = {
        Relation.State.LOST: _("Deleted %s"),
        Relation.State.DROPPED: _("Was deleted by %s"),
        Relation.State.MOVED: _("Was handed on by %s"),
    }
    return said.get(one.state, _("The relation to %s ended"))  # type: ignore[call-overload, no-any-return]


def _line(one: Relation, at: datetime, said: str, what: str) -> Happening:
    code = one.code.name if one.code and what != "ended" else ""
    store = one.store.name if one.store else ""
    return Happening(at, "relation", said % one.guide, code, ICON, store, "", f"relation:{one.pk}:{what}")
