"""A person's copy of her data (PIPL 45): one Excel book that opens on a phone, the same as CSV for each heading, and
JSON for machines, in one zip.

It is sealed in the table and opens for the one whom it was made for, until its time is up; a few fetches, each in the
audit book.
"""

import io
import json
import zipfile
from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from members import persons, upstairs
from members.models import Copy, DataRequest
from members.rights import requests
from scrm import sealed
from scrm.audit import entries
from scrm.clock import SHANGHAI
from scrm.sheets import inert

PLACE = "members_copy.content"
LASTS = timedelta(days=3)
FETCHES = 3
BOOK = "copy.xlsx"


class IsOver(Exception):
    """The copy's time is up, or it was fetched often enough, or it was made for somebody else."""


@transaction.atomic
def make(request: DataRequest, *, by: Any, at: datetime) -> Copy:
    """Answers a request for a copy: whoever works on it fetches it and hands it over."""
    told = gathered(persons.all_of(request.member_id))
    content = sealed.seal(packed(told, at=at), PLACE)
    made = Copy.objects.create(request=request, made_for=by, content=content, made_at=at, expires_at=at + LASTS)
    rows = sum(len(rows) for rows in told.values())
    requests.done(request, {"copy": made.public_id, "rows": {k: len(v) for k, v in told.items() if v}}, by=by, at=at)
    entries.record_export(by, "members.copy", at=at, rows=rows, customer=request.member, request=request.public_id)
    return made


@transaction.atomic
def fetch(copy: Copy, *, by: Any, at: datetime) -> bytes:
    """The zip, for whom it was made; raises IsOver."""
    alive = Copy.objects.filter(pk=copy.pk, made_for=by.pk, expires_at__gt=at, fetched__lt=FETCHES)
    if not alive.update(fetched=F("fetched") + 1):
        raise IsOver
    entries.record("copy.fetched", by=by, subject=copy, at=at, customer=copy.request.member)
    return sealed.open_sealed(copy.content, PLACE)


def gathered(members: Collection[int]) -> dict[str, list[dict[str, Any]]]:
    """What every floor keeps of these members, by heading."""
    told: dict[str, list[dict[str, Any]]] = {}
    for floor in upstairs.told("COPIES"):
        for heading, rows in floor.copies(members).items():
            told.setdefault(heading, []).extend(rows)
    return told


def packed(told: dict[str, list[dict[str, Any]]], *, at: datetime) -> bytes:
    """The zip. No cell of its sheets is a formula."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", "\n".join(_preface(at)) + "\n")
        packed.writestr(BOOK, _book(told, at=at))
        packed.writestr("copy.json", json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        for heading, rows in told.items():
            if rows:
                packed.writestr(f"{heading}.csv", "".join(inert.csv_lines(_lines(rows))))
    return out.getvalue()


def book_of(content: bytes) -> bytes:
    """The Excel book of a packed copy."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return packed.read(BOOK)


def _preface(at: datetime) -> list[str]:
    when = f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return [
        _("This is everything that the brand keeps of you, as of %(at)s.") % {"at": when},
        _("The Excel book and the .csv files say the same; copy.json is for machines."),
        _("Times are those of Shanghai. Money is in yuan."),
    ]


def _book(told: dict[str, list[dict[str, Any]]], *, at: datetime) -> bytes:
    """A sheet for each heading, the first says what it is; no cell is a formula."""
    about = [(_("About this copy"), [[line] for line in _preface(at)])]
    sheets = [
        (words_for(heading), [[_cell(value) for value in line] for line in _lines(rows)])
        for heading, rows in told.items()
        if rows
    ]
    out = io.BytesIO()
    inert.write_book(out, about + sheets, width=24)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """What a sheet holds: a number stays one (money is no percentage), lists and the like are told in a line."""
    if isinstance(value, float):
        return Decimal(str(value))
    if value is None or isinstance(value, str | int | Decimal | date):
        return value
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _lines(rows: list[dict[str, Any]]) -> list[list[Any]]:
    heads = list(dict.fromkeys(key for row in rows for key in row))
    return [[words_for(head) for head in heads], *([row.get(head, "") for head in heads] for row in rows)]


def words_for(key: str) -> str:
    """A heading in the reader's language; one that nobody translated as it is."""
    return str(WORDS.get(key, key))


WORDS: dict[str, Any] = {
    "customer": pgettext_lazy("copy", "customer"),
    "ids": pgettext_lazy("copy", "ids by which we know you"),
    "stores joined": pgettext_lazy("copy", "stores joined"),
    "consents": pgettext_lazy("copy", "consents"),
    "fields": pgettext_lazy("copy", "what we noted"),
    "tags": pgettext_lazy("copy", "tags"),
    "orders": pgettext_lazy("copy", "orders"),
    "requests": pgettext_lazy("copy", "requests about data"),
    "guides": pgettext_lazy("copy", "guides"),
    "cared for by": pgettext_lazy("copy", "cared for by"),
    "guides' notes": pgettext_lazy("copy", "guides' notes"),
    "events": pgettext_lazy("copy", "events"),
    "lifecycle": pgettext_lazy("copy", "lifecycle"),
    "grades": pgettext_lazy("copy", "grades"),
    "name": pgettext_lazy("copy", "name"),
    "picture": pgettext_lazy("copy", "picture"),
    "gender": pgettext_lazy("copy", "gender"),
    "known since": pgettext_lazy("copy", "known since"),
    "id": pgettext_lazy("copy", "number"),
    "number": pgettext_lazy("copy", "number"),
    "registered": pgettext_lazy("copy", "registered"),
    "kind": pgettext_lazy("copy", "kind"),
    "value": pgettext_lazy("copy", "value"),
    "app": pgettext_lazy("copy", "app or shop"),
    "store": pgettext_lazy("copy", "store"),
    "on": pgettext_lazy("copy", "day"),
    "at": pgettext_lazy("copy", "time"),
    "purpose": pgettext_lazy("copy", "purpose"),
    "said": pgettext_lazy("copy", "said"),
    "terms": pgettext_lazy("copy", "version of the terms"),
    "told by": pgettext_lazy("copy", "told by"),
    "field": pgettext_lazy("copy", "field"),
    "since": pgettext_lazy("copy", "since"),
    "until": pgettext_lazy("copy", "until"),
    "from": pgettext_lazy("copy", "since"),
    "group": pgettext_lazy("copy", "group"),
    "tag": pgettext_lazy("copy", "tag"),
    "source": pgettext_lazy("copy", "source"),
    "channel": pgettext_lazy("copy", "channel"),
    "paid at": pgettext_lazy("copy", "paid at"),
    "paid": pgettext_lazy("copy", "paid"),
    "refunded": pgettext_lazy("copy", "refunded"),
    "goods": pgettext_lazy("copy", "goods"),
    "asked": pgettext_lazy("copy", "asked"),
    "state": pgettext_lazy("copy", "state"),
    "guide": pgettext_lazy("copy", "guide"),
    "remark": pgettext_lazy("copy", "remark"),
    "description": pgettext_lazy("copy", "description"),
    "company": pgettext_lazy("copy", "company"),
    "phones": pgettext_lazy("copy", "phones"),
    "stage": pgettext_lazy("copy", "stage"),
    "cause": pgettext_lazy("copy", "cause"),
    "grade": pgettext_lazy("copy", "grade"),
    "reason": pgettext_lazy("copy", "reason"),
    "platform": pgettext_lazy("copy", "platform"),
    "use": pgettext_lazy("copy", "use"),
}
