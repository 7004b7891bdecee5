"""A million customers (`--quick`: a fifth): their list from each kind of seat, one customer's page with a story of
thousands of lines, and what the night does with all of them, beside one plain statement over the same orders."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg

from bench.boards import timed
from bench.clientele import Clientele, standing
from bench.figures import Figure, percentile, value_at_most
from bench.ground import Ground
from scrm.embedded import postgres

PAGE_LIMIT = value_at_most(300)
TOLD = 20_000  # lives told: the others are put down as told
SEARCHES = {
    "first page": "",
    "a page far down": "?after={deep}",
    "a common name": "?q=王",
    "a rare name": "?q=王7f",
    "not registered": "?registered=no",
    "who left": "?relation=lost",
}
# What nobody can leave out who sums up the orders by person: each row read once, joined to who she is.
FLOOR = """
SELECT count(*), sum(n) FROM (
    SELECT coalesce(m.same_person_as_id, m.id), o.store_id, count(*) AS n, sum(o.paid_fen), max(o.paid_day)
    FROM members_order o JOIN members_member m ON m.id = o.member_id GROUP BY 1, 2) x
"""
PUT_DOWN = """
INSERT INTO members_memberstage (member_id, stage, since, cause, telling)
SELECT id, 'member', created_at, 'known', 1 FROM members_member WHERE same_person_as_id IS NULL
ON CONFLICT DO NOTHING
"""


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """Lists and pages first, as the day finds them; then the night."""
    from scrm import clock

    members, visits = (200_000, 6) if quick else (1_000_000, 20)
    at = clock.now()
    began = time.monotonic()
    with standing(ground, members, clock.day_of(at)) as people:
        print(f"  {members:,} customers as rows in {time.monotonic() - began:.0f} s", flush=True)
        ground.calm()
        figures = [*_lists(people, visits), *_stories(people, visits)]
        print("  the night", flush=True)
        return [*figures, *_night(ground, people, at)]


# --- lists and pages -----------------------------------------------------------------------------------------------


def _lists(people: Clientele, visits: int) -> Iterator[Figure]:
    """Each list as the seat sees it, beside the same page of HQ, which reads it off an index."""
    from django.urls import reverse

    from members.models import Member

    deep = Member.objects.filter(pk__lt=people.members // 3).order_by("-pk").values_list("public_id", flat=True)[0]
    pages = {said: reverse("members:customers") + words.format(deep=deep) for said, words in SEARCHES.items()}
    pages["API, 100 rows"] = reverse("api:member-list") + "?page_size=100"
    for said, path in pages.items():
        floor = None
        for seat, person in people.seats.items():
            yield (found := _page(f"list of a {seat}, {said}", person, path, visits, floor))
            floor = floor or found.value


def _stories(people: Clientele, visits: int) -> Iterator[Figure]:
    """The page and the tabs of the customer with the longest story."""
    from django.urls import reverse

    from members import tabs
    from members.models import Member

    hers = Member.objects.get(pk=people.heavy).public_id
    places = {"page": "members:customer"} | {tab.slug: tab.name for tab in tabs.TABS}
    for seat in ("HQ", "region", "guide"):
        for said, name in places.items():
            path = reverse(name, args=[hers])
            yield _page(f"her {said} for a {seat}", people.seats[seat], path, visits)
    path = reverse("members:customer_timeline", args=[hers]) + "?kind=tag"
    yield _page("her timeline, tags alone, for HQ", people.seats["HQ"], path, visits)


def _page(said: str, person: Any, path: str, visits: int, floor: float | None = None) -> Figure:
    from django.test import Client

    client = Client()
    client.force_login(person, backend="stores.backends.SeatBackend")

    def visit() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")

    (found,) = timed(visits, visit)
    slow = percentile(found.whole, 0.95)
    name = f"customers: {said} ({found.queries} queries), p95"
    return Figure(name, slow, "ms", floor, floor and slow / floor, visits, PAGE_LIMIT)


# --- the night -----------------------------------------------------------------------------------------------------


def _night(ground: Ground, people: Clientele, at: Any) -> Iterator[Figure]:
    """Seconds of each job, beside the plain statement right before and after it."""
    yield from _lives(ground, people, at)
    before = _floor()
    for said, run in _jobs(at).items():
        took = _seconds(run)
        after = _floor()
        floor = statistics.mean((before, after))
        print(f"  {said}: {took:.1f} s", flush=True)
        yield Figure(f"night: {said}", took, "s", floor, took / floor, 1)
        before = after


def _jobs(at: Any) -> dict[str, Callable[[], Any]]:
    from members import grading, reach, scores, taglives
    from members.segments import years
    from scrm import clock
    from scrm.dashboard import conversions, facts, health

    _make_rule(at)
    return {
        "grades, first": lambda: grading.grade_all(at=at),
        "grades, again": lambda: grading.grade_all(at=at),
        "reach": lambda: reach.count_all(at=at),
        "a tag by rule, first": lambda: scores.settle_day(at=at),
        "a tag by rule, next day": lambda: scores.settle_day(at=at + timedelta(days=1)),
        "tags counted": lambda: taglives.count(at),
        "the year summed up": lambda: years.fill(at),
        "members among buyers": lambda: conversions.fill(clock.day_of(at)),
        "health of the data": lambda: health.take_due(at=at),
        "facts of 35 days, first": lambda: facts.fill_recent(at=at),
        "facts of 35 days, again": lambda: facts.fill_recent(at=at),
    }


def _lives(ground: Ground, people: Clientele, at: Any) -> Iterator[Figure]:
    """Lives told for the first time and once more; then a night in which nobody's time has come."""
    from django.db import connection

    from members import lifecycles

    some = range(1, TOLD + 1)
    first, again = _seconds(lambda: lifecycles.settle(some, at=at)), _seconds(lambda: lifecycles.settle(some, at=at))
    yield Figure("night: lives told, first", TOLD / first, "people/s", n=TOLD)
    yield Figure("night: lives told, again", TOLD / again, "people/s", n=TOLD)
    url = ground.cluster.url(postgres.SUPERUSER, str(connection.settings_dict["NAME"]))
    with psycopg.connect(url, autocommit=True) as here:
        here.execute("SET session_replication_role = replica")
        here.execute(PUT_DOWN)
        here.execute("VACUUM (ANALYZE) members_memberstage")
    calm = _seconds(lambda: lifecycles.settle_night(at=at))
    yield Figure(f"night: lives, of {people.members:,} nobody's time has come", calm, "s", n=1)


def _make_rule(at: Any) -> None:
    from members import scores
    from members.models import TagGroup

    clauses = [{"of": "order", "category": "品类3", "points": 40}, {"of": "event", "kind": "page_view", "points": 10}]
    group = TagGroup.objects.get(name="标签")
    scores.define(group, "爱喝茶", clauses=clauses, half_life=90, threshold=20, by=None, at=at)


def _floor() -> float:
    from django.db import connection

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(FLOOR)

    return _seconds(ask)


def _seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
