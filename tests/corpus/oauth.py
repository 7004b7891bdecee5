"""Area: the way back from WeCom. What a browser brings, what WeCom answers about it, and what must come of that.

`{state}` stands for the state that this browser was given; a query without a good state never asks WeCom anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

CODE = "CODEcodeCODEcodeCODEcode"
CAI = {"errcode": 0, "errmsg": "ok", "userid": "cai"}


@dataclass(frozen=True)
class Case:
    """A request to /login/wecom/back/, WeCom's answer to the code (JSON, a body or an error), and the status."""

    name: str
    query: str
    status: int
    answer: Any = None
    http: int = 200
    asks: bool = True

    @property
    def is_good(self) -> bool:
        return self.status == 302


def cases() -> Iterator[Case]:
    yield from bad_states()
    yield from bad_codes()
    yield from strange_people()
    yield from wecoms_refusals()
    yield from no_answers()
    yield from good_ones()


def bad_states() -> Iterator[Case]:
    def case(name: str, query: str) -> Case:
        return Case(name, query, 400, CAI, asks=False)

    yield case("no query at all", "")
    yield case("no state", f"code={CODE}")
    yield case("an empty state", f"code={CODE}&state=")
    yield case("a state of somebody else", f"code={CODE}&state={'0' * 32}")
    yield case("a state in capitals", f"code={CODE}&state={{STATE}}")
    yield case("a state with more behind it", f"code={CODE}&state={{state}}0")
    yield case("a state cut short", f"code={CODE}&state=a")
    yield case("two states", f"code={CODE}&state={{state}}&state={{state}}")
    yield case("a state as an array", f"code={CODE}&state[]={{state}}")
    yield case("a state of 10,000 signs", f"code={CODE}&state={'a' * 10_000}")
    yield case("a state with a line break", f"code={CODE}&state={{state}}%0d%0aSet-Cookie:x=1")
    yield case("a state in Chinese", f"code={CODE}&state=%E7%8A%B6%E6%80%81")
    yield case("a state of broken bytes", f"code={CODE}&state=%ff%fe")
    yield case("a state that names an attribute", f"code={CODE}&state=__class__")
    yield case("a NUL in the state", f"code={CODE}&state={{state}}%00")


def bad_codes() -> Iterator[Case]:
    yield Case("she refuses: no code", "state={state}", 403, CAI, asks=False)
    yield Case("she refuses: an empty code", "code=&state={state}", 403, CAI, asks=False)
    yield Case("two codes", f"code={CODE}&code=x&state={{state}}", 400, CAI, asks=False)
    yield Case("a code as an array", f"code[]={CODE}&state={{state}}", 403, CAI, asks=False)
    yield Case("a code of 513 signs", f"code={'c' * 513}&state={{state}}", 400, CAI, asks=False)
    yield Case("a code of 100,000 signs", f"code={'c' * 100_000}&state={{state}}", 400, CAI, asks=False)
    yield Case("a code with a line break", f"code={CODE}%0d%0ax&state={{state}}", 400, CAI, asks=False)
    yield Case("a code in Chinese", "code=%E4%BB%A3%E7%A0%81&state={state}", 400, CAI, asks=False)


def strange_people() -> Iterator[Case]:
    def case(name: str, status: int, **said: Any) -> Case:
        return Case(name, f"code={CODE}&state={{state}}", status, {"errcode": 0, "errmsg": "ok", **said})

    yield case("a customer", 403, openid="oAbc", external_userid="wmAbc")
    yield case("somebody with only an openid", 403, openid="oAbc")
    yield case("somebody of a linked corp", 403, userid="ww1234567890/cai")
    yield case("nobody at all", 502)
    yield case("an empty userid", 502, userid="")
    yield case("a userid that is a number", 502, userid=7)
    yield case("a userid that is a list", 502, userid=["cai"])
    yield case("a userid that is null", 502, userid=None)
    yield case("a userid with a NUL, which our gateway drops from each answer", 302, userid="cai\0")
    yield case("a userid with a line break", 502, userid="cai\r\nx")
    yield case("a userid of 65 signs", 502, userid="c" * 65)
    yield case("a userid of half a character", 502, userid="\ud800")
    yield case("a userid with a wildcard", 403, userid="c%")


def wecoms_refusals() -> Iterator[Case]:
    for errcode, status in (
        (40029, 400), (42003, 400), (42022, 400), (41008, 400), (50001, 502), (60011, 403), (60111, 403),
        (60020, 502), (48002, 502), (50003, 502), (-1, 503), (6000, 503), (45009, 503), (45033, 503), (999999, 502),
        (40014, 502), (42001, 502),
    ):  # fmt: skip
        said = {"errcode": errcode, "errmsg": f"no, hint: [1], from ip: 1.2.3.4, code={CODE}"}
        yield Case(f"WeCom says {errcode}", f"code={CODE}&state={{state}}", status, said)


def no_answers() -> Iterator[Case]:
    def case(name: str, answer: Any, http: int = 200) -> Case:
        return Case(name, f"code={CODE}&state={{state}}", 503, answer, http)

    yield case("HTML", "<html><body>sorry</body></html>")
    yield case("HTTP 500", "oops", 500)
    yield case("HTTP 502 with JSON", {"errcode": 0, "userid": "cai"}, 502)
    yield case("an answer that redirects", "", 302)
    yield case("nothing", "")
    yield case("JSON cut off", '{"errcode":0,"userid":"ca')
    yield case("a list", "[]")
    yield case("an errcode in letters", {"errcode": "0", "userid": "cai"})
    yield case("a time-out", requests.ReadTimeout(f"code={CODE}"))
    yield case("no connection", requests.ConnectionError(f"code={CODE}"))


def good_ones() -> Iterator[Case]:
    query = f"code={CODE}&state={{state}}"
    yield Case("a guide", query, 302, CAI)
    yield Case("a userid in capitals", query, 302, {**CAI, "userid": "CAI"})
    yield Case("a ticket beside it", query, 302, {**CAI, "user_ticket": "T" * 512})
    yield Case("fields that we do not know", query, 302, {**CAI, "new": {"a": [1]}})
    yield Case("more in the address", query + "&appid=x", 302, CAI)
    yield Case("a code of 512 signs", f"code={'c' * 512}&state={{state}}", 302, CAI)


# Where somebody says she wants to go afterwards; none of it leads away from us.
ELSEWHERE = (
    "//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example", "https://evil.example/",
    "http:evil.example", "http:///evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x",
    "\t//evil.example", " //evil.example", "https://testserver@evil.example/",
    "https://testserver.evil.example/", "//testserver:80@evil.example", "ftp://testserver/", "/login/", "/login/wecom/",
    "/admin/login/?next=//evil.example", "http://[evil", "",
)  # fmt: skip
