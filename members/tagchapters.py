"""What a customer's story tells of tags and fields: since when she bears each, until when she bore others, what WeCom
refused, and what was written about her in the brand's own fields."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from members import persons, taggings, wearings
from members.models import FieldChange, Marking, MemberTag
from members.timelines import Happening, newest
from scrm import clock


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """The newest of each."""
    yield from _worn(viewer, members, before, limit)
    yield from _ended(viewer, members, before, limit)
    yield from _refused(viewer, members, before, limit)
    yield from _written(viewer, members, before, limit)


def _root(members: Sequence[int]) -> int:
    return next(iter(persons.roots(members[:1]).values()), 0)


def _worn(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    rows = wearings.rows(viewer, _root(members), members, at=clock.now()).select_related("tag__group", "store", "by")
    for row in newest(rows, "since", before, limit):
        said = _("Tag put on: %s") % row.tag
        who = row.by.name if row.by else str(MemberTag.Source(row.source).label)
        store = row.store.name if row.store else ""
        yield Happening(row.since, "tag", said, who, "sell", store, "", f"tag:{row.pk}")


def _ended(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """What she bears no more: when it was put on, and when and by whom it was taken off."""
    rows = wearings.ended(viewer, {_root(members): members}, at=clock.now())
    told = rows.select_related("tag__group", "store", "by", "put_on_by")
    for field, said, who in (("since", _("Tag put on: %s"), "put_on_by"), ("at", _("Tag taken off: %s"), "by")):
        for row in newest(told, field, before, limit):
            person = getattr(row, who)
            detail = person.name if person else str(MemberTag.Source(row.source).label)
            store, key = row.store.name if row.store else "", f"tagend:{row.pk}:{field}"
            yield Happening(getattr(row, field), "tag", said % row.tag, detail, "sell", store, "", key)


def _refused(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """What WeCom was asked for and did not do."""
    userids = taggings.met_by(viewer, members)
    rows = Marking.objects.filter(member__in=members, userid__in=userids, state=Marking.State.REFUSED)
    for row in newest(rows.select_related("tag__group", "by"), "settled_at", before, limit):
        said = _("Tag not put on: %s") if row.puts_on else _("Tag not taken off: %s")
        detail = "，".join(filter(None, [row.by.name if row.by else "", _("refused by WeCom")]))
        yield Happening(row.settled_at, "tag", said % row.tag, detail, "sell", "", "", f"marking:{row.pk}")


def _written(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    rows = FieldChange.objects.visible_to(viewer).filter(member__in=members).select_related("field", "by", "store")
    for row in newest(rows, "at", before, limit):
        hidden = row.field.is_personal and not viewer.may("reveal_phones")
        detail = "" if hidden else f"{_told(row.before)} → {_told(row.after)}"
        store = row.store.name if row.store else ""
        yield Happening(row.at, "member", row.field.name, detail, "edit_note", store, "", f"field:{row.pk}")


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "、".join(value) if isinstance(value, list) else "—" if value is None else str(value)
