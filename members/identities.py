"""Who somebody is: the only writer of what reads tell us of members and of their ids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from members.models import Identity, Member


@transaction.atomic
def learn(person: Identity, contact: Mapping[str, Any], *, at: datetime) -> None:
    """Name, picture, gender and unionid as WeCom tells them of an external contact."""
    Member.objects.filter(pk=person.member_id).update(
        name=str(contact.get("name", ""))[:120],
        avatar=_picture(contact),
        gender=contact.get("gender", 0) if contact.get("gender") in Member.Gender.values else 0,
    )
    if unionid := contact.get("unionid"):
        _know_by_unionid(person.member_id, str(unionid))


def _picture(contact: Mapping[str, Any]) -> str:
    url = str(contact.get("avatar", ""))
    return url if url.startswith("https://") and len(url) <= 500 else ""


def _know_by_unionid(member: int, unionid: str) -> None:
    """A unionid names one member; another one with it is the same person, and points at the first."""
    known, _new = Identity.objects.get_or_create(
        kind=Identity.Kind.UNIONID, corp=None, value=unionid, defaults={"member_id": member}
    )
    if known.member_id != member:
        Member.objects.filter(pk=member).update(same_person_as=known.member_id)
