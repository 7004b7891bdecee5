"""A person's copy of her data (PIPL 45): JSON for machines, a sheet for each heading for people, in one zip.

It is sealed in the table and opens for the one whom it was made for, until its time is up; a few fetches, each in the
audit book.
"""

import io
import json
import zipfile
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F

from members import persons, upstairs
from members.models import Copy, DataRequest
from members.rights import requests
from scrm import sealed
from scrm.audit import entries
from scrm.sheets import inert

PLACE = "members_copy.content"
LASTS = timedelta(days=3)
FETCHES = 3
README = """This is everything that the brand keeps of you, as of {at}.
copy.json is for machines; the .csv files say the same, one for each heading.
Times are those of Shanghai. Money is in yuan.
"""


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
        packed.writestr("README.txt", README.format(at=f"{at:%Y-%m-%d %H:%M} UTC"))
        packed.writestr("copy.json", json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        for heading, rows in told.items():
            if rows:
                packed.writestr(f"{heading}.csv", "".join(inert.csv_lines(_lines(rows))))
    return out.getvalue()


def _lines(rows: list[dict[str, Any]]) -> list[list[Any]]:
    heads = list(dict.fromkeys(key for row in rows for key in row))
    return [heads, *([row.get(head, "") for head in heads] for row in rows)]
