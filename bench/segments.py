"""Segments over ten million people (`--quick`: one): building all sets, counting rules, pages, news, midnight."""

import os
import resource
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.crowd import Crowd, put_more_tags, standing
from bench.figures import Figure, percentile, value_at_most
from bench.ground import Ground

SEGMENTS, MEGABYTE = 200, 1_000_000
WARM, COLD, PAGES, EVENTS, BURST = 60, 8, 20, 5, 20_000
LANE_RESTS = 1.0  # seconds that the worker's lane rests when there was nothing to do


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """The figures of one size; what a small one says of a large one is that sets grow with the people."""
    from scrm import clock

    members = 1_000_000 if quick else 10_000_000
    at = clock.now()
    began = time.monotonic()
    with standing(ground, members, clock.day_of(at)) as crowd:
        print(f"  {members:,} people as rows in {time.monotonic() - began:.0f} s", flush=True)
        said = f"segments of {members // 1_000_000} M"
        figures = [_built(said, at)]
        put_more_tags(crowd)
        figures += _made(said, crowd, at)
        ground.calm()
        figures += _counted(said, crowd, at)
        figures += _pages(said, at)
        figures += _news(said, crowd, at)
        figures += _midnight(said, at)
        figures += _sizes(said)
    return figures


def _built(said: str, at: Any) -> Figure:
    from members.segments import builds

    seconds = _timed(lambda: builds.rebuild_all(at=at))
    print(f"  built in {seconds:.0f} s", flush=True)
    return Figure(f"{said}: all sets built from the rows", seconds, "s", n=1)


def rules_of(crowd: Crowd) -> list[dict[str, Any]]:
    """Rules of three conditions each, of several kinds."""
    from members.models import Tag
    from stores.models import Region

    tags = dict(Tag.objects.values_list("pk", "public_id"))
    more = [tags[pk] for pk, _share in crowd.more]
    told = [tags[pk] for pk in crowd.tags]
    regions = list(Region.objects.values_list("public_id", flat=True))

    def tag(public_id: str) -> dict[str, Any]:
        return {"field": "tag", "op": "has_any", "value": [public_id]}

    found = []
    for n in range(SEGMENTS):
        a, b, c = (more[(n * k) % len(more)] for k in (1, 7, 11))
        recent = {"field": "last_order", "op": "within", "days": (30, 90, 365)[n % 3]}
        rich = {"field": "spent", "op": "at_least", "value": 20_000 + 100 * (n % 50)}
        here = {"field": "region", "op": "is_any", "value": [regions[n % len(regions)]]}
        friend = {"field": "relation", "op": "is_any", "value": ["live"]}
        allowed = {"field": "consent", "op": "allows", "value": ["marketing_1v1"]}
        found.append(
            (
                {"all": [tag(a), tag(b), {"none": [tag(c)]}]},
                {"all": [tag(told[n % len(told)]), recent, here]},
                {"all": [{"any": [tag(a), tag(b)]}, rich, friend]},
                {"all": [tag(a), allowed, {"none": [recent]}]},
            )[n % 4]
        )
    return found


def _made(said: str, crowd: Crowd, at: Any) -> list[Figure]:
    from django.db import transaction

    from members.models import Segment
    from members.segments import definitions, folds

    with transaction.atomic():
        for n, rule in enumerate(rules_of(crowd)):
            definitions.make(f"人群 {n}", rule, by="bench", at=at)
    seconds = _timed(lambda: folds.fold(at=at))
    assert not [one for one in Segment.objects.all() if one.is_due]
    print(f"  {SEGMENTS} segments counted in {seconds:.1f} s", flush=True)
    return [Figure(f"{said}: {SEGMENTS} new ones counted", seconds, "s", n=SEGMENTS)]


