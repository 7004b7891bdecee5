"""WeCom's API as far as one test needs it: answers by path, and a record of what was asked."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses

BASE = "http://127.0.0.1:9"
OK = {"errcode": 0, "errmsg": "ok"}

Answer = dict[str, Any] | str | int | BaseException


class Wire:
    """`wire.says("user/get", a, b)` answers a, then b for ever; a number is an errcode, an exception is raised."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.tokens = 0
        self.scripts: dict[str, list[Answer | Callable[[dict[str, str]], Answer]]] = {}
        self.says("gettoken", self._token)

    def says(self, api: str, *answers: Answer | Callable[[dict[str, str]], Answer]) -> None:
        if api not in self.scripts:
            for method in ("GET", "POST"):
                self.mock.add_callback(method, f"{BASE}/cgi-bin/{api}", lambda request: self._answer(api, request))
        self.scripts[api] = list(answers)

    def _token(self, _query: dict[str, str]) -> dict[str, Any]:
        self.tokens += 1
        return {**OK, "access_token": f"token-{self.tokens}", "expires_in": 7200}

    def _answer(self, api: str, request: Any) -> tuple[int, dict[str, str], str]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        self.asked.append((api, query, _body(request)))
        script = self.scripts[api]
        said = script.pop(0) if len(script) > 1 else script[0]
        said = said(query) if callable(said) and not isinstance(said, BaseException) else said
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, int):
            said = {"errcode": said, "errmsg": f"refused, hint: [1], from ip: 1.2.3.4, e={said}"}
        return 200, {}, said if isinstance(said, str) else json.dumps(said)

    def count(self, api: str) -> int:
        return sum(asked == api for asked, _, _ in self.asked)

    def bodies(self, api: str) -> list[Any]:
        return [body for asked, _, body in self.asked if asked == api]


def _body(request: Any) -> Any:
    if not request.body or "multipart" in (request.headers.get("Content-Type") or ""):
        return request.body
    return json.loads(request.body)


TIMEOUT = requests.ReadTimeout("Read timed out. access_token=secret")
NO_CONNECTION = requests.ConnectTimeout("no route")
