"""Fields that the brand makes, and what they say of members: the only writer. A person says one thing in each."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext

from members import ages, mentions, persons
from members.models import Field, FieldChange, FieldValue
from scrm.audit import entries
from stores.models import Person, Store

Kind = Field.Kind
KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
CHOICES_AT_MOST = 200
FIELDS_AT_MOST = 200
LONGEST, LONGEST_CHOICE = 300, 60
COLUMNS = {
    Kind.TEXT: "text", Kind.NUMBER: "number", Kind.DATE: "date",
    Kind.BOOLEAN: "boolean", Kind.CHOICE: "text", Kind.CHOICES: "choices",
}  # fmt: skip
YES, NO = {"true", "1", "yes", "y", "是", "有", "对"}, {"false", "0", "no", "n", "否", "无", "没有"}
DAYS = (date(1900, 1, 1), date(2200, 1, 1))


class Wrong(Exception):
    """What is to stand in a field does not fit it; the code says why."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Told(NamedTuple):
    """A field of a member, and what it is to say; None empties it."""

    member: int
    field: Field
    value: Any


@transaction.atomic
def make(
    key: str,
    name: str,
    kind: str,
    *,
    choices: Iterable[str] = (),
    is_personal: bool = False,
    by: Person | None,
    at: datetime,
) -> Field:
    """A new field. Raises Wrong."""
    if not KEY.fullmatch(key):
        raise Wrong("key")
    if Field.objects.filter(key=key).exists():
        raise Wrong("key_taken")
    if kind not in Kind.values:
        raise Wrong("kind")
    if Field.objects.filter(is_active=True).count() >= FIELDS_AT_MOST:
        raise Wrong("too_many", limit=FIELDS_AT_MOST)
    told = {"name": _named(name), "kind": kind, "choices": _choices(kind, choices), "is_personal": is_personal}
    made = Field.objects.create(key=key, at=at, **told)
    entries.record("field.created", by=by, subject=made, at=at, key=key, kind=kind)
    return made


def birthday(at: datetime) -> Field:
    """The field in which birthdays stand, by which segments ask for them; made where there is none."""
    known = Field.objects.filter(key=ages.BIRTHDAY).first()
    return known or make(ages.BIRTHDAY, gettext("Birthday"), Kind.DATE, is_personal=True, by=None, at=at)


@transaction.atomic
def change(
    field: Field,
    *,
    name: str | None = None,
    choices: Iterable[str] | None = None,
    is_personal: bool | None = None,
    is_active: bool | None = None,
    rank: int | None = None,
    by: Person | None,
    at: datetime,
) -> bool:
    """Whether the field reads otherwise now; its key and kind stay. Raises Wrong: a choice that members have stays,
    and so does a field that a segment asks for."""
    field = Field.objects.select_for_update().get(pk=field.pk)
    wanted: dict[str, Any] = {"name": _named(name)} if name is not None else {}
    if choices is not None and field.kind in (Kind.CHOICE, Kind.CHOICES):
        wanted["choices"] = _choices(field.kind, choices)
        if lost := _had(field, set(field.choices) - set(wanted["choices"])):
            raise Wrong("choice_in_use", choice=lost)
    if is_active is False and (used := mentions.field_uses(field.key)):
        raise Wrong("in_use", by="、".join(used[:5]))
    more = {"is_personal": is_personal, "is_active": is_active, "rank": rank}
    wanted |= {word: value for word, value in more.items() if value is not None}
    changed = {word: value for word, value in wanted.items() if getattr(field, word) != value}
    if changed:
        Field.objects.filter(pk=field.pk).update(**changed)
        entries.record("field.changed", by=by, subject=field, at=at, what=sorted(changed))
    return bool(changed)


@transaction.atomic
def delete(field: Field, *, by: Person | None, at: datetime) -> None:
    """The field is gone. Raises Wrong where it says something of anybody, or a segment asks for it: deactivate it."""
    if FieldChange.objects.filter(field=field).exists() or FieldValue.objects.filter(field=field).exists():
        raise Wrong("has_values")
    if used := mentions.field_uses(field.key):
        raise Wrong("in_use", by="、".join(used[:5]))
    entries.record("field.deleted", by=by, subject=field, at=at, key=field.key)
    field.delete()


def _named(name: str) -> str:
    said = " ".join(name.split())
    if not said or len(said) > 40 or not said.isprintable():
        raise Wrong("name")
    return said


def _choices(kind: str, choices: Iterable[str]) -> list[str]:
    said = list(dict.fromkeys(" ".join(choice.split()) for choice in choices if choice.strip()))
    if kind not in (Kind.CHOICE, Kind.CHOICES):
        return []
    if not 0 < len(said) <= CHOICES_AT_MOST or any(len(choice) > LONGEST_CHOICE for choice in said):
        raise Wrong("choices", limit=CHOICES_AT_MOST)
    return said


def _had(field: Field, choices: Collection[str]) -> str:
    """One of these choices that a member has."""
    values = FieldValue.objects.filter(field=field)
    for choice in sorted(choices):
        had = values.filter(text=choice) if field.kind == Kind.CHOICE else values.filter(choices__contains=[choice])
        if had.exists():
            return choice
    return ""


