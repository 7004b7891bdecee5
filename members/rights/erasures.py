"""Forgetting people: many at once, in one transaction, each floor emptying what it keeps.

Order: contact has stopped (consents are taken back) → ids → names and all that was written about her → the tombstone.
Orders, refunds, relations and the words of consent stay, of a member whom nothing names; so sums and proofs still hold.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from members import persons, upstairs
from members.models import DataRequest, Member
from members.rights import requests
from scrm.audit import entries
from scrm.sealed import digest

AT_ONCE = 1000


class NotAnErasure(Exception):
    """Only approved erasures are carried out."""


def carry_out(asked: Sequence[DataRequest], *, by: Any, at: datetime) -> dict[str, int]:
    """Erases the persons of these approved requests; says how many rows of each kind were emptied."""
    if any(r.kind != DataRequest.Kind.DELETE or r.state != DataRequest.State.APPROVED for r in asked):
        raise NotAnErasure
    sums: dict[str, int] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        sums = _added(sums, _carry_out(some, by=by, at=at))
    return sums


@transaction.atomic
def _carry_out(asked: Sequence[DataRequest], *, by: Any, at: datetime) -> dict[str, int]:
    emptied = erase([request.member_id for request in asked], at=at)
    for request in asked:
        proof = proof_of(request, emptied, persons=len(asked), at=at)
        requests.done(request, proof, by=by, at=at)
        entries.record("member.erased", by=by, subject=request.member, at=at, request=request.public_id)
    return emptied


@transaction.atomic
def erase(roots: Collection[int], *, at: datetime) -> dict[str, int]:
    """These persons are known by nothing from now on. Rows emptied, by kind; a second time there are none."""
    members = sorted(pk for circle in persons.circle(roots).values() for pk in circle)
    sums: dict[str, int] = {}
    for floor in upstairs.told("ERASURES"):
        sums = _added(sums, floor.erase(members, at))
    Member.objects.filter(pk__in=members, erased_at=None).update(erased_at=at)
    return sums


def proof_of(request: DataRequest, emptied: dict[str, int], *, persons: int, at: datetime) -> dict[str, Any]:
    """What was emptied, when, in a run of how many persons; with a keyed seal over it."""
    told: dict[str, Any] = {
        "request": request.public_id,
        "member": request.member.public_id,
        "erased_at": at.isoformat(),
        "persons_in_this_run": persons,
        "rows_emptied_in_this_run": dict(sorted(emptied.items())),
        "kept": ["orders without a name (E-Commerce Law 31)", "words of consent (PIPL 14)", "audit book"],
    }
    return {**told, "seal": seal_of(told)}


def seal_of(told: dict[str, Any]) -> str:
    """A keyed hash by which we know a proof of ours again."""
    plain = json.dumps({k: v for k, v in told.items() if k != "seal"}, sort_keys=True, ensure_ascii=False)
    return digest(hashlib.sha256(plain.encode()).hexdigest(), "erasure proof").hex()


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    sums = {kind: one.get(kind, 0) + other.get(kind, 0) for kind in one.keys() | other.keys()}
    return {kind: n for kind, n in sums.items() if n}
