"""Binding customers to guides: the only writer of relations and owners, both derived from the facts."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from guides.epochs import merge_member
from guides.hearing import News, Noted, write_down
from guides.ledger import Ledger, Row, matched, read, settle_owners, write
from guides.models import Posting, Relation
from scrm.audit import alarms, entries
from scrm.ids import sql_array
from stores.models import Store

log = structlog.get_logger()
NAME_WITHIN = timedelta(seconds=3)
# The surviving member too: owners follow from the relations of all members of a person.
LOCK = """
WITH told AS MATERIALIZED (SELECT unnest(%s::bigint[]) AS id)
SELECT id FROM members_member WHERE id = ANY (ARRAY(
    SELECT id FROM told
    UNION SELECT m.same_person_as_id FROM told JOIN members_member m USING (id) WHERE m.same_person_as_id IS NOT NULL))
ORDER BY id FOR NO KEY UPDATE
"""


class NotHers(Exception):
    """The guide of this relation was never posted at that store."""


@transaction.atomic
def hear(news: Sequence[News], *, now: datetime) -> list[Noted]:
    """Writes the news down, derives the relations anew, and says which facts were new."""
    if not news:
        return []
    members, noted = write_down(news, due=now + NAME_WITHIN, now=now)
    derive(members, now=now)
    _sound_unknown_states(noted, now=now)
    log.info("guides.facts.heard", told=len(news), new=len(noted), members=len(members))
    return noted


def _sound_unknown_states(noted: Iterable[Noted], *, now: datetime) -> None:
    for state in {n.state for n in noted if n.state and n.code_id is None and n.kind in ("add", "half")}:
        alarms.sound("unknown_state", state, at=now)


@transaction.atomic
def derive(members: Sequence[int], *, now: datetime) -> None:
    """Makes the relations and owners of these members what their facts say; what is so already is not written."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [sql_array(members)])
    ledger = read(members)
    new: list[Row] = []
    changed: list[Row] = []
    gone: list[int] = []
    touched: dict[int, list[Row]] = {}
    for member, by_guide in ledger.facts.items():
        rows = [row for guide, told in _rows(member, by_guide, ledger) for row in told]
        before = {row.id: row for row in ledger.rows_of(member)}
        differing = [row for row in rows if row.id is None or row != before[row.id]]
        missing = {pk for pk in before if pk is not None} - {row.id for row in rows}
        if differing or missing:
            touched[member] = rows
        new += [row for row in differing if row.id is None]
        changed += [row for row in differing if row.id is not None]
        gone += missing
    write(new, changed, gone, now=now)
    settle_owners(touched)


def _rows(member: int, by_guide: dict[int, list[Any]], ledger: Ledger) -> Iterable[tuple[int, list[Row]]]:
    for guide, epochs in merge_member(by_guide).items():
        drafts = [
            Row(
                guide_id=guide,
                member_id=member,
                store_id=ledger.code_stores.get(e.code_id)
                if e.code_id
                else ledger.postings.store_at(guide, e.opened_at),
                code_id=e.code_id,
                state=e.state,
                epoch=n,
                opened_at=e.opened_at,
                added_at=e.added_at,
                ended_at=e.ended_at,
                guide_side=e.guide_side,
                customer_side=e.customer_side,
                by_transfer=e.by_transfer,
            )
            for n, e in enumerate(epochs, 1)
        ]
        yield guide, matched(drafts, ledger.rows[member, guide])


@transaction.atomic
def place(relation: Relation, *, store: Store, by: Any, at: datetime) -> None:
    """Says at which store a relation was born whose guide works at several; raises NotHers."""
    if not Posting.objects.filter(guide=relation.guide_id, store=store).exists():
        raise NotHers(store)
    Relation.objects.filter(pk=relation.pk).update(store=store, store_chosen=True, changed_at=at)
    entries.record("relation.placed", by=by, subject=relation, at=at, store=store.public_id)
    derive([relation.member_id], now=at)
    settle_owners({relation.member_id: read([relation.member_id]).rows_of(relation.member_id)})


def place_where_posted(guides: Sequence[int], *, now: datetime) -> int:
    """How many members were derived again, since their guides' postings have become known."""
    lost = Relation.objects.filter(guide__in=list(guides), store=None).values_list("member_id", flat=True)
    members = sorted(set(lost))
    derive(members, now=now)
    return len(members)
