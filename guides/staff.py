"""Guides as WeCom's directory has them: the only writer of guides and of the people behind them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Lower

from guides import bindings, codes, postings
from guides.models import Guide, Posting
from scrm.wecom.models import Corp
from stores import sessions
from stores.models import Person

log = structlog.get_logger()
ACTIVE, DISABLED = 1, 2
TOLD = (
    *("name", "position", "status", "wecom_status", "can_contact", "staff_number"),
    *("contact_trouble", "contact_trouble_at", "left_at"),
)


@dataclass(frozen=True)
class Staff:
    """One person of the directory."""

    userid: str
    name: str
    position: str
    status: int
    departments: frozenset[int]
    leads: frozenset[int]
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.status == ACTIVE


def of(said: Mapping[str, Any]) -> Staff:
    """A person as user/get and user/list tell her."""
    places = [int(d) for d in said.get("department", [])]
    leads = [d for d, lead in zip(places, said.get("is_leader_in_dept", []), strict=False) if lead]
    return Staff(
        userid=said["userid"],
        name=said.get("name", ""),
        position=said.get("position", ""),
        status=said.get("status", ACTIVE),
        departments=frozenset(places),
        leads=frozenset(leads),
        attributes=_attributes(said.get("extattr") or {}),
    )


def _attributes(said: Mapping[str, Any]) -> dict[str, str]:
    """The custom text fields of a member's profile, by their names."""
    texts = [one for one in said.get("attrs", []) if isinstance(one.get("text"), dict)]
    return {one.get("name", ""): str(one["text"].get("value", "")).strip() for one in texts}


@transaction.atomic
def learn(
    corp: Corp, told: Sequence[Staff], *, followers: AbstractSet[str], stores: Mapping[int, int], at: datetime
) -> None:
    """These people are guides as told, posted to the stores that their departments are; codes follow them."""
    guides, able_or_not = _guides(corp, told, followers)
    _let_in_or_not(guides, told, at=at)
    wanted = {
        guides[one.userid.lower()].pk: {stores[d]: d in one.leads for d in one.departments if d in stores}
        for one in told
    }
    posted, moved = postings.settle(wanted, at=at, among=frozenset(stores.values()))
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
        low = one.userid.lower()
        guide = guides.get(low) or guides.setdefault(low, Guide(corp=corp, userid=one.userid))
        guide.corp = corp
        before, could = [getattr(guide, name) for name in TOLD], guide.is_able()
        guide.name, guide.position, guide.left_at = one.name, one.position, None
        guide.status = Guide.Status.ACTIVE if one.active else Guide.Status.INACTIVE
        _forgive(guide, one, can_contact=one.userid.lower() in followers)
        guide.wecom_status = one.status
        guide.staff_number = one.attributes.get(corp.staff_number_attribute, "")[:64] or guide.staff_number
        guide.can_contact = one.userid.lower() in followers
        if guide.pk is None:
            fresh.append(guide)
        elif before != [getattr(guide, name) for name in TOLD]:
            differing.append(guide)
            turned += [guide] if could != guide.is_able() else []
    _people(corp, [g for g in guides.values() if g.person_id is None])
    Guide.objects.bulk_create(fresh, batch_size=5000)
    Guide.objects.bulk_update(differing, TOLD, batch_size=500)
    return guides, turned


def _let_in_or_not(guides: Mapping[str, Guide], told: Sequence[Staff], *, at: datetime) -> None:
    """Whom WeCom has disabled is out at once; whom it has enabled or taken back may sign in again."""
    disabled = {one.userid.lower() for one in told if one.status == DISABLED}
    people = {low: guide.person_id for low, guide in guides.items() if guide.person_id}
    sessions.shut_out([person for low, person in people.items() if low in disabled], at=at)
    sessions.let_back([person for low, person in people.items() if low not in disabled])


def _forgive(guide: Guide, one: Staff, *, can_contact: bool) -> None:
    """Who has just been activated or let into customer contact is no longer the one whom WeCom refused."""
    if (one.active and guide.wecom_status != one.status) or (can_contact and not guide.can_contact):
        guide.contact_trouble, guide.contact_trouble_at = "", None


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
    for guide, person in zip(guides, Person.objects.bulk_create(people, batch_size=5000), strict=True):
        guide.person = person
    Guide.objects.bulk_update([guide for guide in guides if guide.pk], ["person"], batch_size=500)


@transaction.atomic
def leave(gone: Sequence[Guide], *, at: datetime) -> None:
    """These guides left: postings and seats end, in their codes others take their place."""
    ids = [g.pk for g in gone]
    Guide.objects.filter(pk__in=ids).update(status=Guide.Status.LEFT, left_at=at, can_contact=False, read_due_at=None)
    stores = postings.end_all(ids, at=at)
    sessions.shut_out([g.person_id for g in gone if g.person_id], at=at)
    codes.hand_over(Guide.objects.filter(pk__in=ids), at=at)
    codes.follow(stores, at=at)
    log.info("guides.left", guides=len(ids))


def rename(corp: int, old: str, new: str) -> None:
    """The guide keeps her customers under her new userid, unless somebody bears it already."""
    if not Guide.objects.filter(corp=corp, userid__iexact=new).exists():
        Guide.objects.filter(corp=corp, userid__iexact=old).update(userid=new)


@transaction.atomic
def number(told: Mapping[int, str], *, at: datetime) -> None:
    """Guides bear these staff numbers: guide → number; where a corp asks for them, codes follow."""
    Guide.objects.bulk_update([Guide(pk=pk, staff_number=n) for pk, n in told.items()], ["staff_number"], 2000)
    asked = Posting.objects.filter(guide__in=list(told), guide__corp__staff_number_required=True, ends_at=None)
    codes.follow(set(asked.values_list("store_id", flat=True)), at=at)
