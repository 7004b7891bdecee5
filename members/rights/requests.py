"""What people ask about their data: the only writer of requests.

asked → verified (it is known who asks; of an erasure the contact stops here) → approved (an erasure, by another person)
→ done, or refused with a reason at any time before.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from members import consents, persons
from members.models import Consent, DataRequest, Invite, Member
from members.rights import deadlines
from scrm.audit import entries
from scrm.clock import day_of

Kind, State = DataRequest.Kind, DataRequest.State


class AlreadyAsked(Exception):
    """She asked for the same and waits for the answer."""


class NotNow(Exception):
    """The request is not in the state in which this can be done."""


class NotByYou(Exception):
    """Who verified an erasure, or made the link through which it was asked, does not approve it."""


def ask(
    member: Member,
    kind: str,
    *,
    way: str,
    at: datetime,
    by: Any = None,
    note: str = "",
    wanted: str = "",
    asked_at: datetime | None = None,
    link: Invite | None = None,
) -> DataRequest:
    """The clock runs from the day on which she asked. Raises AlreadyAsked.

    `link` is the one by which she came to her page, if staff made it for her: the request names who made it, and that
    person is not the one who approves it.
    """
    root = Member.objects.get(pk=persons.roots([member.pk])[member.pk])
    since = min(asked_at or at, at)
    told = {"way": way, "asked_at": since, "due_on": deadlines.due(day_of(since)), "note": note[:1000] or None}
    try:
        with transaction.atomic():
            made = DataRequest.objects.create(
                member=root, kind=kind, opened_by=link.made_by if link else by, wanted=wanted or None, **told
            )
            through: dict[str, Any] = {"link": link.public_id} if link else {}
            entries.record("datarequest.asked", by=by or "customer", subject=made, at=at, kind=kind, way=way, **through)
    except IntegrityError:
        raise AlreadyAsked from None
    return made


def waiting(member: Member, kind: str) -> DataRequest | None:
    """What she asked before and waits until it is known that it was she."""
    asked = DataRequest.objects.filter(member=persons.roots([member.pk])[member.pk], kind=kind, state=State.ASKED)
    return asked.first()


@transaction.atomic
def verify(request: DataRequest, *, proof: str, by: Any, at: datetime) -> None:
    """It is known who asks, and by what. Whoever is to be forgotten or restricted is contacted no more from here on."""
    _move(request, {State.ASKED}, State.VERIFIED, proof=proof, verified_by=by, verified_at=at)
    if request.kind in {Kind.DELETE, Kind.RESTRICT}:
        stop(request, by=by, at=at)
    entries.record("datarequest.verified", by=by or "customer", subject=request, at=at, proof=proof)


def stop(request: DataRequest, *, by: Any, at: datetime) -> None:
    """All consents are taken back, those that she never spoke of too."""
    purposes = [p for p in Consent.Purpose if request.kind == Kind.DELETE or p != Consent.Purpose.SERVICE]
    told: dict[str, Any] = {"at": at, "source": Consent.Source.HQ, "evidence": f"request {request.public_id}"}
    consents.withdraw(request.member, purposes, by=by, **told)


@transaction.atomic
def approve(requests: Iterable[DataRequest], *, by: Any, at: datetime) -> list[DataRequest]:
    """These erasures may be carried out. Raises NotByYou for one that the same person verified."""
    asked = list(requests)
    for request in asked:
        if by.pk in {request.verified_by_id, request.link_by_id}:
            raise NotByYou
        _move(request, {State.VERIFIED}, State.APPROVED, approved_by=by, approved_at=at)
        entries.record("datarequest.approved", by=by, subject=request, at=at)
    return asked


@transaction.atomic
def refuse(request: DataRequest, *, reason: str, by: Any, at: datetime) -> None:
    """She gets no for an answer, and why."""
    _move(request, {State.ASKED, State.VERIFIED}, State.REFUSED, reason=reason[:300], closed_by=by, closed_at=at)
    entries.record("datarequest.refused", by=by, subject=request, at=at)


@transaction.atomic
def done(request: DataRequest, result: dict[str, Any], *, by: Any, at: datetime) -> None:
    """The answer was given; `result` says what was done, without a name or a number."""
    before = {State.APPROVED} if request.kind == Kind.DELETE else {State.VERIFIED}
    _move(request, before, State.DONE, result=result, closed_by=by, closed_at=at)
    entries.record("datarequest.done", by=by, subject=request, at=at, kind=request.kind)


def _move(request: DataRequest, before: set[Any], after: str, **more: Any) -> None:
    """Two at once do not both do it."""
    if not DataRequest.objects.filter(pk=request.pk, state__in=before).update(state=after, **more):
        raise NotNow
    request.refresh_from_db()
