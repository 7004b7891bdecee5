"""kill -9 in the middle of an import: nothing is half-applied, and the next worker does all of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from members.models import Consent, Identity, Member
from scrm.imports import uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportFile, ImportRow
from tests.cast import NOW, Cast
from tests.chaos.house import until
from tests.imports.conftest import Desk, csv_of
from tests.imports.test_members import HEAD, YES

ROOT = Path(__file__).parents[2]
LINES = 3000
WAITING = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = %s AND NOT l.granted"
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
        with psycopg.connect(database_urls["DATABASE_OWNER_URL"]) as holder:
            holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            words = [sys.executable, str(ROOT / "manage.py"), "work", "--once"]
            process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with psycopg.connect(database_urls["DATABASE_OWNER_URL"], autocommit=True) as watcher:
                until(lambda: watcher.execute(WAITING, [table]).fetchone() != (0,))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    return killed_at


def people() -> bytes:
    lines = [["梅", f"138{n:08}", f"V{n}", "S001", "2021-01-01", *YES] for n in range(LINES)]
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
