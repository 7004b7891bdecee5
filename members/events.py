"""Taking in what a source tells of members' doings: the only writer of events. Set-based, and an answer for each row.

1. Rows that make no sense by themselves, or name a store or a guide that we do not know, are refused one by one.
2. Of rows of one batch with the same number the first counts; a second one that says otherwise is refused.
3. Under a lock of the source the rest is laid beside what is known in all months, so that one whose time is corrected
   moves to its new month instead of standing twice. What says nothing new touches nothing.
4. Who did it is recognised, or becomes known: somebody without a name joins herself later by another id.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from members import eventkinds, identities, persons, tellings, upstairs
from members.eventkinds import KINDS, NotAllowed
from members.models import Event, Source
from members.orders import intake
from members.orders import rows as canon
from members.orders.rows import Buyer, Wrong
from scrm import bulk, clock
from stores.access import Permission
from stores.models import Store
from stores.scope import scope_of

log = structlog.get_logger()
LOCKS = 0x5A53  # our class of advisory locks: one for each source
CLOCKS_DIFFER = timedelta(minutes=15)
NUMBER = re.compile(r"\S{1,64}")
COLUMNS = (
    "source_id", "number", "member_id", "kind", "at", "day", "store_id", "seller_id", "payload", "told_at",
)  # fmt: skip
KNOWN = """
SELECT e.id, e.number, e.at, e.kind, e.store_id, e.seller_id, e.member_id, e.payload
FROM members_event e WHERE e.source_id = %s AND e.number = ANY(%s)
"""
CHANGE = """
UPDATE members_event e SET at = n.at, day = n.day, kind = n.kind, store_id = n.store, seller_id = n.seller,
  member_id = n.member, payload = n.payload, told_at = %s
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::date[], %s::text[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::jsonb[]) AS n (id, was_at, at, day, kind, store, seller, member, payload)
WHERE e.id = n.id AND e.at = n.was_at
"""
CREATED, UPDATED, UNCHANGED, REJECTED = "created", "updated", "unchanged", "rejected"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a row: created, updated, unchanged or rejected."""

    index: int
    status: str
    error: str = ""


@dataclass(frozen=True)
class Told:
    """A row that makes sense by itself; with the keys of its store, its guide and its member as they are found."""

    index: int
    number: str
    kind: str
    at: datetime
    store_code: str
    userid: str
    buyer: Buyer
    payload: dict[str, Any]
    store: int | None = None
    seller: int | None = None
    member: int = 0

    @property
    def said(self) -> tuple[Any, ...]:
        """What tells two rows of one number apart."""
        return self.kind, self.at, self.store_code, self.userid, self.buyer, self.payload


class Known(NamedTuple):
    """An event as it stands."""

    id: int
    number: str
    at: datetime
    kind: str
    store: int | None
    seller: int | None
    member: int
    payload: dict[str, Any]


@transaction.atomic
def take_in(source: Source, told: Sequence[Any], *, at: datetime, by: Any) -> list[Verdict]:
    """A verdict for each row, in their order. `by` is who sends them; nobody (None) stands for the system itself."""
    found, errors = canon.told_by(told, lambda index, row: read(index, row, at=at))
    answers = {index: Verdict(index, REJECTED, error) for index, error in errors.items()}
    found, same = _each_number_once(found, answers)
    found = _placed(found, by, answers)
    lock(source)
    found = _recognised(found, source, at, answers)
    answers |= {verdict.index: verdict for verdict in _merged(source, found, by, at)}
    for row, first in same:
        refused = answers[first.index].status == REJECTED
        fate = REJECTED if refused else UNCHANGED
        answers[row.index] = replace(answers[first.index], index=row.index, status=fate)
    log.info("events.taken_in", source=source.pk, rows=len(told), rejected=len(errors))
    return [answers[index] for index in range(len(told))]


