from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from scrm import clock
from stores.models import Person
from tests.cast import Cast, assemble
from tests.dashboard.busy import fill_the_house


@pytest.fixture
def house(transactional_db: None) -> Cast:
    """The cast in a busy brand, up to this moment, since pages read the clock."""
    cast = assemble()
    fill_the_house(cast, at=clock.now(), days=16)
    return cast


OVERTAKEN = ("htmx:sendAbort", "htmx:afterRequest")  # what htmx says of a request that the next deed broke off


@pytest.fixture
def opened(live_server: Any, new_page: Callable[..., Any]) -> Callable[..., Any]:
    """`opened(ada, "/dashboard/", width=390)`: the page as that person sees it; nothing in it may go wrong."""
    pages = []

    def go(viewer: Person, path: str, *, width: int = 1280, language: str = "", **how: Any) -> Any:
        client = Client()
        client.force_login(viewer)
        page = new_page(width=width, **how)
        cookies = {"sessionid": client.cookies["sessionid"].value} | ({"django_language": language} if language else {})
        page.context.add_cookies([{"name": k, "value": v, "url": live_server.url} for k, v in cookies.items()])
        page.faults = []
        page.on("console", lambda said: page.faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))
        page.goto(live_server.url + path)
        pages.append(page)
        return page

    yield go
    for page in pages:
        assert [fault for fault in page.faults if not fault.startswith(OVERTAKEN)] == []
