"""Boards and pages over 100, 1,000 and 10,000 stores: what the database does for a board, and how long a page takes."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench.figures import Figure, Target, percentile, value_at_most
from bench.full_house import standing
from bench.ground import Ground

SIZES = (100, 1000, 10_000)
ROUNDS = 5
DATABASE_LIMIT, PAGE_LIMIT = value_at_most(2), value_at_most(300)
RAW = """
SELECT day, adds, people_adds, losses, drops, moved_in, moved_out, kept_7, kept_of, live_at_start, live
FROM dashboard_nodeday WHERE kind = %s AND node_id = %s AND day BETWEEN %s AND %s
"""


@dataclass
class Asked:
    """What the database was asked while something ran."""

    queries: int = 0
    seconds: float = 0.0

    def __call__(self, execute: Any, *words: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*words)
        finally:
            self.queries += 1
            self.seconds += time.perf_counter() - began


@dataclass
class Timed:
    """Milliseconds of each time: of the whole, and of the database's part; and queries of the last one."""

    whole: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    queries: int = 0


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """The figures of all sizes; pages are walked through at the largest."""
    sizes = SIZES[:2] if quick else SIZES
    reads, visits = (100, 5) if quick else (1000, 20)
    figures: list[Figure] = []
    hq: dict[int, float] = {}
    for stores in sizes:
        began = time.monotonic()
        with standing(ground, stores):
            print(f"  {stores:,} stores in {time.monotonic() - began:.0f} s", flush=True)
            found, hq[stores] = boards_of(stores, reads)
            figures += found
            if stores == sizes[-1]:
                figures += pages(stores, visits)
    smallest, largest = sizes[0], sizes[-1]
    ratio = hq[largest] / hq[smallest]
    name = f"boards: HQ at {largest:,} stores, beside {smallest:,}"
    figures.insert(0, Figure(name, hq[largest], "ms", hq[smallest], ratio, reads, Target(2, at_least=False)))
    return figures


# --- what the database does for a board ---------------------------------------------------------------------------


def boards_of(stores: int, reads: int) -> tuple[list[Figure], float]:
    """The figures of one size, and the median of HQ's."""
    from scrm import clock
    from scrm.dashboard import boards, rankings
    from scrm.dashboard.periods import spans

    today = clock.day_of(clock.now())
    period = spans(today)["days_30"]
    nodes = {name: boards.node_for(viewer(), public_id) for name, public_id in places().items()}
    figures, hq = [], 0.0
    for name, node in nodes.items():
        ours, floor = timed(
            reads, lambda node=node: boards.growth(node, period.first, period.last), lambda node=node: raw(node, period)
        )
        figures.append(_beside(f"boards: {name}, {stores:,} stores, DB p99", ours, floor))
        hq = percentile(ours.database, 0.5) if name == "HQ" else hq
    for name in ("HQ", "region"):
        asked = rankings.asked({"part": "stores"}, nodes[name])
        (ours,) = timed(reads, lambda name=name, asked=asked: rankings.children(nodes[name], period, asked))
        figures.append(_beside(f"boards: leaders of {name}, {stores:,} stores, DB p99", ours))
    return figures, hq


def raw(node: Any, period: Any) -> Any:
    """The same rows with a bare cursor."""
    from django.db import connection

    since = min(period.previous.first, period.last - timedelta(days=13))
    with connection.cursor() as cursor:
        cursor.execute(RAW, [node.kind, node.pk, since, period.last])
        return cursor.fetchall()


def timed(times: int, *runs: Callable[[], Any]) -> list[Timed]:
    """Each of them so many times, turn about, after three times to warm up."""
    found = [Timed() for _ in runs]
    for n in range(times + 3):
        for run, kept in zip(runs, found, strict=True):
            with asking() as asked:
                began = time.perf_counter()
                run()
                seconds = time.perf_counter() - began
            if n >= 3:
                kept.whole.append(1000 * seconds)
                kept.database.append(1000 * asked.seconds)
                kept.queries = asked.queries
    return found


@contextmanager
def asking() -> Iterator[Asked]:
    from django.db import connection

    asked = Asked()
    with connection.execute_wrapper(asked):
        yield asked


