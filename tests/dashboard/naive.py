"""The facts by the book, one relation after the other: slow, obvious, and what the SQL has to agree with."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from guides.models import Relation
from scrm import clock
from scrm.dashboard.models import Fill, GuideDay, NodeDay
from stores.models import Contract, Placement

FLOWS = ("adds", "people_adds", "losses", "drops", "moved_in", "moved_out", "kept_7", "kept_of")
ENDS = {"lost": "losses", "dropped": "drops", "moved": "moved_out"}
SIGNS = {"adds": 1, "moved_in": 1, "losses": -1, "drops": -1, "moved_out": -1}


def person_of(relation: Relation) -> int:
    return relation.member.same_person_as_id or relation.member_id


def is_new_person(relation: Relation, everything: list[Relation]) -> bool:
    def rank(r: Relation) -> Any:
        return (r.added_at, r.guide_id, r.pk)

    return not any(
        person_of(other) == person_of(relation)
        and rank(other) < rank(relation)
        and (other.ended_at is None or other.ended_at >= relation.added_at)
        for other in everything
    )


def guide_days(today: date) -> dict[tuple[Any, ...], Counter]:
    """Flows by (day, store, guide, code)."""
    everything = list(Relation.objects.exclude(added_at=None).select_related("member"))
    days: dict[tuple[Any, ...], Counter] = {}

    def at(day: date, r: Relation) -> Counter:
        return days.setdefault((day, r.store_id, r.guide_id, r.code_id), Counter())

    for r in everything:
        cell = at(r.added_day, r)
        if r.by_transfer:
            cell["moved_in"] += 1
        else:
            cell["adds"] += 1
            cell["people_adds"] += is_new_person(r, everything)
            if r.added_day <= today - timedelta(days=7):
                cell["kept_of"] += 1
                cell["kept_7"] += r.ended_day is None or r.ended_day > r.added_day + timedelta(days=7)
        if r.ended_day:
            at(r.ended_day, r)[ENDS[r.state]] += 1
    return days


def live(day: date, store: int | None) -> int:
    """How many relations of a store hold when the day is over."""
    there = Relation.objects.filter(store=store, added_day__lte=day)
    return sum(r.ended_day is None or r.ended_day > day for r in there)


def node_days(today: date) -> dict[tuple[str, int, date], Counter]:
    """Sums by node and day, for every filled day on which there is anything to say."""
    filled = Fill.objects.get()
    nodes: dict[tuple[str, int, date], Counter] = {}
    stores = {r.store_id for r in Relation.objects.all()}
    flows = guide_days(today)
    for day in clock.days(filled.first_day, filled.last_day):  # type: ignore[arg-type]
        for store in stores:
            sums = sum((c for key, c in flows.items() if key[:2] == (day, store)), Counter())
            sums.update(live=live(day, store), live_at_start=live(day - timedelta(days=1), store))
            for kind, node in nodes_of(store, day):
                nodes.setdefault((kind, node, day), Counter()).update(sums)
    return {key: sums for key, sums in nodes.items() if +sums}


def nodes_of(store: int | None, day: date) -> list[tuple[str, int]]:
    from stores.models import Brand, Store

    brand = ("brand", Brand.objects.get().pk)
    if store is None:
        return [("unplaced", 0), brand]
    placed = Placement.objects.filter(store=store).on(day).first()  # type: ignore[attr-defined]
    region = placed.region_id if placed else Store.objects.get(pk=store).region_id
    franchisees = Contract.objects.filter(store=store).on(day)  # type: ignore[attr-defined]
    return [("store", store), ("region", region), brand, *(("franchisee", c.franchisee_id) for c in franchisees)]


def stored_guide_days() -> dict[tuple[Any, ...], Counter]:
    return {
        (row.day, row.store_id, row.guide_id, row.code_id): +Counter({name: getattr(row, name) for name in FLOWS})
        for row in GuideDay.objects.all()
    }


def stored_node_days() -> dict[tuple[str, int, date], Counter]:
    rows = {
        (row.kind, row.node_id, row.day): Counter({n: getattr(row, n) for n in (*FLOWS, "live", "live_at_start")})
        for row in NodeDay.objects.all()
    }
    return {key: +sums for key, sums in rows.items() if +sums}
