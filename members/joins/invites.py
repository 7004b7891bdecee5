"""Links and posters that lead to the registration page: the only writer of invites.

A link is an invite's id with a signature, so that nobody finds one by trying; whoever made it may end it.
"""

from datetime import datetime, timedelta
from typing import Any

import segno
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F

from members.models import Invite, Member
from scrm.audit import entries
from stores.models import Person, Store

SIGNER = Signer(salt="join", sep=".")
FOR_ONE = timedelta(days=7)


class LinkIsOver(Exception):
    """The link was ended, ran out, was used up, or never was one."""


@transaction.atomic
def make(store: Store | None, *, by: Any, at: datetime, person: Person | None = None, name: str = "") -> Invite:
    """A link for everybody who comes to a store, or to a guide there; it lasts until somebody ends it."""
    made = Invite.objects.create(store=store, person=person, name=name.strip()[:60], made_by=by, made_at=at)
    entries.record("invite.made", by=by, subject=made, at=at, store=store)
    return made


@transaction.atomic
def make_for(member: Member, *, store: Store | None, by: Any, at: datetime) -> Invite:
    """A link for one customer, for a week and one registration; earlier ones for her end."""
    Invite.objects.filter(member=member, ended_at=None).update(ended_at=at)
    told = {"store": store, "person": by, "made_by": by, "made_at": at, "expires_at": at + FOR_ONE}
    made = Invite.objects.create(member=member, **told)
    entries.record("invite.made", by=by, subject=made, at=at, customer=member, store=store)
    return made


@transaction.atomic
def end(invite: Invite, *, by: Any, at: datetime) -> None:
    """The link opens nothing any more."""
    if Invite.objects.filter(pk=invite.pk, ended_at=None).update(ended_at=at):
        entries.record("invite.ended", by=by, subject=invite, at=at)


def token(invite: Invite) -> str:
    """What stands in the link."""
    return SIGNER.sign(invite.public_id)


def opened(token: str, *, at: datetime) -> Invite:
    """The invite of a link; raises LinkIsOver."""
    try:
        public_id = SIGNER.unsign(token)
    except BadSignature:
        raise LinkIsOver from None
    found = Invite.objects.filter(public_id=public_id).select_related("store", "person", "member").first()
    if found is None or found.ended_at or (found.expires_at and found.expires_at <= at):
        raise LinkIsOver
    if found.member and (found.used or found.member.erased_at):
        raise LinkIsOver
    return found


def used(invite: Invite) -> None:
    """One more registered by it; a link for one customer lets one in, whoever is faster."""
    rows = Invite.objects.filter(pk=invite.pk)
    if not (rows.filter(used=0) if invite.member_id else rows).update(used=F("used") + 1):
        raise LinkIsOver


def picture(address: str) -> str:
    """The QR code of a link, as a data URI."""
    return segno.make_qr(address, error="m").svg_data_uri(scale=6, border=2, dark="#000", light="#fff")
