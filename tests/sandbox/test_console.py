"""The sandbox's admin console: what an administrator sets is what an app then may and hears."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from scrm.sandbox import Sandbox, crypto
from scrm.sandbox.control.routes import Wrong
from scrm.sandbox.http import Request
from scrm.sandbox.nouns import App
from tests.sandbox.conftest import Api

TOKEN, AES_KEY = "TokenOfTheOwnCorp", "a" * 43


class OwnApi(Api):
    """Calls with the token of an own corp's app."""

    def __init__(self, wx: Sandbox, app: App) -> None:
        self.wx = wx
        self.token = wx.tokens.give(app).text


@pytest.fixture
def own(wx: Sandbox) -> dict[str, Any]:
    """An own corp with an app as the console makes it."""
    corp = wx.do("POST", "corps", name="我的品牌", stores=2)
    return dict(wx.do("POST", "console/apps", corp_id=corp["corp_id"], name="掌柜"))


@pytest.fixture
def act(wx: Sandbox, own: dict[str, Any]) -> Any:
    named = {"corp_id": own["corp_id"], "agent_id": own["agent_id"]}
    return lambda path, **body: wx.do("POST", f"console/{path}", **named, **body)


@pytest.fixture
def voice(wx: Sandbox, own: dict[str, Any]) -> Api:
    return OwnApi(wx, wx.world.corps[own["corp_id"]].apps[own["agent_id"]])


class Receiver(BaseHTTPRequestHandler):
    """A product that knows TOKEN and AES_KEY, and serves one proof file."""

    proof = ""

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        body, status = self.proof.encode(), 200 if self.proof in self.path else 404
        if "echostr" in query:
            made = crypto.signature(TOKEN, query["timestamp"], query["nonce"], query["echostr"])
            status = 200 if made == query["msg_signature"] else 403
            body = crypto.open_seal(AES_KEY, query["echostr"])[0].encode() if status == 200 else b"forged"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@pytest.fixture
def product() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_new_app_is_let_in_nowhere(voice: Api) -> None:
    assert voice.get("getcallbackip")["errcode"] == 60020
    assert "from ip: 127.0.0.1" in voice.get("getcallbackip")["errmsg"]


def test_each_permission_is_given_for_itself(act: Any, voice: Api) -> None:
    act("ips", ips=["127.0.0.1"])
    assert voice.get("getcallbackip")["errcode"] == 0
    assert voice.get("department/list")["department"] == []
    assert voice.get("user/list", department_id="1")["errcode"] == 60011
    act("visible", departments=[1])
    assert len(voice.get("department/list")["department"]) > 3
    assert voice.get("externalcontact/get_follow_user_list")["errcode"] == 48002
    act("callable", on=True)
    assert voice.get("externalcontact/get_follow_user_list")["follow_user"]


def test_two_corps_do_not_know_each_other(wx: Sandbox, own: dict[str, Any]) -> None:
    shown = wx.do("GET", "console/glance", corp_id=own["corp_id"])
    assert shown["name"] == "我的品牌" and shown["corp_id"] != wx.corp_id and len(shown["corps"]) == 2
    assert len(wx.corp.apps) == 2 and len(wx.world.corps[own["corp_id"]].apps) == 2


def test_a_new_secret_ends_the_old_one(wx: Sandbox, own: dict[str, Any], act: Any, voice: Api) -> None:
    act("ips", ips=["127.0.0.1"])
    fresh = act("secret")["secret"]
    assert fresh != own["secret"] and voice.get("getcallbackip")["errcode"] == 40014
    asked = {"corpid": own["corp_id"], "corpsecret": own["secret"]}
    assert voice.ask(Request("GET", "/cgi-bin/gettoken", asked))["errcode"] == 40001


def test_an_address_is_saved_once_it_proves_itself(act: Any, product: str) -> None:
    saved = act("callback", url=f"http://{product}/x/", token=TOKEN, aes_key=AES_KEY)
    assert saved["callback_url"] == f"http://{product}/x/" and saved["token"] == TOKEN


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"token": "another"}, "不一致"),
        ({"aes_key": "short"}, "43 位"),
        ({"url": "http://127.0.0.1:9/"}, "无法访问"),
        ({"url": "ftp://x"}, "http"),
    ],
)
def test_what_does_not_prove_itself_is_not_saved(act: Any, product: str, change: dict[str, str], why: str) -> None:
    with pytest.raises(Wrong, match=why):
        act("callback", **{"url": f"http://{product}/", "token": TOKEN, "aes_key": AES_KEY, **change})
    assert act("events")["callback_url"] == ""


def test_only_ticked_events_are_sent(wx: Sandbox, own: dict[str, Any], act: Any) -> None:
    act("visible", departments=[1])
    corp = wx.world.corps[own["corp_id"]]
    guide = next(user.userid for user in corp.users.values() if user.serves)
    mei = wx.do("POST", "customers", corp_id=corp.corp_id, name="梅")["external_userid"]
    wx.do("POST", "add", corp_id=corp.corp_id, external_userid=mei, userid=guide)
    assert not wx.letters()
    act("events", customer=True)
    wx.delete(mei, guide, by="customer")  # the corp is known by its customer
    assert len(wx.letters()) == 1


def test_a_domain_is_proven_by_its_file(act: Any, product: str) -> None:
    app = act("domain", domain=product)
    assert app["trusted_domains"] == [product] and app["proven_domains"] == []
    with pytest.raises(Wrong, match="85005"):
        act("domain", domain=product, check=True)
    Receiver.proof = app["domain_code"]
    assert act("domain", domain=product, check=True)["proven_domains"] == [product]
    Receiver.proof = ""


def test_codes_of_an_own_corp_have_pictures_and_pages(wx: Sandbox, act: Any, voice: Api, own: dict[str, Any]) -> None:
    act("ips", ips=["127.0.0.1"])
    act("visible", departments=[1])
    act("callable", on=True)
    guide = voice.get("externalcontact/get_follow_user_list")["follow_user"][0]
    made = voice.post("externalcontact/add_contact_way", type=1, scene=2, user=[guide])
    for path in (f"/sandbox/qr/{made['config_id']}.png", f"/sandbox/code/{made['config_id']}", "/sandbox/console"):
        answer = wx.answer(Request("GET", path))
        assert answer is not None and answer.status == 200
    assert wx.do("GET", f"code/{made['config_id']}/behind")["corp_id"] == own["corp_id"]


def test_a_staff_number_stands_in_the_profile(wx: Sandbox, api: Api) -> None:
    guide = next(iter(wx.corp.users.values())).userid
    assert api.get("user/get", userid=guide)["extattr"] == {"attrs": []}
    wx.do("POST", f"users/{guide}", staff_number="A001")
    [attribute] = api.get("user/get", userid=guide)["extattr"]["attrs"]
    assert (attribute["name"], attribute["text"]["value"]) == ("工号", "A001")
