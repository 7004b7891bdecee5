"""What guides keep of customers: handed out as a person's copy, emptied when she is forgotten.

Relations and ownerships stay, of a member whom nothing names: each guide's adds and losses go on adding up.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from guides import notes
from guides.models import Note, Ownership, Relation
from scrm.clock import SHANGHAI
from scrm.ids import sql_array


def erase(members: Collection[int], at: datetime) -> dict[str, int]:
    """Remarks, descriptions and phones that guides wrote down."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM guides_note WHERE member_id = ANY(%s::bigint[])", [sql_array(members)])
        return {"guides' notes": cursor.rowcount} if cursor.rowcount else {}


def copies(members: Collection[int]) -> dict[str, list[dict[str, Any]]]:
    """Her guides, who cares for her, and what guides noted of her."""
    known = Relation.objects.filter(member__in=members).select_related("guide", "store").order_by("opened_at")
    cared = Ownership.objects.filter(member__in=members).select_related("guide", "store").order_by("starts_at")
    noted = Note.objects.filter(member__in=members).select_related("guide")
    return {
        "guides": [
            {"guide": str(r.guide), "store": _name(r.store), "since": _time(r.added_at or r.opened_at),
             "until": _time(r.ended_at), "state": r.get_state_display()}
            for r in known
        ],
        "cared for by": [
            {"guide": str(o.guide), "store": _name(o.store), "from": _time(o.starts_at), "until": _time(o.ends_at)}
            for o in cared
        ],
        "guides' notes": [
            {"guide": str(n.guide), "remark": n.remark, "description": n.description, "company": n.company,
             "phones": "; ".join(notes.phones_of(n))}
            for n in noted
        ],
    }  # fmt: skip


def _name(store: Any) -> str:
    return store.name if store else ""


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at else ""
