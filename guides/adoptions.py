"""Codes as WeCom lists them: ours are compared with what we want, others' are taken in; the sync's phase for them.

1. WeCom lists the config_ids of all contact ways; those of ours that it does not list are asked for all the same.
2. Each is read. One of ours that differs is told again. One that is gone is in trouble, and a person decides: a new
   config_id is a new picture, and the printed sheets of the old one are dead.
3. A contact way with the state of a code whose config_id we never heard is that code: its answer was lost.
4. What other systems made becomes a code of the store where most of its guides work. Nothing is told to WeCom of it
   until a person changes it here; it follows what its maker does.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Lower

from guides import codes, ways
from guides.models import Code, CodeGuide, Guide, Posting, Sync, SyncChunk
from guides.models.codes import new_state
from scrm.audit import alarms
from scrm.wecom.client import Client, client_for
from scrm.wecom.endpoints import pages
from scrm.wecom.errors import Refused
from scrm.wecom.models import Corp
from stores.models import DepartmentLink

log = structlog.get_logger()
CEILING = 500_000  # contact ways of a corp, together with the ways to join groups
NEARLY = 0.8
A_CHUNK = 50  # one call each
SINCE = 1_625_846_400  # 2021-07-10: WeCom lists no contact way that is older; without it, only the last 90 days
Origin, HandsOff, Trouble = Code.Origin, Code.HandsOff, Code.Trouble
Way = Mapping[str, Any]


class Codes:
    """The phase of the sync that reads contact ways."""

    name = "codes"

    def plan(self, sync: Sync, at: datetime) -> list[dict[str, Any]]:
        listed = list(dict.fromkeys(_listed(client_for(sync.corp), at)))
        sound_ceiling(sync.corp, len(listed), at=at)
        ours = Code.objects.filter(corp=sync.corp_id).exclude(config_id="")
        known = ours.alive() | ours.unpushed()
        unlisted = set(known.values_list("config_id", flat=True)) - set(listed)
        every = [*listed, *sorted(unlisted)]
        return [{"ways": every[start : start + A_CHUNK]} for start in range(0, len(every), A_CHUNK)]

    def read(self, chunk: SyncChunk, at: datetime) -> Mapping[str, int]:
        corp, asked = chunk.sync.corp, chunk.payload["ways"]
        before = dict(Code.objects.filter(corp=corp, config_id__in=asked).values_list("pk", "wanted"))
        there, gone = _read(client_for(corp), asked)
        return {"calls": len(asked), "rows": len(there), **settle(corp, there, gone, before=before, at=at)}

    def finish(self, sync: Sync, at: datetime) -> None:
        counted = SyncChunk.objects.filter(sync=sync, phase=self.name).values_list("counters", flat=True)
        if homeless := sum(one.get("without_store", 0) for one in counted):
            alarms.sound("codes_without_store", sync.corp.corp_id, at=at, codes=homeless)
        else:
            alarms.end("codes_without_store", sync.corp.corp_id, at=at)


def _listed(client: Client, at: datetime) -> Iterator[str]:
    """The config_ids of all contact ways; raises Refused."""
    asked = {"start_time": SINCE, "end_time": int(at.timestamp()) + 600, "limit": 1000}
    ask = client.externalcontact.list_contact_way
    for page in pages("externalcontact/list_contact_way", lambda cursor: ask(**asked, cursor=cursor)):
        yield from (way["config_id"] for way in page["contact_way"])


def sound_ceiling(corp: Corp, listed: int, *, at: datetime) -> None:
    """An alarm from 80 % of the contact ways that a corp may have; it ends below."""
    if listed >= NEARLY * CEILING:
        alarms.sound("code_ceiling", corp.corp_id, at=at, codes=listed, most=CEILING)
    else:
        alarms.end("code_ceiling", corp.corp_id, at=at)


def _read(client: Client, config_ids: Iterable[str]) -> tuple[dict[str, Way], list[str]]:
    """The contact ways by config_id, and the config_ids that WeCom does not know; raises Refused."""
    there: dict[str, Way] = {}
    gone: list[str] = []
    for config_id in config_ids:
        try:
            there[config_id] = client.externalcontact.get_contact_way(config_id)["contact_way"]
        except Refused as refused:
            if refused.errcode != codes.ALREADY_GONE:
                raise
            gone.append(config_id)
    return there, gone


@transaction.atomic
def settle(
    corp: Corp, there: Mapping[str, Way], gone: Sequence[str], *, at: datetime, before: Mapping[int, int] | None = None
) -> Counter[str]:
    """What became of these contact ways; `before` says which of our changes stood when WeCom was asked."""
    done: Counter[str] = Counter()
    known = {code.config_id: code for code in _locked(corp, config_id__in=[*there, *gone])}
    for config_id in gone:
        if config_id in known:
            done.update(_went(known[config_id], at=at))
    for config_id, way in there.items():
        if (code := known.get(config_id)) and (before is None or before.get(code.pk, code.wanted) == code.wanted):
            done.update(_compare(code, way, at=at))
    unknown = {config_id: way for config_id, way in there.items() if config_id not in known}
    strangers = _find_lost_answers(corp, unknown, done, at=at)
    _adopt(corp, strangers, done, at=at)
    return done


def _locked(corp: Corp, **which: Any) -> Any:
    found = Code.objects.filter(corp=corp, **which).select_related("corp", "store").order_by("pk")
    return found.defer("qr_image").select_for_update(of=("self",))


def _went(code: Code, *, at: datetime) -> list[str]:
    """WeCom does not know this code of ours."""
    if code.deleted_at:
        Code.objects.filter(pk=code.pk).update(pushed=code.wanted)
        return []
    if code.trouble == Trouble.GONE:
        return ["gone"]
    log.warning("guides.code.gone", code=code.public_id, origin=code.origin)
    if code.origin == Origin.FOUND:  # who made it has deleted it
        Code.objects.filter(pk=code.pk).update(deleted_at=at)
        return ["deleted_there"]
    ways.miss(code, at=at)
    return ["gone"]


def _compare(code: Code, way: Way, *, at: datetime) -> list[str]:
    """Tells WeCom again what it has differently; a code that others made is made like theirs."""
    if code.origin == Origin.FOUND:
        return ["followed"] if _follow(code, way) else []
    if code.trouble in (Trouble.GONE, Trouble.REFUSED):
        ways.find_again(code, at=at)
    elif code.pushed != code.wanted and not code.trouble:
        return []  # WeCom is just being told
    if code.deleted_at is None and not ways.differs(code, way):
        return []
    log.info("guides.code.differs", code=code.public_id)
    ways.tell_again(code, at=at)
    return ["differed"]


def _follow(code: Code, way: Way) -> bool:
    """Whether the maker of a code has changed it; our row is then as WeCom has it."""
    guides = _guides(code.corp, [way]).values()
    wanted = _looks(code.corp, way, {g.userid.lower() for g in guides})
    fields = [name for name, value in wanted.items() if getattr(code, name) != value]
    standing = set(code.code_guides.values_list("guide_id", flat=True))
    named = {g.pk for g in guides}
    if not fields and standing == named and code.deleted_at is None:
        return False
    code.code_guides.exclude(guide__in=named).delete()
    CodeGuide.objects.bulk_create([CodeGuide(code=code, guide_id=pk) for pk in named - standing])
    Code.objects.filter(pk=code.pk).update(**wanted, deleted_at=None)
    return True


def _find_lost_answers(corp: Corp, some: Mapping[str, Way], done: Counter[str], *, at: datetime) -> dict[str, Way]:
    """Gives codes the config_id that we never heard; what is left was made by others."""
    states = {way.get("state") for way in some.values()} - {None, ""}
    ours = {code.state: code for code in _locked(corp, state__in=states, origin=Origin.OURS)}
    left: dict[str, Way] = {}
    for config_id, way in some.items():
        code = ours.get(way.get("state") or "")
        if code is None:
            left[config_id] = way
        elif code.config_id:
            alarms.sound("code_twice", code.public_id, at=at, ours=code.config_id, other=config_id)
            done["twice"] += 1
        else:
            ways.heard_late(code, config_id, way.get("qr_code", ""), at=at)
            done["found"] += 1
            done.update(_compare(code, way, at=at))
    return left


def _adopt(corp: Corp, some: Mapping[str, Way], done: Counter[str], *, at: datetime) -> None:
    """Makes codes of what other systems made; the store is where most of the guides work."""
    guides = _guides(corp, some.values())
    homes = _homes(corp, guides.values(), some.values())
    states = {way["state"] for way in some.values() if way.get("state")}
    taken = set(Code.objects.filter(state__in=states).values_list("state", flat=True))
    for config_id, way in some.items():
        named = [guides[user.lower()] for user in way.get("user", []) if user.lower() in guides]
        store = _store_of(named, way, homes)
        if store is None:
            done["without_store"] += 1
            continue
        state = way.get("state") or new_state()
        if state in taken:  # two ways may share a state; customers of both then count for the first code
            state = new_state()
        taken.add(state)
        code = Code.objects.create(
            corp=corp,
            store_id=store,
            kind=Code.Kind.GUIDE if way.get("type") == 1 else Code.Kind.GUIDES,
            config_id=config_id,
            state=state,
            origin=Origin.FOUND,
            pushed=1,
            qr_due_at=at if way.get("qr_code") else None,
            created_at=at,
            **_looks(corp, way, set(guides), config_id),
        )
        CodeGuide.objects.bulk_create([CodeGuide(code=code, guide=guide) for guide in dict.fromkeys(named)])
        log.info("guides.code.adopted", code=code.public_id)
        done["adopted"] += 1


def _looks(corp: Corp, way: Way, known: set[str], config_id: str = "") -> dict[str, Any]:
    """The fields of a code that others made, as its contact way has them."""
    fields: dict[str, Any] = {
        "skip_verify": bool(way.get("skip_verify", True)),
        "pushed_users": list(way.get("user", [])),
        "qr_url": way.get("qr_code", ""),
        "hands_off": _hands_off(way, known),
    }
    if name := (way.get("remark") or (config_id and f"WeCom {config_id[:6]}")):
        fields["name"] = name[:60]
    return fields


def _hands_off(way: Way, known: set[str]) -> str:
    """Why our form could not change this contact way as it stands."""
    if way.get("is_temp"):
        return HandsOff.TEMPORARY
    if way.get("scene") == 1:
        return HandsOff.BUTTON
    if way.get("party"):
        return HandsOff.DEPARTMENTS
    return HandsOff.STRANGERS if any(user.lower() not in known for user in way.get("user", [])) else HandsOff.NO


def _guides(corp: Corp, some: Iterable[Way]) -> dict[str, Guide]:
    """The guides of these contact ways by their userid in lower case."""
    users = {user.lower() for way in some for user in way.get("user", [])}
    found = Guide.objects.alias(lower=Lower("userid")).filter(corp=corp, lower__in=users)
    return {guide.userid.lower(): guide for guide in found.exclude(status=Guide.Status.PLACEHOLDER)}


def _homes(corp: Corp, guides: Iterable[Guide], some: Iterable[Way]) -> dict[tuple[str, int], list[int]]:
    """The stores of guides, and of departments, by ("guide" or "party", id)."""
    homes: dict[tuple[str, int], list[int]] = defaultdict(list)
    posted = Posting.objects.filter(guide__in=[g.pk for g in guides], ends_at=None).order_by("store__code")
    for guide, store in posted.values_list("guide_id", "store_id"):
        homes["guide", guide].append(store)
    parties = {party for way in some for party in way.get("party", [])}
    linked = DepartmentLink.objects.filter(corp=corp, department_id__in=parties, store__isnull=False)
    for party, store in linked.order_by("store__code").values_list("department_id", "store_id"):
        homes["party", party].append(store)
    return homes


def _store_of(guides: Sequence[Guide], way: Way, homes: Mapping[tuple[str, int], list[int]]) -> int | None:
    """Where most of its people work; of several such stores the first by number."""
    votes = Counter(store for guide in guides for store in homes.get(("guide", guide.pk), ()))
    votes.update(store for party in way.get("party", []) for store in homes.get(("party", party), ()))
    return votes.most_common(1)[0][0] if votes else None
