"""What is down: the broker (always, here), the workers, or PostgreSQL's will to write."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.chaos.house import House, until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("chaos"),
    pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="finds the victims by /proc"),
]


def test_without_a_broker_letters_are_applied_within_seconds(house: House) -> None:
    people = [f"wmBroker{n}" for n in range(20)]
    assert {house.deliver(who) for who in people} == {200}
    until(lambda: not house.faults(set(people)), seconds=8)


def test_without_workers_answers_are_as_quick_and_nothing_is_forgotten(house: House) -> None:
    house.kill(house.worker)
    took = [timed(house, f"wmIdle{n}") for n in range(200)]
    assert sorted(took)[197] < 1
    assert house.query("SELECT count(*) FROM wecom_letter WHERE state = 'waiting'") == [(200,)]
    house.open()
    house.all_applied()
    assert not house.faults({f"wmIdle{n}" for n in range(200)})


def timed(house: House, who: str) -> float:
    began = time.monotonic()
    assert house.deliver(who) == 200
    return time.monotonic() - began


@pytest.fixture
def read_only(house: House) -> Iterator[House]:
    """PostgreSQL answers questions and writes nothing, as a replica does after a failover."""
    house.as_superuser("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    yield house
    house.as_superuser("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


def test_a_database_that_does_not_write_is_503_and_the_letter_comes_again(read_only: House) -> None:
    until(lambda: read_only.deliver("wmAgain") == 503, seconds=5)
    assert read_only.deliver("wmAgain") == 503
    read_only.as_superuser("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
    until(lambda: read_only.deliver("wmAgain") == 200, seconds=5)
    read_only.all_applied()
    assert not read_only.faults({"wmAgain"})
