"""Events through the API: a verdict for each row, lists as far as stores are seen, and pushes with a proof."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from members import pushes, sources
from members.feeds import signatures
from members.models import Delivery, Event, Member, Order, Push, Source
from scrm import clock
from scrm.audit.models import Entry
from tests.api.conftest import Caller
from tests.cast import Cast

BATCH, LIST = "/api/v1/events/batch/", "/api/v1/events/"
BODY = (Path(__file__).parents[1] / "corpus" / "sources" / "wechat_shop_order.json").read_bytes()
PUSH = "/api/v1/sources/wxshop/push/"


def row(number: str = "e1", **said: Any) -> dict[str, Any]:
    at = (clock.now() - timedelta(hours=1)).isoformat()
    told = {"source": "mini", "number": number, "kind": "live_entered", "at": at, "payload": {"room": "R1"}}
    return {**told, "buyer": {"openid": "oLan", "app": "wx"}, **said}


@pytest.fixture
def shop(cast: Cast) -> Source:
    return sources.register("wxshop", by=cast.ada, at=clock.now(), kind="adapter", adapter="wechat_shop")


def test_a_batch_is_answered_row_by_row(cast: Cast, calling: Caller) -> None:
    told = [row("1"), row("2", kind="slept"), 7, row("3", source=""), row("4", source="no code"), row("5", source="b")]
    answer = calling(cast.ada).post(BATCH, {"events": told})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["index"] for one in results] == list(range(6))
    assert [one["status"] for one in results] == ["created", *["rejected"] * 4, "created"]
    assert all("error" in one for one in results[1:5])
    assert {(d.source.code, d.rows, d.rejected) for d in Delivery.objects.all()} == {("mini", 2, 1), ("b", 1, 0)}


def test_a_batch_is_one_entry_of_the_book(cast: Cast, calling: Caller) -> None:
    told = [row("1"), row("2", kind="slept")]
    for status in ("created", "unchanged"):
        calling(cast.ada).post(BATCH, {"events": told})
        one = Entry.objects.filter(verb="event.sent").latest("pk")
        assert (one.actor_id, one.rows, one.detail) == (cast.ada.pk, 2, {"sources": ["mini"], status: 1, "rejected": 1})
    assert Entry.objects.filter(verb="event.sent").count() == 2


def test_signs_that_no_column_takes_break_nothing(cast: Cast, calling: Caller) -> None:
    odd = "\ud800\0"
    told = [
        row(f"n{odd}"),
        row("2", payload={"room": "r", f"x{odd}\n": 1}),
        row("3", source=f"a{odd}"),
        row("4", store=odd),
    ]
    told += [row("5", payload={"room": odd}), row("6", buyer={"openid": odd}), row("7", guide=odd), row("8", kind=odd)]
    body = json.dumps({"events": told})
    answer = calling(cast.ada).generic("POST", BATCH, body, "application/json")
    assert answer.status_code == 200
    assert {one["status"] for one in answer.json()["results"]} == {"rejected"}
    assert calling().generic("POST", "/api/v1/sources/%00/push/", b"x", "application/json").status_code == 401


@pytest.mark.parametrize("body", [{}, [], {"events": {}}, {"events": [1] * 1001}])
def test_what_is_no_batch_is_refused_whole(cast: Cast, calling: Caller, body: Any) -> None:
    assert calling(cast.ada).post(BATCH, body).status_code == 400
    assert not Event.objects.exists()


def test_who_may_send(cast: Cast, calling: Caller) -> None:
    for person in (cast.ann, cast.ben, cast.cai, cast.fang, cast.ivy, cast.eve):
        assert calling(person).post(BATCH, {"events": [row()]}).status_code == 403, person.username
    assert calling().post(BATCH, {"events": [row()]}).status_code == 401
    assert not Event.objects.exists()


def test_a_key_is_answered_once(cast: Cast, calling: Caller) -> None:
    api, body = calling(cast.ada), {"events": [row()]}
    first = api.post(BATCH, body, headers={"Idempotency-Key": "k"}).json()
    assert api.post(BATCH, body, headers={"Idempotency-Key": "k"}).json() == first
    assert Delivery.objects.count() == 1


def test_the_list_shows_to_each_what_his_stores_saw(cast: Cast, calling: Caller) -> None:
    here = row("here", store=cast.nanjing_road.code, guide="cai")
    there = row("there", store=cast.fangs_first.code)
    calling(cast.ada).post(BATCH, {"events": [here, there, row("nowhere")]})
    sees = {"ada": 3, "ann": 3, "rita": 1, "ben": 1, "cai": 1, "dong": 0, "fang": 1}
    for name, count in sees.items():
        assert len(calling(getattr(cast, name)).get(LIST).json()["results"]) == count, name
    for name in ("ivy", "eve"):
        assert calling(getattr(cast, name)).get(LIST).status_code == 403
    (one,) = calling(cast.fang).get(LIST).json()["results"]
    assert (one["number"], one["payload"], one["guide"]) == ("there", {"room": "R1"}, None)


def test_the_list_is_filtered(cast: Cast, calling: Caller) -> None:
    api = calling(cast.ada)
    api.post(BATCH, {"events": [row("1"), row("2", kind="app_opened", payload={}, buyer={"unionid": "u" * 28})]})
    member = Member.objects.get(identities__kind="unionid")
    for query, count in (
        ("kind=app_opened", 1),
        ("source=mini", 2),
        (f"member={member.public_id}", 1),
        ("number=1", 1),
    ):
        assert len(api.get(f"{LIST}?{query}").json()["results"]) == count, query
    assert api.get(f"{LIST}?kind=slept").status_code == 400


def test_a_signed_push_is_kept_and_answered_at_once(shop: Source, cast: Cast, calling: Caller) -> None:
    secret = sources.new_secret(shop, by=cast.ada, at=clock.now())
    seconds = str(int(clock.now().timestamp()))
    proof = {"X-Timestamp": seconds, "X-Signature": signatures.of(secret, seconds, BODY)}
    for kept in (True, False):
        answer = calling().generic("POST", PUSH, BODY, "application/json", headers=proof)
        assert (answer.status_code, answer.json()) == (202, {"kept": kept})
    assert Push.objects.get().by is None


def test_a_bad_signature_and_a_source_that_is_none_are_told_alike(shop: Source, cast: Cast, calling: Caller) -> None:
    secret = sources.new_secret(shop, by=cast.ada, at=clock.now())
    now = int(clock.now().timestamp())
    old = str(now - 301)
    for seconds, signature in (
        (str(now), "0" * 64),
        (old, signatures.of(secret, old, BODY)),
        ("", ""),
        (str(now), "é"),
    ):
        proof = {"X-Timestamp": seconds, "X-Signature": signature}
        answers = [
            calling().generic("POST", path, BODY, "application/json", headers=proof)
            for path in (PUSH, "/api/v1/sources/nobody/push/")
        ]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert not Push.objects.exists()


YOUZAN = Path(__file__).parents[1] / "corpus" / "sources" / "youzan_trade.json"
CLIENT, SECRET = "d1a6e4e7f0c3b2a190", "5f3c0d2e1b4a69788796a5b4c3d2e1f0"


@pytest.fixture
def youzan(cast: Cast) -> str:
    options = {"store": cast.nanjing_road.code}
    shop = sources.register("yz", by=cast.ada, at=clock.now(), kind="adapter", adapter="youzan", options=options)
    sources.take_secret(shop, SECRET, by=cast.ada, at=clock.now())
    return "/api/v1/sources/yz/push/"


def message(msg: str, **said: Any) -> bytes:
    sign = hashlib.md5(f"{CLIENT}{msg}{SECRET}".encode()).hexdigest()
    told = {"mode": 1, "client_id": CLIENT, "type": "trade_TradePaid", "msg": msg, "sign": sign, "test": False}
    return json.dumps({**told, **said}).encode()


def test_youzan_s_own_signature_over_the_encoded_msg(youzan: str, cast: Cast, calling: Caller) -> None:
    trade = json.loads(YOUZAN.read_bytes())["data"]
    body = message(quote(json.dumps(trade, ensure_ascii=False)))
    for _time in range(2):
        answer = calling().generic("POST", youzan, body, "application/json")
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "success"})
    assert pushes.lane(clock.now()) == 1
    assert Order.objects.get().number == "E20260302143713093806201"


def test_youzan_s_signature_of_the_whole_body(youzan: str, calling: Caller) -> None:
    body = YOUZAN.read_bytes()
    sign = hashlib.md5(CLIENT.encode() + body + SECRET.encode()).hexdigest()
    for told, status in ((sign, 200), (sign.upper(), 200), ("0" * 32, 401), ("é", 401)):
        headers = {"Event-Sign": told, "Client-Id": CLIENT}
        assert calling().generic("POST", youzan, body, "application/json", headers=headers).status_code == status
    assert Push.objects.count() == 1


def test_youzan_s_trials_are_answered_and_not_kept(youzan: str, calling: Caller) -> None:
    assert calling().generic("POST", youzan, message("", test=True), "application/json").status_code == 200
    assert not Push.objects.exists()


def test_what_youzan_did_not_sign_is_refused(youzan: str, shop: Source, cast: Cast, calling: Caller) -> None:
    sources.take_secret(shop, SECRET, by=cast.ada, at=clock.now())  # of a system that signs otherwise
    good = message("%7B%7D")
    other = good.replace(b"%7B%7D", b"%7B%20%7D")
    forged = [other, message("", sign="0" * 32), message("", sign=7), message("", test=True, sign=""), b"[]", b"{"]
    for path, body in ((PUSH, good), *((youzan, body) for body in forged)):
        assert calling().generic("POST", path, body, "application/json").status_code == 401
    assert not Push.objects.exists()


def test_a_push_with_a_token_needs_the_right_to_send(shop: Source, cast: Cast, calling: Caller) -> None:
    def push(person: Any, path: str = PUSH) -> int:
        return int(calling(person).generic("POST", path, BODY, "application/json").status_code)

    assert push(cast.ben) == 403
    assert push(cast.ada) == 202
    assert push(cast.ada, "/api/v1/sources/nobody/push/") == 404
    assert Push.objects.get().by == cast.ada


def test_sources_are_listed_to_those_who_keep_them(shop: Source, cast: Cast, calling: Caller) -> None:
    (one,) = calling(cast.ada).get("/api/v1/sources/").json()["results"]
    assert (one["code"], one["adapter"], one["state"], one["owner"]) == ("wxshop", "wechat_shop", "live", None)
    assert "secret" not in one
    assert calling(cast.ben).get("/api/v1/sources/").status_code == 403