def _beside(name: str, ours: Timed, floor: Timed | None = None) -> Figure:
    value = p99(ours)
    least = p99(floor) if floor else None
    return Figure(name, value, "ms", least, value / least if least else None, len(ours.database), DATABASE_LIMIT)


def p99(found: Timed) -> float:
    """The median of the rounds' p99: one burst of somebody else's work is not the database's."""
    size = max(1, len(found.database) // ROUNDS)
    rounds = [found.database[n * size : (n + 1) * size] for n in range(ROUNDS)]
    return statistics.median(percentile(each, 0.99) for each in rounds)


def places() -> dict[str, str]:
    """The public ids of one of each."""
    from stores.models import Brand, Region, Store

    store = Store.objects.order_by("pk")[7]
    region = Region.objects.get(pk=store.region_id)
    return {"store": store.public_id, "region": region.public_id, "HQ": Brand.objects.get().public_id}


def viewer() -> Any:
    """Somebody who sees and may do everything."""
    from scrm import clock
    from stores.models import Person

    found = Person.objects.filter(username="ada").first()
    if found is None:
        found = Person.objects.create_superuser("ada", "ada-opens-the-shop", name="Ada")
        Person.objects.filter(pk=found.pk).update(last_login=clock.now())
    return found


# --- whole pages --------------------------------------------------------------------------------------------------


def pages(stores: int, visits: int) -> list[Figure]:
    """The p95 of every page that lists or sums, through Django from the request to the last byte."""
    from django.test import Client

    client = Client()
    client.force_login(viewer(), backend="stores.backends.SeatBackend")
    return [_page(client, name, path, stores, visits) for name, path in addresses()]


def _page(client: Any, name: str, path: str, stores: int, visits: int) -> Figure:
    def visit() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")

    (found,) = timed(visits, visit)
    said = f"{name} ({found.queries} queries), p95"
    return Figure(f"pages: {said}", percentile(found.whole, 0.95), "ms", n=visits, target=PAGE_LIMIT)


def addresses() -> Sequence[tuple[str, str]]:
    from django.urls import reverse

    from guides.models import Code, Guide

    store, region, brand = places().values()
    guide, code = Guide.objects.order_by("pk")[7], Code.objects.order_by("pk")[7]
    board = {"HQ": brand, "region": region, "store": store}
    found = [
        (f"board {name}", reverse("dashboard:node", args=[node]) + "?period=days_30") for name, node in board.items()
    ]
    found += [
        ("board HQ, stores", reverse("dashboard:node", args=[brand]) + "?period=days_30&part=stores"),
        ("board HQ, stores by loss rate", reverse("dashboard:node", args=[brand]) + "?part=stores&sort=loss_rate"),
        ("board HQ, franchisees", reverse("dashboard:node", args=[brand]) + "?part=franchisees"),
        ("board store, codes", reverse("dashboard:node", args=[store]) + "?part=codes"),
        ("board of a guide", reverse("dashboard:guide", args=[guide.public_id])),
        ("board of a code", reverse("dashboard:code", args=[code.public_id])),
        ("codes", reverse("guides:codes")),
        ("a code", reverse("guides:code", args=[code.public_id])),
        ("a new code", reverse("guides:code_new")),
        ("customers without a store", reverse("guides:unplaced")),
        ("API facts of HQ", reverse("api:fact-list") + f"?node={brand}"),
    ]
    return [*found, *_api(), *_admin()]


def _api() -> Iterator[tuple[str, str]]:
    from django.urls import reverse

    from scrm.urls import api

    for _prefix, _door, name in api.registry:
        if name != "fact":
            yield f"API {name} list, 100 rows", reverse(f"api:{name}-list") + "?page_size=100"


def _admin() -> Iterator[tuple[str, str]]:
    from django.contrib import admin
    from django.urls import reverse

    yield "admin home", reverse("admin:index")
    for model in admin.site._registry:
        named = model._meta.app_label, model._meta.model_name
        yield f"admin {named[1]} list", reverse("admin:{}_{}_changelist".format(*named))
