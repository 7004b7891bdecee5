from collections.abc import Iterator

import pytest
from psycopg.errors import DeadlockDetected

from scrm.embedded import postgres
from tests.chaos.house import House, a_port, environment, until


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("chaos")
    cluster = postgres.start(folder / "pg")
    house = House(cluster, folder, environment(cluster, folder), a_port())
    try:
        house.furnish()
        yield house
    finally:
        house.close()
        postgres.remove(folder / "pg")


@pytest.fixture
def house(opened: House) -> House:
    """Everything runs and nothing waits."""
    opened.open()
    until(lambda: _emptied(opened))
    return opened


def _emptied(house: House) -> bool:
    """Whether nothing is there any more: the worker reads meanwhile, and one of the two gives way."""
    try:
        house.as_superuser("TRUNCATE wecom_letter, members_member, guides_relationfact CASCADE")
    except DeadlockDetected:
        return False
    return True
