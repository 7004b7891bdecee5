"""Audience packs: the only writer of packs and their downloads.

A pack is asked for by one person and allowed by another. Nothing is prepared: each download writes its ids anew, of
those of the frozen audience who allow matching for advertisements at that moment and are not erased, so that whoever
withdrew meanwhile is not in it. What left the house is remembered, person by person, before the first id is written;
the ids are then read, hashed and sent part by part, so that a pack of millions takes no more memory than a small one.
"""

import hashlib
import sys
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pyroaring import BitMap

from members import persons
from members.models import Audience, Consent, Member, Pack, PackDownload
from members.segments import audiences, bits, latest, traits
from members.segments.families import as_bytes
from scrm.audit import entries
from scrm.ids import sql_array
from scrm.sealed import open_sealed

AD_MATCH = Consent.Purpose.AD_MATCH
DAYS_AT_MOST = 90
BATCH = 20_000
LINES = 5_000  # that are hashed and sent together
END = "\r\n"
LINE = len(hashlib.sha256().hexdigest() + END)
State = Pack.State
PLACE = "members_identity.sealed"
# As they are kept: a million times, what Django does for each row is most of the work.
VALUES = "SELECT sealed, value FROM members_identity WHERE id = ANY(%(ids)s::bigint[])"
# Of some persons, each id of a kind that any of their members bears: whose, and which row.
IDS = """
SELECT string_agg(int4send(root::int4), '' ORDER BY id), string_agg(int8send(id), '' ORDER BY id) FROM (
    SELECT i.id, p.root FROM (
        SELECT part, part AS root FROM unnest(%(roots)s::bigint[]) part
        UNION ALL SELECT m.id, m.same_person_as_id FROM members_member m
            WHERE m.same_person_as_id = ANY(%(roots)s::bigint[])
    ) p JOIN members_identity i ON i.member_id = p.part AND i.kind = %(kind)s AND i.app = %(app)s) found
"""


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
    return taken, _lines(held, found.ids)


def contents(pack: Pack, *, at: datetime) -> Contents:
    """Who would be in the pack at this instant; everybody of the audience is in it or left out for one reason."""
    frozen = audiences.members(pack.audience)
    known, erased = _persons(frozen, at)
    willing = audiences.allowing(known, AD_MATCH, at=at)
    people, ids = BitMap(), array("q")
    for batch in _batches(willing):
        its_people, its_ids = _identities(pack, batch)
        people |= its_people
        ids.extend(its_ids)
    left_out = {
        "merged": len(frozen) - len(known),
        "erased": erased,
        "no_consent": len(known) - erased - len(willing),
        "no_id": len(willing) - len(people),
    }
    return Contents(people, ids, {reason: n for reason, n in left_out.items() if n})


def _persons(frozen: BitMap, at: datetime) -> tuple[BitMap, int]:
    """Who these are now, since some were merged meanwhile, and how many of them are erased."""
    told = latest.kept(traits.ALL, 0, at=at)
    known = frozen & told[0] - told[1] if told else BitMap()
    erased = 0
    for batch in _batches(frozen - known):
        roots = BitMap(persons.roots(batch).values()) - known
        known |= roots
        erased += Member.objects.filter(pk__in=list(roots), erased_at__isnull=False).count()
    return known, erased


def _batches(members: BitMap) -> Iterator[list[int]]:
    for start in range(0, len(members), BATCH):
        yield list(members[start : start + BATCH])


def _identities(pack: Pack, roots: list[int]) -> tuple[BitMap, "array[int]"]:
    """Which of these persons have an id that the pack is about, and its rows."""
    asked = {"roots": sql_array(roots), "kind": str(pack.ids), "app": pack.app}
    ids = array("q")
    for people, rows in as_bytes(IDS, asked):
        if rows:
            ids.frombytes(rows)
            if sys.byteorder == "little":
                ids.byteswap()
            return bits.of_bytes(people), ids
    return BitMap(), ids


def name_of(taken: PackDownload) -> str:
    """What a download is called as a file."""
    return f"{taken.pack.public_id}-{taken.at:%Y%m%d%H%M}.csv"


def length(taken: PackDownload) -> int:
    """How many bytes a download has, so that one that broke off is known for what it is."""
    return len(_head(taken.pack)) + LINE * taken.rows


def _head(pack: Pack) -> str:
    """No byte order mark: platforms would take it for part of the file."""
    return f"sha256_{pack.ids}{END}"


def _lines(pack: Pack, ids: "array[int]") -> Iterator[str]:
    """The file: a hash on each line, which no spreadsheet takes for a formula."""
    yield _head(pack)
    salt = pack.salt or ""
    for start in range(0, len(ids), LINES):
        found = as_bytes(VALUES, {"ids": sql_array(ids[start : start + LINES])})
        yield "".join(hashed(_plain(sealed, value), salt=salt) + END for sealed, value in found)


def _plain(sealed: bytes | None, value: str) -> str:
    return open_sealed(sealed, PLACE).decode() if sealed else value


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
