"""Generating a brand: phase by phase, chunk by chunk, each of which commits together with how far it came."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from guides.models import Guide, Posting
from members.models import Member
from scrm import clock
from scrm.dashboard import facts
from scrm.generate import customers, dice, ground, purchases, words
from scrm.generate.models import Generated
from scrm.wecom.models import App, Corp
from stores import seats
from stores.models import Brand, Franchisee, Person, Region, Role, Store

CHUNK = 100_000  # members, or orders
TABLES = {  # whose rows are named by arithmetic: how many ids each takes
    "brand": ("stores_brand", lambda b: 1),
    "region": ("stores_region", lambda b: b.regions),
    "store": ("stores_store", lambda b: b.stores),
    "franchisee": ("stores_franchisee", lambda b: b.franchisees),
    "person": ("stores_person", lambda b: b.guides),
    "guide": ("guides_guide", lambda b: b.guides),
    "code": ("guides_code", lambda b: 2 * b.stores + b.guides),
    "taggroup": ("members_taggroup", lambda b: len(words.TAGS) + 1),
    "tag": ("members_tag", lambda b: sum(len(names) for _group, names in words.TAGS)),
    "member": ("members_member", lambda b: b.members),
    "order": ("members_order", lambda b: b.orders),
}
RESERVE = """
SELECT min(id), max(id) FROM (SELECT nextval(pg_get_serial_sequence(%s, 'id')) AS id FROM generate_series(1, %s)) AS ids
"""
OFFICE = (("hq", Role.HQ_ADMIN, "陈总"), ("analyst", Role.ANALYST, "数据分析员"))


class NotEmpty(Exception):
    """This database holds a brand that was not generated."""


class AnotherBrand(Exception):
    """This database holds a generated brand of another size, seed or length."""


class Login(NamedTuple):
    role: str
    username: str
    password: str


@dataclass(frozen=True)
class Size:
    stores: int
    guides: int
    members: int
    seed: int = 1
    days: int = 120
    orders: int = 0

    @property
    def regions(self) -> int:
        return max(1, min(len(words.PROVINCES), self.stores // 5))

    @property
    def franchisees(self) -> int:
        return max(1, self.stores // 12)


@dataclass
class Progress:
    """Where a phase is; `rows` counts what it wrote."""

    phase: str
    done: int
    of: int
    rows: int
    seconds: float

    def __str__(self) -> str:
        rate, part = self.rows / max(self.seconds, 0.001), self.done / max(self.of, 1)
        left = self.seconds * (1 - part) / part if part else 0
        return f"{self.phase}: {self.done:,} of {self.of:,}, {self.rows:,} rows, {rate:,.0f} rows/s, {left:,.0f} s left"


Told = Callable[[Progress], None]


def generate(size: Size, *, at: datetime, told: Told = lambda _: None) -> Generated:
    """The brand, complete; one that was broken off is gone on with. Raises NotEmpty or AnotherBrand."""
    one = _begun(size, at)
    dice.take(one.seed)
    _staff(one, size)
    phases = (("places", ground.PLACES), ("floor", ground.FLOOR), ("signs", ground.SIGNS))
    for name, statements in phases:
        _once(one, size, name, statements, told)
    _members(one, size, told, at)
    _orders(one, size, told, at)
    _facts(one, at, told)
    return one


def logins() -> list[Login]:
    """Somebody of each role, with her password: the same each time in one installation."""
    found = {username: username for username in ("hq", "analyst", "region", "franchise")}
    for role, is_manager in (("manager", True), ("guide", False)):
        floor = Posting.objects.filter(ends_at=None, is_manager=is_manager).order_by("guide_id")
        if username := floor.values_list("guide__person__username", flat=True).first():
            found[role] = username
    people = Person.objects.in_bulk(found.values(), field_name="username")
    return [Login(role, name, _let_in(people[name])) for role, name in found.items() if name in people]


def _begun(size: Size, at: datetime) -> Generated:
    asked = {
        "seed": size.seed,
        "stores": size.stores,
        "guides": size.guides,
        "members": size.members,
        "days": size.days,
        "orders": size.orders,
    }
    one = Generated.objects.first()
    if one is None:
        if any(model.objects.exists() for model in (Brand, Store, Guide, Member, Corp)):  # type: ignore[attr-defined]
            raise NotEmpty
        return _new(size, asked, at)
    if {name: getattr(one, name) for name in asked} != asked:
        raise AnotherBrand(str(one))
    return one


@transaction.atomic
def _new(size: Size, asked: dict[str, int], at: datetime) -> Generated:
    corp = Corp.objects.create(corp_id=f"wwgenerated{size.seed:07d}"[:32], name=words.BRAND)
    App.objects.create(corp=corp, agent_id=1000001, secret="of-no-corp-at-wecom")  # noqa: S106
    ids = {name: _reserved(table, count(size)) for name, (table, count) in TABLES.items()}
    return Generated.objects.create(
        **asked, today=clock.day_of(at), ids={**ids, "corp": corp.pk}, phase="places", done=0
    )


def _reserved(table: str, n: int) -> int:
    """The first of n ids that nobody else takes."""
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, [table, max(n, 1)])
        first, last = cursor.fetchone()
    if last - first + 1 != max(n, 1):
        raise NotEmpty  # somebody else writes here
    return int(first)


def _values(one: Generated, size: Size, **more: Any) -> dict[str, Any]:
    labels = [(name, n + 1) for n, (_group, names) in enumerate(words.TAGS) for name in names]
    known = {
        **{"stores": one.stores, "guides": one.guides, "members": one.members, "days": one.days, "seed": one.seed},
        **{"first_day": one.today - timedelta(days=one.days), "regions": size.regions, "franchisees": size.franchisees},
        **{"groups": [group for group, _names in words.TAGS], "tags": len(labels)},
        **{"labels": [name for name, _of in labels], "label_groups": [of for _name, of in labels]},
    }
    return {**known, **one.ids, **more}


def _staff(one: Generated, size: Size) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS gen_staff")
        cursor.execute(ground.STAFF, _values(one, size))


def _run(statements: Iterable[str], values: dict[str, Any]) -> int:
    """How many rows were written."""
    rows = 0
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
            rows += max(cursor.rowcount, 0) if statement.lstrip().startswith("INSERT") else 0
    return rows


PHASES = ("places", "floor", "signs", "customers", "orders", "facts", "done")


def _next(one: Generated) -> None:
    one.phase, one.done = PHASES[PHASES.index(one.phase) + 1], 0
    one.save(update_fields=["phase", "done"])


def _once(one: Generated, size: Size, name: str, statements: Iterable[str], told: Told) -> None:
    """A phase of one chunk."""
    if one.phase != name:
        return
    began = time.monotonic()
    with transaction.atomic():
        rows = _run(statements, _values(one, size))
        if name == "signs":
            _office(one)
        _next(one)
    told(Progress(name, 1, 1, rows, time.monotonic() - began))


def _members(one: Generated, size: Size, told: Told, at: datetime) -> None:
    if one.phase != "customers":
        return
    began, from_there, rows = time.monotonic(), one.done, 0
    for lo, hi in _chunks(one, one.members):
        with transaction.atomic():
            _trust_ourselves()
            rows += _run(customers.CHUNK, _values(one, size, lo=lo, hi=hi, at=at))
            one.done = hi
            one.save(update_fields=["done"])
        told(Progress("customers", hi - from_there, one.members - from_there, rows, time.monotonic() - began))
    _analyze()
    _next(one)


def _orders(one: Generated, size: Size, told: Told, at: datetime) -> None:
    """What the customers bought."""
    if one.phase != "orders":
        return
    began, from_there, rows = time.monotonic(), one.done, 0
    for lo, hi in _chunks(one, one.orders):
        with transaction.atomic():
            _trust_ourselves()
            statements = purchases.CHUNK if lo else purchases.ONCE + purchases.CHUNK
            rows += _run(statements, _values(one, size, lo=lo, hi=hi, at=at))
            one.done = hi
            one.save(update_fields=["done"])
        told(Progress("orders", hi - from_there, one.orders - from_there, rows, time.monotonic() - began))
    if one.orders:
        _analyze()
    _next(one)


def _chunks(one: Generated, of: int) -> Iterator[tuple[int, int]]:
    for lo in range(one.done, of, CHUNK):
        yield lo, min(lo + CHUNK, of)


def _trust_ourselves() -> None:
    """A superuser need not look up each foreign key of rows that are right by their making: half of the time."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        if cursor.fetchone()[0] == "on":
            cursor.execute("SET LOCAL session_replication_role = replica")


