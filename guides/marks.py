"""Tags and remark that a code puts on each customer after the add, written through to what we know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from guides import notes
from guides.hearing import Noted
from guides.models import Code, Guide
from members import libraries, taggings, tags
from members.models import Identity, Member
from scrm.wecom import calls
from scrm.wecom.models import OutboundCall

READ_AGAIN = """
UPDATE members_identity i SET read_due_at = least(coalesce(i.read_due_at, %s), %s)
FROM unnest(%s::bigint[], %s::text[]) AS told (corp_id, value)
WHERE i.kind = 'external_userid' AND i.corp_id = told.corp_id AND i.value = told.value
"""
REMARK_LENGTH = 20  # WeCom's limit
NO_SUCH_PAIR = {84061, 40096}
NO_SUCH_TAG = {40068}
BEFORE = datetime.min.replace(tzinfo=UTC)
LATE = timedelta(minutes=2)  # an answer that is heard so late may be out of date by now


def read_again(people: Sequence[tuple[int, str]], *, at: datetime) -> None:
    """These customers (corp, external_userid) are to be read from WeCom now; strangers are left alone."""
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(READ_AGAIN, [at, at, [corp for corp, _ in people], [value for _, value in people]])


def library_changed(corps: Iterable[int], *, at: datetime) -> None:
    """The corps' tag libraries are to be read again."""
    libraries.library_changed(corps, at=at)


def put_on(noted: Sequence[Noted], *, at: datetime) -> None:
    """Plans the tags and the remark of the code for each new add; a remark with her name waits until it is read."""
    coded = [n for n in noted if n.kind == "add" and n.code_id]
    codes = _codes_that_mark({n.code_id for n in coded})
    if not codes:
        return
    adds = [n for n in coded if n.code_id in codes]
    guides = Guide.objects.in_bulk({n.guide_id for n in adds})
    people = dict(
        Identity.objects.filter(
            member__in={n.member_id for n in adds}, kind="external_userid", corp__in={c.corp_id for c in codes.values()}
        ).values_list("member_id", "value")
    )
    plans = []
    for n in adds:
        code = codes[n.code_id or 0]
        pair = {"userid": guides[n.guide_id].userid, "external_userid": people[n.member_id]}
        if tag_ids := [t.tag_id for t in code.tags.all() if t.deleted_at is None and t.tag_id]:
            body = {**pair, "add_tag": tag_ids}
            plans.append(calls.Plan(code.corp_id, "externalcontact/mark_tag", body, key=f"tags:{n.id}"))
        if code.remark and "{name}" not in code.remark:
            plans.append(_remark(code, pair, "", key=f"remark:{n.id}"))
    calls.plan_all(plans, at=at)


def _codes_that_mark(ids: Iterable[int | None]) -> dict[int, Code]:
    """Those of the codes that put a tag or a remark on customers; most put none."""
    marking = Code.objects.filter(Q(remark__gt="") | Exists(Code.tags.through.objects.filter(code=OuterRef("pk"))))
    found = marking.filter(pk__in=[pk for pk in ids if pk]).select_related("store").prefetch_related("tags")
    return {code.pk: code for code in found}


def put_remark_with_name(
    member: Member, pairs: Iterable[tuple[int, str, Code]], *, external: str, at: datetime
) -> None:
    """Plans the remarks that waited for the customer's name: (fact, userid, code) each."""
    plans = [
        _remark(code, {"userid": userid, "external_userid": external}, member.name, key=f"remark:{fact}")
        for fact, userid, code in pairs
        if "{name}" in code.remark
    ]
    calls.plan_all(plans, at=at)


def _remark(code: Code, pair: dict[str, str], name: str, *, key: str) -> calls.Plan:
    text = code.remark.replace("{name}", name).replace("{store}", code.store.name)[:REMARK_LENGTH]
    return calls.Plan(code.corp_id, "externalcontact/remark", {**pair, "remark": text}, key=key)


def tagged(told: Sequence[OutboundCall], at: datetime) -> None:
    """WeCom put tags on customers, or took some off; it sends no callback for our own calls, so we write it down."""
    done = _heard(told, at=at)
    askers = taggings.askers([heard.call for heard in done])
    for heard in done:
        body, userid = heard.body, heard.guide.userid.lower()
        tags.add(heard.member, body.get("add_tag", ()), corp=heard.corp, userid=userid, at=at)
        if gone := body.get("remove_tag"):
            by = askers.get(heard.call)
            tags.take_off(heard.member, gone, corp=heard.corp, userid=userid, by=by, at=heard.at)
    taggings.answered(told, at)
    if unknown := {call.corp_id for call in told if call.errcode in NO_SUCH_TAG}:
        libraries.library_changed(unknown, at=at)


def remarked(told: Sequence[OutboundCall], at: datetime) -> None:
    """WeCom wrote down what we said of customers; nobody tells us, so our notes say it too."""
    for heard in _heard(told, at=at):
        body, phones = heard.body, heard.body.get("remark_mobiles")
        written = notes.Written(
            heard.guide.pk,
            heard.member,
            remark=body.get("remark"),
            description=body.get("description"),
            company=body.get("remark_company"),
            phones=None if phones is None else [phone for phone in phones if phone],
        )
        notes.write([written], at=heard.at)


@dataclass(frozen=True, slots=True)
class Heard:
    """A call of ours that WeCom did just now."""

    corp: int
    guide: Guide
    member: int
    body: Mapping[str, Any]
    at: datetime
    call: int


def _heard(told: Sequence[OutboundCall], *, at: datetime) -> list[Heard]:
    """What was done, in the order in which it was.

    Who may have been changed or read since then, or is no customer any more, is read again instead.
    """
    asked = [(call, call.request()) for call in sorted(told, key=lambda call: (call.answered_at or at, call.pk))]
    people, guides = _people(asked), _guides(asked)
    again, found = [], []
    for call, body in asked:
        person = people.get((call.corp_id, body["external_userid"]))
        guide = guides.get((call.corp_id, body["userid"].lower()))
        answered = call.answered_at or at
        done = call.state == OutboundCall.State.DONE
        stale = answered < at - LATE or (person is not None and (person.read_at or BEFORE) > answered)
        if (done and stale) or (not done and call.errcode in NO_SUCH_PAIR):
            again.append((call.corp_id, body["external_userid"]))
        elif done and person and guide:
            found.append(Heard(call.corp_id, guide, person.member_id or 0, body, answered, call.pk))
    read_again(again, at=at)
    return found


def _people(asked: Sequence[tuple[OutboundCall, Mapping[str, Any]]]) -> dict[tuple[int, str], Identity]:
    values, corps = {body["external_userid"] for _call, body in asked}, {call.corp_id for call, _body in asked}
    found = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID, corp__in=corps, value__in=values)
    return {(person.corp_id or 0, person.value): person for person in found}


def _guides(asked: Sequence[tuple[OutboundCall, Mapping[str, Any]]]) -> dict[tuple[int, str], Guide]:
    users, corps = {body["userid"].lower() for _call, body in asked}, {call.corp_id for call, _body in asked}
    found = Guide.objects.alias(lower=Lower("userid")).filter(corp__in=corps, lower__in=users)
    return {(guide.corp_id, guide.userid.lower()): guide for guide in found}
