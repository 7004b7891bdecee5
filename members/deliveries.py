"""What sources delivered: one row for each batch, with an answer for each of its rows."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from members.models import Delivery, Source
from members.sources import GOOD
from scrm.audit import entries

MOST_EXAMPLES = 10
MOST_REASONS = 30
MOST_NAMED = 20
OTHER = "other reasons"
QUOTED = re.compile(r"[\"'“‘「].*?[\"'”’」]", re.DOTALL)
NUMBERS = re.compile(r"\d{5,}")


class Answer(Protocol):
    """What became of one row; `error` says why it was refused."""

    @property
    def index(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def error(self) -> Any: ...


def record(
    source: Source,
    kind: str,
    answers: Sequence[Answer],
    *,
    at: datetime,
    by: Any = None,
    door: str = Delivery.Door.API,
    numbers: Sequence[str] = (),
    note: str = "",
) -> Delivery:
    """The delivery of one batch. `numbers`, where given, are the source's own numbers of the rows, by index."""
    counts = Counter(answer.status for answer in answers)
    refused = [answer for answer in answers if answer.status == "rejected"]
    return Delivery.objects.create(
        source=source,
        kind=kind,
        door=door,
        at=at,
        rows=len(answers),
        **{status: counts[status] for status in ("created", "updated", "unchanged", "rejected")},
        reasons=reasons(answer.error for answer in refused),
        examples=[_example(answer, numbers) for answer in refused[:MOST_EXAMPLES]],
        by=by if getattr(by, "pk", None) else None,
        note=note[:120],
    )


def note(what: str, answers: Sequence[Answer], *, sources: Iterable[Any], by: Any, at: datetime) -> None:
    """The audit book's one entry of a request: who sent how many rows of which sources, and what became of them.

    `what` is the model of its rows in small letters; of codes that are none it says nothing.
    """
    named = sorted({code for code in sources if isinstance(code, str) and GOOD.fullmatch(code)})
    counts: dict[str, Any] = Counter(answer.status for answer in answers)
    entries.record(f"{what}.sent", by=by, at=at, rows=len(answers), sources=named[:MOST_NAMED], **counts)


def reasons(errors: Iterable[Any]) -> dict[str, int]:
    """How often each reason was given; what a reason quotes is left out, so that like falls to like."""
    counted = Counter(reason(error) for error in errors)
    first = dict(counted.most_common(MOST_REASONS))
    rest = counted.total() - sum(first.values())
    return {**first, OTHER: first.get(OTHER, 0) + rest} if rest else first


def reason(error: Any) -> str:
    """Why a row was refused, without what it quotes of the row."""
    return NUMBERS.sub("…", QUOTED.sub("…", _printable(str(error or ""))))[:120]


def _example(answer: Answer, numbers: Sequence[str]) -> dict[str, str]:
    number = numbers[answer.index] if answer.index < len(numbers) else ""
    return {"row": str(answer.index + 1), "number": masked(str(number)), "error": reason(answer.error)}


def masked(text: str) -> str:
    """A source's own number as pages may show it: its end, by which somebody finds the row."""
    shown = _printable(text)
    return shown if len(shown) <= 6 else "…" + shown[-6:]


def _printable(text: str) -> str:
    """Without what no column takes and nobody sees, such as NUL and half of a pair of surrogates."""
    return "".join(sign for sign in text if sign.isprintable())
