from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from scrm import clock
from stores.models import ApiToken, Person
from tests.cast import Cast

Caller = Callable[..., APIClient]


class Json(APIClient):
    default_format = "json"


@pytest.fixture
def calling() -> Caller:
    """`calling(ben)` is a client that carries Ben's token; `calling()` carries none."""

    def client(person: Person | None = None) -> APIClient:
        api = Json(raise_request_exception=False)
        if person is not None:
            api.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(person, at=clock.now())}")
        return api

    return client


@pytest.fixture
def shop(cast: Cast) -> Any:
    """A code at each of two stores; Mei came through Ben's store's, Lan through Fang's."""
    from tests.cast import LAN, MEI

    here, there = cast.code(), cast.code(cast.fangs_first)
    cast.add(MEI, "cai", code=here)
    cast.add(LAN, "gu", code=there)
    return here, there
