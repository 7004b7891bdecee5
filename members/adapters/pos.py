"""A till's file: CSV (UTF-8, GBK) or Excel, one line for each article, its columns named by the source's field map.

Lines with one number are one ticket, its head taken from the first of them. Amounts are yuan, times Shanghai's. What is
below zero, or of a kind that `kinds` calls a refund, is a refund: of the ticket in `refund_of`, else of its own number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from members.adapters import canon
from members.adapters.canon import Adapter, NotUnderstood, Options, Row, Understood
from scrm.sheets import reading
from scrm.sheets.rows import Row as Line
from scrm.sheets.rows import Unreadable

NEEDED = ("number", "paid_at", "amount")
FIELDS: dict[str, Any] = {
    "number": _("ticket's number"),
    "paid_at": _("paid at"),
    "amount": _("paid for this line (yuan)"),
    "store": _("store number"),
    "sku": _("SKU"),
    "name": _("name of the article"),
    "category": _("category"),
    "quantity": _("quantity"),
    "kind": _("sale or refund"),
    "refund_of": _("ticket that is given back"),
    "guide": _("guide's userid"),
    "phone": _("customer's phone"),
    "card": _("customer's card"),
    "unionid": _("customer's unionid"),
    "customer": _("customer's name"),
}
SEARCHED = 10  # lines among which the header may stand
REFUNDS = {"refund", "退货", "退款", "退"}
GOODS = "goods"  # the SKU of a line that names none


@dataclass(frozen=True)
class Ticket:
    """A line of the file under our names."""

    said: Mapping[str, str]
    amount: int
    is_refund: bool

    @property
    def key(self) -> tuple[str, bool]:
        return self.said["number"], self.is_refund


def read(payload: bytes, fields: Mapping[str, Any], options: Options) -> Understood:
    found = Understood()
    tickets: dict[tuple[str, bool], list[Ticket]] = {}
    bad: dict[str, str] = {}
    for place, said in _lines(payload, fields):
        try:
            ticket = _ticket(said, options)
            tickets.setdefault(ticket.key, []).append(ticket)
        except NotUnderstood as why:
            bad.setdefault(said.get("number") or str(place), str(why))
    for (number, _is_refund), lines in tickets.items():
        try:
            if number not in bad:  # a ticket of which a line is lost would be a smaller one
                found.rows.append(_row(lines, options))
        except NotUnderstood as why:
            bad[number] = str(why)
    found.refused = list(bad.items())
    return found


def _lines(payload: bytes, fields: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line's number and its texts under our names; raises NotUnderstood."""
    if missing := [name for name in NEEDED if not fields.get(name)]:
        raise NotUnderstood(say("the field map names no column for %(field)s") % {"field": missing[0]})
    titles = {str(title).strip(): name for name, title in fields.items() if title}
    places: dict[int, str] = {}
    try:
        for row in reading.read(payload).rows:
            if places:
                yield row.number, {name: _cell(row, place) for place, name in places.items()}
            elif row.number <= SEARCHED:
                here = {place: titles[cell] for place, cell in enumerate(row.cells) if cell in titles}
                places = here if set(NEEDED) <= set(here.values()) else {}
    except Unreadable as why:
        raise NotUnderstood(say("the file cannot be read: %(code)s") % {"code": why.code}) from None
    if not places:
        raise NotUnderstood(say("no line of the file has the columns of the field map"))


def _cell(row: Line, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""


def _ticket(said: Mapping[str, str], options: Options) -> Ticket:
    if not said["number"]:
        raise NotUnderstood(say("%(field)s is missing") % {"field": "number"})
    amount = canon.fen(said["amount"], "amount")
    kinds = {**dict.fromkeys(REFUNDS, "refund"), **(options.get("kinds") or {})}
    is_refund = amount < 0 or kinds.get(said.get("kind", "")) == "refund"
    return Ticket(said, abs(amount), is_refund)


def _row(lines: Sequence[Ticket], options: Options) -> Row:
    head = lines[0].said
    paid = sum(line.amount for line in lines)
    shared: dict[str, Any] = {
        "paid_at": canon.moment(head["paid_at"], "paid_at"),
        "store": _store(head, options),
        "guide": head.get("guide"),
        "channel": options.get("channel"),
        "paid_fen": paid,
        "lines": canon.lines([_goods(line) for line in lines], paid),
    }
    if not lines[0].is_refund:
        return canon.order(head["number"], buyer=_buyer(head), **shared)
    of = head.get("refund_of")
    return canon.refund(head["number"] if of else f"{head['number']}-R", refund_of=of or head["number"], **shared)


def _store(said: Mapping[str, str], options: Options) -> str | None:
    code = said.get("store", "")
    return (options.get("stores") or {}).get(code, code) or options.get("store")


def _goods(line: Ticket) -> tuple[str, str, str, int, int]:
    said = line.said
    count = abs(canon.whole(said.get("quantity") or "1", "quantity"))
    return said.get("sku") or GOODS, said.get("name", ""), said.get("category", ""), max(1, count), line.amount


def _buyer(said: Mapping[str, str]) -> Row:
    return canon.buyer(
        phone=canon.phone(said.get("phone")),
        card=said.get("card"),
        unionid=said.get("unionid"),
        name=said.get("customer"),
    )


ADAPTER = Adapter(
    "pos",
    _("Till file (CSV, Excel)"),
    read,
    maps=True,
    options={
        "store": _("our store's number, if the file names none"),
        "stores": _("our store's number for each of theirs"),
        "kinds": _("which of their words mean refund"),
        "channel": _("channel of these sales"),
    },
)
