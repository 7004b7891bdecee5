"""What persons allow: asked before anything contacts, profiles, shares or hands them on.

A person allows a use if the last word of each of her members who spoke of it allows it, given under terms that still
hold. One who has not spoken of service, but added a guide herself, permits service and nothing else. A minor allows
nothing without her guardian; an erased member allows nothing.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from members import persons
from members.models import Consent, Terms
from scrm.clock import day_of
from scrm.ids import sql_array
from stores.models import Contract, Franchisee
from stores.scope import Scope, scope_of

SERVICE, GUARDIAN = Consent.Purpose.SERVICE, Consent.Purpose.MINOR_GUARDIAN
SHARE = Consent.Purpose.SHARE_FRANCHISEE
EVER = "-infinity"
# A circle is a person's members: she who survives, and those merged into her.
CIRCLES = """asked AS MATERIALIZED (
    SELECT DISTINCT coalesce(same_person_as_id, id) AS id FROM members_member WHERE id = ANY(%(members)s::bigint[])
), circle AS MATERIALIZED (
    SELECT id FROM asked UNION SELECT m.id FROM members_member m JOIN asked ON m.same_person_as_id = asked.id
), """
AMONG = "AND {column} IN (SELECT id FROM circle)"
# What she gave as another member counts while the two are one person; what she refused counts for ever.
HEARD = """c.through_id IS NULL OR c.state <> 'given' OR EXISTS (
        SELECT FROM members_member a JOIN members_member b ON b.id = c.through_id
            AND coalesce(a.same_person_as_id, a.id) = coalesce(b.same_person_as_id, b.id) WHERE a.id = c.member_id)"""
# Of two words of one instant the stricter one is the last. What was given under terms renewed since is no word.
SAID = (
    """
SELECT coalesce(m.same_person_as_id, m.id) AS root, bool_and(l.given) AS given,
       max(l.at) FILTER (WHERE NOT l.given) AS refused_at
FROM (
    SELECT DISTINCT ON (c.member_id) c.member_id, c.at, c.state = 'given'
        AND c.at >= %({name}_since)s::timestamptz AND c.terms <> ALL(%({name}_outdated)s::text[]) AS given
    FROM members_consent c
    WHERE c.purpose = %({name})s AND c.controller_id IS NOT DISTINCT FROM %(controller)s AND c.at <= %(at)s {among}
        AND ("""
    + HEARD
    + """)
    ORDER BY c.member_id, c.at DESC, c.state = 'given', c.id DESC
) l JOIN members_member m ON m.id = l.member_id
GROUP BY 1
"""
)
# Relations that she began: by a code of ours, or as WeCom says by a QR code, a video or a link.
ADDED = """
SELECT coalesce(m.same_person_as_id, m.id) AS root, max(r.added_at) AS added_at
FROM guides_relation r JOIN members_member m ON m.id = r.member_id
LEFT JOIN guides_note n ON n.guide_id = r.guide_id AND n.member_id = r.member_id
WHERE r.state = 'live' AND NOT r.by_transfer AND r.added_at <= %(at)s
  AND (r.code_id IS NOT NULL OR n.add_way IN (1, 10, 16)) {among} {house}
