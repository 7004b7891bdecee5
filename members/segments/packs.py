"""Audience packs: the only writer of packs and their downloads.

A pack is asked for by one person and allowed by another. Nothing is prepared: each download writes its ids anew, of
those of the frozen audience who allow matching for advertisements at that moment and are not erased, so that whoever
withdrew meanwhile is not in it. What left the house is remembered, person by person.
"""

import hashlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pyroaring import BitMap

from members import allowances, persons
from members.models import Audience, Consent, Identity, Member, Pack, PackDownload
from members.segments import audiences
from scrm.audit import entries
from scrm.sheets import inert

AD_MATCH = Consent.Purpose.AD_MATCH
DAYS_AT_MOST = 90
BATCH = 20_000
State = Pack.State


class CannotBe(Exception):
    """What was asked for is not allowed; the message says why, to the person who asked."""


class IsYours(Exception):
    """Who asked for a pack does not decide about it."""


class NotNow(Exception):
    """The pack was decided about, or has ended, meanwhile."""


@dataclass(frozen=True)
class Contents:
    """What a pack would hold at this moment: its people, the rows of their ids, and who is left out, by reason."""

    people: BitMap
    ids: "array[int]"
    left_out: dict[str, int]


@transaction.atomic
def ask(
    audience: Audience,
    *,
    platform: str,
    use: str,
    reason: str,
    by: Any,
    at: datetime,
    ids: str = Pack.Ids.PHONE,
    app: str = "",
    salt: str = "",
    days: int = 7,
) -> Pack:
    """A pack that waits for somebody else's approval."""
    if audience.purpose != AD_MATCH:
        raise CannotBe(_("This audience was not frozen for matching for advertisements."))
    if audience.size < settings.PACK_LEAST:
        raise CannotBe(_("An audience pack holds at least %(n)s people.") % {"n": settings.PACK_LEAST})
    if not 1 <= days <= DAYS_AT_MOST:
        raise CannotBe(_("A link lasts from 1 to %(n)s days.") % {"n": DAYS_AT_MOST})
    if (ids == Pack.Ids.OPENID) != bool(app):
        raise CannotBe(_("Openids belong to one app: name its id, and only then."))
    ends = at + timedelta(days=days)
    what: dict[str, Any] = {"platform": platform, "use": use, "reason": reason, "ids": ids, "app": app}
    pack = Pack.objects.create(audience=audience, salt=salt or None, asked_by=by, asked_at=at, expires_at=ends, **what)
    about = {"platform": platform, "use": use, "ids": ids, "audience": audience.public_id, "days": days}
    entries.record("pack.asked", by=by, subject=pack, at=at, rows=audience.size, salted=bool(salt), **about)
    return pack


@transaction.atomic
def decide(pack: Pack, *, approve: bool, by: Any, at: datetime, answer: str = "") -> Pack:
    """The pack may be downloaded, or may not; said by somebody who did not ask for it."""
    held = _held(pack)
    if held.asked_by_id == by.pk:
        raise IsYours
    if held.state != State.ASKED or _is_over(held, at):
        raise NotNow
    held.state = State.APPROVED if approve else State.REFUSED
    held.decided_by, held.decided_at, held.answer = by, at, answer[:200]
    held.save()
    entries.record("pack.approved" if approve else "pack.refused", by=by, subject=held, at=at)
    return held


@transaction.atomic
def end(pack: Pack, *, by: Any, at: datetime) -> Pack:
    """From now on nobody downloads the pack, whatever was decided about it."""
    held = _held(pack)
    if held.ended_at is None:
        held.ended_at, held.salt = at, None
        held.save()
        entries.record("pack.ended", by=by, subject=held, at=at)
    return held


def forget_salts(*, at: datetime) -> int:
    """How many packs whose time is over lost their salt."""
    return Pack.objects.filter(expires_at__lte=at, salt__isnull=False).update(salt=None)


def is_open(pack: Pack, *, at: datetime) -> bool:
    """Whether it may be downloaded at this instant."""
    return pack.state == State.APPROVED and not _is_over(pack, at)


def _is_over(pack: Pack, at: datetime) -> bool:
    return pack.ended_at is not None or at >= pack.expires_at


