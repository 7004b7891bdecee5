"""Lists by which stores win back whom nobody can reach: who is invited, why, with which words, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from members import consents
from members.models import Activation, Consent, Invitee
from scrm import bulk
from scrm.audit import entries
from scrm.clock import day_of
from scrm.ids import sql_array
from stores.models import Contract, Store

MOST = 2000  # on one list: what a store works off in a few weeks
APART = timedelta(days=90)  # before somebody is invited again by the same store
WORDS = 300

# Known to the store (to a franchisee's since he runs it), with a phone, friends with no guide of the brand, and not
# asked by this store a short while ago.
WANTED = """
WITH known AS (
    SELECT coalesce(m.same_person_as_id, m.id) AS root, bool_or(x.was_friend) AS was_friend FROM (
        SELECT member_id, true AS was_friend FROM guides_relation
        WHERE store_id = %(store)s AND added_at IS NOT NULL AND added_day >= %(from)s::date
        UNION ALL SELECT member_id, false FROM members_joining WHERE store_id = %(store)s AND "on" >= %(from)s::date
        UNION ALL SELECT member_id, false FROM members_order
        WHERE store_id = %(store)s AND member_id IS NOT NULL AND paid_day >= %(from)s::date
    ) x JOIN members_member m ON m.id = x.member_id GROUP BY 1
), circle AS (
    SELECT k.root, k.was_friend, m.id, m.registered_at FROM known k
    JOIN members_member m ON m.id = k.root OR m.same_person_as_id = k.root
)
SELECT root, bool_or(was_friend), bool_or(c.registered_at IS NOT NULL),
       bool_or(EXISTS (SELECT FROM members_order o WHERE o.member_id = c.id)),
       max((SELECT max(paid_at) FROM members_order o WHERE o.member_id = c.id AND store_id = %(store)s)) AS bought_at
FROM circle c JOIN members_member p ON p.id = c.root AND p.erased_at IS NULL
WHERE NOT EXISTS (SELECT FROM members_invitee i JOIN members_activation a ON a.id = i.activation_id
                  WHERE i.member_id = c.root AND a.store_id = %(store)s AND a.made_at > %(since)s)
GROUP BY root
HAVING bool_or(EXISTS (SELECT FROM members_identity i WHERE i.member_id = c.id AND i.kind = 'phone'))
   AND NOT bool_or(EXISTS (SELECT FROM guides_relation r WHERE r.member_id = c.id AND r.state = 'live'))
ORDER BY bought_at DESC NULLS LAST, root
"""
# How far each came since she was invited; who did several things stands under the furthest.
STEPS = """
SELECT a.id, count(*) FILTER (WHERE step = 0), count(*) FILTER (WHERE step = 1), count(*) FILTER (WHERE step = 2),
       count(*) FILTER (WHERE step = 3)
FROM (
    SELECT i.activation_id AS id, max(CASE
        WHEN EXISTS (SELECT FROM members_order o WHERE o.member_id = m.id AND o.paid_at > a.made_at
                     AND (o.store_id = a.store_id OR %(anywhere)s)) THEN 3
        WHEN NOT i.was_registered AND m.registered_at IS NOT NULL AND (%(anywhere)s OR EXISTS (
             SELECT FROM members_joining j WHERE j.member_id = m.id AND j.store_id = a.store_id)) THEN 2
        WHEN EXISTS (SELECT FROM guides_relation r WHERE r.member_id = m.id AND r.added_at > a.made_at
                     AND (r.store_id = a.store_id OR %(anywhere)s)) THEN 1
        ELSE 0 END) AS step
    FROM members_invitee i JOIN members_activation a ON a.id = i.activation_id
    JOIN members_member m ON m.id = i.member_id OR m.same_person_as_id = i.member_id
    WHERE i.activation_id = ANY(%(lists)s::bigint[]) GROUP BY i.activation_id, i.member_id
) x JOIN members_activation a USING (id) GROUP BY a.id
"""


class NobodyToInvite(Exception):
    """Everybody whom this store knows has a guide, has no phone, allows no marketing, or was invited lately."""


@dataclass(frozen=True)
class Funnel:
    """What came of a list: each invited person under the furthest step, so that the four sum up to all."""

    waiting: int = 0
    added: int = 0
    registered: int = 0
    ordered: int = 0

    @property
    def people(self) -> int:
        return self.waiting + self.added + self.registered + self.ordered


@transaction.atomic
def make(store: Store, *, words: str, by: Any, at: datetime) -> Activation:
    """A list of those whom the store should invite, the latest buyers first; raises NobodyToInvite."""
    found = _wanted(store, at)
    allowed = consents.allows([row[0] for row in found], Consent.Purpose.MARKETING_1V1, at=at)
    willing = [row for row in found if row[0] in allowed]
    if not willing:
        raise NobodyToInvite
    chosen = willing[:MOST]
    made = Activation.objects.create(
        store=store, made_at=at, made_by=by, words=words.strip()[:WORDS], people=len(chosen),
        unwilling=len(found) - len(willing), more=len(willing) - len(chosen),
    )  # fmt: skip
    _list(made, chosen)
    entries.record("activation.made", by=by, subject=made, at=at, store=store, rows=len(chosen))
    return made


def _wanted(store: Store, at: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(WANTED, {"store": store.pk, "since": at - APART, "from": _run_since(store, at)})
        return list(cursor.fetchall())


def _run_since(store: Store, at: datetime) -> date:
    """The first day of whoever runs the store: whom a franchisee before him met are none of his customers."""
    run = Contract.objects.on(day_of(at)).filter(store=store).first()
    return run.starts_on if run else date.min


def _list(made: Activation, chosen: Sequence[tuple[Any, ...]]) -> None:
    columns = ["activation_id", "member_id", "reason", "was_registered", "had_ordered"]
    reason = {True: Invitee.Reason.LOST, False: Invitee.Reason.NEVER}
    rows = ((made.pk, root, str(reason[friend]), member, bought) for root, friend, member, bought, _at in chosen)
    bulk.insert(Invitee._meta.db_table, columns, rows)


def funnels(lists: Iterable[Activation], *, anywhere: bool = True) -> dict[int, Funnel]:
    """What came of each list so far, by its key: anywhere, or, for a franchisee, at the list's own store alone."""
    with connection.cursor() as cursor:
        cursor.execute(STEPS, {"lists": sql_array(one.pk for one in lists), "anywhere": anywhere})
        return {pk: Funnel(*steps) for pk, *steps in cursor.fetchall()}
