"""What all adapters share: the canonical row of an order, and how money, time and ids of others become ours."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from scrm.clock import SHANGHAI

Row = dict[str, Any]
Options = Mapping[str, Any]
MOST_FEN = 10**13
ADORNED = re.compile(r"[¥￥,，\s元]|CNY|RMB")
AMOUNT = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?", re.ASCII)
WHOLE_PHONE = re.compile(r"\+?[\d \-]{7,20}")
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S", "%Y-%m-%d")


class NotUnderstood(Exception):
    """A payload, or one thing in it, is not as the adapter knows it; the message is for the source's owner."""


@dataclass
class Understood:
    """What a payload comes to: canonical rows, things that could not be understood by number, things of no concern."""

    rows: list[Row] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    left_out: int = 0  # unpaid orders, refunds that were not granted


@dataclass(frozen=True)
class Adapter:
    """One system: `read` is a pure function from a payload and the source's options to canonical rows."""

    name: str
    title: Any
    read: Callable[[bytes, Mapping[str, Any], Options], Understood]
    maps: bool = False  # whether it needs a map of fields
    options: Mapping[str, Any] = field(default_factory=dict)  # what it asks for, in words


def each(
    payload: Sequence[Any], read_one: Callable[[Any], Sequence[Row]], number_of: Callable[[Any], str]
) -> Understood:
    """Each thing of a payload by itself, so that a bad one spoils no other; one without rows is of no concern."""
    found = Understood()
    for thing in payload:
        try:
            rows = read_one(thing)
        except (NotUnderstood, KeyError, TypeError, AttributeError) as why:
            found.refused.append((_number(thing, number_of), _why(why)))
            continue
        found.rows += rows
        found.left_out += not rows
    return found


def _number(thing: Any, number_of: Callable[[Any], str]) -> str:
    try:
        return str(number_of(thing))[:64]
    except (KeyError, TypeError, AttributeError):
        return ""


def _why(error: Exception) -> str:
    if isinstance(error, NotUnderstood):
        return str(error)
    return (
        _("%(field)s is missing") % {"field": error.args[0]}
        if isinstance(error, KeyError)
        else _("a part has another shape than documented")
    )


def json_of(payload: bytes) -> Any:
    """The payload as JSON, amounts as they were written; raises NotUnderstood."""
    try:
        return json.loads(payload, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise NotUnderstood(_("the payload is no JSON")) from None


def fen(yuan: Any, what: str) -> int:
    """Yuan as people and systems write them (¥1,234.50) in whole fen, never rounded; raises NotUnderstood."""
    text = ADORNED.sub("", yuan) if isinstance(yuan, str) else str(yuan)
    if text[:1] in "(（" and text[-1:] in ")）":  # how ledgers write what is below zero
        text = "-" + text[1:-1]
    if isinstance(yuan, float | bool) or not AMOUNT.fullmatch(text):
        raise NotUnderstood(_("%(field)s is no amount") % {"field": what})
    whole = Decimal(text) * 100
    if abs(whole) > MOST_FEN or whole != whole.to_integral_value():
        raise NotUnderstood(_("%(field)s is no amount of whole fen") % {"field": what})
    return int(whole)


def whole(said: Any, what: str) -> int:
    """A count, or an amount that is told in fen; raises NotUnderstood."""
    if isinstance(said, bool) or not re.fullmatch(r"-?\d{1,15}(\.0+)?", str(said)):
        raise NotUnderstood(_("%(field)s is no whole number") % {"field": what})
    return int(Decimal(str(said)))


def moment(said: Any, what: str) -> str:
    """A time of Beijing as systems write it, or Unix seconds or milliseconds, in ISO 8601; raises NotUnderstood."""
    text = str(said or "").strip()
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return datetime.fromtimestamp(int(text[:10]), UTC).astimezone(SHANGHAI).isoformat()
    for form in TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=SHANGHAI).isoformat()
        except ValueError:
            continue
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        said = _("%(field)s is no time") if text else _("%(field)s is missing")
        raise NotUnderstood(said % {"field": what}) from None
    return (told if told.tzinfo else told.replace(tzinfo=SHANGHAI)).isoformat()


def phone(said: Any) -> str:
    """A phone that is told in full; masked (138****1234) or encrypted ones name nobody and are left out."""
    text = str(said or "").strip()
    return text if WHOLE_PHONE.fullmatch(text) else ""


def shared(total: int, parts: Sequence[int]) -> list[int]:
    """The parts in such shares that they sum up to the total to the fen: as they are, if they do already."""
    if sum(parts) == total or not parts:
        return list(parts)
    weights = parts if sum(parts) > 0 and min(parts) >= 0 else [1] * len(parts)
    of = sum(weights)
    shares = [total * weight // of for weight in weights]
    rest = sorted(range(len(parts)), key=lambda n: (-(total * weights[n] % of), n))
    for n in rest[: total - sum(shares)]:
        shares[n] += 1
    return shares


def lines(goods: Sequence[tuple[str, str, str, int, int]], total: int) -> list[Row]:
    """Lines of (sku, name, category, quantity, fen) that sum up to what was paid for the goods."""
    shares = shared(total, [paid for *_rest, paid in goods])
    return [
        {"sku": sku[:64], "name": name[:120], "category": category[:60], "quantity": quantity, "paid_fen": paid}
        for (sku, name, category, quantity, _paid), paid in zip(goods, shares, strict=True)
    ]


def buyer(**ids: Any) -> Row:
    """Who bought: what is known of her, without what is empty."""
    return {kind: str(value).strip() for kind, value in ids.items() if value and str(value).strip()}


def order(number: Any, **said: Any) -> Row:
    """The canonical row of an order, without what is empty."""
    return _row("order", number, said)


def refund(number: Any, **said: Any) -> Row:
    """The canonical row of a refund (`refund_of` an order), without what is empty."""
    return _row("refund", number, said)


def _row(kind: str, number: Any, said: Mapping[str, Any]) -> Row:
    if not number:
        raise NotUnderstood(_("%(field)s is missing") % {"field": "number"})
    kept = {name: value for name, value in said.items() if value not in (None, "", [], {})}
    return {"kind": kind, "number": str(number), **kept}
