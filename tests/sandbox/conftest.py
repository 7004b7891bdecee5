"""A sandbox with a clock that stands still, driven without threads and ports; the API is called as HTTP would."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scrm.sandbox import Sandbox
from scrm.sandbox.http import Request
from scrm.sandbox.nouns import User

NOON = 1_790_049_600  # 2026-09-22 12:00 in China
RECEIVER = "http://receiver.test/callback"


class Receiver:
    """Takes letters in place of the network; answers 200 unless told otherwise."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.answers: list[int | None] = []

    def __call__(self, url: str, body: bytes, timeout: float) -> tuple[int | None, str]:
        self.got.append((url, body))
        return (self.answers.pop(0) if self.answers else 200), ""


class Api:
    """Calls of /cgi-bin with a good token."""

    def __init__(self, wx: Sandbox) -> None:
        self.wx = wx
        self.token = wx.tokens.give(wx.app).text

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self.ask(Request("GET", "/cgi-bin/" + path, {"access_token": self.token, **query}))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.raw(path, json.dumps(body).encode())

    def raw(self, path: str, body: bytes, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any]:
        return self.ask(Request("POST", "/cgi-bin/" + path, {"access_token": self.token, **query}, headers or {}, body))

    def ask(self, request: Request) -> dict[str, Any]:
        response = self.wx.answer(request)
        assert response is not None
        assert response.status == 200
        return json.loads(response.body)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def wx(receiver: Receiver) -> Iterator[Sandbox]:
    sandbox = Sandbox(seed=7, stores=3, frozen_at=NOON, send=receiver, callback_url=RECEIVER)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def api(wx: Sandbox) -> Api:
    return Api(wx)


@pytest.fixture
def cai(wx: Sandbox) -> User:
    """A guide who may have customers."""
    return next(user for user in wx.corp.users.values() if user.position == "导购")


@pytest.fixture
def dong(wx: Sandbox, cai: User) -> User:
    """Another guide, of another store."""
    return next(u for u in wx.corp.users.values() if u.position == "导购" and u.departments != cai.departments)


@pytest.fixture
def mei(wx: Sandbox) -> str:
    return wx.customer(name="梅")


def deliver(wx: Sandbox) -> None:
    """Send every letter that is due now."""
    while wx.courier.step():
        pass


def changes(wx: Sandbox) -> list[str]:
    """The ChangeType of each letter so far."""
    return [field(row["xml"], "ChangeType") for row in wx.letters()]


def field(xml: str, name: str) -> str:
    """A field of a letter, "" when it is not there."""
    _, found, rest = xml.partition(f"<{name}>")
    return rest.partition(f"</{name}>")[0].removeprefix("<![CDATA[").removesuffix("]]>") if found else ""


def last(wx: Sandbox) -> str:
    return str(wx.letters()[-1]["xml"])
