from collections.abc import Iterator

import pytest

from scrm.embedded import postgres
from tests.chaos.house import House, a_port, environment


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
    opened.as_superuser("TRUNCATE wecom_letter, members_member, guides_relationfact CASCADE")
    return opened
