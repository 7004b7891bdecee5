"""Who somebody is: the only writer of members and of the ids by which they are known."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from members import blocks, contacts, links, merges, phones, recognitions
from members.models import Identity, IdentityLink, Member
from members.recognitions import NEXT_IDS
from members.recognitions import Told as Told
from members.recognitions import find as find
from members.recognitions import recognise as recognise
from members.reveals import reveal as reveal
from members.values import BLIND, CARD, PHONE, index, indexes, masked, normal
from members.values import masked_card as masked_card
from scrm import bulk, sealed
from scrm.ids import new_id
from scrm.wecom.models import Corp


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who is not a member yet: plain ids in their normal form, each with its kind."""

    name: str
    gender: int
    ids: tuple[tuple[str, str], ...]


@transaction.atomic
def learn(person: Identity, contact: Mapping[str, Any], *, at: datetime) -> None:
    """Name, picture, gender and unionid as WeCom tells them of an external contact."""
    told = contacts.of(contact, person.value)
    name = told.name.replace("\0", "")
    if person.member_id is None:
        return
    Member.objects.filter(pk=person.member_id).update(name=name, avatar=told.avatar, gender=told.gender)
    if told.unionid:
        _know_by_unionid(person.member_id, told.unionid, at=at)


def _know_by_unionid(member: int, unionid: str, *, at: datetime) -> None:
    """A unionid names one person: another member with it claims it as well."""
    known, is_new = Identity.objects.get_or_create(
        kind=Identity.Kind.UNIONID, corp=None, app="", value=unionid, defaults={"member_id": member}
    )
    if known.member_id != member:
        merges.heed(links.claim([(known.pk, member, False)], source="wecom", at=at), at=at)
    elif is_new:
        merges.settle_united([member], at=at)


def shown(identity: Identity) -> str:
    """The id as people may read it: phones, cards and marketplaces' ids masked."""
    return masked(identity.kind, (identity.sealed or "") if identity.kind in BLIND else identity.value)


def owners(kind: str, values: Iterable[str]) -> dict[str, int]:
    """The members who bear these values (of phones and cards: `indexes`)."""
    known = Identity.objects.filter(kind=kind, corp=None, app="", value__in=list(values), member__isnull=False)
    return {value: member for value, member in known.values_list("value", "member_id") if member}


def of_no_use(kind: str, texts: Iterable[str]) -> set[str]:
    """Of these ids in their normal form those that say nothing about who somebody is."""
    return {text for _kind, _app, text in blocks.of_no_use([(kind, "", text) for text in texts])}


def no_longer_hers(kind: str, texts: Iterable[str]) -> set[tuple[str, int]]:
    """Of these ids in their normal form, with members, those of which HQ said that they are theirs no longer."""
    plain = {value: text for text in texts for value in indexes(kind, text)}
    told = IdentityLink.objects.filter(identity__kind=kind, identity__value__in=plain, until__isnull=False)
    ended = told.exclude(ended_for="").values_list("identity__value", "member_id")
    return {(plain[value], member) for value, member in ended}


def known_by(kind: str, text: str) -> set[int]:
    """The members who bear or claim this whole id, of whichever app."""
    try:
        values = indexes(kind, normal(kind, text))
    except phones.NotAPhone:
        return set()
    known = Identity.objects.filter(kind=kind, corp=None, value__in=values)
    claimed = IdentityLink.objects.filter(identity__in=known, until=None).values_list("member_id", flat=True)
    return {*(pk for pk in known.values_list("member_id", flat=True) if pk), *claimed}


def external(value: str) -> set[int]:
    """The members whom any corp knows by this external_userid."""
    corps = list(Corp.objects.values_list("pk", flat=True))  # the index begins with kind and corp
    told = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID, corp__in=corps, value=value)
    return set(told.values_list("member", flat=True))


def anybody(text: str) -> set[int]:
    """The members whose whole phone or card this is."""
    said = {CARD: normal(CARD, text)}
    with suppress(phones.NotAPhone):
        said[PHONE] = normal(PHONE, text)
    return {member for kind, plain in said.items() for member in owners(kind, indexes(kind, plain)).values()}


@transaction.atomic
def enroll(newcomers: Sequence[Newcomer], *, at: datetime) -> list[int]:
    """The keys of the new members, in order. An id that somebody bears already is an IntegrityError."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_IDS, [len(newcomers)])
        keys = [key for (key,) in cursor.fetchall()]
    rows = ((key, new_id("m_"), one.name, "", one.gender, at) for key, one in zip(keys, newcomers, strict=True))
    bulk.insert("members_member", ["id", "public_id", "name", "avatar", "gender", "created_at"], rows)
    add_ids([(key, kind, text) for key, one in zip(keys, newcomers, strict=True) for kind, text in one.ids])
    return keys


@transaction.atomic
def add_ids(told: Sequence[tuple[int, str, str]]) -> None:
    """Members are known by these phones and cards too: (member, kind, plain text in its normal form) each.

    Of whom HQ said that it is hers no longer does not bear it again.
    """
    told = _taken(told)
    place = Identity._meta.get_field("sealed").aad  # type: ignore[union-attr]
    key = sealed.key_ids()[0]
    rows = (
        (member, str(kind), index(kind, plain), key, sealed.seal(plain.encode(), place)) for member, kind, plain in told
    )
    bulk.insert("members_identity", ["member_id", "kind", "value", "key_id", "sealed"], rows)


def _taken(told: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Those of these that stand nowhere yet; what stands there and nobody bears is borne by them from now on."""
    wanted = {(kind, value): (member, kind, text) for member, kind, text in told for value in indexes(kind, text)}
    rows = Identity.objects.filter(member=None, kind__in={kind for kind, _value in wanted})
    vacant = rows.filter(value__in=[value for _kind, value in wanted]).values_list("kind", "value", "pk")
    found = {wanted[kind, value]: pk for kind, value, pk in vacant if (kind, value) in wanted}
    pairs = {(pk, one[0]) for one, pk in found.items()}
    recognitions.take(pairs - links.barred(pairs))
    return [one for one in told if one not in found]


def call(names: Mapping[int, str]) -> None:
    """Members whose name no WeCom account tells are called so."""
    Member.objects.bulk_update([Member(pk=pk, name=name) for pk, name in names.items()], ["name"], batch_size=2000)
