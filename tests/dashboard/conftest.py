from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from scrm.dashboard import facts
from tests.cast import LAN, MEI, NOW, Cast, after


@pytest.fixture
def small(cast: Cast) -> Cast:
    """Mei and Lan at Nanjing Road, Mei at Xujiahui as well, two at Fang's; one of them has left."""
    till = cast.code()
    cast.add(MEI, "cai", code=till, at=after(days=-9))
    cast.add(LAN, "ben", at=after(days=-2))
    cast.add(MEI, "dong", at=after(days=-1))
    cast.add("wmQing", "gu", at=after(days=-4))
    cast.add("wmHong", "gu", at=after(days=-3))
    cast.tell("wmHong", "gu", "cust_del", at=after(days=-1))
    facts.fill_all(at=NOW)
    return cast


@pytest.fixture
def noon():  # type: ignore[no-untyped-def]
    """Pages read the clock; here it is some seconds after NOW."""
    with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
        yield


@pytest.fixture
def visit(client: Client, noon: None):  # type: ignore[no-untyped-def]
    """`visit(ben, "/dashboard/")`: what that person gets."""

    def get(viewer, path, **how):  # type: ignore[no-untyped-def]
        client.force_login(viewer)
        return client.get(path, follow=True, **how)

    return get
