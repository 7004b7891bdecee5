"""Taking in what a source tells of orders and refunds: the only writer of both. Set-based, and an answer for each row.

1. Rows that make no sense by themselves, or name a store that the caller does not see, are refused one by one.
2. Of several rows about one number the newest counts: by `updated_at`, without it the last.
3. Under a lock of the source the rest is laid beside what is known; what says nothing new touches nothing.
4. Buyers of new orders, and of those whose buyer's ids changed, are recognised.
5. Orders, then refunds are merged; parts find their whole, refunds their order (see `settling`).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from members import identities, tellings, upstairs
from members.models import Identity, Order, Source
from members.orders import merging, rows, settling
from members.orders.merging import CREATED, UNCHANGED, UPDATED, Entry, goods
from members.orders.rows import ORDER, REFUND, Buyer, Told
from scrm import sealed
from scrm.clock import SHANGHAI
from scrm.wecom.models import Corp
from stores.access import Permission
from stores.models import Store
from stores.scope import scope_of

log = structlog.get_logger()
CHUNK = 5000
EXTERNAL_USERID = Identity.Kind.EXTERNAL_USERID
NEWEST = datetime.max.replace(tzinfo=UTC)
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a row: created, updated, unchanged or rejected; of a row that was taken its public id."""

    index: int
    status: str
    id: str = ""
    error: str = ""


@transaction.atomic
def take_in(source: Source, told: Sequence[Any], *, at: datetime, by: Any) -> list[Verdict]:
    """A verdict for each row, in their order. `by` is who sends them; nobody (None) stands for the system itself."""
    found, errors = rows.told_by(told, lambda index, row: rows.read(index, row, at=at))
    stores = _stores(found, by)
    found = _at_known_stores(found, stores, by, errors)
    found, later = _newest(found)
    merging.lock(source)
    found = _not_of_strangers(source, found, stores, by, errors)
    answers = {index: Verdict(index, REJECTED, error=error) for index, error in errors.items()}
    for chunk in _chunks(found):
        answers |= {verdict.index: verdict for verdict in _merged(source, chunk, stores, at)}
    for row, winner in later:
        answers[row.index] = _outdone(row, winner, answers[winner.index])
    log.info("orders.taken_in", source=source.pk, rows=len(told), rejected=len(errors))
    return [answers[index] for index in range(len(told))]


def _chunks(found: list[Told]) -> Iterator[list[Told]]:
    """Orders first, so that refunds of the same batch find them."""
    ordered = sorted(found, key=lambda row: row.kind == REFUND)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _stores(found: Sequence[Told], by: Any) -> dict[str, int]:
    """By code, the stores that the caller sees."""
    seen = Store.objects.all() if by is None else Store.objects.visible_to(by, needs=Permission.SEND_DATA)
    return dict(seen.filter(code__in={row.store for row in found if row.store}).values_list("code", "pk"))


def _is_everywhere(by: Any) -> bool:
    return by is None or scope_of(by, needs=Permission.SEND_DATA).everything


def _at_known_stores(found: list[Told], stores: Mapping[str, int], by: Any, errors: dict[int, str]) -> list[Told]:
    """The rows whose store is one of the caller's; one that exists elsewhere is as unknown as one that does not."""
    everywhere = _is_everywhere(by)
    good = []
    for row in found:
        if row.store in stores or (everywhere and not row.store):
            good.append(row)
        else:
            errors[row.index] = _no_store(row) if row.store else f"store: {_('is missing')}"
    return good


def _no_store(row: Told) -> str:
    return "store: " + _("“%(code)s” is no store that you see") % {"code": row.store}


def _not_of_strangers(
    source: Source, found: list[Told], stores: Mapping[str, int], by: Any, errors: dict[int, str]
) -> list[Told]:
    """Whoever sees some stores only changes no order of another one, and gives nothing back for it."""
    if _is_everywhere(by):
        return found
    orders = {row.of if row.kind == REFUND else row.number for row in found}
    own = Store.objects.visible_to(by, needs=Permission.SEND_DATA).values("pk")
    foreign = Order.objects.filter(source=source, number__in=orders).exclude(store__in=own)
    numbers = set(foreign.values_list("number", flat=True))
    good = []
    for row in found:
        if (row.of if row.kind == REFUND else row.number) in numbers:
            errors[row.index] = _no_store(row)
        else:
            good.append(row)
    return good


def _newest(found: Sequence[Told]) -> tuple[list[Told], list[tuple[Told, Told]]]:
    """The row that counts for each number; and each other one, with the row that counts instead."""
    best: dict[tuple[str, str], Told] = {}
    others: list[Told] = []
    for row in found:
        key = (row.kind, row.number)
        if (known := best.get(key)) is None:
            best[key] = row
        elif (row.version_at or NEWEST) >= (known.version_at or NEWEST):
            best[key] = row
            others.append(known)
        else:
            others.append(row)
    return list(best.values()), [(row, best[row.kind, row.number]) for row in others]


