"""A claim ends: the carrier gave the number to somebody else, or a card came back.

What was claimed stays written down with the day and the reason. Who is one person by it is worked out anew, and the id
is free for whoever tells it next. HQ may take its word back at any time; whoever bears the id by then keeps it.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.db import transaction

from members import links, merges
from members.links import BORNE as BORNE
from members.models import Identity, IdentityLink, Member, Review
from members.values import CARD, PHONE
from scrm.audit import entries
from scrm.clock import start_of

KINDS: frozenset[str] = frozenset({PHONE, CARD})  # WeChat's own ids never go to somebody else


class NotHers(Exception):
    """None of these members claims this id, or it is none that may end."""


@transaction.atomic
def end(identity: Identity, members: Collection[Member], *, why: str, since: date, by: Any, at: datetime) -> None:
    """The id is not these members' any more since a day; raises NotHers.

    Whoever else claims it bears it from now on. Several members who give up one id together are one person by
    somebody's word, also when nothing else says so.
    """
    held = Identity.objects.select_for_update().get(pk=identity.pk)
    hers = [one for one in members if one.pk in claimants(held)]
    if not hers or held.kind not in KINDS:
        raise NotHers
    for other in hers[1:]:
        merges.decide(hers[0], other, Review.State.SAME, by=by, at=at)
    keys = {one.pk for one in hers}
    links.end(held.pk, keys, why=why, until=start_of(since), by=by, at=at)
    if held.member_id in keys:
        Identity.objects.filter(pk=held.pk).update(member=links.heir(held.pk))
    _settle(held, keys, by=by, at=at)
    for one in hers:
        told: dict[str, Any] = {"kind": held.kind, "why": why, "since": since.isoformat()}
        entries.record("identity.ended", by=by, subject=held, at=at, customer=one, **told)


@transaction.atomic
def take_back(identity: Identity, members: Collection[Member], *, by: Any, at: datetime) -> None:
    """These members claim the id as if HQ had never said that they do not; raises NotHers."""
    held = Identity.objects.select_for_update().get(pk=identity.pk)
    hers = [one for one in members if one.pk in ended(held)]
    if not hers:
        raise NotHers
    keys = {one.pk for one in hers}
    links.renew(held.pk, keys)
    if held.member_id is None:
        Identity.objects.filter(pk=held.pk).update(member=links.heir(held.pk))
    _settle(held, keys, by=by, at=at)
    for one in hers:
        entries.record("identity.renewed", by=by, subject=held, at=at, customer=one, kind=held.kind)


def claimants(identity: Identity) -> set[int]:
    """The members who bear or claim the id at present."""
    live = IdentityLink.objects.filter(identity=identity, until=None).values_list("member_id", flat=True)
    return {*live, *([identity.member_id] if identity.member_id else [])}


def ended(identity: Identity) -> set[int]:
    """The members of whom HQ said that the id is theirs no longer."""
    told = IdentityLink.objects.filter(identity=identity, until__isnull=False).exclude(ended_for="")
    return set(told.values_list("member_id", flat=True))


def _settle(identity: Identity, members: set[int], *, by: Any, at: datetime) -> None:
    now = Identity.objects.get(pk=identity.pk)
    merges.settle({*members, *claimants(now)}, by=by, at=at)
