import pytest

from tests import cast


@pytest.fixture
def all_of_us(db: None) -> cast.Cast:
    return cast.assemble()