def lock(source: Source) -> None:
    """Until the transaction ends nobody else takes in events of this source."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, source.pk])


def read(index: int, row: Any, *, at: datetime) -> Told:
    """The row as it is understood; raises Wrong."""
    if not isinstance(row, Mapping):
        raise Wrong("", _("A row is an object with fields."))
    kind = KINDS.get(row["kind"]) if isinstance(row.get("kind"), str) else None
    if kind is None:
        raise Wrong("kind", _("is none of %(choices)s") % {"choices": ", ".join(KINDS)})
    store, userid = _word(row, "store", 40), _word(row, "guide", 64)
    if kind.at_somebody and not (store or userid):
        raise Wrong("store", _("or a guide is needed for %(kind)s") % {"kind": kind.name})
    buyer = canon.buyer(row.get("buyer"))
    if buyer is None:
        raise Wrong("buyer", _("names nobody"))
    try:
        payload = kind.read(row.get("payload"))
    except NotAllowed as why:
        raise Wrong("", str(why)) from None
    return Told(index, _number(row), kind.name, _instant(row, at), store, userid, buyer, payload)


def _number(row: Mapping[str, Any]) -> str:
    said = row.get("number")
    text = str(said) if type(said) is int else said
    if not isinstance(text, str) or not NUMBER.fullmatch(text) or not text.isprintable():
        raise Wrong("number", _("is needed: 1 to 64 signs without spaces"))
    return text


def _word(row: Mapping[str, Any], name: str, most: int) -> str:
    said = row.get(name)
    if said is None or said == "":
        return ""
    if not isinstance(said, str) or len(said) > most or not said.isprintable():
        raise Wrong(name, _("is no text of up to %(n)d characters") % {"n": most})
    return said


def _instant(row: Mapping[str, Any], at: datetime) -> datetime:
    found = canon.instant(row.get("at"), "at")
    if found > at + CLOCKS_DIFFER:
        raise Wrong("at", _("lies in the future"))
    if found < at - timedelta(days=settings.KEEP_DAYS["EVENTS"]):
        raise Wrong("at", _("is older than events are kept"))
    return found


def _each_number_once(found: Sequence[Told], answers: dict[int, Verdict]) -> tuple[list[Told], list[tuple[Told, Told]]]:
    """The first row of each number; and each later one that says the same, with its first."""
    first: dict[str, Told] = {}
    same = []
    for row in found:
        known = first.setdefault(row.number, row)
        if known is not row and known.said == row.said:
            same.append((row, known))
        elif known is not row:
            answers[row.index] = Verdict(
                row.index, REJECTED, "number: " + _("stands twice in this batch, told otherwise")
            )
    return list(first.values()), same


def _placed(found: Sequence[Told], by: Any, answers: dict[int, Verdict]) -> list[Told]:
    """The rows whose store is one that the sender sees, and whose guide is known."""
    stores = dict(_seen(by).filter(code__in={row.store_code for row in found}).values_list("code", "pk"))
    sellers = _sellers({row.userid for row in found if row.userid})
    everywhere = by is None or scope_of(by, needs=Permission.SEND_DATA).everything
    good = []
    for row in found:
        if why := _not_placed(row, stores, sellers, everywhere):
            answers[row.index] = Verdict(row.index, REJECTED, why)
        else:
            good.append(replace(row, store=stores.get(row.store_code), seller=sellers.get(row.userid)))
    return good


def _not_placed(row: Told, stores: Mapping[str, int], sellers: Mapping[str, int], everywhere: bool) -> str:
    if row.store_code and row.store_code not in stores:
        return _no_store(row)
    if not row.store_code and not everywhere:
        return f"store: {_('is missing')}"
    unknown = row.userid and row.userid not in sellers
    return "guide: " + _("“%(userid)s” is no guide") % {"userid": row.userid} if unknown else ""


def _no_store(row: Told) -> str:
    return "store: " + _("“%(code)s” is no store that you see") % {"code": row.store_code}


def _seen(by: Any) -> Any:
    return Store.objects.all() if by is None else Store.objects.visible_to(by, needs=Permission.SEND_DATA)


def _sellers(userids: set[str]) -> dict[str, int]:
    """People by the userid under which a source knows them, as the floor above tells."""
    found: dict[str, int] = {}
    for named in upstairs.told("SELLERS") if userids else ():
        found |= named(userids)
    return found


def _recognised(found: Sequence[Told], source: Source, at: datetime, answers: dict[int, Verdict]) -> list[Told]:
    """The rows with their members, made where nobody knows her; those whose ids stand for nobody are refused."""
    people = list(dict.fromkeys(row.buyer for row in found))
    told = intake.as_told(people)
    members = dict(zip(people, identities.recognise(told, source=source.code, at=at), strict=True)) if told else {}
    as_told = dict(zip(people, told, strict=True))
    tellings.note([(as_told[row.buyer], row.store) for row in found])
    for row in found:
        if members[row.buyer] is None:
            answers[row.index] = Verdict(row.index, REJECTED, "buyer: " + _("names nobody"))
    return [replace(row, member=member) for row in found if (member := members[row.buyer]) is not None]


def _merged(source: Source, found: Sequence[Told], by: Any, at: datetime) -> Iterator[Verdict]:
    known = _known(source, [row.number for row in found])
    roots = persons.roots({row.member for row in found} | {one.member for one in known.values()})
    fresh, changed = [], []
    foreign = _foreign(known.values(), by)
    for row in found:
        before = known.get(row.number)
        if before is None:
            fresh.append(row)
            yield Verdict(row.index, CREATED)
        elif before.store in foreign:
            yield Verdict(row.index, REJECTED, _no_store(row))
        elif _is_same(row, before, roots):
            yield Verdict(row.index, UNCHANGED)
        else:
            same_person = roots[row.member] == roots[before.member]
            changed.append((before, replace(row, member=before.member) if same_person else row))
            yield Verdict(row.index, UPDATED)
    bulk.insert("members_event", COLUMNS, (_columns(source, row, at) for row in fresh))
    _change(changed, at)


def _known(source: Source, numbers: list[str]) -> dict[str, Known]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [source.pk, numbers])
        rows = [Known._make([*row[:-1], _object(row[-1])]) for row in cursor.fetchall()]
    return {row.number: row for row in rows}


def _object(said: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said) if isinstance(said, str) else said
    return found


def _foreign(known: Any, by: Any) -> set[int | None]:
    """The places of known events at which the sender may change nothing."""
    if by is None or scope_of(by, needs=Permission.SEND_DATA).everything:
        return set()
    places = {one.store for one in known}
    return places - set(_seen(by).filter(pk__in=[place for place in places if place]).values_list("pk", flat=True))


def _is_same(row: Told, before: Known, roots: Mapping[int, int]) -> bool:
    said = (row.at, row.kind, row.store, row.seller, row.payload, roots[row.member])
    return said == (before.at, before.kind, before.store, before.seller, before.payload, roots[before.member])


def _columns(source: Source, row: Told, at: datetime) -> Sequence[Any]:
    return (
        source.pk, row.number, row.member, row.kind, row.at, clock.day_of(row.at), row.store, row.seller,
        json.dumps(row.payload, ensure_ascii=False), at,
    )  # fmt: skip


def _change(changed: Sequence[tuple[Known, Told]], at: datetime) -> None:
    if not changed:
        return
    columns = zip(
        *(
            (before.id, before.at, row.at, clock.day_of(row.at), row.kind, row.store, row.seller, row.member,
             json.dumps(row.payload, ensure_ascii=False))
            for before, row in changed
        ),
        strict=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CHANGE, [at, *(list(column) for column in columns)])


def erase(members: Sequence[int], at: datetime) -> dict[str, int]:
    """What erased people did is forgotten: how many events went."""
    gone, _kinds = Event.objects.filter(member__in=list(members)).delete()
    return {"events": gone}


def copies(members: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """What a person's copy holds of her doings."""
    found = Event.objects.filter(member__in=list(members)).select_related("source", "store").order_by("at")
    return {
        "events": [
            {
                "at": event.at.isoformat(),
                "kind": eventkinds.label(event.kind),
                "source": event.source.name,
                "store": event.store.name if event.store else "",
                **event.payload,
            }
            for event in found.iterator(chunk_size=1000)
        ]
    }
