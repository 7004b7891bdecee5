"""Channel codes: made, changed, deleted and printed here, and told to WeCom from the rows that these verbs write."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from guides import refusals
from guides.models import Code, CodeGuide, Guide, HouseAccount, Posting, Roster
from members.models import Tag
from scrm.audit import alarms, entries
from scrm.wecom import calls
from scrm.wecom.models import Corp, OutboundCall
from stores.models import Store

log = structlog.get_logger()
MOST_GUIDES = 100  # WeCom's limit for one contact way (41041)
CHANGEABLE = {"name", "guides", "skip_verify", "remark", "tags"}
ALREADY_GONE = 41044
NOT_OURS = {60011, 81011, 41058, 50002}  # only its maker, or who sees all of its people, may change it
TRY_AGAIN_AFTER = timedelta(days=1)
A_BATCH = 200


class CannotBe(Exception):
    """A code cannot be as it was asked for; the message says why, in words for the person who asked."""


@transaction.atomic
def create(
    *,
    store: Store,
    kind: str,
    name: str,
    guides: Sequence[Guide] = (),
    skip_verify: bool = True,
    remark: str = "",
    tags: Sequence[Tag] = (),
    by: Any,
    at: datetime,
) -> Code:
    """A new code; WeCom is asked for it after commit. Raises CannotBe."""
    check(kind, store, guides)
    corp = guides[0].corp if guides else _corp_of(store)
    code = Code.objects.create(
        corp=corp,
        store=store,
        kind=kind,
        name=name,
        skip_verify=skip_verify,
        remark=remark,
        created_by=by if getattr(by, "pk", None) else None,
        created_at=at,
    )
    _set_guides(code, guides)
    code.tags.set(tags)
    entries.record("code.created", by=by, subject=code, at=at, kind=kind, store=store.public_id)
    push(code, at=at)
    return code


@transaction.atomic
def change(code: Code, *, by: Any, at: datetime, **fields: Any) -> Code:
    """The code with new fields (name, guides, skip_verify, remark, tags). Raises CannotBe."""
    code = Code.objects.select_for_update().get(pk=code.pk)
    if unknown := fields.keys() - CHANGEABLE:
        raise CannotBe(_("These cannot be changed: %s") % ", ".join(sorted(unknown)))
    if code.deleted_at:
        raise CannotBe(_("This code was deleted."))
    _take(code)
    named = sorted(fields)
    if "guides" in fields:
        guides = fields.pop("guides")
        check(code.kind, code.store, guides, corp=code.corp)
        _set_guides(code, guides)
    if "tags" in fields:
        code.tags.set(fields.pop("tags"))
    for name, value in fields.items():
        setattr(code, name, value)
    code.wanted = F("wanted") + 1
    code.save()
    code.refresh_from_db()
    entries.record("code.changed", by=by, subject=code, at=at, store=code.store, fields=named)
    push(code, at=at)
    return code


@transaction.atomic
def delete(code: Code, *, by: Any, at: datetime) -> None:
    """The code stops working at WeCom; its relations and numbers stay."""
    code = Code.objects.select_for_update().get(pk=code.pk)
    if code.deleted_at:
        return
    _take(code)
    code.deleted_at = at
    code.wanted += 1
    code.save(update_fields=["deleted_at", "wanted"])
    entries.record("code.deleted", by=by, subject=code, at=at, prints=code.prints)
    push(code, at=at)


def _take(code: Code) -> None:
    """What another system made is looked after here from now on, since a person changes it. Raises CannotBe."""
    if code.hands_off:
        raise CannotBe(_("Another system looks after this code: %s.") % code.get_hands_off_display())
    if code.origin == Code.Origin.FOUND:
        code.origin = Code.Origin.TAKEN
        code.save(update_fields=["origin"])


def at_stake(code: Code, *, at: datetime) -> dict[str, int]:
    """What deleting a code would touch: sheets printed, and adds of the last 30 days."""
    recent = code.relations.filter(added_at__gte=at - timedelta(days=30)).count()
    return {"prints": code.prints, "recent_adds": recent}


@transaction.atomic
def printed(codes: Iterable[Code], *, by: Any, at: datetime) -> None:
    """Counts one printed sheet for each of the codes."""
    codes = list(codes)
    Code.objects.filter(pk__in=[c.pk for c in codes]).update(prints=F("prints") + 1)
    for code in codes:
        entries.record("code.printed", by=by, subject=code, at=at)


def check(kind: str, store: Store, guides: Sequence[Guide], corp: Corp | None = None) -> None:
    """Raises CannotBe for a code that WeCom or common sense would refuse."""
    if kind == Code.Kind.STORE and guides:
        raise CannotBe(_("A store's code leads to whoever works there; name no guides."))
    if kind == Code.Kind.GUIDE and len(guides) != 1:
        raise CannotBe(_("Choose exactly one guide."))
    if kind == Code.Kind.GUIDES and not 1 <= len(guides) <= MOST_GUIDES:
        raise CannotBe(_("Choose 1 to %s guides.") % MOST_GUIDES)
    if len({g.corp_id for g in guides} | ({corp.pk} if corp and guides else set())) > 1:
        raise CannotBe(_("All guides of a code must be of one corp."))
    posted = set(Guide.objects.filter(postings__store=store, postings__ends_at=None).values_list("pk", flat=True))
    if strangers := [g for g in guides if g.pk not in posted]:
        raise CannotBe(_("%s does not work at this store.") % strangers[0])
    if unable := [g for g in guides if not g.is_able()]:
        raise CannotBe(_("%s cannot be in a code yet; the page “Who is not ready” says why.") % unable[0])


def _corp_of(store: Store) -> Corp:
    posted = Guide.objects.filter(postings__store=store, postings__ends_at=None).select_related("corp").first()
    corp = posted.corp if posted else Corp.objects.first()
    if corp is None:
        raise CannotBe(_("No WeCom corp is connected yet."))
    return corp


def _set_guides(code: Code, guides: Sequence[Guide]) -> None:
    code.code_guides.exclude(guide__in=guides).delete()
    CodeGuide.objects.bulk_create([CodeGuide(code=code, guide=g) for g in guides], ignore_conflicts=True)


def users_of(code: Code) -> list[str]:
    """The userids to whom the code should lead now: those who are able, 100 at most, in a fixed order."""
    able = Guide.objects.able().filter(corp=code.corp_id)
    if code.kind == Code.Kind.STORE:
        able = able.filter(postings__store=code.store_id, postings__ends_at=None)
    else:
        able = able.filter(code_guides__code=code)
    users = sorted(able.values_list("userid", flat=True).distinct())[:MOST_GUIDES]
    return users or _house_users(code)


def _users_told(code: Code) -> list[str]:
    """Whom WeCom is to be told of next: who is meant, without those in doubt who are not yet being tried."""
    meant = users_of(code)[: 1 if code.kind == Code.Kind.GUIDE else MOST_GUIDES]
    return refusals.trial(code, meant)


def wanted_way(code: Code) -> dict[str, Any]:
    """What WeCom should say of the code's contact way now."""
    return _way(code, _users_told(code))