def _analyze() -> None:
    """The planner shall know the new tables; where the role may not, autovacuum tells it later."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _facts(one: Generated, at: datetime, told: Told) -> None:
    """The boards' days, by the product's own filling."""
    if one.phase != "facts":
        return
    began, filled = time.monotonic(), 0

    def hear(first: Any, last: Any) -> None:
        nonlocal filled
        filled += (last - first).days + 1
        told(Progress("boards' days", filled, one.days + 1, filled, time.monotonic() - began))

    facts.fill_all(at=at, told=hear)
    one.finished_at = at
    one.save(update_fields=["finished_at"])
    _next(one)


def _office(one: Generated) -> None:
    """Who stands in no shop."""
    since = clock.start_of(one.today - timedelta(days=one.days + 30))
    for username, role, name in OFFICE:
        seats.give(Person.objects.create(username=username, name=name), role, at=since)
    region, franchisee = Region.objects.order_by("pk").first(), Franchisee.objects.order_by("pk").first()
    manager = Person.objects.create(username="region", name="区域经理")
    seats.give(manager, Role.REGION_MANAGER, region=region, at=since)
    owner = Person.objects.create(username="franchise", name="加盟老板")
    seats.give(owner, Role.FRANCHISE_OWNER, franchisee=franchisee, at=since)


def _let_in(person: Person) -> str:
    made = hmac.digest(settings.SECRET_KEY.encode(), f"generated login {person.username}".encode(), hashlib.sha256)
    password = base64.b32encode(made).decode().lower()[:14]
    if not person.check_password(password):
        person.set_password(password)
        person.save(update_fields=["password"])
    return password
