"""One row of a source, as the contract writes it: understood, or refused with the field's name and the reason."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from members import identities, phones
from members.models import Identity
from scrm.clock import SHANGHAI

Kind = Identity.Kind
ORDER, REFUND = "order", "refund"
MOST_FEN = 10**13
MOST_UNITS = 1_000_000
MOST_LINES = 500
EARLIEST = datetime(2000, 1, 1, tzinfo=SHANGHAI)
CLOCKS_DIFFER = timedelta(minutes=15)
CHANNEL = re.compile(r"[\w.-]{1,20}")
BUYER_IDS = ("phone", "unionid", "openid", "external_userid", "card", "marketplace")


class Wrong(Exception):
    """What a field says cannot be; the message names the field and is for the reader."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}" if field else why)


class Line(NamedTuple):
    sku: str
    name: str
    category: str
    quantity: int
    paid_fen: int


class Buyer(NamedTuple):
    """The ids that a source told of somebody, in their normal form: (kind, app, plain) each."""

    ids: tuple[tuple[str, str, str], ...]
    name: str = ""
    verified: frozenset[str] = frozenset()


class Told(NamedTuple):
    """A row that makes sense by itself; whether its store is one of ours is still to be asked."""

    index: int  # type: ignore[assignment]
    kind: str
    number: str
    of: str  # of a refund, its order; of a part of a split order, the whole
    store: str
    channel: str
    at: datetime
    version_at: datetime | None
    buyer: Buyer | None
    seller: str
    paid_fen: int
    lines: tuple[Line, ...]
    freight_fen: int = 0  # paid besides


def read(index: int, row: Any, *, at: datetime) -> Told:
    """The row as it is understood; raises Wrong."""
    if not isinstance(row, Mapping):
        raise Wrong("", _("A row is an object with fields."))
    kind = row.get("kind") or ORDER
    if kind not in (ORDER, REFUND):
        raise Wrong("kind", _("Either order or refund."))
    is_refund = kind == REFUND
    number = text(row, "number", 64, needed=True)
    of = text(row, "refund_of" if is_refund else "parent", 64, needed=is_refund)
    if of == number and not is_refund:
        raise Wrong("parent", _("An order is no part of itself."))
    store = text(row, "store", 40)
    paid = _fen(row.get("paid_fen"), "paid_fen", least=1 if is_refund else 0)
    lines = _lines(row.get("lines"), paid)
    return Told(
        index, kind, number, of, store, _channel(row.get("channel"), store), _paid_at(row.get("paid_at"), at),
        _version(row.get("updated_at")), None if is_refund else buyer(row.get("buyer")), text(row, "guide", 64),
        paid, lines, 0 if row.get("freight_fen") is None else _fen(row["freight_fen"], "freight_fen"),
    )  # fmt: skip


def text(row: Mapping[str, Any], field: str, most: int, *, needed: bool = False, label: str = "") -> str:
    """A field's text on one line, without blanks at its ends; raises Wrong."""
    said = row.get(field)
    if said is None or said == "":
        if needed:
            raise Wrong(label or field, _("is missing"))
        return ""
    if type(said) is int and needed:  # numbers that a system writes without quotes
        said = str(said)
    if type(said) is not str:
        raise Wrong(label or field, _("is no text"))
    if not said.isprintable() or said[0] == " " or said[-1] == " ":
        said = " ".join(said.split())
        if not said.isprintable():
            raise Wrong(label or field, _("has signs that cannot be stored"))
        if not said and needed:
            raise Wrong(label or field, _("is missing"))
    if len(said) > most:
        raise Wrong(label or field, _("is longer than %(n)d characters") % {"n": most})
    return said


def words(said: Any, field: str, most: int) -> str:
    """Words for people: blanks in one form, without what nobody sees; raises Wrong."""
    if said is None:
        return ""
    if type(said) is not str:
        raise Wrong(field, _("is no text"))
    if not said.isprintable():
        said = "".join(sign for sign in " ".join(said.split()) if sign.isprintable())
    if len(said) > most:
        raise Wrong(field, _("is longer than %(n)d characters") % {"n": most})
    return said.strip()


def _fen(said: Any, field: str, *, least: int = 0) -> int:
    if type(said) is not int:
        raise Wrong(field, _("is missing") if said is None else _("is no whole number of fen"))
    if said < least:
        raise Wrong(field, _("is below %(n)d") % {"n": least})
    if said > MOST_FEN:
        raise Wrong(field, _("is above %(n)d") % {"n": MOST_FEN})
    return said