def _house_users(code: Code) -> list[str]:
    able = Guide.objects.able().filter(corp=code.corp_id)
    house = HouseAccount.objects.filter(store=code.store_id, guide__in=able)
    return list(house.values_list("guide__userid", flat=True))


def push(code: Code, *, at: datetime) -> None:
    """Plans the call that tells WeCom what we want of this code, unless one is still being answered."""
    users = _users_told(code)
    if code.trouble == Code.Trouble.GONE and not code.deleted_at:
        return  # a new one has a new picture: a person has it made again
    if code.deleted_at and not code.config_id:
        if code.trouble:  # WeCom never made it; otherwise the add is still under way, and its answer deletes it
            Code.objects.filter(pk=code.pk).update(pushed=code.wanted)
        return
    if not users and not code.deleted_at:
        Code.objects.filter(pk=code.pk).update(trouble=Code.Trouble.NOBODY)
        alarms.sound("code_without_guide", code.public_id, at=at, store=code.store.public_id)
        return
    alarms.end("code_without_guide", code.public_id, at=at)
    if not code.config_id:
        _plan(code, "add_contact_way", _new_way(code, users), at=at)
    elif code.deleted_at:
        _plan(code, "del_contact_way", {"config_id": code.config_id}, at=at)
    else:
        _plan(code, "update_contact_way", {"config_id": code.config_id, **_way(code, users)}, at=at)


