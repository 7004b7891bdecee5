"""The roster: who works where, as WeCom's directory has it. A partial or shrunken reading ends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from guides import chunks, staff, sweeps
from guides.models import Guide, Roster, Sync, SyncChunk
from guides.staff import Staff
from scrm.audit import alarms
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, GiveUp, Refused, Retry
from scrm.wecom.models import Corp
from stores import departments
from stores.models import DepartmentLink

log = structlog.get_logger()
PAUSE = timedelta(seconds=3)  # a burst of changes is read once
AGAIN = timedelta(minutes=5)
NO_SUCH_DEPARTMENT = 60123
OF_A_PERSON = ("userid", "name", "position", "department", "is_leader_in_dept", "status", "extattr")


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
def learn(corp: Corp, reading: Reading, *, at: datetime, allowed: int = 0) -> dict[str, int]:
    """Stores, guides, people, postings and seats follow the reading; codes follow them.

    Who is not listed leaves, unless suspiciously many do; of them a person has to say so (`allowed`).
    """
    known = Guide.objects.filter(corp=corp).exclude(status__in=[Guide.Status.LEFT, Guide.Status.PLACEHOLDER])
    able = {userid.lower() for userid in known.filter(can_contact=True).values_list("userid", flat=True)}
    gone = [guide for guide in known if guide.userid.lower() not in reading.staff]
    unable = able.intersection(reading.staff) - reading.followers
    all_may = sweeps.few(len(gone), len(reading.staff), allowed) and sweeps.few(len(unable), len(able), allowed)
    stores = departments.learn(corp, reading.departments, at=at)
    followers = reading.followers if all_may else reading.followers | able
    staff.learn(corp, list(reading.staff.values()), followers=followers, stores=stores, at=at)
    counts = {"people": len(reading.staff), "stores": len(stores), "left": len(gone) if all_may else 0}
    if not all_may:
        alarms.sound(
            "roster_shrank", corp.corp_id, at=at, gone=len(gone), unable=len(unable), listed=len(reading.staff)
        )
        return {**counts, "shrunk": max(len(gone), len(unable))}
    alarms.end("roster_shrank", corp.corp_id, at=at)
    if gone:
        staff.leave(gone, at=at)
    log.info("guides.roster.read", corp=corp.pk, **counts)
    return counts


def outline(tree: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a sync remembers of the departments that it is to read."""
    return [{name: one.get(name) for name in ("id", "name", "parentid")} for one in tree]


def read_chunk(chunk: SyncChunk) -> dict[str, int]:
    """Keeps the people of up to a hundred departments, or everybody who may serve customers, for the conclusion."""
    client = client_for(chunk.sync.corp)
    if chunk.payload.get("followers"):
        able = client.externalcontact.get_follow_user_list()
        chunks.keep(chunk, {"followers": able})
        return {"calls": 1, "followers": len(able)}
    numbers = [int(one["id"]) for one in chunk.payload["departments"]]
    links = DepartmentLink.objects.filter(corp=chunk.sync.corp_id, department_id__in=numbers)
    manned = set(
        links.filter(store__postings__isnull=False, store__postings__ends_at=None).values_list(
            "department_id", flat=True
        )
    )
    people = [said for number in numbers for said in _people_of(client, number, expected=number in manned)]
    chunks.keep(chunk, {"staff": [{name: said[name] for name in OF_A_PERSON if name in said} for said in people]})
    return {"calls": len(numbers), "rows": len(people), "departments": len(numbers)}


def _people_of(client: Any, department: int, *, expected: bool) -> list[dict[str, Any]]:
    """Who works in a department; where people have been working, an empty answer is not taken at its word."""
    try:
        found: list[dict[str, Any]] = client.directory.users(department)
    except GiveUp as refused:
        if refused.errcode == NO_SUCH_DEPARTMENT:  # closed since the tree was read
            return []
        raise
    if not found and expected and client.directory.simple_users(department):
        raise Retry("user/list", None, "empty, and then not")
    return found


def conclude(sync: Sync, *, at: datetime) -> dict[str, int]:
    """Works in what all chunks of a sync kept."""
    read = list(SyncChunk.objects.filter(sync=sync, phase="roster").values_list("payload", "found").order_by("number"))
    tree = [department for payload, _ in read for department in payload.get("departments", ())]
    people = {said["userid"].lower(): staff.of(said) for _, found in read for said in (found or {}).get("staff", ())}
    followers = frozenset(userid.lower() for _, found in read for userid in (found or {}).get("followers", ()))
    counts = learn(sync.corp, Reading(tree, people, followers), at=at, allowed=sync.allowed.get("roster", 0))
    Roster.objects.update_or_create(corp=sync.corp, defaults={"read_at": at})
    return counts


def left(told: Sequence[tuple[int, str, datetime]], *, at: datetime) -> None:
    """People left the company: their postings and seats end at once; the roster is read to make sure."""
    for corp, userid, when in told:
        gone = Guide.objects.filter(corp=corp, userid__iexact=userid).exclude(status=Guide.Status.LEFT)
        staff.leave(list(gone), at=min(when, at))
    changed({corp for corp, _userid, _when in told}, at=at)
