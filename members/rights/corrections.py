"""Putting right what is wrong about a person. The audit book says which things; what they were is sealed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from members import fields, identities, links, merges, persons, phones, recognitions, values
from members.models import DataRequest, Field, FieldValue, Identity, Member
from members.rights import requests
from scrm.audit import entries

PHONE = Identity.Kind.PHONE


@dataclass(frozen=True)
class Right:
    """What is right; None leaves a thing as it is. A phone in any form, "" takes hers away."""

    name: str | None = None
    gender: int | None = None
    phone: str | None = None
    birthday: date | None = None
    fields: Mapping[Field, Any] = field(default_factory=dict)  # of the brand's own; None empties one


@transaction.atomic
def correct(request: DataRequest, right: Right, *, by: Any, at: datetime) -> list[str]:
    """Which things were changed. Raises NotAPhone. What stood there before is kept sealed with the request."""
    member = request.member
    before = _before(member)
    if right.phone is not None:
        _call_at(member, right.phone, at)
    _fill(member, right, by, at)
    told: dict[str, Any] = {"name": right.name, "gender": right.gender}
    told = {key: value for key, value in told.items() if value is not None}
    if told:
        Member.objects.filter(pk__in=persons.all_of(member.pk)).update(**told)
    after = _before(Member.objects.get(pk=member.pk))
    changed = sorted(key for key in after | before if after.get(key) != before.get(key))
    DataRequest.objects.filter(pk=request.pk).update(wanted=json.dumps({"before": before, "after": after}))
    entries.record("member.corrected", by=by, subject=member, at=at, changed=changed, request=request.public_id)
    requests.done(request, {"changed": changed}, by=by, at=at)
    return changed


def _fill(member: Member, right: Right, by: Any, at: datetime) -> None:
    said = dict(right.fields)
    if right.birthday:
        said[fields.birthday(at)] = right.birthday
    told = [fields.Told(member.pk, one, value) for one, value in said.items()]
    fields.write(told, source="correction", by=by, at=at)


def _before(member: Member) -> dict[str, Any]:
    circle = persons.all_of(member.pk)
    known = Identity.objects.filter(member__in=circle, kind=PHONE).order_by("pk")
    held = FieldValue.objects.filter(member__in=circle).select_related("field").order_by("field__key", "pk")
    own = {f"field:{row.field.key}": fields.plain(fields.value_of(row)) for row in held}
    face = {"name": member.name, "gender": member.gender, "minor_until": str(member.minor_until or "")}
    return {**face, **own, "phones": [one.sealed for one in known]}


def _call_at(member: Member, phone: str, at: datetime) -> None:
    """Her phones give way to this one; one that somebody else bears is claimed, for people to look at."""
    plain = phones.normalised(phone) if phone.strip() else ""
    hers = Identity.objects.filter(member__in=persons.all_of(member.pk), kind=PHONE)
    hers.exclude(value__in=values.indexes(PHONE, plain) if plain else []).delete()
    if plain and not hers.filter(value__in=values.indexes(PHONE, plain)).exists():
        _bear(member, plain, at)


def _bear(member: Member, plain: str, at: datetime) -> None:
    borne = Identity.objects.filter(kind=PHONE, value__in=values.indexes(PHONE, plain)).first()
    if borne is None:
        identities.add_ids([(member.pk, PHONE, plain)])
    else:
        claimed = links.claim([(borne.pk, member.pk, True)], source="correction", at=at)
        recognitions.take({(borne.pk, member.pk)})  # where nobody bears it any more
        merges.heed(claimed, at=at)


def wanted(told: Mapping[str, str]) -> str:
    """What she asks to be put right, as a request keeps it."""
    return json.dumps({key: value for key, value in told.items() if value}, ensure_ascii=False)