def _way(code: Code, users: Sequence[str]) -> dict[str, Any]:
    return {"remark": code.name[:30], "skip_verify": code.skip_verify, "state": code.state, "user": list(users)}


def _new_way(code: Code, users: Sequence[str]) -> dict[str, Any]:
    return {"type": 1 if code.kind == Code.Kind.GUIDE else 2, "scene": 2, **_way(code, users)}


def _plan(code: Code, api: str, body: dict[str, Any], *, at: datetime) -> None:
    """An add is planned once: while its answer is out, further changes wait for the config_id."""
    if api == "add_contact_way" and _is_being_made(code):
        return
    calls.plan(code.corp, f"externalcontact/{api}", body, key=f"code:{code.pk}:{code.wanted}", at=at)
    Code.objects.filter(pk=code.pk).update(trouble=Code.Trouble.NONE, pushed_users=body.get("user", []))


def _is_being_made(code: Code) -> bool:
    keys = [f"code:{code.pk}:{wanted}" for wanted in range(1, code.wanted + 1)]
    return OutboundCall.objects.filter(corp=code.corp_id, key__in=keys, answered_at=None).exists()


def answered(told: Sequence[OutboundCall], at: datetime) -> None:
    """WeCom's answers to calls about codes."""
    for call in told:
        code = Code.objects.select_for_update().filter(pk=int((call.key or "code:0:").split(":")[1])).first()
        if code is not None:
            _hear_answer(code, call, at=at)


def _hear_answer(code: Code, call: OutboundCall, *, at: datetime) -> None:
    result, told = call.result or {}, int((call.key or "").split(":")[2])
    gone_already = call.api.endswith("del_contact_way") and call.errcode == ALREADY_GONE
    if call.state != OutboundCall.State.DONE and not gone_already:
        if call.errcode in refusals.PERSONAL and not code.deleted_at:
            return _leave_somebody_out(code, call, at=at)
        return None if told < code.pushed else _hear_refusal(code, call, at=at)
    if (config_id := result.get("config_id")) and told >= code.pushed:
        code.config_id, code.qr_url = config_id, result.get("qr_code", "")
        code.qr_due_at = at if code.qr_url else None
    if told < code.pushed:  # an older change arrived after a newer one
        code.wanted += 1
    code.pushed = max(code.pushed, told)
    code.trouble = Code.Trouble.NONE
    if refusals.passed(code, call.request().get("user", []), users_of(code)):
        code.wanted += 1
    code.save()
    alarms.end("code_refused", code.public_id, at=at)
    log.info("guides.code.pushed", code=code.public_id, api=call.api)
    if code.pushed != code.wanted:
        push(code, at=at)


def _hear_refusal(code: Code, call: OutboundCall, *, at: datetime) -> None:
    """WeCom did not do it: the code is in trouble, or it is not ours to change."""
    if code.origin == Code.Origin.TAKEN and call.errcode in NOT_OURS:
        code.origin, code.hands_off, code.deleted_at = Code.Origin.FOUND, Code.HandsOff.REFUSED, None
        code.pushed = code.wanted
        code.save(update_fields=["origin", "hands_off", "deleted_at", "pushed"])
        return
    gone = call.errcode == ALREADY_GONE
    code.trouble = Code.Trouble.GONE if gone else Code.Trouble.REFUSED
    code.save(update_fields=["trouble"])
    alarms.sound("code_gone" if gone else "code_refused", code.public_id, at=at, errcode=call.errcode)


