"""The sample brand in the product: who may log in, and that a second start changes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Welcome
from guides import roster
from guides.models import Code
from scrm import sandbox
from scrm.demo import brand
from scrm.wecom import corps
from scrm.wecom.models import Corp
from stores.models import Contract, Franchisee, Seat, Store

AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 9, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def learnt(stores: int, settings: Any) -> Iterator[None]:
    with sandbox.running(seed=1, stores=stores) as wecom:
        settings.WECOM_API_BASE_URL = wecom.base_url
        named = ("corp_id", "agent_id", "secret", "token", "aes_key", "slug")
        corps.connect(**{name: getattr(wecom, name) for name in named}, api_base_url=wecom.base_url, at=AT)
        assert roster.sync(Corp.objects.get(), at=LONG_AGO)
        brand.furnish(at=AT, began_at=LONG_AGO)
        yield


@pytest.fixture
def house(settings: Any) -> Iterator[None]:
    yield from learnt(12, settings)


@pytest.fixture
def small_house(settings: Any) -> Iterator[None]:
    yield from learnt(1, settings)


def everything() -> list[int]:
    return [kind.objects.count() for kind in (Store, Contract, Franchisee, Seat, Code, Welcome)]


def test_the_sample_brand_has_its_size(house: None) -> None:
    assert Store.objects.count() == 12
    assert Store.objects.values("region").distinct().count() == 3
    assert Franchisee.objects.count() == 2
    assert Contract.objects.filter(starts_on=LONG_AGO.date()).count() == 4


def test_a_second_start_changes_nothing(house: None) -> None:
    before = everything()
    brand.furnish(at=AT, began_at=LONG_AGO)
    assert everything() == before


def test_each_store_has_codes_that_wecom_will_be_told_of(house: None) -> None:
    assert Store.objects.filter(codes=None).count() == 0
    assert Code.objects.unpushed().count() == Code.objects.count()


@pytest.mark.parametrize("size", ["house", "small_house"])
def test_somebody_of_each_role_can_log_in(size: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(size)
    logins = {login.role: login for login in brand.people()}
    assert set(logins) == {"hq", "analyst", "region", "franchise", "manager", "guide"}
    assert all(Client().login(username=login.username, password=login.password) for login in logins.values())


def test_passwords_stay_and_differ_from_demo_to_demo(house: None, settings: Any) -> None:
    first = brand.people()
    assert brand.people() == first
    settings.SECRET_KEY = settings.SECRET_KEY + "of another demo"
    assert not {login.password for login in first} & {login.password for login in brand.people()}
