"""WeCom's tags put on customers by our people: each pair's wishes wait in rows, and WeCom is told one call a pair at a
time, so that whatever was wished last is done last. A corp tag stands in a relation: that of the guide who is named,
else of her owner, else the oldest that lives; taken off, in each relation that bears it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, Q

from members import persons
from members.models import Identity, Marking, Member, MemberTag, Tag
from scrm.audit import entries
from scrm.wecom import calls
from scrm.wecom.models import OutboundCall
from stores.models import Person

State = Marking.State
UNDER_WAY = 128  # calls of a corp that wait for WeCom at a time: the others stay here, where they can be paused
KEY = "marks:"


class NotWeComs(Exception):
    """This tag is not WeCom's, or WeCom has deleted it."""


class Pair(NamedTuple):
    """A member in her relation with a guide."""

    member: int
    userid: str
    external_userid: str


class Asked(NamedTuple):
    """What becomes of the persons: some wait for WeCom, some have no relation, some are as wished already."""

    waiting: int
    unreachable: int
    unchanged: int


def relations_of(viewer: Person | None) -> Any:
    """The live relations in which this person may put tags on; without a person, all."""
    related: Any = Member._meta.get_field("relations").related_model
    rows = related.objects.all() if viewer is None else related.objects.visible_to(viewer, needs="tag_customers")
    return rows.filter(state="live")


def mark(
    members: Collection[int],
    tag: Tag,
    *,
    puts_on: bool,
    by: Person | None,
    guide: str = "",
    run: int | None = None,
    at: datetime,
) -> Asked:
    """Persons are to bear this tag, or to lose it, in WeCom: in relations that `by` may tag. Raises NotWeComs."""
    corp = tag.group.corp_id
    if tag.kind != Tag.Kind.WECOM or tag.deleted_at or corp is None:
        raise NotWeComs(tag.public_id)
    circles = persons.circle(members)
    everybody = [member for circle in circles.values() for member in circle]
    pairs = _pairs(everybody, corp, relations_of(by), guide)
    worn = _worn(everybody, tag)
    chosen = _to_put_on(circles, pairs, worn) if puts_on else _to_take_off(circles, pairs, worn)
    _write([pair for some in chosen.values() for pair in some], tag, puts_on=puts_on, by=by, run=run, at=at)
    reached = {root for root, circle in circles.items() if any(pairs.get(member) for member in circle)}
    return Asked(len(chosen), len(circles) - len(reached), len(reached) - len(chosen))


def _pairs(members: Sequence[int], corp: int, relations: Any, guide: str) -> dict[int, list[Pair]]:
    """The live pairs of each member, the one to choose first."""
    rows = relations.filter(member__in=members, guide__corp=corp).order_by("added_at", "pk")
    if guide:
        rows = rows.filter(guide__userid__iexact=guide)
    owned: Any = Member._meta.get_field("ownerships").related_model
    owners = set(owned.objects.filter(member__in=members, ends_at=None).values_list("member", "guide"))
    told = list(rows.values_list("member", "guide", "guide__userid"))
    names = Identity.objects.filter(member__in=members, kind=Identity.Kind.EXTERNAL_USERID, corp=corp)
    external = dict(names.values_list("member", "value"))
    found: dict[int, list[Pair]] = defaultdict(list)
    for member, _guide, userid in sorted(told, key=lambda row: (row[0], row[1]) not in owners):
        if member in external:
            found[member].append(Pair(member, userid, external[member]))
    return dict(found)


def _worn(members: Sequence[int], tag: Tag) -> set[tuple[int, str]]:
    """In which relations of theirs the tag stands, or will once WeCom has done what it was asked."""
    rows = MemberTag.objects.filter(member__in=members, tag=tag, source=MemberTag.Source.WECOM)
    worn = set(rows.values_list("member", "source_key"))
    waiting = Marking.objects.filter(member__in=members, tag=tag, state__in=[State.WAITING, State.ASKED])
    for member, userid, puts_on in waiting.order_by("pk").values_list("member", "userid", "puts_on"):
        (worn.add if puts_on else worn.discard)((member, userid.lower()))
    return worn


Circles = dict[int, list[int]]
Pairs = dict[int, list[Pair]]


def _to_put_on(circles: Circles, pairs: Pairs, worn: set[tuple[int, str]]) -> dict[int, list[Pair]]:
    """Nobody gets a tag twice: one relation that bears it is enough."""
    chosen = {}
    for root, circle in circles.items():
        hers = [pair for member in circle for pair in pairs.get(member, ())]
        if hers and not any((pair.member, pair.userid.lower()) in worn for pair in hers):
            chosen[root] = hers[:1]
    return chosen


def _to_take_off(circles: Circles, pairs: Pairs, worn: set[tuple[int, str]]) -> dict[int, list[Pair]]:
    found = {
        root: [p for member in circle for p in pairs.get(member, ()) if (p.member, p.userid.lower()) in worn]
        for root, circle in circles.items()
    }
    return {root: some for root, some in found.items() if some}


def _write(pairs: Iterable[Pair], tag: Tag, *, puts_on: bool, by: Person | None, run: int | None, at: datetime) -> None:
    corp = tag.group.corp_id
    told: dict[str, Any] = {"tag": tag, "corp_id": corp, "puts_on": puts_on, "by": by, "run_id": run, "at": at}
    rows = [Marking(member_id=p.member, userid=p.userid, external_userid=p.external_userid, **told) for p in pairs]
    Marking.objects.bulk_create(rows)
    if rows:
        Tag.objects.filter(pk=tag.pk).update(used_at=at)
    if rows and run is None:
        entries.record("tag.put_on" if puts_on else "tag.taken_off", by=by, subject=tag, at=at, rows=len(rows))