def _leave_somebody_out(code: Code, call: OutboundCall, *, at: datetime) -> None:
    """WeCom refused one of the people without saying whom: she is found by halves, and the code goes on without her."""
    culprit = refusals.narrow(code, call.request().get("user", []))
    code.wanted += 1
    code.save()
    if culprit:
        refused = Guide.objects.filter(corp=code.corp_id, userid=culprit)
        refused.update(contact_trouble=str(call.errcode), contact_trouble_at=at)
        log.info("guides.guide.refused", guides=list(refused.values_list("public_id", flat=True)), errcode=call.errcode)
        follow(_stores_of(refused), at=at, but=code)
    push(code, at=at)


def _stores_of(guides: QuerySet[Guide]) -> set[int]:
    """Where these guides stand in codes: where they are posted, and where a code names them."""
    posted = Posting.objects.filter(guide__in=guides, ends_at=None).values_list("store_id", flat=True)
    named = CodeGuide.objects.filter(guide__in=guides, code__deleted_at=None).values_list("code__store_id", flat=True)
    housed = HouseAccount.objects.filter(guide__in=guides).values_list("store_id", flat=True)
    return {*posted, *named, *housed}


@transaction.atomic
def try_again(guides: QuerySet[Guide], *, at: datetime) -> int:
    """How many guides whom WeCom refused stand in their codes once more; it may refuse them again."""
    refused = list(guides.exclude(contact_trouble="").values_list("pk", flat=True))
    again = Guide.objects.filter(pk__in=refused)
    again.update(contact_trouble="", contact_trouble_at=None)
    follow(_stores_of(again), at=at)
    return len(refused)


def retry_refused(at: datetime) -> int:
    """Once a day each guide whom WeCom refused is tried again: it never tells when she has verified (a lane)."""
    due = Guide.objects.filter(contact_trouble_at__lte=at - TRY_AGAIN_AFTER).order_by("contact_trouble_at")
    return try_again(Guide.objects.filter(pk__in=list(due.values_list("pk", flat=True)[:A_BATCH])), at=at)


def ask_for_numbers(at: datetime) -> int:
    """Codes follow where a corp has begun, or ceased, to ask for staff numbers (a lane of the worker)."""
    turned = Corp.objects.exclude(staff_number_required=Coalesce(_numbers_asked(), False))
    for corp in turned:
        with transaction.atomic():
            told = {"numbers_asked": corp.staff_number_required}
            Roster.objects.update_or_create(corp=corp, defaults=told)
            follow(_stores_of(Guide.objects.filter(corp=corp, staff_number="")), at=at)
    return len(turned)


def _numbers_asked() -> Subquery:
    return Subquery(Roster.objects.filter(corp=OuterRef("pk")).values("numbers_asked")[:1])


@transaction.atomic
def follow(stores: Iterable[int], *, at: datetime, but: Code | None = None) -> int:
    """How many codes of these stores now lead to other guides; WeCom is told of those alone."""
    changed = 0
    concerned = Code.objects.alive().looked_after().filter(Q(store__in=list(stores)))
    concerned = concerned.exclude(pk=but.pk if but else None)
    for code in concerned.select_for_update(of=("self",)).select_related("corp", "store"):
        if code.trouble or sorted(code.pushed_users) != _users_told(code):
            code.wanted += 1
            code.save(update_fields=["wanted"])
            push(code, at=at)
            changed += 1
    return changed


@transaction.atomic
def hand_over(leavers: QuerySet[Guide], *, at: datetime) -> None:
    """In each code of these guides a successor takes their place, or the store's house account."""
    held = CodeGuide.objects.filter(guide__in=leavers, code__in=Code.objects.alive().looked_after())
    stands = list(held.select_related("code", "guide__successor"))
    stores = {stand.code.store_id for stand in stands}
    houses = dict(HouseAccount.objects.filter(store__in=stores).values_list("store_id", "guide_id"))
    for stand in stands:
        heir = stand.guide.successor
        heir_id = heir.pk if heir and heir.status == Guide.Status.ACTIVE else houses.get(stand.code.store_id)
        if heir_id:
            CodeGuide.objects.get_or_create(code=stand.code, guide_id=heir_id)
        stand.delete()
    follow(stores, at=at)