def _lines(said: Any, paid: int) -> tuple[Line, ...]:
    if said is None:
        return ()
    if type(said) is not list and not isinstance(said, tuple):
        raise Wrong("lines", _("is no list"))
    if len(said) > MOST_LINES:
        raise Wrong("lines", _("are more than %(n)d") % {"n": MOST_LINES})
    lines = tuple([_line(line, n) for n, line in enumerate(said)])
    if (total := sum([line.paid_fen for line in lines])) != paid:
        raise Wrong("paid_fen", _("is %(paid)d, but the lines sum up to %(total)d") % {"paid": paid, "total": total})
    return lines


def _line(said: Any, n: int) -> Line:
    if not isinstance(said, Mapping):
        raise Wrong(f"lines[{n}]", _("is no object"))
    try:
        quantity = said.get("quantity")
        if type(quantity) is not int or not 1 <= quantity <= MOST_UNITS:
            raise Wrong("quantity", _("is no whole number from 1 to %(n)d") % {"n": MOST_UNITS})
        return Line(
            text(said, "sku", 64, needed=True), words(said.get("name"), "name", 120),
            words(said.get("category"), "category", 60), quantity, _fen(said.get("paid_fen"), "paid_fen"),
        )  # fmt: skip
    except Wrong as why:
        raise Wrong("", f"lines[{n}].{why}") from None


def _channel(said: Any, store: str) -> str:
    if said is None or said == "":
        return "store" if store else "other"
    if type(said) is not str or not CHANNEL.fullmatch(said):
        raise Wrong("channel", _("is no word of up to 20 letters, digits, _ - ."))
    return said.lower()


def instant(said: Any, field: str) -> datetime:
    """An ISO 8601 instant; without a zone it is meant in Shanghai. Raises Wrong."""
    try:
        found = datetime.fromisoformat(said)
    except (ValueError, TypeError):
        raise Wrong(field, _("is no instant such as 2026-01-31T18:30:00+08:00")) from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _paid_at(said: Any, at: datetime) -> datetime:
    if said is None or said == "":
        raise Wrong("paid_at", _("is missing"))
    found = instant(said, "paid_at")
    if found < EARLIEST:
        raise Wrong("paid_at", _("lies before the year 2000"))
    if found > at + CLOCKS_DIFFER:
        raise Wrong("paid_at", _("lies in the future"))
    return found


def _version(said: Any) -> datetime | None:
    if said is None or said == "":
        return None
    found = instant(said, "updated_at")
    if not EARLIEST <= found < EARLIEST + timedelta(days=36500):
        raise Wrong("updated_at", _("lies in no year of ours"))
    return found


def buyer(said: Any) -> Buyer | None:
    """Who bought, as far as the source knows it; None where it tells no id. Raises Wrong."""
    if said is None or said == {}:
        return None
    if not isinstance(said, Mapping):
        raise Wrong("buyer", _("is no object"))
    ids = []
    for kind in BUYER_IDS:
        if kind in said and (plain := text(said, kind, 64, label=f"buyer.{kind}")):
            ids.append((kind, *_plain(kind, plain, said)))
    if not ids:
        return None
    verified = frozenset({"phone"}) if said.get("phone_verified") is True else frozenset()
    return Buyer(tuple(ids), words(said.get("name"), "buyer.name", 120), verified)


def _plain(kind: str, plain: str, said: Mapping[str, Any]) -> tuple[str, str]:
    if kind == "phone":
        try:
            return "", phones.normalised(plain)
        except phones.NotAPhone:
            raise Wrong("buyer.phone", _("is no phone number")) from None
    if kind == "card":
        return "", identities.normal(Kind.CARD, plain)
    if kind == "external_userid":
        return text(said, "corp", 64, label="buyer.corp"), plain
    if kind in ("openid", "marketplace"):
        app = text(said, "app", 64, label="buyer.app")
        if kind == "marketplace" and not app:
            raise Wrong("buyer.app", _("is needed beside a marketplace's id, such as taobao"))
        return app, plain
    return "", plain


def told_by(rows: Sequence[Any], read_one: Callable[[int, Any], Any]) -> tuple[list[Any], dict[int, str]]:
    """The rows that make sense, and of the others, by index, why not."""
    good, bad = [], {}
    for index, row in enumerate(rows):
        try:
            good.append(read_one(index, row))
        except Wrong as why:
            bad[index] = str(why)
    return good, bad
