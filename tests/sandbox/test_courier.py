"""How letters travel: retries, faults, several apps."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scrm import sandbox
from scrm.sandbox.courier import Postman
from tests.sandbox.conftest import NOON, RECEIVER, deliver


def attempts(wx):
    return [attempt["status"] for attempt in wx.letters()[-1]["attempts"]]


def state(wx):
    return wx.letters()[-1]["state"]


def test_200_is_success(wx, receiver, cai, mei):
    wx.add(mei, cai.userid)
    deliver(wx)
    assert (state(wx), attempts(wx)) == ("accepted", [200])
    assert receiver.got[0][0].startswith(RECEIVER + "?msg_signature=")


def test_anything_else_is_tried_again_three_times(wx, receiver, cai, mei):
    receiver.answers = [500, None, 204, 302, 200]
    wx.add(mei, cai.userid)
    for pause in (0, 1, 2, 4, 100):
        wx.advance(pause)
        deliver(wx)
    assert (state(wx), attempts(wx)) == ("given up", [500, None, 204, 302])


def test_the_letter_inside_stays_the_same(wx, receiver, cai, mei):
    receiver.answers = [500]
    wx.add(mei, cai.userid)
    deliver(wx)
    wx.advance(1)
    deliver(wx)
    assert state(wx) == "accepted"
    assert receiver.got[0] != receiver.got[1]


def test_the_seal_may_stay_as_well(wx, receiver, cai, mei):
    wx.world.switches.turn(reuse_seal=True, retry_spacing=[0, 0, 0])
    receiver.answers = [500, 500]
    wx.add(mei, cai.userid)
    deliver(wx)
    assert len(set(receiver.got)) == 1
    assert attempts(wx) == [500, 500, 200]


def test_retries_wait_for_their_time(wx, receiver, cai, mei):
    receiver.answers = [500]
    wx.add(mei, cai.userid)
    deliver(wx)
    assert (state(wx), attempts(wx)) == ("waiting", [500])
    wx.advance(0.9)
    assert not wx.courier.step()


def test_without_an_address_letters_go_nowhere(wx, receiver, cai, mei):
    wx.listen("")
    wx.add(mei, cai.userid)
    deliver(wx)
    assert (state(wx), receiver.got) == ("nowhere", [])


def test_an_origin_gets_the_products_path(wx):
    wx.listen("http://127.0.0.1:8000/")
    assert wx.app.callback_url == f"http://127.0.0.1:8000/wecom/callback/{wx.slug}/"


def test_dropped(wx, receiver, cai, mei):
    wx.do("POST", "faults", drop=1)
    wx.add(mei, cai.userid)
    assert state(wx) == "dropped"
    wx.delete(mei, cai.userid, by="customer")
    deliver(wx)
    assert len(receiver.got) == 1


def test_duplicated(wx, receiver, cai, mei):
    wx.do("POST", "faults", duplicate=True)
    wx.add(mei, cai.userid)
    deliver(wx)
    assert len(receiver.got) == 2
    assert wx.letters()[0]["xml"] == wx.letters()[1]["xml"]


def test_delayed(wx, receiver, cai, mei):
    wx.do("POST", "faults", delay=1, delay_seconds=10)
    wx.add(mei, cai.userid)
    deliver(wx)
    assert receiver.got == []
    wx.advance(1000)
    deliver(wx)
    assert len(receiver.got) == 1


def test_reordered(wx, receiver, cai, mei):
    wx.do("POST", "faults", reorder=1)
    wx.add(mei, cai.userid)
    wx.delete(mei, cai.userid, by="customer")
    deliver(wx)
    wx.advance(3)
    deliver(wx)
    first, second = sorted(wx.letters(), key=lambda row: row["attempts"][0]["at"])
    assert ("del_follow_user" in first["xml"], "add_external_contact" in second["xml"]) == (True, True)


def test_an_answer_unheard_is_a_second_delivery(wx, receiver, cai, mei):
    wx.do("POST", "faults", ack_lost=1)
    wx.add(mei, cai.userid)
    deliver(wx)
    wx.advance(1)
    deliver(wx)
    assert (state(wx), attempts(wx)) == ("accepted", [200, 200])


def test_held_letters_come_in_one_burst(wx, receiver, cai, mei):
    wx.do("POST", "faults", hold=True)
    wx.add(mei, cai.userid)
    wx.delete(mei, cai.userid, by="customer")
    deliver(wx)
    assert receiver.got == []
    wx.do("DELETE", "faults")
    deliver(wx)
    assert len(receiver.got) == 2


def test_a_probability_is_one(wx, cai):
    wx.do("POST", "faults", drop=0.5)
    for _ in range(40):
        wx.add(wx.customer(), cai.userid)
    dropped = sum(row["state"] == "dropped" for row in wx.letters())
    assert 8 < dropped < 32


def test_an_unknown_fault_is_refused(wx):
    with pytest.raises(ValueError, match="no fault rain"):
        wx.do("POST", "faults", rain=True)


def test_each_listening_app_gets_its_letter(wx, receiver, cai, mei):
    wx.do("POST", "apps", name="别家", callback_url="http://other.test/x", contact_events=False)
    wx.add(mei, cai.userid)
    wx.do("POST", f"users/{cai.userid}/leave")
    deliver(wx)
    assert [url.partition("?")[0] for url, _ in receiver.got] == [RECEIVER, "http://other.test/x", RECEIVER]


def test_another_corp_knows_the_same_person_by_another_id(wx):
    other = wx.do("POST", "apps", corp_id="wwother", secret="s" * 43, stores=2)
    mine = wx.do("POST", "customers", unionid="oMei")
    theirs = wx.do("POST", "customers", corp_id="wwother", unionid="oMei")
    assert other["corp_id"] == "wwother"
    assert mine["unionid"] == theirs["unionid"]
    assert mine["external_userid"] != theirs["external_userid"]


class Moody(BaseHTTPRequestHandler):
    """Answers what the server's list says, then 200; keeps its connections."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.moods.pop(0) if self.server.moods else 200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *args):
        pass


@pytest.fixture
def moody():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Moody)
    server.got, server.moods = [], []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_over_a_real_wire(moody):
    moody.moods = [503, 500]
    spacing = {"retry_spacing": [0, 0, 0]}
    url = f"http://127.0.0.1:{moody.server_port}"
    with sandbox.running(seed=1, stores=1, frozen_at=NOON, callback_url=url, switches=spacing) as wx:
        mei, guide = wx.customer(), next(user for user in wx.corp.users.values() if user.serves)
        wx.add(mei, guide.userid)
        wx.settle()
        assert (state(wx), attempts(wx)) == ("accepted", [503, 500, 200])
    assert len(moody.got) == 3


def test_a_receiver_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    assert "Refused" in Postman().send(f"http://127.0.0.1:{address[1]}/", b"<xml/>", 1.0)[1]


def test_a_receiver_that_is_too_slow():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert "timed out" in Postman().send(url, b"<xml/>", 0.05)[1]