def _outdone(row: Told, winner: Told, answer: Verdict) -> Verdict:
    if row._replace(index=0) == winner._replace(index=0) and answer.status != REJECTED:
        return Verdict(row.index, UNCHANGED, answer.id)
    return Verdict(
        row.index, REJECTED, error="number: " + _("row %(n)d of this batch says it anew") % {"n": winner.index}
    )


def _merged(source: Source, chunk: Sequence[Told], stores: Mapping[str, int], at: datetime) -> Iterator[Verdict]:
    orders = [row for row in chunk if row.kind == ORDER]
    refunds = [row for row in chunk if row.kind == REFUND]
    answers = _merge_orders(source, orders, stores, at) if orders else []
    left: set[str] = set()
    if refunds:
        given, left = merging.refunds(source, [_refund(r) for r in refunds], [goods(r) for r in refunds], at=at)
        answers += given
    changed = {index for index, fate, _id in answers if fate in (CREATED, UPDATED)}
    new = {index for index, fate, _id in answers if fate == CREATED}
    settling.settle(
        source,
        [row for row in chunk if row.index in changed],
        left,
        new={row.number for row in orders if row.index in new},
        at=at,
    )
    excess = settling.in_excess(source, [row.number for row in refunds])
    by_index = {row.index: row for row in chunk}
    for index, fate, public_id in answers:
        if (row := by_index[index]).kind == REFUND and row.number in excess:
            why = _("%(sum)d fen are more than order “%(order)s” has left") % {"sum": row.paid_fen, "order": row.of}
            yield Verdict(index, REJECTED, error=f"paid_fen: {why}")
        else:
            yield Verdict(index, fate, public_id)


def _merge_orders(
    source: Source, orders: Sequence[Told], stores: Mapping[str, int], at: datetime
) -> list[tuple[int, str, str]]:
    sellers = _sellers({row.seller for row in orders if row.seller})
    entries = [_entry(row, stores, sellers) for row in orders]
    merging.compare_orders(source, entries)
    _know_buyers([one for one in entries if one.buyer and one.asks], source, at)
    merging.write_orders(source, entries, at=at)
    return [(one.row.index, one.fate, one.public_id) for one in entries]


def _know_buyers(entries: Sequence[Entry], source: Source, at: datetime) -> None:
    """These orders name who bought."""
    if not entries:
        return
    people: dict[bytes, Buyer] = {}
    for one in entries:
        people.setdefault(one.buyer, one.row.buyer)  # type: ignore[arg-type]
    told = dict(zip(people, as_told(list(people.values())), strict=True))
    known = dict(zip(told, identities.recognise(list(told.values()), source=source.code, at=at), strict=True))
    for one in entries:
        one.member = known[one.buyer]  # type: ignore[index]
    tellings.note([(told[one.buyer], one.store) for one in entries])  # type: ignore[index]


def as_told(people: Sequence[Buyer]) -> list[identities.Told]:
    """What was told of each; an external_userid without a corp is of the only one."""
    corp = _only_corp() if any(kind == EXTERNAL_USERID for one in people for kind, _app, _id in one.ids) else ""
    return [_told(one, corp) for one in people]


def _told(one: Buyer, corp: str) -> identities.Told:
    ids = tuple((kind, app or (corp if kind == EXTERNAL_USERID else ""), plain) for kind, app, plain in one.ids)
    return identities.Told(ids=ids, name=one.name, verified=one.verified)


def _only_corp() -> str:
    """WeCom's id of the corp to which external_userids belong, where there is but one; rows name none."""
    found = list(Corp.objects.values_list("corp_id", flat=True)[:2])
    return found[0] if len(found) == 1 else ""


def _sellers(userids: set[str]) -> dict[str, int]:
    """People by the userid under which a source knows them, as the floor above tells; unknown ones are left out."""
    found: dict[str, int] = {}
    for named in upstairs.told("SELLERS") if userids else ():
        found |= named(userids)
    return found


def _fingerprint(buyer: Buyer) -> bytes:
    said = "\n".join(f"{kind} {app} {plain}" for kind, app, plain in sorted(buyer.ids))
    verified = " ".join(sorted(buyer.verified))
    return sealed.digest(f"{said}\n{verified}", "order buyer")[:16]


def _entry(row: Told, stores: Mapping[str, int], sellers: Mapping[str, int]) -> Entry:
    buyer = _fingerprint(row.buyer) if row.buyer else None
    facts = (row.of, buyer, row.store, row.channel, row.at.timestamp(), row.seller, row.paid_fen, row.lines)
    said = repr((*facts, row.freight_fen) if row.freight_fen else facts)
    content = hashlib.blake2b(said.encode(), digest_size=16).digest()
    return Entry(row, stores.get(row.store), sellers.get(row.seller), buyer, content)


def _refund(row: Told) -> str:
    said = repr((row.of, row.at.timestamp(), row.paid_fen, row.lines))
    content = hashlib.blake2b(said.encode(), digest_size=16).digest()
    return merging.refund_line(row, day=row.at.astimezone(SHANGHAI).date(), content=content)
