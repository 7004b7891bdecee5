"""Each tab of a customer's page has an address of its own, and offers only what its viewer can read."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import MEI, Cast

pytestmark = pytest.mark.django_db


def customer_of(cast: Cast) -> str:
    return cast.add(MEI, "ben").member.public_id


def seen(client: Client, viewer: object, address: str) -> str:
    client.force_login(viewer)  # type: ignore[arg-type]
    return client.get(address).content.decode()


@pytest.mark.parametrize("tab", ["orders", "consents"])
def test_a_tab_can_be_opened_by_its_address(cast: Cast, client: Client, tab: str) -> None:
    address = reverse("members:customer", args=[customer_of(cast)])
    page = seen(client, cast.ada, f"{address}?tab={tab}")
    assert f'id="tab" hx-get="{address}{tab}/' in page and f'href="?tab={tab}"' in page
    assert page.count('aria-current="true"') == 1


def test_an_unknown_tab_is_the_first(cast: Cast, client: Client) -> None:
    address = reverse("members:customer", args=[customer_of(cast)])
    assert f'id="tab" hx-get="{address}timeline/' in seen(client, cast.ada, f"{address}?tab=nonsense")


def test_the_story_offers_no_kind_that_nobody_can_read(cast: Cast, client: Client) -> None:
    address = reverse("members:customer_timeline", args=[customer_of(cast)])
    hq, guide = seen(client, cast.ada, address), seen(client, cast.ben, address)
    assert "kind=merge" in hq and "kind=merge" not in guide
    assert "kind=points" not in hq + guide and "kind=order" in guide
