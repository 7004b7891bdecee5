"""Tags and remark that a code puts on each customer after the add, written through to what we know."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from guides.hearing import Noted
from guides.models import Code, Guide
from members import tags
from members.models import Identity, Member
from scrm.wecom import calls
from scrm.wecom.models import OutboundCall

READ_AGAIN = """
UPDATE members_identity i SET read_due_at = least(coalesce(i.read_due_at, %s), %s)
FROM unnest(%s::bigint[], %s::text[]) AS told (corp_id, value)
WHERE i.kind = 'external_userid' AND i.corp_id = told.corp_id AND i.value = told.value
"""
REMARK_LENGTH = 20  # WeCom's limit


def read_again(people: Sequence[tuple[int, str]], *, at: datetime) -> None:
    """These customers (corp, external_userid) are to be read from WeCom now; strangers are left alone."""
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(READ_AGAIN, [at, at, [corp for corp, _ in people], [value for _, value in people]])


def library_changed(corps: Iterable[int], *, at: datetime) -> None:
    """The corps' tag libraries are to be read again."""
    tags.library_changed(corps, at=at)


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
        if tag_ids := [t.tag_id for t in code.tags.all() if t.deleted_at is None]:
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
    """WeCom put tags on customers; it sends no callback for our own calls, so we write them down."""
    for call in told:
        body = call.request()
        person = Identity.objects.filter(
            kind="external_userid", corp=call.corp_id, value=body["external_userid"]
        ).first()
        if call.state == OutboundCall.State.DONE and person is not None:
            tags.add(person.member_id, body["add_tag"], corp=call.corp_id, userid=body["userid"].lower(), at=at)
