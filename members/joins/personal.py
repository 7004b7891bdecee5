"""The link to a customer's own page: signed, for ninety days, and for her alone to keep."""

from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner

from members import persons
from members.models import Member

SIGNER = TimestampSigner(salt="personal", sep=".")
LASTS = timedelta(days=90)


def token(member: Member) -> str:
    """What stands in the link."""
    return SIGNER.sign(member.public_id)


def owner(token: str) -> Member | None:
    """The member whom the link names, as long as it lasts and she is not erased."""
    try:
        public_id = SIGNER.unsign(token, max_age=LASTS)
    except BadSignature:
        return None
    found = Member.objects.filter(public_id=public_id, erased_at=None).first()
    root = Member.objects.get(pk=persons.roots([found.pk])[found.pk]) if found else None
    return found if root and root.erased_at is None else None