GROUP BY 1
"""
OF_THE_HOUSE = """AND EXISTS (SELECT FROM stores_contract k WHERE k.store_id = r.store_id
    AND k.franchisee_id = %(controller)s AND k.starts_on <= %(day)s AND (k.ends_on IS NULL OR k.ends_on > %(day)s))"""
BY_ADD = """UNION SELECT a.root FROM added a LEFT JOIN said s USING (root)
    WHERE s.root IS NULL OR s.refused_at < a.added_at"""
ALLOWING = """
WITH {circles} said AS ({said}), {added} guarded AS ({guarded}), minors AS (
    SELECT DISTINCT coalesce(same_person_as_id, id) AS root FROM members_member p WHERE p.minor_until > %(day)s {among}
), willing AS (SELECT root FROM said WHERE given {by_add})
SELECT w.root FROM willing w JOIN members_member m ON m.id = w.root AND m.erased_at IS NULL
WHERE w.root NOT IN (SELECT root FROM minors) OR w.root IN (SELECT root FROM guarded WHERE given)
"""


def allows(members: Collection[int], purpose: str, *, controller: Franchisee | None = None, at: datetime) -> set[int]:
    """Of the persons whom these members are, the surviving members who allow this use of their data at this instant."""
    sql, asked = allowing(purpose, controller=controller, at=at, members=members)
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return {root for (root,) in cursor.fetchall()}


def allowing(
    purpose: str, *, at: datetime, controller: Franchisee | None = None, members: Collection[int] | None = None
) -> tuple[str, dict[str, Any]]:
    """SQL that gives the surviving members (`root`) who allow a use, of all or of these members, and its parameters."""
    house, day = getattr(controller, "pk", None), day_of(at)
    asked: dict[str, Any] = {"at": at, "controller": house, "day": day}
    for name, one in (("purpose", str(purpose)), ("guardian", str(GUARDIAN))):
        since, outdated = renewed(one, controller=controller, at=at)
        asked |= {name: one, f"{name}_since": since or EVER, f"{name}_outdated": outdated}
    if members is not None:
        asked["members"] = sql_array(members)
    return _allowing(by_add=purpose == SERVICE, of_house=house is not None, some=members is not None), asked


def _allowing(*, by_add: bool, of_house: bool, some: bool) -> str:
    def among(column: str) -> str:
        return AMONG.format(column=column) if some else ""

    added = ADDED.format(among=among("r.member_id"), house=OF_THE_HOUSE if of_house else "")
    return ALLOWING.format(
        circles=CIRCLES if some else "",
        said=SAID.format(name="purpose", among=among("c.member_id")),
        guarded=SAID.format(name="guardian", among=among("c.member_id")),
        added=f"added AS ({added})," if by_add else "",
        by_add=BY_ADD if by_add else "",
        among=among("p.id"),
    )


def renewed(purpose: str, *, at: datetime, controller: Franchisee | None = None) -> tuple[datetime | None, list[str]]:
    """Since when this purpose needs a word under newer terms, and the versions under which none counts any more."""
    past = list(Terms.objects.filter(controller=controller, valid_from__lte=at).order_by("-valid_from", "-pk"))
    turn = next((n for n, one in enumerate(past) if str(purpose) in one.renewed), None)
    return (None, []) if turn is None else (past[turn].valid_from, [one.version for one in past[turn + 1 :]])


def shared_with(viewer: Any, members: Collection[int], *, at: datetime) -> set[int]:
    """Of these members, those of whom the viewer may see what was born outside his stores, and what follows from all.

    HQ, and the brand's own regions and stores, see it of everybody; a franchisee's people of those who let the brand
    share with franchisees, or with this one by name, and did not refuse this one.
    """
    houses = houses_of(viewer, at=at)
    scope = scope_of(viewer)
    if scope.everything or not houses:
        return set(members) if scope != Scope() else set()
    shared = set.intersection(*(_shared(members, house, at) for house in houses))
    return {member for member, root in persons.roots(members).items() if root in shared}


def houses_of(viewer: Any, *, at: datetime) -> list[Franchisee]:
    """The franchisees for whom the viewer works: by a seat of theirs, or in a store under contract with them."""
    scope = scope_of(viewer)
    theirs = Contract.objects.on(day_of(at)).filter(store__in=scope.stores | scope.work)
    return list(Franchisee.objects.filter(Q(pk__in=scope.franchisees) | Q(pk__in=theirs.values("franchisee"))))


def _shared(members: Collection[int], house: Franchisee, at: datetime) -> set[int]:
    """The persons who let this house know."""
    named = allows(members, SHARE, controller=house, at=at)
    refused = Consent.objects.filter(purpose=SHARE, controller=house, at__lte=at).exclude(state=Consent.State.GIVEN)
    no = set(persons.roots(refused.filter(member__in=_circles(members)).values_list("member", flat=True)).values())
    return named | (allows(members, SHARE, at=at) - no)


def _circles(members: Collection[int]) -> list[int]:
    return [pk for circle in persons.circle(members).values() for pk in circle]
