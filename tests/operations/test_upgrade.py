"""Upgrades under load: the door stays open while tables are altered, and the last release's rows fit the new ones."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from scrm.embedded import postgres
from scrm.settings import DATABASES  # the options of migrations are made beside it
from scrm.wecom import commit
from tests.chaos.house import House, Wecom, a_port, delivering, environment

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240), pytest.mark.xdist_group("deploy")]
LOCK_TIMEOUT = "SET lock_timeout = '2s'"  # what scrm/settings.py gives to the owner's commands

# What a release may do to the table of letters: a column with a default, and an index built beside the work.
EXPAND = (
    "ALTER TABLE wecom_letter ADD COLUMN mood varchar(16) DEFAULT '' NOT NULL",
    "CREATE INDEX CONCURRENTLY letters_by_mood ON wecom_letter (mood)",
    "ALTER TABLE wecom_letter ADD CONSTRAINT moods_are_short CHECK (length(mood) < 9) NOT VALID",
    "ALTER TABLE wecom_letter VALIDATE CONSTRAINT moods_are_short",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("upgrade")
    cluster = postgres.start(folder / "pg")
    found = House(cluster, folder, environment(cluster, folder), a_port())
    try:
        found.furnish()
        found.open()
        yield found
    finally:
        found.close()
        postgres.remove(folder / "pg")


def with_patience(act: Callable[[], None], tries: int = 30) -> int:
    """Once more while a lock does not come in time, as docs/upgrade.md says; how often it was refused."""
    for refused in range(tries):
        try:
            act()
        except psycopg.errors.LockNotAvailable:
            continue
        return refused
    raise AssertionError("no lock in all this time")


def wrong(house: House, wecom: Wecom) -> dict[str, object]:
    """What the books say otherwise than they should of the letters of this test."""
    return {who: said for who, said in house.faults(wecom.answered).items() if who in wecom.answered}


def expand(house: House) -> None:
    with psycopg.connect(house.cluster.url_owner, autocommit=True) as owner:
        owner.execute(LOCK_TIMEOUT)
        for statement in EXPAND:
            with_patience(lambda said=statement: owner.execute(said))  # type: ignore[misc]


def test_the_door_answers_in_time_while_the_table_of_letters_is_altered(house: House) -> None:
    with delivering(house, "expand") as wecom:
        wecom.more(100)
        expand(house)
        wecom.more(100)  # by the code of before, which knows nothing of the column
    house.all_applied()
    assert not wrong(house, wecom)
    assert wecom.slowest < 3
    assert house.query("SELECT DISTINCT mood FROM wecom_letter") == [("",)]


def test_a_migration_that_gets_no_lock_gives_up_and_the_door_is_not_shut(house: House) -> None:
    holding, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with psycopg.connect(house.cluster.url_owner) as reader:
            reader.execute("SELECT count(*) FROM wecom_letter")
            holding.set()
            enough.wait(30)

    reader = threading.Thread(target=hold)
    reader.start()
    holding.wait(10)
    with delivering(house, "locked") as wecom, psycopg.connect(house.cluster.url_owner, autocommit=True) as owner:
        wecom.more(20)
        owner.execute(LOCK_TIMEOUT)
        began = time.monotonic()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            owner.execute("ALTER TABLE wecom_letter ADD COLUMN never int")
        assert time.monotonic() - began < 3
        wecom.more(20)
    enough.set()
    reader.join()
    assert wecom.slowest < 3, "letters wait behind a waiting lock no longer than it waits"
    house.all_applied()
    assert not wrong(house, wecom)


def test_migrating_again_under_load_disturbs_nobody(house: House) -> None:
    with delivering(house, "again") as wecom:
        wecom.more(20)
        house.manage("migrate", "--no-input", "-v", "0", DATABASE_OWNER_URL=house.cluster.url_owner)
        wecom.more(20)
    assert wecom.slowest < 3


def test_every_column_that_the_door_does_not_name_has_a_default_in_the_database(house: House) -> None:
    said = """SELECT column_name FROM information_schema.columns WHERE table_name = 'wecom_letter'
              AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'"""
    needed = {name for (name,) in house.query(said)}
    named = set(commit.INSERT.split("(")[1].split(")")[0].replace("\n", " ").replace(" ", "").split(","))
    assert needed <= named


def test_migrations_wait_for_a_lock_for_two_seconds_at_most() -> None:
    said = (Path(__file__).parents[2] / "scrm/settings.py").read_text()
    assert "lock_timeout={2_000 if AS_OWNER" in said
    assert "lock_timeout" in DATABASES["default"]["OPTIONS"]["options"]
