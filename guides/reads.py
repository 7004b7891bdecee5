"""Reading customers from WeCom: name, picture, unionid, tags, and the guide's side of relations."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from guides import bindings, follows, marks, notes
from guides.epochs import READS_LAG
from guides.follows import Follow
from guides.hearing import News
from guides.models import Code, Guide, RelationFact
from members import identities, tags
from members.models import Identity
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, Refused, Retry, WorldChanged

log = structlog.get_logger()
AGAIN = timedelta(minutes=2)
SETTLED = READS_LAG + timedelta(seconds=1)
A_BATCH = 20


def read_due(at: datetime) -> int:
    """How many customers were read from WeCom (a lane of the worker)."""
    return sum(_read_one(person, at=at) for person in _claim(at))


@transaction.atomic
def _claim(at: datetime) -> list[Identity]:
    due = Identity.objects.filter(read_due_at__lte=at).order_by("read_due_at").select_related("corp")
    people = list(due.select_for_update(skip_locked=True, of=("self",))[:A_BATCH])
    for person in people:
        person.read_due_at = at + AGAIN
    Identity.objects.bulk_update(people, ["read_due_at"])
    return people


def _read_one(person: Identity, *, at: datetime) -> int:
    corp = person.corp
    if corp is None:
        return 0  # an id of no corp is read nowhere
    try:
        said = client_for(corp).externalcontact.get(person.value)
    except (Retry, BackOff):
        return 0  # due again when the claim runs out
    except WorldChanged:
        said = {"external_contact": {}, "follow_user": []}  # nobody has her as a customer (84061)
    except Refused as refused:
        log.info("guides.customer.unreadable", member=person.member_id, errcode=refused.errcode)
        Identity.objects.filter(pk=person.pk, read_due_at=person.read_due_at).update(read_due_at=None)
        return 0
    remember(person, said, at=at)
    return 1


@transaction.atomic
def remember(person: Identity, said: Mapping[str, Any], *, at: datetime) -> None:
    """What a read says of a customer, at the instant of asking."""
    contact, followers = said["external_contact"], said["follow_user"]
    if contact:
        identities.learn(person, contact, at=at)
    followed = {follow.userid: follow for follow in map(follows.of, followers)}
    for userid, follow in followed.items():
        tags.wear(person.member_id or 0, follow.tag_ids, corp=person.corp_id or 0, userid=userid, at=at)
    facts = RelationFact.objects.filter(member=person.member_id, guide__corp=person.corp_id).select_related("guide")
    pairs = {fact.guide.userid.lower() for fact in facts} | followed.keys()
    bindings.hear([_news(person, userid, followed.get(userid), at) for userid in sorted(pairs)], now=at)
    _note(person, followed.values(), at=at)
    _remarks(person, list(facts), at=at)
    _due_again(person, list(facts), at=at)


def _note(person: Identity, told: Iterable[Follow], *, at: datetime) -> None:
    guides = Guide.objects.filter(corp=person.corp_id, facts__member=person.member_id).distinct()
    ids = {userid.lower(): pk for userid, pk in guides.values_list("userid", "pk")}
    notes.write([notes.written(ids[follow.userid], person.member_id or 0, follow) for follow in told], at=at)


def _news(person: Identity, userid: str, follow: Follow | None, at: datetime) -> News:
    key = f"read:{person.pk}:{userid}:{at.isoformat()}".encode()
    return News(
        corp_id=person.corp_id or 0,
        userid=userid,
        external_userid=person.value,
        kind="read_there" if follow else "read_gone",
        at=at,
        digest=hashlib.sha256(key).digest(),
        state=follow.state if follow else "",
        created_at=follow.created_at if follow else None,
    )


def _remarks(person: Identity, facts: list[RelationFact], *, at: datetime) -> None:
    codes = Code.objects.filter(pk__in={f.code_id for f in facts if f.code_id}, remark__contains="{name}")
    by_id = {code.pk: code for code in codes.select_related("store")}
    waiting = [(f.pk, f.guide.userid, by_id[f.code_id]) for f in facts if f.kind == "add" and f.code_id in by_id]
    if waiting and person.member:
        person.member.refresh_from_db()
        marks.put_remark_with_name(person.member, waiting, external=person.value, at=at)


def _due_again(person: Identity, facts: list[RelationFact], *, at: datetime) -> None:
    """Due once more when a read can be trusted, unless an event that came meanwhile has set an earlier time."""
    events = [f.at for f in facts if not f.kind.startswith("read")]
    due = max(events) + SETTLED if events and at - max(events) < READS_LAG else None
    Identity.objects.filter(pk=person.pk).update(read_at=at)
    Identity.objects.filter(pk=person.pk, read_due_at=person.read_due_at).update(read_due_at=due)
