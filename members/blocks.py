"""Ids that say nothing about who somebody is: the only writer of blocked values.

A shop's own phone, a guide's, a number for trials, or whatever so many customers claim that it cannot be one person's.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from members import partitions
from members.models import BlockedValue, Identity, IdentityLink
from members.values import BLIND, PHONE, index, indexes, masked, normal
from scrm import sealed
from scrm.audit import entries
from scrm.ids import sql_array, sql_texts
from stores.models import Seat

log = structlog.get_logger()
Reason = BlockedValue.Reason

TRIALS = {"+8613800138000", "+8613900139000", "+8613800000000", "+8613812345678"}
RUN = re.compile(r"(\d)\1{7}$")  # eight times the same digit at the end

WORDS = "SELECT kind, app, value, blocks FROM members_blockedvalue WHERE value = ANY(%s::text[])"

Key = tuple[str, str, str]  # kind, app, value


def is_for_trials(kind: str, plain: str) -> bool:
    """Whether people type this number where they have none."""
    return kind == PHONE and (plain in TRIALS or RUN.search(plain) is not None)


def words_on(keys: Iterable[Key]) -> dict[Key, bool]:
    """Of those of these ids of which the table says something: whether they are blocked."""
    wanted = set(keys)
    with connection.cursor() as cursor:
        cursor.execute(WORDS, [sql_texts({value for _kind, _app, value in wanted})])
        found = {(kind, app, value): blocks for kind, app, value, blocks in cursor.fetchall()}
    return {key: blocks for key, blocks in found.items() if key in wanted}


def of_no_use(told: Collection[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Of these (kind, app, id in its normal form) those that say nothing: blocked, or for trials unless HQ says no."""
    return empty({one: indexes(one[0], one[2]) for one in set(told)})


def empty(told: Mapping[tuple[str, str, str], Sequence[str]]) -> set[tuple[str, str, str]]:
    """The same for ids of which the caller knows what may stand in `value` for each."""
    names = {one: [(one[0], one[1], value) for value in values] for one, values in told.items()}
    words = words_on(name for some in names.values() for name in some)
    said = {one: next((words[name] for name in some if name in words), None) for one, some in names.items()}
    return {one for one, word in said.items() if word or (word is None and is_for_trials(one[0], one[2]))}


# Whoever bears an id claims it. What is blocked already concerns nobody.
CLAIMANTS = """
SELECT i.id, i.kind, i.app, i.value, array_remove(array_agg(DISTINCT l.member_id) || i.member_id, NULL)
FROM members_identity i JOIN members_identitylink l ON l.identity_id = i.id AND l.until IS NULL
WHERE i.id = ANY(%s::bigint[]) AND NOT EXISTS (
    SELECT FROM members_blockedvalue b WHERE b.kind = i.kind AND b.app = i.app AND b.value = i.value AND b.blocks)
GROUP BY i.id
"""


def claimants(identities: Collection[int], *, at: datetime) -> set[int]:
    """The members who claim these ids. What too many claim, as the tablet of a shop, is blocked from now on."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIMANTS, [sql_array(identities)])
        rows = cursor.fetchall()
    shared = [row for row in rows if len(set(row[4])) > partitions.CLAIMANTS[row[1]]]
    if shared:
        _block_shared([row[0] for row in shared], at=at)
    return {member for row in rows for member in row[4]}


def _block_shared(identities: Collection[int], *, at: datetime) -> None:
    """HQ's own word on such an id stands above this."""
    rows = [
        BlockedValue(
            kind=one.kind,
            app=one.app,
            value=one.value,
            sealed=one.sealed,
            key_id=one.key_id,
            shown=_shown(one),
            reason=Reason.SHARED,
            at=at,
        )
        for one in Identity.objects.filter(pk__in=identities)
    ]
    BlockedValue.objects.bulk_create(rows, ignore_conflicts=True)
    log.warning("members.identities.blocked", identities=sorted(identities))


def _shown(identity: Identity) -> str:
    return masked(identity.kind, (identity.sealed or "") if identity.kind in BLIND else identity.value)[:64]


