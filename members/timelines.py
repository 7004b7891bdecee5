"""A person's whole story, newest first, read chapter by chapter: each floor tells what it knows of her.

A page goes on below (instant, key), so that no line is told twice or left out, whatever comes in between and however
late: what happened earlier finds its place further down.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from members import upstairs
from stores.scope import SEES_CUSTOMERS, scope_of

ON_A_PAGE = 30
MOST_AT_ONCE = 4000
KINDS: dict[str, Any] = {
    "relation": _("Guides"),
    "message": _("Messages"),
    "order": _("Orders"),
    "refund": _("Refunds"),
    "event": _("Events"),
    "tag": _("Tags"),
    "consent": _("Consents"),
    "member": _("Membership"),
    "stage": _("Lifecycle"),
    "merge": _("Merges"),
    "points": _("Points"),
}
NOT_YET = {"points"}  # they come with their ledger
HQ_ALONE = {"merge"}
Mark = tuple[datetime, str]


@dataclass(frozen=True)
class Happening:
    """One line of the story. `source_key` is unique among the lines of one person, such as `order:81`."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    icon: str = ""
    store: str = ""
    link: str = ""
    source_key: str = ""

    @property
    def mark(self) -> Mark:
        return self.at, self.source_key


@dataclass(frozen=True)
class Page:
    """Some lines, newest first, and the mark below which the story goes on."""

    lines: list[Happening]
    after: Mark | None

    @property
    def next(self) -> str:
        """The mark as an address carries it."""
        return f"{self.after[0].isoformat()} {self.after[1]}" if self.after else ""


def kinds(viewer: Any) -> dict[str, Any]:
    """What the viewer may ask for: no kind of which she can never read a line."""
    without = NOT_YET if scope_of(viewer, needs=SEES_CUSTOMERS).everything else NOT_YET | HQ_ALONE
    return {kind: words for kind, words in KINDS.items() if kind not in without}


def read(
    viewer: Any,
    members: Sequence[int],
    *,
    before: Mark | None = None,
    kinds: Collection[str] = (),
    limit: int = ON_A_PAGE,
) -> Page:
    """The newest lines below a mark of these members (all of one person), as far as the viewer may read them."""
    found: list[Happening] = []
    most = limit + 1
    while len(found) <= limit:
        told = _told(viewer, members, before, most, kinds)
        found += [line for line in told if not kinds or line.kind in kinds]
        if len(told) < most:
            break
        before, most = told[-1].mark, min(4 * most, MOST_AT_ONCE)  # a rare kind lies far apart
    return Page(found[:limit], found[limit - 1].mark if len(found) > limit else None)


def _told(
    viewer: Any, members: Sequence[int], before: Mark | None, limit: int, kinds: Collection[str]
) -> list[Happening]:
    """The newest `limit` lines below the mark, of every kind; chapters without any of these kinds may be left out."""
    until = before[0] if before else None
    lines = {
        line.mark: line
        for chapter in upstairs.told("CHAPTERS")
        if not kinds or not set(kinds).isdisjoint(getattr(chapter, "TELLS", kinds))
        for line in chapter.happenings(viewer, members, until, limit)
        if before is None or line.mark < before
    }
    return [lines[mark] for mark in sorted(lines, reverse=True)[:limit]]


def newest(rows: QuerySet, field: str, before: datetime | None, limit: int) -> Iterable[Any]:
    """A chapter's rows for a page: all at that very instant, then the newest `limit` before it with all that are as old
    as the last of them. So lines of one instant stay together and none falls between two pages."""
    here = rows if before is None else rows.filter(**{f"{field}__lt": before})
    found = list(here.order_by(f"-{field}", "-pk")[:limit])
    if len(found) == limit:
        last = getattr(found[-1], field)
        found = [row for row in found if getattr(row, field) != last] + list(here.filter(**{field: last}))
    return found if before is None else [*rows.filter(**{field: before}), *found]
