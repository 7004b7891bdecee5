"""Pages of customers merged by the product, beside COPY and guarded merges of the same rows; and a roster learned."""

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from bench import letters, sync_floor, world
from bench.figures import Figure, at_least, beside, value_at_most
from bench.ground import Ground

STORES, GUIDES = 50, 100
TAGS = 60
TABLES = (
    "members_member", "members_identity", "members_membertag", "guides_note", "guides_relation", "guides_relationfact",
    "guides_ownership", "guides_sync", "audit_alarm",
)  # fmt: skip
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
Rows = list[dict[str, Any]]
Run = Callable[[Ground, Rows], None]


def listed(count: int, *, changed: float = 0.0, seed: int = 5) -> Rows:
    """What WeCom lists of so many pairs, a seventh of them second guides of known customers; a share has changed."""
    chance, turn = random.Random(seed), random.Random(seed + 1)
    return [_row(n, count, chance, is_changed=turn.random() < changed) for n in range(count)]


def _row(n: int, count: int, chance: random.Random, *, is_changed: bool) -> dict[str, Any]:
    again = n % 7 == 6  # the customer before, with a guide of another store
    who, guide = (n - 1 if again else n), (n * GUIDES // count + (1 if again else 0)) % GUIDES
    pick = chance.random()
    tags = [f"etbench{chance.randrange(TAGS):04d}" for _ in range(2)] if pick < 0.5 else []
    contact = {
        "external_userid": letters.customer(who), "name": f"顾客{who}", "type": 1, "gender": 1 + who % 2,
        "avatar": f"https://wx.qlogo.cn/mmhead/{who:032x}/0",
    }  # fmt: skip
    if who % 2:
        contact["unionid"] = f"union{who:023d}"
    state = f"zbench{guide % STORES:015d}"
    return {
        "external_contact": contact,
        "follow_info": {
            "userid": f"guide{guide:06d}",
            "remark": f"老客{n}" + ("改" if is_changed else "") if pick < 0.4 or is_changed else "",
            "description": "敏感肌" if pick < 0.1 else "",
            "createtime": int(BEGAN.timestamp()) - 86_400 * 30 - n,
            "tag_id": sorted(set(tags)),
            "remark_mobiles": [f"138{n:08d}"] if pick < 0.05 else [],
            "oper_userid": contact["external_userid"],
            "add_way": 1,
            **({"state": state} if pick < 0.6 else {}),
        },
    }


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """First sync, unchanged and slightly changed re-syncs, product and floor turn about; then a big roster."""
    count, rounds = (10_000, 2) if quick else (20_000, 3)
    prepare(ground)
    same, other = listed(count), listed(count, changed=0.02)
    gc.freeze()  # pages come and go; that all of them stand in memory here is not to be collected again and again
    found: dict[tuple[str, str], list[float]] = {}
    wal: list[float] = []
    kept: dict[str, set[tuple[Any, ...]]] = {}
    for n in range(rounds + 1):  # the first is to warm up
        for run in random.sample([product, the_floor], 2):
            told, written = one_round(ground, run, same, other)
            kept[run.__name__] = story()
            if n:
                for name, rate in told.items():
                    found.setdefault((name, run.__name__), []).append(rate)
                wal += [written] if run is product else []
    unlike = len(kept["product"] ^ kept["the_floor"])
    return [
        *(beside(f"sync: {name}", "rows/s", found[name, "product"], found[name, "the_floor"], target=at_least(0.8))
          for name in ("first", "unchanged", "2 % changed")),
        Figure("sync: WAL of an unchanged row", statistics.median(wal), "B", n=len(wal), target=value_at_most(150)),
        Figure("sync: rows unlike the floor's", unlike, "rows", n=count, target=value_at_most(0)),
        *roster(ground, 500 if quick else 2_000),
    ]  # fmt: skip


def prepare(ground: Ground) -> None:
    """A brand with codes and a tag library."""
    from bench import ingest
    from guides.models import Guide
    from members.models import Tag, TagGroup
    from scrm.wecom.models import Corp

    ingest.connect_corp()
    if not Guide.objects.exists():
        world.build(STORES, GUIDES)
    group, _ = TagGroup.objects.get_or_create(corp=Corp.objects.get(), group_id="etbench", name="等级")
    if not group.tags.exists():
        Tag.objects.bulk_create([Tag(group=group, tag_id=f"etbench{n:04d}", name=f"标签{n}") for n in range(TAGS)])


def one_round(ground: Ground, run: Run, same: Rows, other: Rows) -> tuple[dict[str, float], float]:
    """Rows a second of the three passes, and the WAL of a row of the unchanged one."""
    ground.empty(*TABLES)
    ground.as_owner("VACUUM ANALYZE")
    ground.calm()
    told = {"first": timed(ground, run, same)}
    ground.as_owner("VACUUM ANALYZE")  # as autovacuum does by the next night
    run(ground, same)
    ground.calm()
    before = position(ground)
    told["unchanged"] = timed(ground, run, same)
    written = (position(ground) - before) / len(same)
    told["2 % changed"] = timed(ground, run, other)
    return told, written


def timed(ground: Ground, run: Run, rows: Rows) -> float:
    began = time.perf_counter()
    run(ground, rows)
    return len(rows) / (time.perf_counter() - began)


def position(ground: Ground) -> int:
    """How many bytes of WAL were ever written."""
    import psycopg

    with psycopg.connect(ground.cluster.url_owner) as connection:
        found = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')").fetchone()
    return int(found[0])  # type: ignore[index]


def product(ground: Ground, rows: Rows) -> None:
    """As a chunk of a hundred guides merges its pages, a hundred at a time."""
    from guides import customers
    from guides.models import Guide
    from scrm import clock
    from scrm.wecom.models import Corp

    corp, at, reading = Corp.objects.get().pk, clock.now(), customers.Reading()
    guides = {userid.lower(): pk for userid, pk in Guide.objects.values_list("userid", "pk")}
    for start in range(0, len(rows), customers.A_BATCH):
        some = rows[start : start + customers.A_BATCH]
        customers.merge(corp, guides, some, reading, key="bench", at=at, now=clock.now())
    if reading.counts["rows"] != len(rows):
        raise RuntimeError(f"merged {reading.counts}")


def the_floor(ground: Ground, rows: Rows) -> None:
    import psycopg

    from scrm import clock
    from scrm.wecom.models import Corp

    with psycopg.connect(ground.cluster.url_app) as connection:
        floor = sync_floor.Floor(connection, Corp.objects.get().pk, clock.now())
        for start in range(0, len(rows), 10_000):
            floor.merge(rows[start : start + 10_000])


def story() -> set[tuple[Any, ...]]:
    """All rows in words that hold in any database."""
    from guides.models import Note, Ownership, Relation, RelationFact
    from members.models import Identity, Member, MemberTag

    who = "member__identities__value"
    told: set[tuple[Any, ...]] = {("identity", *row) for row in Identity.objects.values_list("kind", "value")}
    told |= {("member", *row) for row in Member.objects.values_list("name", "avatar", "gender")}
    fields = {
        Note: ["remark", "description", "company", "phones_digest", "add_way"],
        Relation: ["store_id", "code_id", "state", "epoch", "opened_at", "added_day", "guide_side", "customer_side"],
        RelationFact: ["kind", "created_at", "state", "code_id"],
        Ownership: ["store_id", "starts_at", "starts_day", "ends_at"],
    }
    for model, names in fields.items():
        told |= {(model.__name__, *map(_plain, row)) for row in model.objects.values_list("guide__userid", who, *names)}  # type: ignore[attr-defined]
    return told | {("tag", *row) for row in MemberTag.objects.values_list("source_key", who, "tag__tag_id")}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def roster(ground: Ground, departments: int) -> Iterator[Figure]:
    """A roster of so many departments with ten people each: learned, and learned again unchanged."""
    from guides import roster as rosters
    from guides import staff
    from scrm import clock
    from scrm.wecom.models import Corp

    ground.empty("guides_guide", "stores_brand", "wecom_quota", "wecom_outboundcall", *TABLES)
    ground.as_owner("VACUUM ANALYZE")
    corp, tree, people = Corp.objects.get(), a_tree(departments), a_crew(departments)
    told = {one["userid"]: staff.of(one) for one in people}
    reading = rosters.Reading(tree, told, frozenset(told))
    for name in ("first", "unchanged"):
        began = time.perf_counter()
        rosters.learn(corp, reading, at=clock.now())
        took = time.perf_counter() - began
        yield Figure(f"sync: roster of {len(people):,}, {name}", took, "s", n=1)


def a_tree(departments: int) -> Rows:
    """A root, a region for each fifty departments, and the departments."""
    regions = max(1, departments // 50)
    tree: Rows = [{"id": 1, "name": "掌柜茶饮", "parentid": 0}]
    tree += [{"id": 2 + n, "name": f"大区{n}", "parentid": 1} for n in range(regions)]
    return tree + [
        {"id": 100_000 + n, "name": f"上海·门店{n}", "parentid": 2 + n % regions} for n in range(departments)
    ]


def a_crew(departments: int) -> Rows:
    return [
        {"userid": f"crew{n:06d}", "name": f"导购{n}", "position": "导购", "status": 1,
         "department": [100_000 + n % departments], "is_leader_in_dept": [int(n < departments)]}
        for n in range(10 * departments)
    ]  # fmt: skip
