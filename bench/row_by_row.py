"""The same work as `guides.bindings`, one letter at a time with the ORM: for scale, and to compare the outcome with."""

import hashlib
from datetime import datetime
from typing import Any

from guides.epochs import Fact, Life, merge, owners
from guides.models import Code, Guide, Ownership, Posting, Relation, RelationFact
from members.models import Identity, Member
from scrm import clock
from scrm.wecom import events
from scrm.wecom.models import Corp

KINDS = {events.ContactAdded: "add", events.ContactHalfAdded: "half", events.CustomerDeletedGuide: "cust_del"}


def kind_of(event: Any) -> str:
    """The kind of the fact that an event is; empty for one that is none."""
    if isinstance(event, events.GuideDeletedContact):
        return "transferred" if event.by_transfer else "guide_del"
    return KINDS.get(type(event), "")


def take(xml: bytes, event: Any) -> None:
    """Writes a letter's fact down and brings its relations and owners up to date."""
    now = clock.now()
    corp = Corp.objects.get()
    guide, _ = Guide.objects.get_or_create(corp=corp, userid=event.userid)
    identity = _identity(corp, event)
    Identity.objects.filter(pk=identity.pk).update(read_due_at=now)
    if kind := kind_of(event):
        _note(xml, event, kind, guide, identity.member, now)
        _relate(guide, identity.member, now)
        _own(identity.member)


def _identity(corp: Corp, event: Any) -> Identity:
    found = Identity.objects.filter(kind="external_userid", corp=corp, value=event.external_userid).first()
    if found is None:
        member = Member.objects.create(created_at=event.at)
        found = Identity.objects.create(member=member, kind="external_userid", corp=corp, value=event.external_userid)
    return found


def _note(xml: bytes, event: Any, kind: str, guide: Guide, member: Member, now: datetime) -> None:
    state = getattr(event, "state", "")
    code = Code.objects.filter(state=state).first() if state else None
    RelationFact.objects.get_or_create(
        digest=hashlib.sha256(xml).digest(),
        defaults={
            "guide": guide,
            "member": member,
            "kind": kind,
            "at": event.at,
            "state": state,
            "code": code,
            "recorded_at": now,
        },
    )


def _relate(guide: Guide, member: Member, now: datetime) -> None:
    told = RelationFact.objects.filter(guide=guide, member=member).order_by("pk")
    facts = [Fact(f.at, f.kind, bytes(f.digest), f.code_id, f.created_at) for f in told]
    for number, epoch in enumerate(merge(facts), 1):
        relation = Relation.objects.filter(guide=guide, member=member, epoch=number).first()
        relation = relation or Relation(guide=guide, member=member, epoch=number)
        code = Code.objects.filter(pk=epoch.code_id).first()
        relation.code, relation.store_id = code, code.store_id if code else _store_of(guide, epoch.opened_at)
        relation.state, relation.by_transfer = epoch.state, False
        relation.opened_at, relation.added_at, relation.ended_at = epoch.opened_at, epoch.added_at, epoch.ended_at
        relation.opened_day = clock.day_of(epoch.opened_at)
        relation.added_day = clock.day_of(epoch.added_at) if epoch.added_at else None
        relation.ended_day = clock.day_of(epoch.ended_at) if epoch.ended_at else None
        relation.guide_side, relation.customer_side = epoch.guide_side, epoch.customer_side
        relation.changed_at = now
        relation.save()


def _store_of(guide: Guide, at: datetime) -> int | None:
    stores = {posting.store_id for posting in Posting.objects.at(at).filter(guide=guide)}
    return stores.pop() if len(stores) == 1 else None


def _own(member: Member) -> None:
    born = Relation.objects.filter(member=member, store__isnull=False, added_at__isnull=False)
    stores = set(born.values_list("store_id", flat=True))
    Ownership.objects.filter(member=member).exclude(store__in=stores).delete()
    for store in stores:
        lives = [Life(r.guide_id, r.added_at, r.ended_at) for r in born.filter(store_id=store)]  # type: ignore[arg-type]
        wanted = {(o.guide_id, o.from_at, o.until) for o in owners(lives)}
        present = Ownership.objects.filter(member=member, store_id=store)
        if wanted == {(o.guide_id, o.starts_at, o.ends_at) for o in present}:
            continue
        present.delete()
        for guide, starts, ends in sorted(wanted, key=lambda owner: owner[1]):
            day = clock.day_of(starts)
            Ownership.objects.create(
                member=member, store_id=store, guide_id=guide, starts_at=starts, ends_at=ends, starts_day=day
            )
