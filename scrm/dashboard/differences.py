"""The drift report as people look at it: which days, whose, what each difference means and what to do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guides.models import Drift
from stores.models import Region, Store

LONGEST = 180  # days that WeCom keeps its statistics
USUAL = 14
EARLIEST = date(2000, 1, 1)  # before that the calendar itself may end
MOST_ROWS = 50_000


@dataclass(frozen=True)
class Asked:
    """Which drifts a page is about."""

    first: date
    last: date
    state: str = Drift.State.OPEN
    kind: str = ""
    region: str = ""
    store: str = ""
    q: str = ""

    def told(self) -> dict[str, str]:
        """The same as a query says it."""
        days = {"from": str(self.first), "to": str(self.last), "state": self.state}
        chosen = {"kind": self.kind, "region": self.region, "store": self.store, "q": self.q}
        return days | {name: value for name, value in chosen.items() if value}


def asked(query: Mapping[str, str], *, today: date) -> Asked:
    """What the query says; what makes no sense is as if it had not been said."""
    yesterday = today - timedelta(days=1)
    last = max(min(_day(query.get("to")) or yesterday, today), EARLIEST)
    first = _day(query.get("from")) or last - timedelta(days=USUAL - 1)
    first = min(max(first, last - timedelta(days=LONGEST)), last)
    state = query.get("state", Drift.State.OPEN)
    kind = query.get("kind", "")
    return Asked(
        first,
        last,
        state if state in ("", *Drift.State.values) else Drift.State.OPEN,
        kind if kind in Drift.Kind.values else "",
        query.get("region", "")[:24],
        query.get("store", "")[:24],
        query.get("q", "").replace("\0", "").strip()[:40],
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def rows(viewer: Any, told: Asked) -> QuerySet[Drift]:
    """The drifts that the viewer may see, the newest day first, the largest difference of a day before the others."""
    found = Drift.objects.visible_to(viewer).filter(day__range=(told.first, told.last))
    if told.state:
        found = found.filter(state=told.state)
    if told.kind:
        found = found.filter(kind=told.kind)
    if told.region:
        found = found.filter(store__region__in=Region.objects.visible_to(viewer).filter(public_id=told.region))
    if told.store:
        found = found.filter(store__in=Store.objects.visible_to(viewer).filter(public_id=told.store))
    if told.q:
        named = Q(store__name__icontains=told.q) | Q(store__code__icontains=told.q) | Q(guide__name__icontains=told.q)
        found = found.filter(named)
    return found.select_related("guide", "store", "accepted_by").order_by("-day", "store__code", "guide__name", "kind")


def regions(viewer: Any) -> QuerySet[Region]:
    """The regions among which the viewer may choose."""
    return Region.objects.visible_to(viewer).order_by("name")


def ours(drift: Drift) -> str:
    """Our count: a number, or from what WeCom surely counts to all that it may count."""
    least, most = drift.ours_least, drift.ours_most
    return str(least) if least == most else f"{least}–{most}"


def meaning(drift: Drift) -> tuple[str, str]:
    """What a difference says, and what to do about it while it stands open."""
    if drift.state == Drift.State.GONE:
        return _("Settled: later data explains it."), _found(drift)
    said, advice = _reading(drift, abs(drift.difference))
    return said, advice if drift.state == Drift.State.OPEN else _found(drift)


def _reading(drift: Drift, n: int) -> tuple[str, str]:
    if drift.kind == Drift.Kind.ADDS and drift.difference > 0:
        said = ngettext(
            "WeCom counts %d new customer of whom we never heard.",
            "WeCom counts %d new customers of whom we never heard.",
            n,
        )
        return said % n, _("Run a sync: it finds those who still stand in her list. Who left again cannot be found.")
    if drift.kind == Drift.Kind.ADDS:
        said = ngettext("We have %d new customer more than WeCom.", "We have %d new customers more than WeCom.", n)
        return said % n, _("WeCom corrects its numbers for three days. What stays may be accepted.")
    if drift.difference > 0:
        said = ngettext(
            "WeCom counts %d deletion by a customer of which we never heard.",
            "WeCom counts %d deletions by customers of which we never heard.",
            n,
        )
        return said % n, _("No reading of WeCom's says who it was, so this stays: accept it once you have seen it.")
    said = ngettext(
        "We heard of %d deletion by a customer more than WeCom counts.",
        "We heard of %d deletions by customers more than WeCom counts.",
        n,
    )
    return said % n, _("WeCom corrects its numbers for three days. What stays may be accepted.")


def _found(drift: Drift) -> str:
    n = drift.found_later
    return ngettext("A sync found %d add.", "Syncs found %d adds.", n) % n if n else ""


def lines(found: QuerySet[Drift]) -> Iterator[list[Any]]:
    """The report as a table, heads first."""
    heads = [_("Day"), _("Store"), _("Guide"), _("What"), _("WeCom counts"), _("We count"), _("Unexplained")]
    yield [*heads, _("Found by syncs"), _("State"), _("What it means")]
    for drift in found[:MOST_ROWS].iterator(chunk_size=2000):
        store = drift.store.name if drift.store else ""
        counts = [drift.theirs, ours(drift), drift.difference, drift.found_later]
        what = [str(drift.day), store, str(drift.guide), str(drift.get_kind_display())]
        yield [*what, *counts, str(drift.get_state_display()), meaning(drift)[0]]