# Of each corp the wishes whose pair has none under way; those of single people go before those of runs.
DUE = """
SELECT k.id FROM members_marking k LEFT JOIN members_tagrun r ON r.id = k.run_id
WHERE k.state = 'waiting' AND k.corp_id = %(corp)s AND (k.run_id IS NULL OR r.state = 'running')
  AND NOT EXISTS (SELECT FROM members_marking a WHERE a.state = 'asked' AND a.corp_id = k.corp_id
      AND a.userid = k.userid AND a.external_userid = k.external_userid)
ORDER BY k.run_id NULLS FIRST, k.id LIMIT %(limit)s
"""
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('members.taggings'), %s)"


def ask(at: datetime) -> int:
    """How many wishes WeCom is now told of, of every corp as many as its calls under way leave room for."""
    waiting = Marking.objects.filter(state=State.WAITING).order_by().values_list("corp_id", flat=True).distinct()
    return sum(_ask_in(corp, at=at) for corp in waiting)


@transaction.atomic
def _ask_in(corp: int, *, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ALONE, [corp])
        if not cursor.fetchone()[0]:
            return 0  # another worker is at it
        asked = Marking.objects.filter(corp=corp, state=State.ASKED)
        room = UNDER_WAY - asked.values("call_id").distinct().count()
        if room <= 0:
            return 0
        cursor.execute(DUE, {"corp": corp, "limit": room})
        due = [pk for (pk,) in cursor.fetchall()]
    by_pair: dict[tuple[str, str], list[Marking]] = defaultdict(list)
    for marking in Marking.objects.filter(pk__in=due).select_related("tag").order_by("pk"):
        by_pair[marking.userid.lower(), marking.external_userid].append(marking)
    _plan(corp, list(by_pair.values()), at=at)
    return len(due)


def _plan(corp: int, wishes: Sequence[list[Marking]], *, at: datetime) -> None:
    """One call for each pair. Of several wishes about one tag the last one counts."""
    plans = []
    for some in wishes:
        last = {marking.tag.tag_id: marking.puts_on for marking in some}
        pair = {"userid": some[0].userid, "external_userid": some[0].external_userid}
        add, remove = [t for t, on in last.items() if on], [t for t, on in last.items() if not on]
        body = {**pair, **({"add_tag": add} if add else {}), **({"remove_tag": remove} if remove else {})}
        plans.append(calls.Plan(corp, "externalcontact/mark_tag", body, key=f"{KEY}{some[0].pk}"))
    calls.plan_all(plans, at=at)
    keys = [plan.key for plan in plans]
    made = dict(OutboundCall.objects.filter(corp=corp, key__in=keys).values_list("key", "pk"))
    for some in wishes:
        for marking in some:
            marking.state, marking.call_id = State.ASKED, made[f"{KEY}{some[0].pk}"]
    Marking.objects.bulk_update([marking for some in wishes for marking in some], ["state", "call_id"])


SETTLE = """
WITH told (call_id, state, errcode) AS (
    SELECT * FROM unnest(%(calls)s::bigint[], %(states)s::text[], %(codes)s::int[])
), settled AS (
    UPDATE members_marking k SET state = t.state, errcode = t.errcode, settled_at = %(at)s
    FROM told t WHERE k.call_id = t.call_id AND k.state = 'asked' RETURNING k.run_id, k.state
)
UPDATE members_tagrun r SET done = r.done + s.done, refused = r.refused + s.refused
FROM (SELECT run_id, count(*) FILTER (WHERE state = 'done') AS done,
             count(*) FILTER (WHERE state = 'refused') AS refused FROM settled GROUP BY 1) s
WHERE r.id = s.run_id
"""


def answered(told: Sequence[OutboundCall], at: datetime) -> None:
    """WeCom's answers to wishes about tags; what it did is written through by guides.marks."""
    ours = [call for call in told if (call.key or "").startswith(KEY)]
    if not ours:
        return
    done = [State.DONE if call.state == OutboundCall.State.DONE else State.REFUSED for call in ours]
    said: dict[str, Any] = {
        "calls": [call.pk for call in ours],
        "states": [str(state) for state in done],
        "codes": [call.errcode for call in ours],
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, said)


def askers(calls_made: Collection[int]) -> dict[int, int]:
    """By call to WeCom, who wished for it; calls that nobody in person wished for are left out."""
    rows = Marking.objects.filter(call_id__in=calls_made, state=State.ASKED, by__isnull=False)
    return {call: by for call, by in rows.values_list("call_id", "by") if call and by}


def met_by(viewer: Person, members: Collection[int]) -> set[str]:
    """The guides of these members, by userid, whose relations with them the viewer may read."""
    related: Any = Member._meta.get_field("relations").related_model
    rows = related.objects.visible_to(viewer).filter(member__in=members)
    return set(rows.values_list("guide__userid", flat=True))


def pending(members: Collection[int], *, viewer: Person) -> list[Marking]:
    """The wishes about these members that WeCom has not settled, and those that it refused last, newest first."""
    open_ones = Q(state__in=[State.WAITING, State.ASKED]) | Q(state=State.REFUSED)
    rows = Marking.objects.filter(open_ones, member__in=members, userid__in=met_by(viewer, members))
    return list(rows.select_related("tag__group").order_by(F("settled_at").desc(nulls_first=True), "-pk")[:20])
