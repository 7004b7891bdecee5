"""A corp with an app and a receiver, a route table for tests, and WeCom's side of the wire."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
import responses
from django.db import connection

from scrm import clock
from scrm.wecom import client, corps, front, receivers
from scrm.wecom.models import Letter, Receiver
from tests.corpus.callback_seal import Sender, added
from tests.wecom.wire import BASE, Wire

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECRET = "canary-secret-of-the-app-0123456789abcdefgh"


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def receiver(db: None, sender: Sender) -> Receiver:
    client.forget_clients()
    return corps.connect(
        corp_id=sender.receiveid,
        agent_id=1000002,
        secret=SECRET,
        token=sender.token,
        aes_key=sender.aes_key,
        slug="acme",
        api_base_url=BASE,
        at=NOW,
    )


@pytest.fixture
def routes(settings: Any) -> Iterator[ModuleType]:
    """An empty route table that a test fills."""
    table = ModuleType("tests.wecom.table")
    table.ROUTES, table.FIRST, table.ANSWERS, table.LOOKUPS, table.LANES = {}, None, {}, {}, ()  # type: ignore[attr-defined]
    sys.modules[table.__name__] = table
    settings.WECOM_ROUTES = table.__name__
    yield table
    del sys.modules[table.__name__]


@pytest.fixture
def deliver(receiver: Receiver, sender: Sender, routes: ModuleType) -> Callable[..., Letter | None]:
    """`deliver(userid=…, external_userid=…)` puts a letter through the door and gives its row."""

    def through_the_door(xml: bytes | None = None, *, at: datetime = NOW, **fields: Any) -> Letter | None:
        letter = xml if xml is not None else added(**{"at": int(at.timestamp()), **fields})
        query, body = sender.post(letter)
        book = receivers.Book(front.load_through_django)
        said = front.answer(
            "POST",
            "/wecom/callback/acme/",
            query.encode(),
            lambda: body,
            book=book,
            put=front.put_through_django,
            at=at,
        )
        assert (said.status, said.body) == ("200 OK", b"success")
        return Letter.objects.order_by("pk").last()

    return through_the_door


@pytest.fixture
def later() -> Callable[[float], datetime]:
    return lambda seconds: NOW + timedelta(seconds=seconds)


@pytest.fixture
def own_connection(transactional_db: None) -> Iterator[None]:
    """For what commits by itself: the door's own connection reaches the test database as Django's does."""
    yield
    front.group._hang_up()
    connection.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Wire(mock)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`at(instant)` sets the clock of whoever looks at one; it stands at NOW."""

    def stand(instant: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    stand(NOW)
    return stand


@pytest.fixture
def voice(receiver: Receiver, wire: Wire, at: Any) -> client.Client:
    return client.client_for(receiver.corp, receiver.app)