@transaction.atomic
def take(pack: Pack, *, by: Any, at: datetime) -> tuple[PackDownload, Iterator[str]]:
    """The download as it is remembered, and the lines of its file; each download asks everybody's consent anew."""
    held = _held(pack)
    if not is_open(held, at=at):
        raise NotNow
    found = contents(held, at=at)
    if len(found.people) < settings.PACK_LEAST:
        raise CannotBe(_("An audience pack holds at least %(n)s people.") % {"n": settings.PACK_LEAST})
    counted: dict[str, Any] = {"people": len(found.people), "rows": len(found.ids), "left_out": found.left_out}
    taken = PackDownload.objects.create(pack=held, by=by, at=at, members=found.people.serialize(), **counted)
    told: dict[str, Any] = {
        "people": len(found.people),
        "platform": held.platform,
        "ids": held.ids,
        "left_out": found.left_out,
    }
    entries.record_export(by, held, at=at, rows=len(found.ids), **told)
    lines = inert.csv_lines(_lines(held, found.ids))
    next(lines)  # platforms would take a byte order mark for part of the file
    return taken, lines


def contents(pack: Pack, *, at: datetime) -> Contents:
    """Who would be in the pack at this instant; everybody of the audience is in it or left out for one reason."""
    frozen = audiences.members(pack.audience)
    people, ids, known, erased, willing = BitMap(), array("q"), BitMap(), 0, 0
    for batch in _batches(frozen):
        roots = set(persons.roots(batch).values()) - set(known)
        known |= BitMap(roots)
        erased += Member.objects.filter(pk__in=roots, erased_at__isnull=False).count()
        allowed = allowances.allows(roots, AD_MATCH, at=at)
        willing += len(allowed)
        for root, identity in _identities(pack, allowed):
            people.add(root)
            ids.append(identity)
    left_out = {
        "merged": len(frozen) - len(known),
        "erased": erased,
        "no_consent": len(known) - erased - willing,
        "no_id": willing - len(people),
    }
    return Contents(people, ids, {reason: n for reason, n in left_out.items() if n})


def _batches(frozen: Sequence[int] | BitMap) -> Iterator[list[int]]:
    for start in range(0, len(frozen), BATCH):
        yield list(frozen[start : start + BATCH])


def _identities(pack: Pack, allowed: Collection[int]) -> Iterator[tuple[int, int]]:
    """The surviving member and the row of each id that the pack is about."""
    root_of = {part: root for root, circle in persons.circle(allowed).items() for part in circle}
    found = _of_kind(pack).filter(member__in=root_of).order_by("pk").values_list("member", "pk")
    return ((root_of[member], pk) for member, pk in found)


def _of_kind(pack: Pack) -> QuerySet[Identity]:
    return Identity.objects.filter(kind=pack.ids, app=pack.app)


def _lines(pack: Pack, ids: "array[int]") -> Iterator[list[str]]:
    yield [f"sha256_{pack.ids}"]
    for start in range(0, len(ids), BATCH):
        found = Identity.objects.filter(pk__in=ids[start : start + BATCH].tolist()).only("kind", "value", "sealed")
        for one in found:
            yield [hashed(one.sealed or one.value, salt=pack.salt or "")]


def hashed(plain: str, *, salt: str = "") -> str:
    """SHA-256 of the salt and the id (of phones in E.164), in hex."""
    return hashlib.sha256((salt + plain).encode()).hexdigest()


def _held(pack: Pack) -> Pack:
    return Pack.objects.select_for_update(of=("self",)).select_related("audience").get(pk=pack.pk)


def copies(members: Collection[int]) -> dict[str, list[dict[str, Any]]]:
    """For a person's copy: to which platforms her hashed ids were handed."""
    parts = BitMap(members)
    rows = [
        {"at": one.at, "platform": one.pack.get_platform_display(), "use": one.pack.get_use_display()}
        for one in _downloads()
        if parts & BitMap.deserialize(bytes(one.members))
    ]
    return {str(PackDownload._meta.verbose_name): rows} if rows else {}


def erase(members: Iterable[int], at: datetime) -> dict[str, int]:
    """Nobody can tell any more that these members were in a pack; how many downloads forgot them."""
    parts, forgot = BitMap(members), 0
    for one in _downloads().select_for_update(of=("self",)):
        held = BitMap.deserialize(bytes(one.members))
        if held & parts:
            forgot += PackDownload.objects.filter(pk=one.pk).update(members=(held - parts).serialize())
    return {"packs": forgot}


def _downloads() -> QuerySet[PackDownload]:
    return PackDownload.objects.select_related("pack").order_by("pk")
