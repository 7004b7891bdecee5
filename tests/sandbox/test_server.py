"""Over HTTP: the wire, the control calls, the faults of the API, the pages, and wechatpy as an independent client."""

import http.client
import io
import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from scrm import sandbox
from tests.sandbox.conftest import NOON


@pytest.fixture(scope="module")
def live():
    with sandbox.running(seed=7, stores=2, frozen_at=NOON) as wx:
        yield wx


@pytest.fixture
def live_guide(live):
    return next(user.userid for user in live.corp.users.values() if user.position == "导购")


@pytest.fixture(autouse=True)
def no_faults_left(live):
    yield
    live.faults.clear()


def ask(live, method, path, **body):
    """(status, JSON) of a control call."""
    request = urllib.request.Request(f"{live.base_url}/sandbox/{path}", json.dumps(body).encode(), method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def call(live, path, query=""):
    """(status, JSON) of a GET of the API."""
    url = f"{live.base_url}/cgi-bin/{path}?access_token={live.tokens.give(live.app).text}&{query}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status, json.load(answer)


def test_the_story_of_the_contract(live, live_guide):
    _, mei = ask(live, "POST", "customers", name="梅")
    _, met = ask(live, "POST", "add", external_userid=mei["external_userid"], userid=live_guide)
    _, world = ask(live, "GET", "world?parts=relations,users")
    assert met["status"] == "full"
    assert mei["external_userid"] in [row["external_userid"] for row in world["relations"]]
    assert world["clock"] == live.world.clock.now()


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("scan", {}, 400, "external_userid is missing"),
        ("confirm", {"msgid": "msg1"}, 400, "userid is missing"),
        ("scan", {"external_userid": "wmNobody"}, 400, "no customer wmNobody"),
        ("delete", {"by": "nobody"}, 400, "by is"),
        ("say", {"userid": "nobody"}, 400, "no member nobody"),
        ("add", {"corp_id": "wwnone"}, 400, "no corp wwnone"),
        ("nothing", {}, 404, "no control call POST /sandbox/nothing"),
        ("switches", {"warp": 9}, 400, "no switch warp"),
        ("time", {"advance": -1}, 400, "does not go back"),
        ("time", {"advance": "soon"}, 400, "soon"),
        ("edit", {"userid": 7, "external_userid": []}, 400, "no member 7"),
    ],
)
def test_what_control_calls_refuse(live, path, body, status, why):
    got, said = ask(live, "POST", path, **body)
    assert (got, why in said["error"]) == (status, True), said


def test_a_body_must_be_an_object(live):
    request = urllib.request.Request(f"{live.base_url}/sandbox/customers", b"[1]", method="POST")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=5)


def test_the_clock_is_driven(live):
    _, before = ask(live, "GET", "time")
    _, after = ask(live, "POST", "time", advance=90)
    assert after["now"] - before["now"] == 90
    assert after["frozen"] is True


def test_the_log_goes_on_where_one_stopped(live):
    _, before = ask(live, "GET", "log?limit=10000")
    call(live, "department/list")
    _, after = ask(live, "GET", f"log?since={before['seq']}&kind=api")
    row = after["rows"][0]
    assert [row["path"], row["answer"]["errcode"], row["agent_id"]] == [
        "/cgi-bin/department/list",
        0,
        live.agent_id,
    ]
    assert "access_token" not in row["query"]


def test_any_letter_can_be_sent(live):
    letter = {"slug_url": "http://127.0.0.1:9/x", "token": "t", "corp_id": "ww1", "xml": "<xml/>"}
    status, said = ask(live, "POST", "callback", **letter, aes_key=live.aes_key)
    assert (status, said["status"]) == (200, None)
    assert ask(live, "POST", "callback", **letter, aes_key="short")[0] == 400


def test_a_receiver_that_cannot_prove_itself_is_not_saved(live):
    status, said = ask(live, "POST", "callback_url", url="http://127.0.0.1:9/x", verify=True)
    assert (status, said["error"][:5], live.app.callback_url) == (400, "40057", "")


@pytest.mark.parametrize("times", [2, True])
def test_an_api_fault_strikes(live, times):
    ask(live, "POST", "faults", api=[{"path": "department/list", "errcode": 45009, "times": times}])
    answers = [call(live, "department/list")[1]["errcode"] for _ in range(3)]
    assert answers == ([45009, 45009, 0] if times == 2 else [45009] * 3)
    assert call(live, "user/get", "userid=x")[1]["errcode"] == 60111


def test_an_answer_can_be_lost_after_the_effect(live, live_guide):
    before = len(live.corp.ways)
    live.faults.set(api=[{"path": "add_contact_way", "lose_answer": True}])
    line = http.client.HTTPConnection(live.base_url.removeprefix("http://"), timeout=5)
    token = live.tokens.give(live.app).text
    body = json.dumps({"type": 1, "scene": 2, "user": [live_guide]})
    line.request("POST", f"/cgi-bin/externalcontact/add_contact_way?access_token={token}", body)
    with pytest.raises(http.client.RemoteDisconnected):
        line.getresponse()
    line.close()
    assert len(live.corp.ways) == before + 1


def test_an_api_can_answer_with_another_status(live):
    live.faults.set(api=[{"path": "*", "errcode": -1, "http_status": 502}])
    with pytest.raises(urllib.error.HTTPError, match="502"):
        call(live, "department/list")


def test_slowness_is_by_path(live):
    live.faults.set(slow={"department/list": 0.02})
    assert live.faults.slowness("/cgi-bin/department/list") == 0.02
    assert live.faults.slowness("/cgi-bin/user/get") == 0


