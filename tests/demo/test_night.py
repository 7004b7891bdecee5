"""After the demo's one night no board says that it was not counted yet."""

import pytest
from django.test import Client

from scrm.demo import night
from tests.cast import Cast


@pytest.mark.django_db
def test_after_the_night_reach_and_health_are_counted(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    pages = ("/customers/reach/", "/dashboard/data-health/")
    before = [client.get(page).content.decode() for page in pages]
    night.pass_by()
    after = [client.get(page).content.decode() for page in pages]
    assert all("尚未统计" in page or "还没有统计" in page for page in before)
    assert not any("尚未统计" in page or "还没有统计" in page for page in after)
