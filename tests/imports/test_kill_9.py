"""kill -9 in the middle of an import: nothing is half-applied, and the next worker does all of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from members.models import Consent, Delivery, Identity, Member, Order, OrderLine, Product, Refund, Stock
from scrm.imports import uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportFile, ImportRow
from tests.cast import NOW, Cast
from tests.chaos.house import until
from tests.imports import test_sales as sales
from tests.imports.conftest import Desk, csv_of
from tests.imports.test_members import HEAD, YES

ROOT = Path(__file__).parents[2]
LINES = 3000
WAITING = "SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = %s AND NOT l.granted"
ALIVE = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos, pytest.mark.timeout(180)]


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    from tests.cast import assemble

    return Desk(assemble())


@pytest.fixture
def worker(database_urls: dict[str, str], tmp_path: Path) -> Any:
    """`worker(table)` starts a worker, and kills it -9 when it waits to write into the table, which somebody holds."""
    broker = f"redis+socket://{tmp_path / 'nobody.sock'}"
    env = {**os.environ, **database_urls, "PROFILE": "test", "BROKER_URL": broker}

    def killed_at(table: str) -> None:
        with psycopg.connect(database_urls["DATABASE_OWNER_URL"], autocommit=True) as watcher:
            with psycopg.connect(database_urls["DATABASE_OWNER_URL"]) as holder:
                holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
                words = [sys.executable, str(ROOT / "manage.py"), "work", "--once"]
                process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                until(lambda: watcher.execute(WAITING, [table]).fetchone() is not None)
                its = watcher.execute(WAITING, [table]).fetchall()
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            for pid in its:  # until the database has noticed, it holds what the worker held
                until(lambda pid=pid: watcher.execute(ALIVE, pid).fetchone() == (0,))

    return killed_at


def people() -> bytes:
    lines = [["梅", f"1391{n:07}", f"V{n}", "S001", "2021-01-01", *YES] for n in range(LINES)]
    return csv_of([HEAD, *lines])


def taken(cast: Cast) -> Import:
    return uploads.take(KINDS["members"], people(), file_name="m.csv", by=cast.ada, at=NOW)


def test_killed_while_it_brings_in_it_has_done_nothing(desk: Desk, worker: Any) -> None:
    upload = taken(desk.cast)
    assert uploads.work_on(upload, at=NOW)
    uploads.apply(upload, by=desk.cast.ada, at=NOW)
    for table in ("members_identity", "members_consent"):  # early in the first batch, and late
        worker(table)
        assert (Member.objects.count(), Identity.objects.count(), Consent.objects.count()) == (0, 0, 0)
        assert Import.objects.get().state == "applying"
    assert uploads.lane(NOW) == 1
    assert (Member.objects.count(), Identity.objects.count()) == (LINES, 2 * LINES)
    assert Import.objects.get().counts == {"created": LINES, "updated": 0, "unchanged": 0, "rejected": 0}


def goods() -> str:
    return "\n".join(["SKU,商品名称,品类,售价,在售", *(f"T{n},龙井,绿茶,198,是" for n in range(TILL))])


def stock() -> str:
    return "\n".join(["SKU,门店编号,库存", *(f"T{n},S001,{n}" for n in range(TILL))])


def till() -> str:
    """Orders of people whom nobody knows, and a refund of every second one."""
    sold = [f"P{n},,,pos,S001,store,2026-03-01 18:30,99,1391{n:07},,T1|龙井|绿茶×1=99" for n in range(TILL)]
    back = [f"R{n},退款,P{n},pos,,,2026-03-02 10:00,58,,," for n in range(0, TILL, 2)]
    return "\n".join([sales.HEAD, *sold, *back])


TILL = 400
KILLED = [
    ("orders", till, ("members_member", "members_orderline"), TILL + TILL // 2),
    ("orders", till, ("members_refund",), TILL + TILL // 2),
    ("products", goods, ("members_product",), TILL),
    ("stock", stock, ("members_stock",), TILL),
]


def standing() -> list[int]:
    kept: tuple[Any, ...] = (Member, Order, OrderLine, Refund, Product, Stock, Delivery)
    return [model.objects.count() for model in kept]


@pytest.mark.parametrize(("kind", "file", "tables", "lines"), KILLED)
def test_killed_while_it_brings_in_sales(
    desk: Desk, worker: Any, kind: str, file: Any, tables: Any, lines: int
) -> None:
    if kind == "stock":
        sales.brought(desk.cast, "products", goods())
    upload = sales.brought(desk.cast, kind, file(), apply=False)
    uploads.apply(upload, by=desk.cast.ada, at=NOW)
    before = standing()
    for table in tables:
        worker(table)
        upload.refresh_from_db()
        assert standing() == before and upload.state == "applying"
    assert uploads.lane(NOW) == 1
    upload.refresh_from_db()
    assert (upload.state, sales.counts(upload)) == ("applied", {"created": lines})
    assert Order.objects.filter(refunded_fen=5800).count() == Refund.objects.count() == Order.objects.count() // 2


def test_killed_while_it_reads_it_reads_again(desk: Desk, worker: Any) -> None:
    upload = taken(desk.cast)
    worker("imports_importrow")
    assert not ImportRow.objects.exists() and ImportFile.objects.exists()
    assert uploads.lane(NOW) == 1
    upload.refresh_from_db()
    assert (upload.state, upload.counts["created"]) == ("previewed", LINES)


def test_a_file_that_kills_its_worker_each_time_is_given_up(desk: Desk) -> None:
    upload = taken(desk.cast)
    Import.objects.update(tries=uploads.TRIES)
    assert not uploads.work_on(upload, at=NOW)
    upload.refresh_from_db()
    assert (upload.state, upload.problem["code"]) == ("failed", "kept_failing")
    assert not ImportFile.objects.exists()