def test_a_connection_is_kept_and_chunks_are_read(live):
    line = http.client.HTTPConnection(live.base_url.removeprefix("http://"), timeout=5)
    line.request("POST", "/sandbox/customers", iter([b'{"name"', b': "\xe6\xa2\x85"}']), encode_chunked=True,
                 headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert json.loads(line.getresponse().read())["name"] == "梅"
    before = line.sock
    line.request("GET", "/sandbox/time")
    assert line.getresponse().status == 200
    assert line.sock is before
    line.close()


def test_rubbish_ends_the_connection_not_the_server(live):
    import socket

    with socket.create_connection(live.base_url.removeprefix("http://").split(":"), timeout=5) as line:
        line.sendall(b"rubbish\r\n\r\n")
        assert line.recv(10) == b""
    assert ask(live, "GET", "time")[0] == 200


def test_many_calls_at_once(live):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(call(live, "getcallbackip")[0])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20


@pytest.mark.parametrize("path", ["", "look.css", "board.js"])
def test_pages(live, path):
    with urllib.request.urlopen(f"{live.base_url}/sandbox/{path}", timeout=5) as answer:
        assert answer.headers["Content-Type"].endswith("charset=utf-8")
        assert len(answer.read()) > 500


def test_the_page_behind_a_code(live, live_guide):
    way = client(live).contact_way.add(live_guide)
    with urllib.request.urlopen(f"{live.base_url}/sandbox/code/{way['config_id']}", timeout=5) as answer:
        assert "添加到通讯录" in answer.read().decode()
    _, behind = ask(live, "GET", f"code/{way['config_id']}/behind")
    _, glance = ask(live, "GET", "glance")
    assert behind["people"] == [live.corp.users[live_guide].name]
    assert way["config_id"] in [each["config_id"] for each in glance["ways"]]


def test_a_chat_shows_what_was_said(live, live_guide):
    lan = live.customer(name="兰")
    live.add(lan, live_guide)
    ask(live, "POST", "say", external_userid=lan, userid=live_guide, text="在吗")
    _, chat = ask(live, "GET", f"chat/{live_guide}/{lan}/said")
    assert [(row["by"], row["text"]) for row in chat["messages"]] == [("customer", "在吗")]


def test_the_root_leads_to_the_board(live):
    with urllib.request.urlopen(live.base_url, timeout=5) as answer:
        assert answer.url.endswith("/sandbox/")


class Ways:
    """Contact ways by wechatpy."""

    def __init__(self, wechat):
        self.wechat = wechat

    def add(self, userid):
        return self.wechat.external_contact.add_contact_way(1, 2, user=[userid], state="A1", remark="台卡")


def client(live):
    """wechatpy, told where the sandbox is; it does not know another place for gettoken."""
    work = pytest.importorskip("wechatpy.work")

    class Client(work.WeChatClient):
        API_BASE_URL = f"{live.base_url}/cgi-bin/"

        def fetch_access_token(self):
            params = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(url=self.API_BASE_URL + "gettoken", params=params)

    made = Client(live.corp_id, live.secret)
    made.contact_way = Ways(made)
    return made


def test_wechatpy_reads_the_directory(live, live_guide):
    wechat = client(live)
    assert wechat.department.list()[0]["name"] == live.corp.name
    assert wechat.user.get(live_guide)["position"] == "导购"
    assert wechat.misc.get_wechat_ips() == ["127.0.0.1"]


def test_wechatpy_makes_a_code_whose_picture_is_one(live, live_guide):
    made = client(live).contact_way.add(live_guide)
    with urllib.request.urlopen(made["qr_code"], timeout=5) as answer:
        assert answer.read().startswith(b"\x89PNG")


def test_wechatpy_talks_of_customers(live, live_guide):
    wechat, lan = client(live), live.customer(name="兰")
    live.add(lan, live_guide)
    tags = wechat.external_contact.add_corp_tag(None, "渠道", 1, [{"name": "台卡"}])["tag_group"]["tag"]
    wechat.external_contact.mark_tag(live_guide, lan, add_tag=[tags[0]["id"]], remove_tag=[])
    assert lan in wechat.external_contact.list(live_guide)["external_userid"]
    assert wechat.external_contact.get(lan)["follow_user"][0]["tags"][0]["tag_name"] == "台卡"
    assert wechat.external_contact.batch_get_by_user(live_guide)["errcode"] == 0


def test_wechatpy_uploads_and_sends(live, live_guide):
    wechat, picture = client(live), io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"0" * 20)
    picture.name = "图片.png"
    media_id = wechat.media.upload("image", picture)["media_id"]
    assert wechat.message.send_image(int(live.agent_id), live_guide, media_id)["invaliduser"] == ""
    assert wechat.media.upload_img(io.BytesIO(picture.getvalue()))


def test_wechatpy_refreshes_a_withdrawn_token(live, live_guide):
    wechat = client(live)
    wechat.user.get(live_guide)
    ask(live, "POST", "faults", invalidate_tokens=True)
    assert wechat.user.get(live_guide)["errcode"] == 0


def test_wechatpy_understands_refusals(live):
    from wechatpy.exceptions import WeChatClientException

    with pytest.raises(WeChatClientException) as refused:
        client(live).external_contact.list("nobody")
    assert refused.value.errcode == 40003


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_starts_and_stops(ending):
    words = [sys.executable, "-m", "scrm.sandbox", "--port", "0", "--stores", "1", "--slug", "demo", "--seed", "3"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        corp, address = process.stdout.readline().split(), process.stdout.readline().split()
        process.send_signal(ending)
        _, errors = process.communicate(timeout=10)
    assert (corp[0], len(corp), corp[6], len(corp[5])) == ("corp", 7, "demo", 43)
    assert (address[0], address[1][:17]) == ("sandbox", "http://127.0.0.1:")
    assert (process.returncode, errors) == (0, "")
