"""An installation as docs/deploy.md describes it, with a sandbox in the place of WeCom."""

from collections.abc import Iterator

import pytest

from scrm.embedded import postgres, valkey
from tests.operations.units import Installation


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Migrated, with its static files; nothing runs yet."""
    folder = tmp_path_factory.mktemp("deploy")
    (folder / "metrics").mkdir()
    cluster, broker = postgres.start(folder / "pg"), valkey.start(folder / "valkey")
    house = Installation(folder, cluster, broker)
    try:
        house.bootstrap()
        house.migrate()
        house.manage("collectstatic", "--no-input", "-v", "0")
        yield house
    finally:
        house.stop()
        valkey.remove(folder / "valkey")
        postgres.remove(folder / "pg")
