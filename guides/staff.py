"""Guides as WeCom's directory has them: the only writer of guides and of the people behind them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Lower

from guides import bindings, codes, postings
from guides.models import Guide, Posting
from scrm.wecom.models import Corp
from stores.models import Person

log = structlog.get_logger()
ACTIVE = 1
TOLD = ("name", "position", "status", "can_contact", "left_at")


@dataclass(frozen=True)
class Staff:
    """One person of the directory."""

    userid: str
    name: str
    position: str
    active: bool
    departments: frozenset[int]
    leads: frozenset[int]


def of(said: Mapping[str, Any]) -> Staff:
    """A person as user/get and user/list tell her."""
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
def learn(
    corp: Corp, told: Sequence[Staff], *, followers: AbstractSet[str], stores: Mapping[int, int], at: datetime
) -> None:
    """These people are guides as told, posted to the stores that their departments are; codes follow them."""
    guides, able_or_not = _guides(corp, told, followers)
    wanted = {
        guides[one.userid.lower()].pk: {stores[d]: d in one.leads for d in one.departments if d in stores}
        for one in told
    }
    posted, moved = postings.settle(wanted, at=at)
    bindings.place_where_posted(posted, now=at)
    changed = Posting.objects.filter(guide__in=able_or_not, ends_at=None).values_list("store_id", flat=True)
    codes.follow(moved | set(changed), at=at)


def _guides(corp: Corp, told: Sequence[Staff], followers: AbstractSet[str]) -> tuple[dict[str, Guide], list[Guide]]:
    """The guides by lower-case userid, new ones made; and those who from now on may serve customers, or no longer."""
    keys = [one.userid.lower() for one in told]
    known = Guide.objects.annotate(low=Lower("userid")).filter(corp=corp, low__in=keys)
    guides: dict[str, Guide] = {g.userid.lower(): g for g in known.select_for_update(of=("self",))}
    fresh: list[Guide] = []
    differing: list[Guide] = []
    turned: list[Guide] = []
    for one in told:
        guide = guides.setdefault(one.userid.lower(), Guide(corp=corp, userid=one.userid))
        before, could = [getattr(guide, name) for name in TOLD], (guide.status, guide.can_contact)
        guide.name, guide.position, guide.left_at = one.name, one.position, None
        guide.status = Guide.Status.ACTIVE if one.active else Guide.Status.INACTIVE
        guide.can_contact = one.userid.lower() in followers
        if guide.pk is None:
            fresh.append(guide)
        elif before != [getattr(guide, name) for name in TOLD]:
            differing.append(guide)
            turned += [guide] if could != (guide.status, guide.can_contact) else []
    Guide.objects.bulk_create(fresh)
    Guide.objects.bulk_update(differing, TOLD, batch_size=2000)
    _people(corp, [g for g in guides.values() if g.person_id is None])
    return guides, turned


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


@transaction.atomic
def leave(gone: Sequence[Guide], *, at: datetime) -> None:
    """These guides left: postings and seats end, in their codes others take their place."""
    ids = [g.pk for g in gone]
    Guide.objects.filter(pk__in=ids).update(status=Guide.Status.LEFT, left_at=at, can_contact=False, read_due_at=None)
    stores = postings.end_all(ids, at=at)
    codes.hand_over(Guide.objects.filter(pk__in=ids), at=at)
    codes.follow(stores, at=at)
    log.info("guides.left", guides=len(ids))


def rename(corp: int, old: str, new: str) -> None:
    """The guide keeps her customers under her new userid, unless somebody bears it already."""
    if not Guide.objects.filter(corp=corp, userid__iexact=new).exists():
        Guide.objects.filter(corp=corp, userid__iexact=old).update(userid=new)
