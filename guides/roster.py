"""The roster: who works where, as WeCom's directory has it. A partial or shrunken reading ends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from guides import staff
from guides.models import Guide, Roster
from guides.staff import Staff
from scrm.audit import alarms
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, Refused, Retry
from scrm.wecom.models import Corp
from stores import departments

log = structlog.get_logger()
PAUSE = timedelta(seconds=3)  # a burst of changes is read once
AGAIN = timedelta(minutes=5)
SHRINKS_AT_MOST = 0.1
A_FEW = 3


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
    found: dict[str, Staff] = {}
    for department in tree:
        for said in client.directory.users(int(department["id"])):
            found[said["userid"].lower()] = staff.of(said)
    return Reading(tree, found, frozenset(u.lower() for u in client.externalcontact.get_follow_user_list()))


@transaction.atomic
def learn(corp: Corp, reading: Reading, *, at: datetime) -> None:
    """Stores, guides, people, postings and seats follow the reading; codes follow them."""
    stores = departments.learn(corp, reading.departments, at=at)
    staff.learn(corp, list(reading.staff.values()), followers=reading.followers, stores=stores, at=at)
    known = Guide.objects.filter(corp=corp).exclude(status__in=[Guide.Status.LEFT, Guide.Status.PLACEHOLDER])
    gone = [g for g in known if g.userid.lower() not in reading.staff]
    if len(gone) > max(A_FEW, SHRINKS_AT_MOST * (len(gone) + len(reading.staff))):
        alarms.sound("roster_shrank", corp.corp_id, at=at, gone=len(gone), listed=len(reading.staff))
    elif gone:
        staff.leave(gone, at=at)
    log.info("guides.roster.read", corp=corp.pk, people=len(reading.staff), stores=len(stores), left=len(gone))


def left(told: Sequence[tuple[int, str, datetime]], *, at: datetime) -> None:
    """People left the company: their postings and seats end at once; the roster is read to make sure."""
    for corp, userid, when in told:
        gone = Guide.objects.filter(corp=corp, userid__iexact=userid).exclude(status=Guide.Status.LEFT)
        staff.leave(list(gone), at=min(when, at))
    changed({corp for corp, _userid, _when in told}, at=at)
