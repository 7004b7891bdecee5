"""WeCom's side of signing in, as answers that a test chooses."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.test import Client

from scrm.wecom import client
from tests.cast import Cast
from tests.corpus.oauth import CODE

BASE = "https://qyapi.weixin.qq.com/cgi-bin/"
TOKEN = "canary-access-token-of-the-app"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 wxwork/4.1.36 MicroMessenger/7.0.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36"


class Wecom:
    """What WeCom answers when it is asked who came."""

    def __init__(self, wire: responses.RequestsMock) -> None:
        self.wire = wire
        good = {"errcode": 0, "errmsg": "ok", "access_token": TOKEN, "expires_in": 7200}
        wire.add("GET", BASE + "gettoken", json=good)
        wire.add("GET", BASE + "externalcontact/get_follow_user_list", json={"errcode": 0, "follow_user": ["newbie"]})

    def answers(self, said: Any, http: int = 200, api: str = "auth/getuserinfo") -> None:
        how: dict[str, Any] = {"json": said} if isinstance(said, dict) else {"body": said}
        self.wire.upsert("GET", BASE + api, status=http, **how)

    def asked(self) -> int:
        return sum("auth/getuserinfo" in str(call.request.url) for call in self.wire.calls)


@pytest.fixture
def wecom(cast: Cast) -> Iterator[Wecom]:
    client.forget_clients()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield Wecom(wire)


Comes = Callable[..., Any]


def sets_out(browser: Client, to: str = "/login/wecom/", **query: str) -> str:
    """The state with which this browser is on its way to WeCom."""
    where = browser.get(to, query)["Location"]
    return parse_qs(urlsplit(where).query)["state"][0]


@pytest.fixture
def comes(wecom: Wecom) -> Comes:
    """`comes(browser, "cai")`: she goes to WeCom and comes back; what our door answers."""

    def go(browser: Client, userid: str = "cai", **query: str) -> Any:
        wecom.answers({"errcode": 0, "errmsg": "ok", "userid": userid})
        state = sets_out(browser, **query)
        return browser.get("/login/wecom/back/", {"code": CODE, "state": state})

    return go
