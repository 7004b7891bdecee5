"""What members allow: the only writer of consents. What nobody allowed is forbidden, and the strictest word counts.

Where several members are one person (`same_person_as`), each may have said something; the person allows a thing only if
the last word of each of them who spoke of it does. A new word is therefore written down for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from members.allowances import allowing as allowing
from members.allowances import allows as allows
from members.allowances import houses_of as houses_of
from members.allowances import renewed
from members.allowances import shared_with as shared_with
from members.models import Consent, Member
from scrm import bulk
from scrm.audit import entries
from scrm.sealed import seal
from stores.models import Franchisee

GIVEN, WITHDRAWN = Consent.State.GIVEN, Consent.State.WITHDRAWN
OUTDATED = "outdated"
STRICTNESS: list[str] = [GIVEN, OUTDATED, Consent.State.DENIED, WITHDRAWN]
COLUMNS = (
    *("member_id", "purpose", "controller_id", "state", "terms"),
    *("at", "source", "evidence", "by_id", "recorded_at", "through_id"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a member said, at an instant that may be long ago."""

    member: int
    purpose: str
    at: datetime
    terms: str = ""
    evidence: str = ""
    controller: int | None = None
    state: str = GIVEN
    through: int | None = None  # the member as whom she spoke, if another one


def present(member: Member, *, at: datetime) -> dict[tuple[str, int | None], str]:
    """What each purpose and controller of whom she spoke comes to: given, or the strictest other word.

    `outdated` was given under terms that mean something else now.
    """
    parts = _parts(member)
    said = Consent.objects.filter(member__in=parts, at__lte=at).select_related("controller")
    heard = [c for c in said if c.state != GIVEN or c.through_id in {None, *parts}]
    last: dict[tuple[str, int | None, int], Consent] = {}
    for one in sorted(heard, key=lambda c: (c.at, STRICTNESS.index(c.state))):
        last[one.purpose, one.controller_id, one.member_id] = one
    words: dict[tuple[str, int | None], str] = {}
    for (purpose, controller, _member), one in last.items():
        words[purpose, controller] = _strictest(words.get((purpose, controller), GIVEN), _word(one, at))
    return words


def _word(said: Consent, at: datetime) -> str:
    if said.state != GIVEN:
        return said.state
    since, versions = renewed(said.purpose, controller=said.controller, at=at)
    return OUTDATED if since and (said.at < since or said.terms in versions) else GIVEN


@transaction.atomic
def give(
    member: Member,
    purposes: Iterable[str],
    *,
    terms: str,
    at: datetime,
    source: str,
    evidence: str = "",
    controller: Franchisee | None = None,
    by: Any = None,
) -> None:
    """From now on she allows these uses, under this version of the terms."""
    named = sorted(set(purposes))
    where = getattr(controller, "pk", None)
    parts = [(part, None if part == member.pk else member.pk) for part in _parts(member)]
    said = [Said(part, p, at, terms, evidence, where, GIVEN, as_) for part, as_ in parts for p in named]
    give_many(said, source=source, by=by, at=at)
    entries.record("consent.given", by=by, subject=member, at=at, purposes=named, terms=terms)


@transaction.atomic
def withdraw(
    member: Member, purposes: Iterable[str] = (), *, at: datetime, source: str, evidence: str = "", by: Any = None
) -> None:
    """From now on she allows none of these uses, or of those that she ever spoke of; whoever the controller is."""
    parts = _parts(member)
    spoken = set(Consent.objects.filter(member__in=parts).values_list("purpose", "controller_id").distinct())
    asked = set(purposes)
    ended = {(p, c) for p, c in spoken if not asked or p in asked} | {(p, None) for p in asked}
    as_ = {part: None if part == member.pk else member.pk for part in parts}
    said = [Said(n, p, at, "", evidence, c, WITHDRAWN, as_[n]) for n in parts for p, c in sorted(ended, key=str)]
    give_many(said, source=source, by=by, at=at)
    entries.record("consent.withdrawn", by=by, subject=member, at=at, purposes=sorted({p for p, _c in ended}))


@transaction.atomic
def give_many(said: Sequence[Said], *, source: str, at: datetime, by: Any = None) -> int:
    """How many of these words were new; set-based, and what is written down already stays once."""
    new = sorted(set(said) - _known(said), key=lambda s: (s.member, s.at))
    writer = getattr(by, "pk", None)
    bulk.insert("members_consent", COLUMNS, (_row(s, source, writer, at) for s in new))
    return len(new)


def _row(said: Said, source: str, writer: int | None, at: datetime) -> tuple[Any, ...]:
    place = Consent._meta.get_field("evidence").aad  # type: ignore[union-attr]
    proof = seal(said.evidence.encode(), place) if said.evidence else None
    what = (said.member, str(said.purpose), said.controller, str(said.state), said.terms, said.at)
    return (*what, source, proof, writer, at, said.through)


def _known(said: Sequence[Said]) -> set[Said]:
    """Those of the words that are in the book, whatever their evidence says."""
    rows = Consent.objects.filter(member__in={s.member for s in said})
    book = set(rows.values_list("member_id", "purpose", "controller_id", "state", "at", "terms"))
    return {s for s in said if (s.member, s.purpose, s.controller, s.state, s.at, s.terms) in book}


def _parts(member: Member) -> list[int]:
    root = member.same_person_as_id or member.pk
    return sorted({member.pk, *Member.objects.filter(Q(pk=root) | Q(same_person_as=root)).values_list("pk", flat=True)})


def _strictest(one: str, other: str) -> str:
    return max(one, other, key=STRICTNESS.index)
