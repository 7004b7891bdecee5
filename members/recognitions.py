"""Who is meant by ids that a source tells: a member who is known by one of them, or a new one.

An id of one person alone (a unionid, an openid, a card …) leads to its bearer. A phone leads to its bearer only where
nothing better was told; beside better ids it is a claim, of which members.merges makes what it is worth. An id that
nobody bears any more, such as a phone that the carrier gave to somebody else, is taken by who is told with it next.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from members import blocks, links, merges, phones
from members.models import Identity
from members.partitions import OF_A_PERSON
from members.values import BLIND, EXTERNAL_USERID, PHONE, UNIQUE, indexes, normal
from scrm import bulk, sealed
from scrm.ids import new_id, sql_texts
from scrm.wecom.models import Corp

NEXT_IDS = """
SELECT nextval((SELECT pg_get_serial_sequence('members_member', 'id')::regclass)) FROM generate_series(1, %s)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a source says of a person: (kind, scope, plain id) each.

    The scope of an openid is its app, of a marketplace's id the marketplace, of an external_userid WeCom's id of the
    corp, and else "". `verified` names the kinds of which she proved that they are hers.
    """

    ids: tuple[tuple[str, str, str], ...]
    name: str = ""
    verified: frozenset[str] = field(default_factory=frozenset)


class _Id(NamedTuple):
    """One told id: by what it may be found, and what would be written."""

    kind: str
    corp: int | None
    app: str
    plain: str
    values: tuple[str, ...]
    verified: bool

    @property
    def names(self) -> list[tuple[Any, ...]]:
        return [(self.kind, self.corp, self.app, value) for value in self.values]


Known = dict[tuple[Any, ...], tuple[int, int | None]]  # an id's names: identity and bearer, if anybody bears it
Hers = dict[int, set[tuple[Any, ...]]]  # the names of all ids of one person alone that a member bears

KNOWN = """
SELECT kind, corp_id, app, value, id, member_id FROM members_identity
WHERE kind = %s AND corp_id IS NOT DISTINCT FROM %s AND value = ANY(%s::text[])
"""
NEW = """
INSERT INTO members_identity (member_id, kind, corp_id, app, value, key_id, sealed)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bytea[], %s::bytea[])
ON CONFLICT DO NOTHING
"""
TAKE = """
UPDATE members_identity i SET member_id = n.member FROM unnest(%s::bigint[], %s::bigint[]) AS n (id, member)
WHERE i.id = n.id AND i.member_id IS NULL
"""


def find(people: Sequence[Told]) -> list[int | None]:
    """The member whom each of these is known to be; None for whom nobody knows."""
    ids = _ids(people)
    known = _known(one for some in ids for one in some)
    hers = _hers(ids, known)
    return [_bearer(some, known, hers) for some in ids]


def rows_of(people: Sequence[Told]) -> list[list[int]]:
    """The keys of the ids that were told of each, as far as anybody has them."""
    ids = _ids(people)
    known = _known(one for some in ids for one in some)
    return [[found[0] for one in some if (found := _of(one, known))] for some in ids]


@transaction.atomic(savepoint=False)
def recognise(people: Sequence[Told], *, source: str, at: datetime) -> list[int | None]:
    """The member of each of these, made where nobody was known; None where nothing was told that names a person.

    1. Ids that nobody has are written down first, each with a key drawn for a new member;
    2. whom somebody else wrote down just now is looked up again, so that no member without an id stays behind;
    3. what more than one member claims becomes a link, and members.merges hears of it.
    """
    ids = _ids(people)
    before = _known(one for some in ids for one in some)
    drawn, written = _write_ids(ids, before, _hers(ids, before), source)
    known = _known(one for some in ids for one in some) if written else before
    hers = _hers(ids, known)
    bearers = [_bearer(some, known, hers) for some in ids]
    names = {member: told.name for member, told in zip(reversed(bearers), reversed(people), strict=True)}
    _write_members({m: names.get(m, "") for _identity, m in known.values() if m and m in drawn}, at=at)
    merges.heed(links.claim(_claims(ids, bearers, known), source=source, at=at), at=at)
    if learned := written - drawn:
        merges.settle_united(learned, at=at)
    return bearers


def _ids(people: Sequence[Told]) -> list[list[_Id]]:
    """What was told of each, the surest first, without phones that are none and numbers for trials."""
    corps: dict[str, int] = {}
    if any(kind == EXTERNAL_USERID for told in people for kind, _scope, _text in told.ids):
        corps = dict(Corp.objects.values_list("corp_id", "pk"))
    found = [[one for told_id in told.ids if (one := _id(told_id, told.verified, corps))] for told in people]
    empty = blocks.empty({(one.kind, one.app, one.plain): one.values for some in found for one in some})
    counting = [[one for one in some if (one.kind, one.app, one.plain) not in empty] for some in found]
    return [sorted(some, key=lambda one: RANKS[one.kind]) for some in counting]


ALONE = [kind for kind, most in OF_A_PERSON.items() if most == 1]
RANKS = {str(kind): rank for rank, kind in enumerate((*UNIQUE, PHONE))}


def _id(told: tuple[str, str, str], verified: frozenset[str], corps: dict[str, int]) -> _Id | None:
    kind, scope, text = told
    try:
        plain = normal(kind, text)
    except phones.NotAPhone:
        return None
    corp = corps.get(scope) if kind == EXTERNAL_USERID else None
    if not plain or len(plain) > 200 or (kind == EXTERNAL_USERID and corp is None) or "\0" in plain:
        return None
    if kind not in BLIND and len(plain) > 64:
        return None
    app = scope if kind in ("openid", "marketplace") else ""
    return _Id(str(kind), corp, app[:64], plain, tuple(indexes(kind, plain)), kind in verified)


def _known(ids: Iterable[_Id]) -> Known:
    wanted: dict[tuple[str, int | None], set[str]] = {}
    for one in ids:
        wanted.setdefault((one.kind, one.corp), set()).update(one.values)
    found: Known = {}
    with connection.cursor() as cursor:
        for (kind, corp), values in wanted.items():
            cursor.execute(KNOWN, [kind, corp, sql_texts(values)])
            found |= {tuple(row[:4]): (row[4], row[5]) for row in cursor.fetchall()}
    return found


def _of(one: _Id, known: Known) -> tuple[int, int] | None:
    """The identity and who bears it; None where nobody does."""
    for name in one.names:
        if name in known and (bearer := known[name][1]):
            return known[name][0], bearer
    return None


def _vacant(one: _Id, known: Known) -> int:
    """The identity that nobody bears any more; 0 where there is none."""
    return next((known[name][0] for name in one.names if name in known and known[name][1] is None), 0)


def _bearer(ids: Sequence[_Id], known: Known, hers: Hers) -> int | None:
    """Whoever bears the surest of these ids that counts; beside an id of one person alone a phone does not.

    Surer ids that nobody has yet may contradict what she is known by: then it is somebody else with a claim.
    """
    new: list[_Id] = []
    for one in [one for one in ids if one.kind != PHONE] or ids:
        if found := _of(one, known):
            return None if any(_contradicts(other, hers[found[1]]) for other in new) else found[1]
        new.append(one)
    return None


def _contradicts(one: _Id, hers: set[tuple[Any, ...]]) -> bool:
    """Whether she has another id of a kind of which a person has one."""
    others = {name for name in hers if name[:3] == (one.kind, one.corp, one.app)}
    return OF_A_PERSON[one.kind] == 1 and bool(others) and others.isdisjoint(one.names)


def _hers(ids: Sequence[Sequence[_Id]], known: Known) -> Hers:
    """What the bearers of these ids are known by besides, where a surer id that was told may contradict it."""
    hers: Hers = defaultdict(set)
    several = [some for some in ids if len(some) > 1]
    if not any(some[0].kind in ALONE for some in several):
        return hers  # nothing that was told here contradicts anything
    bearers = {found[1] for some in several for one in some if (found := _of(one, known))}
    rows = Identity.objects.filter(member__in=bearers, kind__in=ALONE)
    for member, *name in rows.values_list("member_id", "kind", "corp_id", "app", "value"):
        hers[member].add(tuple(name))
    return hers


def _write_ids(ids: Sequence[Sequence[_Id]], known: Known, hers: Hers, source: str) -> tuple[set[int], set[int]]:
    """The keys drawn for new members, and all who got ids, which stand in the table unless somebody was faster."""
    told, rows, strangers = dict(known), dict[tuple[Any, ...], tuple[int, _Id]](), 0
    barred = _barred(ids, known, hers, source)
    for some in filter(None, ids):
        member = _bearer(some, told, hers)
        if member is None:
            member = -(strangers := strangers + 1)
        for one in some:
            if _of(one, told) is None and (_vacant(one, told), member) not in barred:
                told[one.names[0]] = (-1, member)
                hers[member].add(one.names[0])
                rows[one.names[0]] = member, one
    if not rows:
        return set(), set()
    keys = {-n: key for n, key in enumerate(_draw(strangers), 1)}
    in_order = [(keys.get(rows[name][0], rows[name][0]), rows[name][1]) for name in sorted(rows, key=str)]
    _insert([one for one in in_order if not _vacant(one[1], known)])  # in order: two workers may do so at once
    take([(_vacant(one, known), member) for member, one in in_order if _vacant(one, known)])
    return set(keys.values()), {member for member, _one in in_order}


def _insert(told: Sequence[tuple[int, _Id]]) -> None:
    if told:
        lines = [(member, *_written(one)) for member, one in told]
        with connection.cursor() as cursor:
            cursor.execute(NEW, [list(column) for column in zip(*lines, strict=True)])


def take(pairs: Collection[tuple[int, int]]) -> None:
    """(identity, member) each: she bears it from now on, if nobody does."""
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [list(column) for column in zip(*sorted(pairs), strict=True)])


def _barred(ids: Sequence[Sequence[_Id]], known: Known, hers: Hers, source: str) -> set[tuple[int, int]]:
    """The vacant ids with members of whom HQ said that they are theirs no longer, but for those proved a moment ago."""
    pairs = {
        (vacant, member)
        for some in ids
        for one in some
        if (vacant := _vacant(one, known)) and not (one.verified and source in links.PROOFS)
        if (member := _bearer(some, known, hers))
    }
    return links.barred(pairs)


def _draw(count: int) -> list[int]:
    """Keys of members to be."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEXT_IDS, [count])
        return [key for (key,) in cursor.fetchall()]


def _written(one: _Id) -> tuple[Any, ...]:
    place = Identity._meta.get_field("sealed").aad  # type: ignore[union-attr]
    blind = one.kind in BLIND
    secret = sealed.seal(one.plain.encode(), place) if blind else None
    return one.kind, one.corp, one.app, one.values[0], sealed.key_ids()[0] if blind else None, secret


def _write_members(names: dict[int, str], *, at: datetime) -> None:
    rows = ((key, new_id("m_"), names[key].replace("\0", "")[:120], "", 0, at) for key in sorted(names))
    bulk.insert("members_member", ["id", "public_id", "name", "avatar", "gender", "created_at"], rows)


def _claims(ids: Sequence[Sequence[_Id]], bearers: Sequence[int | None], known: Known) -> list[tuple[int, int, bool]]:
    """(identity, member, verified) of what somebody else bears, and of what she proved to be hers."""
    return [
        (found[0], member, one.verified)
        for some, member in zip(ids, bearers, strict=True)
        if member is not None
        for one in some
        if (found := _of(one, known)) and (found[1] != member or one.verified)
    ]
