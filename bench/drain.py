"""Letters applied: `inbox.hand_on` with the real handlers, beside the least work that leaves the same rows."""

import random
import time
from collections.abc import Iterator
from typing import Any

from bench import drain_floor, letters, world
from bench.figures import Figure, at_least, beside, percentile, value_at_most
from bench.ground import Ground

STORES, GUIDES = 50, 300
DERIVED = ("members_member", "guides_relationfact", "guides_relation", "guides_ownership", "audit_alarm")
KEPT = "bench_letters"
BATCH = 2000
CHANGES = (
    "add_external_contact",
    "add_half_external_contact",
    "del_follow_user",
    "del_external_contact",
    "edit_external_contact",
)
# fmt: off
WEIGHTS = (50, 10, 12, 8, 20)
# fmt: on


def mix(count: int, *, dense: float, seed: int = 1) -> Iterator[letters.Said]:
    """What guides and customers do; a share of the letters is of few people, who collide within a batch."""
    chance = random.Random(seed)
    last: dict[tuple[str, str], int] = {}
    fresh = 0
    while count:
        at = letters.BEGAN + len(last) + fresh
        crowd = chance.random() < dense
        change = chance.choices(CHANGES, WEIGHTS)[0]
        if crowd:
            pair = (f"guide{chance.randrange(6):06d}", letters.customer(chance.randrange(40)))
        elif "add_" in change or not last:
            change, fresh = change if "add_" in change else CHANGES[0], fresh + 1
            pair = (f"guide{chance.randrange(GUIDES):06d}", letters.customer(1000 + fresh))
        else:
            pair = chance.choice(list(last)[-500:])
        at = max(at, last.get(pair, 0) + 1)
        last[pair] = at
        state = f"zbench{chance.randrange(2 * STORES):015d}" if "add_" in change and chance.random() < 0.8 else ""
        yield letters.Said(change, *pair, at, state)
        count -= 1


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """The figures of the drain, product and floor turn about over the same letters."""
    count, rounds, few = (3000, 2, 120) if quick else (10_000, 5, 300)
    prepare(ground, count)
    ours: list[float] = []
    floor: list[float] = []
    for n in range(rounds + 1):  # the first is to warm up
        for run, rates in random.sample([(product, ours), (the_floor, floor)], 2):
            rate = one_round(ground, run, count)
            rates += [rate] if n else []
    differing = compare(ground, few)
    keep_letters(ground, mix(few, dense=0.3))
    naive = one_round(ground, row_by_row, few)
    return [
        beside("drain: letters applied", "1/s", ours, floor, target=at_least(0.8)),
        Figure(
            "drain: product × row by row",
            percentile(ours, 0.5),
            "1/s",
            naive,
            percentile(ours, 0.5) / naive,
            few,
            at_least(50),
        ),
        Figure("drain: dense, rows unlike row by row", differing, "rows", n=few, target=value_at_most(0)),
    ]


def prepare(ground: Ground, count: int) -> None:
    """A brand, and letters that wait."""
    from bench import ingest

    ingest.connect_corp()
    world.build(STORES, GUIDES)
    keep_letters(ground, mix(count, dense=0.3))


def keep_letters(ground: Ground, said: Iterator[letters.Said]) -> None:
    """Puts letters aside, from where each round takes them."""
    from django.db import connection

    from scrm import clock
    from scrm.wecom import commit, envelope, inbox, receivers
    from scrm.wecom.door import Opened
    from scrm.wecom.models import Receiver

    receiver, at = Receiver.objects.get(), clock.now()
    known: Any = receivers.Known(receiver.pk, receiver.corp_id, None, ())  # type: ignore[arg-type]
    rows = [inbox.row_of(known, Opened(xml, envelope.read(xml)), at) for xml in (one.xml() for one in said)]
    ground.empty("wecom_letter")
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 1000):
            cursor.execute(commit.INSERT, commit.columns(rows[start : start + 1000]))
    grant = f"GRANT SELECT ON {KEPT} TO zhanggui_app"
    ground.as_owner(f"DROP TABLE IF EXISTS {KEPT}", f"CREATE TABLE {KEPT} AS TABLE wecom_letter", grant)


def reset(ground: Ground) -> None:
    """All letters wait again, nothing was applied."""
    ground.empty("wecom_letter", *DERIVED)
    ground.as_owner(f"INSERT INTO wecom_letter SELECT * FROM {KEPT} ORDER BY id", "ANALYZE")
    ground.calm()


def one_round(ground: Ground, run: Any, count: int) -> float:
    reset(ground)
    began = time.perf_counter()
    applied = run(ground)
    seconds = time.perf_counter() - began
    if applied != count or ground.count("wecom_letter WHERE state <> 'applied'"):
        raise RuntimeError(f"{run.__name__} applied {applied} letters of {count}")
    return float(count / seconds)


def product(ground: Ground) -> int:
    """As a lane of `manage.py work` does it."""
    from scrm import clock
    from scrm.wecom import inbox

    total = 0
    while done := inbox.hand_on(clock.now()):
        total += done
    return total


def the_floor(ground: Ground) -> int:
    import psycopg
    from django.conf import settings

    from scrm import sealed
    from scrm.wecom.models import Corp

    cipher = next(iter(sealed._ring(tuple(settings.FIELD_KEYS)).values()))
    total = 0
    with psycopg.connect(ground.cluster.url_app) as connection:
        floor = drain_floor.Floor(connection, cipher, Corp.objects.get().pk)
        while done := floor.drain(BATCH):
            total += done
    return total


def row_by_row(ground: Ground) -> int:
    """One letter, one transaction, the ORM."""
    from django.db import transaction

    from bench import row_by_row as naive
    from scrm import clock
    from scrm.wecom import events
    from scrm.wecom.models import Letter

    waiting = Letter.objects.waiting().order_by("pk")
    total = 0
    while letter := waiting.first():
        with transaction.atomic():
            xml = letter.xml()
            naive.take(xml, events.parse(xml))
            Letter.objects.filter(pk=letter.pk).update(state="applied", handled_at=clock.now())
        total += 1
    return total


def compare(ground: Ground, few: int) -> int:
    """How many rows differ between the product, the floor and row by row, where all letters are of a few people."""
    keep_letters(ground, mix(2 * few, dense=1.0, seed=2))
    found = []
    for run in (product, the_floor, row_by_row):
        one_round(ground, run, 2 * few)
        found.append(story())
    return sum(len(found[2] ^ other) for other in found[:2])


def story() -> set[tuple[Any, ...]]:
    """Relations, owners and facts in words that hold in any database."""
    from guides.models import Ownership, Relation, RelationFact

    columns = [
        "epoch",
        "state",
        "store_id",
        "code_id",
        "opened_at",
        "added_at",
        "ended_at",
        "guide_side",
        "customer_side",
    ]
    told: set[tuple[Any, ...]] = set()
    for model, fields in (
        (Relation, [*columns, "opened_day", "added_day", "ended_day"]),
        (Ownership, ["store_id", "starts_at", "ends_at", "starts_day"]),
        (RelationFact, ["kind", "at", "state", "code_id"]),
    ):
        rows = model.objects.values_list("guide__userid", "member__identities__value", *fields)  # type: ignore[attr-defined]
        told |= {(model.__name__, *row) for row in rows}
    return told