def read(field: Field, said: Any) -> Any:
    """What a field is to say, as it is kept: of a text as people write it or of JSON's types. None for nothing said;
    raises Wrong."""
    if isinstance(said, str):
        said = unicodedata.normalize("NFKC", said).strip()
    if said is None or said == "" or said == []:
        return None
    return READERS[Kind(field.kind)](field, said)


def _text(field: Field, said: Any) -> str:
    if not isinstance(said, str) or len(said) > LONGEST or "\0" in said:
        raise Wrong("text", limit=LONGEST)
    return said


def _number(field: Field, said: Any) -> Decimal:
    if isinstance(said, bool) or not isinstance(said, str | int | float | Decimal):
        raise Wrong("number")
    try:
        found = Decimal(str(said).replace(",", ""))
        if not found.is_finite() or abs(found) >= 10**14 or found != round(found, 4):
            raise Wrong("number")
    except InvalidOperation:
        raise Wrong("number") from None
    return found


def _date(field: Field, said: Any) -> date:
    try:
        found = said if isinstance(said, date) else date.fromisoformat(str(said).replace("/", "-").replace(".", "-"))
    except ValueError:
        raise Wrong("date") from None
    if isinstance(found, datetime) or not DAYS[0] <= found < DAYS[1]:
        raise Wrong("date")
    return found


def _boolean(field: Field, said: Any) -> bool:
    if isinstance(said, bool):
        return said
    word = str(said).lower()
    if word not in YES | NO:
        raise Wrong("boolean")
    return word in YES


def _choice(field: Field, said: Any) -> str:
    if said not in field.choices:
        raise Wrong("choice", choices="、".join(field.choices[:10]))
    return str(said)


def _some(field: Field, said: Any) -> list[str] | None:
    parts = re.split(r"[、,，;；|\n]+", said) if isinstance(said, str) else said
    if not isinstance(parts, list | tuple):
        raise Wrong("choice", choices="、".join(field.choices[:10]))
    chosen = {_choice(field, part.strip() if isinstance(part, str) else part) for part in parts if part}
    return [choice for choice in field.choices if choice in chosen] or None


READERS = {
    Kind.TEXT: _text, Kind.NUMBER: _number, Kind.DATE: _date,
    Kind.BOOLEAN: _boolean, Kind.CHOICE: _choice, Kind.CHOICES: _some,
}  # fmt: skip


def value_of(row: FieldValue) -> Any:
    """What a value says, in Python's type for its kind."""
    found = getattr(row, COLUMNS[Kind(row.field.kind)])
    return found.normalize() if isinstance(found, Decimal) else found


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


def of(roots: Collection[int]) -> dict[tuple[int, int], Any]:
    """What fields say of these persons, by (person, field)."""
    rows = FieldValue.objects.filter(member__in=roots).select_related("field")
    return {(row.member_id, row.field_id): value_of(row) for row in rows}


@transaction.atomic
def write(
    told: Collection[Told],
    *,
    source: str,
    by: Person | None,
    store: Store | None = None,
    hidden: Collection[tuple[int, int]] = (),
    at: datetime,
) -> int:
    """How many values say something else now. They stand with the surviving members; each change is kept.

    `hidden` are the values, as (person, field), that the writer may not read: he empties none of them, and what stood
    there is not told to him, neither as what was before nor by whether anything changed.
    """
    roots = persons.roots([one.member for one in told])
    wanted = {(roots[one.member], one.field.pk): one for one in told if one.member in roots}
    held = _held(wanted)
    new: list[FieldValue] = []
    old: list[FieldValue] = []
    gone, changes = [], []
    for (root, field), one in sorted(wanted.items(), key=lambda item: item[0]):
        row = held.get((root, field))
        before = value_of(row) if row else None
        if (root, field) in hidden:
            if one.value is None:
                continue
            before = None
        elif before == one.value:
            continue
        changes.append(_change(root, one, before, source=source, by=by, store=store, at=at))
        if one.value is None:
            gone.append(row.pk)  # type: ignore[union-attr]
            continue
        row, rows = (row, old) if row else (FieldValue(member_id=root, field=one.field), new)
        row.store, row.by, row.at = store, by, at
        setattr(row, COLUMNS[Kind(one.field.kind)], one.value)
        rows.append(row)
    FieldValue.objects.bulk_create(new)
    FieldValue.objects.bulk_update(old, [*dict.fromkeys(COLUMNS.values()), "store", "by", "at"])
    FieldValue.objects.filter(pk__in=gone).delete()
    FieldChange.objects.bulk_create(changes)
    ages.follow({row.member_id: row.date for row in (*new, *old) if row.date and row.field.key == ages.BIRTHDAY})
    return len(changes)


def _held(wanted: Mapping[tuple[int, int], Told]) -> dict[tuple[int, int], FieldValue]:
    rows = FieldValue.objects.select_for_update(of=("self",)).select_related("field").order_by("pk")
    rows = rows.filter(member__in={root for root, _ in wanted}, field__in={field for _, field in wanted})
    return {(row.member_id, row.field_id): row for row in rows}


def _change(root: int, one: Told, before: Any, **told: Any) -> FieldChange:
    after = None if one.value is None else plain(one.value)
    before = None if before is None else plain(before)
    return FieldChange(member_id=root, field=one.field, before=before, after=after, **told)