def _counted(said: str, crowd: Crowd, at: Any) -> list[Figure]:
    """Warm, cold, and the same operations on sets that lie in memory already."""
    from members.segments import counts, lookups, plans, sets, trees
    from scrm.clock import day_of

    asked = rules_of(crowd)[: 4 * 5]
    counts.count(asked[0], viewer=None, at=at)  # a process that serves has its modules
    read = []

    def cold(rule: Any) -> float:
        sets.SHELF.forget()
        took = 1000 * _timed(lambda: counts.count(rule, viewer=None, at=at))
        read.append(sets.SHELF.size / MEGABYTE)
        return took

    colds = [cold(asked[n % len(asked)]) for n in range(COLD * 4)]
    warms, spent, floors = [], [], []
    for n in range(WARM * 4):
        rule = asked[n % len(asked)]
        counts.count(rule, viewer=None, at=at)
        worked = time.process_time()
        warms.append(1000 * _timed(lambda rule=rule: counts.count(rule, viewer=None, at=at)))
        spent.append(1000 * (time.process_time() - worked))
        tree = plans.compiled(rule, day_of(at))
        look_up = lookups.present(tree, at)
        floors.append(1000 * _timed(lambda t=tree, f=look_up: len(trees.evaluate(t, f, f.everybody))))
    warm, floor = statistics.median(warms), statistics.median(floors)
    return [
        Figure(
            f"{said}: count of 3 conditions, p95", percentile(warms, 0.95), "ms", n=len(warms), target=value_at_most(50)
        ),
        Figure(f"{said}: count, median, beside bitmaps in memory", warm, "ms", floor, warm / floor, len(warms)),
        Figure(f"{said}: count, median, CPU of this process", statistics.median(spent), "ms", n=len(spent)),
        Figure(
            f"{said}: count, cold process, p95", percentile(colds, 0.95), "ms", n=len(colds), target=value_at_most(300)
        ),
        Figure(f"{said}: count, cold process, median", statistics.median(colds), "ms", n=len(colds)),
        Figure(f"{said}: sets that the largest of these reads", max(read), "MB", n=len(read)),
        Figure(f"{said}: sets in memory after {len(asked)} rules", sets.SHELF.size / MEGABYTE, "MB", n=1),
        Figure(f"{said}: memory of the process then", _resident() / MEGABYTE, "MB", n=1),
    ]


def _pages(said: str, at: Any) -> list[Figure]:
    from members.models import Segment
    from members.segments import counts, sets

    segments = list(Segment.objects.select_related("version").order_by("-size")[:PAGES])

    def first(segment: Any) -> float:
        sets.SHELF.forget()
        return 1000 * _timed(lambda: counts.page(segment, n=50, viewer=None, at=at))

    found = [first(segment) for segment in segments]
    name = f"{said}: first 50 of one, cold, p95"
    return [Figure(name, percentile(found, 0.95), "ms", n=len(found), target=value_at_most(300))]


def _news(said: str, crowd: Crowd, at: Any) -> list[Figure]:
    """One tag on one customer; then a burst on many."""
    from django.db import connection

    from members.models import MemberTag, Snapshot
    from members.segments import bits, folds

    tag = crowd.tags[1]
    found = []
    for n in range(EVENTS):
        member = 65_536 * (n % 10) + 17 + n
        MemberTag.objects.create(member_id=member, tag_id=tag, source="rule", source_key="", since=at)
        found.append(LANE_RESTS + _timed(lambda: folds.lane(at)))
        assert member in bits.unpacked(_tag_row(tag, member))
    assert Snapshot.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO members_membertag (member_id, tag_id, source, source_key, since) "
            "SELECT 1 + n::bigint * 7919 %% %s, %s, 'wecom', 'burst', now() FROM generate_series(1, %s) n",
            [crowd.members, tag, BURST],
        )
    burst = _timed(lambda: _until_empty(at))
    print(f"  one event {statistics.median(found):.2f} s, {BURST:,} in {burst:.1f} s", flush=True)
    return [
        Figure(f"{said}: one tag until it is in all of {SEGMENTS}", max(found), "s", n=EVENTS, target=value_at_most(5)),
        Figure(f"{said}: {BURST:,} tags at once until all are in", burst, "s", n=BURST),
    ]


def _tag_row(tag: int, member: int) -> bytes:
    from members.models import Bitmap

    return bytes(Bitmap.objects.get(family="tag", key=tag, shard=member >> 16).body)


def _until_empty(at: Any) -> None:
    from members.segments import folds

    while folds.lane(at):
        pass


def _midnight(said: str, at: Any) -> list[Figure]:
    """The next day comes, with a question of the last 30 days among what is kept."""
    from members.segments import definitions, folds

    often = {"field": "orders", "op": "at_least", "value": 1, "days": 30}
    definitions.make("近30天下单", often, by="bench", at=at)
    asked = _timed(lambda: folds.fold(at=at))
    moved = _timed(lambda: folds.fold(at=at + timedelta(days=1)))
    print(f"  question {asked:.1f} s, midnight {moved:.1f} s", flush=True)
    return [
        Figure(f"{said}: a question of 30 days asked first", asked, "s", n=1),
        Figure(f"{said}: midnight, {SEGMENTS} segments", moved, "s", n=1),
    ]


def _sizes(said: str) -> list[Figure]:
    """Bytes of the kept sets in the database, and memory of a process that counts."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(length(body)), count(*) FROM members_bitmap")
        kept, rows = cursor.fetchone()
        cursor.execute("SELECT sum(length(body)) FROM members_snapshot")
        (snapshots,) = cursor.fetchone()
    return [
        Figure(f"{said}: sets", float(kept) / MEGABYTE, "MB", n=rows),
        Figure(f"{said}: snapshots of {SEGMENTS}", float(snapshots) / MEGABYTE, "MB", n=SEGMENTS),
        Figure(f"{said}: most memory of the process, at any time", _peak() / MEGABYTE, "MB", n=1),
    ]


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
