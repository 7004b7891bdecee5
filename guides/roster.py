"""The roster: who works where, as WeCom's directory has it. A partial or shrunken reading ends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Lower

from guides import bindings, codes, postings
from guides.models import Guide, Roster
from scrm.audit import alarms
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, Refused, Retry
from scrm.wecom.models import Corp
from stores import departments
from stores.models import Person

log = structlog.get_logger()
PAUSE = timedelta(seconds=3)  # a burst of changes is read once
AGAIN = timedelta(minutes=5)
SHRINKS_AT_MOST = 0.1
ACTIVE = 1


@dataclass(frozen=True)
class Staff:
    """One person of the directory."""

    userid: str
    name: str
    position: str
    active: bool
    departments: frozenset[int]
    leads: frozenset[int]


@dataclass
class Reading:
    """All that the directory says: complete, or not at all."""

    departments: Sequence[Mapping[str, Any]]
    staff: dict[str, Staff]
    followers: frozenset[str] = field(default_factory=frozenset)


def changed(corps: Iterable[int], *, at: datetime) -> None:
    """The rosters of these corps are to be read again."""
    for corp in sorted(set(corps)):
        Roster.objects.update_or_create(corp_id=corp, defaults={"read_due_at": at + PAUSE})


def read_due(at: datetime) -> int:
    """How many rosters were read (a lane of the worker)."""
    return sum(sync(roster.corp, at=at) for roster in _claim(at))


@transaction.atomic
def _claim(at: datetime) -> list[Roster]:
    due = Roster.objects.filter(read_due_at__lte=at).select_related("corp")
    rosters = list(due.select_for_update(skip_locked=True, of=("self",)))
    for roster in rosters:
        roster.read_due_at = at + AGAIN
        roster.save(update_fields=["read_due_at"])
    return rosters


def sync(corp: Corp, *, at: datetime) -> bool:
    """Whether the corp's departments, people and postings are now as WeCom has them."""
    try:
        reading = read(corp)
    except (Retry, BackOff) as refused:
        log.info("guides.roster.later", corp=corp.pk, errcode=refused.errcode)
        return False
    except Refused as refused:
        alarms.sound("roster_refused", corp.corp_id, at=at, errcode=refused.errcode)
        Roster.objects.filter(corp=corp).update(read_due_at=None)
        return False
    learn(corp, reading, at=at)
    Roster.objects.update_or_create(corp=corp, defaults={"read_due_at": None, "read_at": at})
    return True


def read(corp: Corp) -> Reading:
    """What WeCom's directory says now, all of it; raises Refused."""
    client = client_for(corp)
    tree = client.directory.departments()
    staff: dict[str, Staff] = {}
    for department in tree:
        for said in client.directory.users(int(department["id"])):
            staff[said["userid"].lower()] = _staff(said)
    return Reading(tree, staff, frozenset(u.lower() for u in client.externalcontact.get_follow_user_list()))


def _staff(said: Mapping[str, Any]) -> Staff:
    places = [int(d) for d in said.get("department", [])]
    leads = [d for d, lead in zip(places, said.get("is_leader_in_dept", []), strict=False) if lead]
    return Staff(
        userid=said["userid"],
        name=said.get("name", ""),
        position=said.get("position", ""),
        active=said.get("status", ACTIVE) == ACTIVE,
        departments=frozenset(places),
        leads=frozenset(leads),
    )


@transaction.atomic
def learn(corp: Corp, reading: Reading, *, at: datetime) -> None:
    """Stores, guides, people, postings and seats follow the reading; codes follow them."""
    stores = departments.learn(corp, reading.departments, at=at)
    guides = _guides(corp, reading)
    wanted = {
        guides[key].pk: {stores[d]: d in staff.leads for d in staff.departments if d in stores}
        for key, staff in reading.staff.items()
        if key in guides
    }
    posted, moved = postings.settle(wanted, at=at)
    gone = [g for key, g in guides.items() if key not in reading.staff and g.status not in ("left", "placeholder")]
    if len(gone) > max(3, SHRINKS_AT_MOST * len(guides)):
        alarms.sound("roster_shrank", corp.corp_id, at=at, gone=len(gone), known=len(guides))
    elif gone:
        moved |= _leave(gone, at=at)
    bindings.place_where_posted(posted, now=at)
    codes.follow(moved, at=at)
    log.info("guides.roster.read", corp=corp.pk, people=len(reading.staff), stores=len(stores), left=len(gone))


def _guides(corp: Corp, reading: Reading) -> dict[str, Guide]:
    """Every guide of the corp by lower-case userid, as the reading has them; new ones made."""
    guides = {g.userid.lower(): g for g in Guide.objects.filter(corp=corp).select_for_update(of=("self",))}
    fresh: list[Guide] = []
    differing: list[Guide] = []
    for key, staff in reading.staff.items():
        guide = guides.setdefault(key, Guide(corp=corp, userid=staff.userid))
        before = (guide.name, guide.position, guide.status, guide.can_contact, guide.left_at)
        guide.name, guide.position = staff.name, staff.position
        guide.status = Guide.Status.ACTIVE if staff.active else Guide.Status.INACTIVE
        guide.can_contact, guide.left_at = key in reading.followers, None
        if guide.pk is None:
            fresh.append(guide)
        elif before != (guide.name, guide.position, guide.status, guide.can_contact, guide.left_at):
            differing.append(guide)
    Guide.objects.bulk_create(fresh)
    Guide.objects.bulk_update(differing, ["name", "position", "status", "can_contact", "left_at"], batch_size=2000)
    _people(corp, [g for g in guides.values() if g.person_id is None and g.userid.lower() in reading.staff])
    return guides


def _people(corp: Corp, guides: Sequence[Guide]) -> None:
    """Each guide is a person who can sign in by WeCom; a taken sign-in name gets the corp's id behind it."""
    taken = set(
        Person.objects.annotate(low=Lower("username"))
        .filter(low__in=[g.userid.lower() for g in guides])
        .values_list("low", flat=True)
    )
    people = [
        Person(username=f"{g.userid}@{corp.corp_id}" if g.userid.lower() in taken else g.userid, name=g.name)
        for g in guides
    ]
    for person in people:
        person.set_unusable_password()
    for guide, person in zip(guides, Person.objects.bulk_create(people), strict=True):
        guide.person = person
    Guide.objects.bulk_update(guides, ["person"], batch_size=2000)


def left(told: Sequence[tuple[int, str, datetime]], *, at: datetime) -> None:
    """People left the company: their postings and seats end at once; the roster is read to make sure."""
    for corp, userid, when in told:
        gone = list(Guide.objects.filter(corp=corp, userid__iexact=userid).exclude(status=Guide.Status.LEFT))
        codes.follow(_leave(gone, at=min(when, at)), at=at)
    changed({corp for corp, _userid, _when in told}, at=at)


def _leave(gone: Sequence[Guide], *, at: datetime) -> set[int]:
    """The stores that these guides leave."""
    ids = [g.pk for g in gone]
    Guide.objects.filter(pk__in=ids).update(status=Guide.Status.LEFT, left_at=at, can_contact=False)
    stores = postings.end_all(ids, at=at)
    codes.hand_over(Guide.objects.filter(pk__in=ids), at=at)
    log.info("guides.left", guides=len(ids))
    return stores


def renamed(told: Sequence[tuple[int, str, str]]) -> None:
    """Guides got new userids; a placeholder that a letter made under the new one gives way."""
    for corp, old, new in told:
        if not Guide.objects.filter(corp=corp, userid__iexact=new).exists():
            Guide.objects.filter(corp=corp, userid__iexact=old).update(userid=new)