@transaction.atomic
def put(kind: str, text: str, *, app: str = "", reason: str, blocks: bool = True, by: Any, at: datetime) -> set[int]:
    """HQ's word on an id: it counts or it does not. Gives the members of whom that may change who they are."""
    plain = normal(kind, text)
    said = {"reason": reason, "blocks": blocks, "by": by, "at": at, "shown": masked(kind, plain)[:64]}
    secret = {"sealed": plain, "key_id": sealed.key_ids()[0]} if kind in BLIND else {}
    known = BlockedValue.objects.filter(kind=kind, app=app, value__in=indexes(kind, plain)).first()
    value = known.value if known else index(kind, plain)
    one, _new = BlockedValue.objects.update_or_create(
        kind=kind, app=app, value=value, defaults=said, create_defaults={**said, **secret}
    )
    entries.record("identity.blocked" if blocks else "identity.unblocked", by=by, subject=one, at=at, kind=kind)
    return _claiming(Identity.objects.filter(kind=kind, app=app, value__in=indexes(kind, plain)))


@transaction.atomic
def turn(one: BlockedValue, *, by: Any, at: datetime) -> set[int]:
    """A blocked id counts again, or the other way round. Gives the members of whom that may change who they are."""
    BlockedValue.objects.filter(pk=one.pk).update(blocks=not one.blocks, by=by, at=at)
    verb = "identity.unblocked" if one.blocks else "identity.blocked"
    entries.record(verb, by=by, subject=one, at=at, kind=one.kind)
    return _claiming(Identity.objects.filter(kind=one.kind, app=one.app, value=one.value))


Place = tuple[str, int]  # "store" or "person", with its key
REASONS = {"store": Reason.STORE, "person": Reason.GUIDE}


def phones_of(places: Iterable[Place]) -> dict[Place, BlockedValue]:
    """The phone that each of these stores and colleagues is known by."""
    asked = list(places)
    stores, people = ([key for kind, key in asked if kind == one] for one in REASONS)
    rows = BlockedValue.objects.filter(Q(store__in=stores) | Q(person__in=people), kind=PHONE).order_by("pk")
    return {("store", one.store_id) if one.store_id else ("person", one.person_id or 0): one for one in rows}


@transaction.atomic
def keep_phones(told: Mapping[Place, str], *, at: datetime) -> set[int]:
    """These phones, in their normal form, are blocked; what the same store or colleague had before counts again.

    HQ's own word on a number stands above this. Gives the members of whom that may change who they are.
    """
    before = phones_of(told)
    same = {place for place, one in before.items() if one.value in indexes(PHONE, told[place])}
    gone = [one for place, one in before.items() if place not in same]
    BlockedValue.objects.filter(pk__in=[one.pk for one in gone]).delete()
    new = [_of_house(place, plain, at) for place, plain in told.items() if place not in same]
    BlockedValue.objects.bulk_create(new, ignore_conflicts=True)
    values = {value for plain in told.values() for value in indexes(PHONE, plain)} | {one.value for one in gone}
    return _claiming(Identity.objects.filter(kind=PHONE, value__in=values)) if gone or new else set()


def _of_house(place: Place, plain: str, at: datetime) -> BlockedValue:
    kind, key = place
    told = {"store_id": key if kind == "store" else None, "person_id": key if kind == "person" else None}
    secret = {"sealed": plain, "key_id": sealed.key_ids()[0], "shown": masked(PHONE, plain)[:64]}
    return BlockedValue(kind=PHONE, value=index(PHONE, plain), reason=REASONS[kind], at=at, **told, **secret)


@transaction.atomic
def free_leavers(*, at: datetime) -> set[int]:
    """The phones of colleagues without a seat count again. Gives the members of whom that may change who they are."""
    seated = Seat.objects.at(at).filter(person=OuterRef("person"))
    rows = list(BlockedValue.objects.filter(~Exists(seated), person__isnull=False))
    BlockedValue.objects.filter(pk__in=[one.pk for one in rows]).delete()
    return _claiming(Identity.objects.filter(kind=PHONE, value__in=[one.value for one in rows]))


def _claiming(known: Any) -> set[int]:
    links = IdentityLink.objects.filter(identity__in=known, until=None).values_list("member_id", flat=True)
    return {*known.exclude(member=None).values_list("member_id", flat=True), *links}
