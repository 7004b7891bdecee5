"""What the members' own floor keeps of a person: handed out as her copy, emptied when she is forgotten."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from members import tombstones
from members.models import Consent, DataRequest, FieldValue, Identity, Joining, Member, MemberTag, Order, TagEnd
from scrm.clock import SHANGHAI
from scrm.ids import sql_array

Rows = list[dict[str, Any]]
HERS = "member_id = ANY(%(members)s::bigint[])"
# Her ids, and those that HQ said are hers no longer, once no link tells whose they were.
HER_IDS = f"""SELECT id FROM members_identity i WHERE kind <> 'external_userid' AND ({HERS} OR member_id IS NULL
    AND NOT EXISTS (SELECT FROM members_identitylink l WHERE l.identity_id = i.id))"""
# In this order: what refers to ids goes before them.
EMPTIED = {
    "stores that told ids": f"""DELETE FROM members_telling WHERE identity_id IN (
        SELECT id FROM members_identity WHERE {HERS} OR member_id IS NULL AND id IN (
            SELECT identity_id FROM members_identitylink WHERE {HERS}))""",
    "identity links": f"""DELETE FROM members_identitylink WHERE {HERS} OR identity_id IN (
        SELECT id FROM members_identity WHERE {HERS} AND kind <> 'external_userid')""",
    "merges": """UPDATE members_merge SET identity_id = NULL, reason = ''
        WHERE (identity_id IS NOT NULL OR reason <> '')
        AND (winner_id = ANY(%(members)s::bigint[]) OR loser_id = ANY(%(members)s::bigint[]))""",
    "reviews": """DELETE FROM members_review
        WHERE low_id = ANY(%(members)s::bigint[]) OR high_id = ANY(%(members)s::bigint[])""",
    "reviews of ids": f"UPDATE members_review SET identity_id = NULL WHERE identity_id IN ({HER_IDS})",
    "merges by ids": f"UPDATE members_merge SET identity_id = NULL WHERE identity_id IN ({HER_IDS})",
    "phones, cards and other ids": f"DELETE FROM members_identity WHERE id IN ({HER_IDS})",
    "names and pictures": """UPDATE members_member SET name = '', avatar = '', gender = 0, minor_until = NULL
        WHERE id = ANY(%(members)s::bigint[]) AND (name <> '' OR avatar <> '' OR gender <> 0)""",
    "custom fields": f"DELETE FROM members_fieldvalue WHERE {HERS}",
    "changes of custom fields": f"DELETE FROM members_fieldchange WHERE {HERS}",
    "tags": f"DELETE FROM members_membertag WHERE {HERS}",
    "tags taken off": f"DELETE FROM members_tagend WHERE {HERS}",
    "tags on their way to WeCom": f"DELETE FROM members_marking WHERE {HERS}",
    "grades": f"DELETE FROM members_membergrade WHERE {HERS}",
    "home city": f"DELETE FROM members_home WHERE {HERS}",
    "registration links": f"UPDATE members_invite SET ended_at = %(at)s WHERE {HERS} AND ended_at IS NULL",
    "words of requests": f"""UPDATE members_datarequest SET note = NULL, wanted = NULL
        WHERE {HERS} AND (note IS NOT NULL OR wanted IS NOT NULL)""",
    "copies handed out": f"""DELETE FROM members_copy WHERE request_id IN (
        SELECT id FROM members_datarequest WHERE {HERS})""",
}
# Callbacks name her in the clear. What waits to be worked in is left alone.
LETTERS = """
UPDATE wecom_letter SET stream = 'erased', body = '' WHERE stream = ANY(%(ids)s::text[]) AND state <> 'waiting'
RETURNING id
"""
CALLS = """
UPDATE wecom_outboundcall SET body = '', result = NULL
WHERE letter_id = ANY(%(letters)s::bigint[]) AND state IN ('done', 'failed', 'expired', 'unknown') AND body <> ''
"""


def erase(members: Collection[int], at: datetime) -> dict[str, int]:
    """Ids, names and all that was written about these members."""
    asked: dict[str, Any] = {"members": sql_array(members), "at": at}
    named = tombstones.bury(members, at=at)
    sums = {"WeCom ids": len(named)}
    with connection.cursor() as cursor:
        for kind, sql in EMPTIED.items():
            cursor.execute(sql, asked)
            sums[kind] = cursor.rowcount
        cursor.execute(LETTERS, {"ids": named})
        letters = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(CALLS, {"letters": letters})
        sums |= {"callbacks": len(letters), "calls to WeCom": cursor.rowcount}
    return {kind: n for kind, n in sums.items() if n}


def copies(members: Collection[int]) -> dict[str, Rows]:
    """Everything that this floor knows of her, by heading, with her own phones in full."""
    return {
        "customer": list(_faces(members)),
        "ids": [
            {"kind": i.kind, "value": i.sealed or i.value, "app": i.app}
            for i in Identity.objects.filter(member__in=members).order_by("pk")
            if not tombstones.is_veil(i.value)
        ],
        "stores joined": [
            {"store": j.store.name, "on": j.on}
            for j in Joining.objects.filter(member__in=members).select_related("store")
        ],
        "consents": [_word(c) for c in Consent.objects.filter(member__in=members).order_by("at", "pk")],
        "fields": [_field(v) for v in FieldValue.objects.filter(member__in=members).select_related("field")],
        "tags": [_tag(t) for t in MemberTag.objects.filter(member__in=members).select_related("tag__group")],
        "tags taken off": [_end(t) for t in TagEnd.objects.filter(member__in=members).select_related("tag__group")],
        "orders": list(_orders(members)),
        "requests": [
            {"kind": r.get_kind_display(), "asked": _time(r.asked_at), "state": r.get_state_display()}
            for r in DataRequest.objects.filter(member__in=members)
        ],
    }


def _faces(members: Collection[int]) -> Iterator[dict[str, Any]]:
    for m in Member.objects.filter(pk__in=members).order_by("pk"):
        told = {
            "name": m.name,
            "picture": m.avatar,
            "gender": m.get_gender_display(),
            "known since": _time(m.created_at),
        }
        yield {"id": m.public_id, **told, "registered": _time(m.registered_at)}


def _word(c: Consent) -> dict[str, Any]:
    said = {"purpose": c.get_purpose_display(), "said": c.get_state_display(), "at": _time(c.at)}
    return {**said, "terms": c.terms, "told by": c.get_source_display()}


def _field(v: FieldValue) -> dict[str, Any]:
    told = [one for one in (v.text, v.number, v.date, v.boolean, v.choices) if one is not None]
    return {"field": v.field.name, "value": str(told[0]) if told else "", "since": _time(v.at)}


def _tag(t: MemberTag) -> dict[str, Any]:
    return {"group": t.tag.group.name, "tag": t.tag.name, "source": t.source, "since": _time(t.since)}


def _end(t: TagEnd) -> dict[str, Any]:
    told = {"group": t.tag.group.name, "tag": t.tag.name, "source": t.source}
    return {**told, "since": _time(t.since), "until": _time(t.at)}


def _orders(members: Collection[int]) -> Iterator[dict[str, Any]]:
    for o in (
        Order.objects.filter(member__in=members).select_related("store").prefetch_related("lines").order_by("paid_at")
    ):
        whole = {"number": o.number, "store": o.store.name if o.store else "", "channel": o.get_channel_display()}
        sums = {"paid at": _time(o.paid_at), "paid": o.paid_fen / 100, "refunded": o.refunded_fen / 100}
        goods = "; ".join(f"{line.name or line.sku} × {line.quantity}" for line in o.lines.all())
        yield {**whole, **sums, "goods": goods}


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at else ""
