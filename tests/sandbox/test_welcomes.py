"""The welcome: 20 seconds, once, the first app wins."""

import pytest

from scrm.sandbox.http import Request
from tests.sandbox.conftest import Api, field, last

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def code(wx, cai, mei):
    wx.add(mei, cai.userid)
    return field(last(wx), "WelcomeCode")


def send(api, code, text="欢迎光临", **more):
    return api.post("externalcontact/send_welcome_msg", welcome_code=code, text={"content": text}, **more)


def test_a_welcome_arrives(wx, api, cai, mei, code):
    assert send(api, code)["errcode"] == 0
    message = wx.messages()[-1]
    assert (message["what"], message["userid"], message["external_userid"]) == ("welcome", cai.userid, mei)
    assert message["text"] == "欢迎光临"


def test_it_arrives_once(api, code):
    send(api, code)
    assert send(api, code)["errcode"] == 41051


def test_the_first_app_wins(wx, api, code):
    wx.do("POST", "apps", name="别家", secret="s" * 43)
    other = Api(wx)
    other.token = wx.tokens.give(list(wx.corp.apps.values())[-1]).text
    assert send(other, code)["errcode"] == 0
    assert send(api, code)["errcode"] == 41051


def test_twenty_seconds_are_its_life(wx, api, cai, code):
    wx.advance(21)
    assert send(api, code)["errcode"] == 41050


def test_at_twenty_seconds_it_still_works(wx, api, code):
    wx.advance(20)
    assert send(api, code)["errcode"] == 0


def test_who_chats_needs_no_welcome(wx, api, cai, mei, code):
    wx.do("POST", "say", external_userid=mei, userid=cai.userid, by="customer")
    assert send(api, code)["errcode"] == 41051


@pytest.mark.parametrize(("wins", "errcode"), [(True, 41051), (False, 0)])
def test_while_a_rival_sends_one_may_try_again(wx, api, cai, mei, code, wins, errcode):
    wx.do("POST", "rival", external_userid=mei, userid=cai.userid, seconds=3, wins=wins)
    assert send(api, code)["errcode"] == 41096
    wx.advance(3)
    assert send(api, code)["errcode"] == errcode


@pytest.mark.parametrize(("code", "errcode"), [("", 41049), ("junk", 41050)])
def test_bad_codes(api, code, errcode):
    assert send(api, code)["errcode"] == errcode


def test_a_console_welcome_leaves_no_code(wx, cai, mei):
    wx.do("POST", f"users/{cai.userid}", console_welcome=True)
    wx.add(mei, cai.userid)
    assert "<WelcomeCode>" not in last(wx)


def test_a_wecom_contact_has_no_code(wx, cai):
    wx.add(wx.customer(type=2), cai.userid)
    assert "<WelcomeCode>" not in last(wx)


def test_the_halfs_code_used_leaves_none_for_the_add(wx, api, cai, mei):
    wx.add(mei, cai.userid, confirm=False)
    assert send(api, field(last(wx), "WelcomeCode"))["errcode"] == 0
    wx.do("POST", "accept", external_userid=mei, userid=cai.userid)
    assert "<WelcomeCode>" not in last(wx)


def test_the_halfs_code_unused_gives_the_add_another(wx, api, cai, mei):
    wx.add(mei, cai.userid, confirm=False)
    half = field(last(wx), "WelcomeCode")
    wx.do("POST", "accept", external_userid=mei, userid=cai.userid)
    assert send(api, field(last(wx), "WelcomeCode"))["errcode"] == 0
    assert send(api, half)["errcode"] == 41051


def test_a_readded_customer_is_welcomed_again(wx, api, cai, mei, code):
    send(api, code)
    wx.delete(mei, cai.userid, by="customer")
    wx.add(mei, cai.userid)
    assert send(api, field(last(wx), "WelcomeCode"))["errcode"] == 0


def test_attachments_of_each_kind(wx, api, code):
    media_id = upload(api, "image", "店.png", PNG)["media_id"]
    attachments = [
        {"msgtype": "image", "image": {"media_id": media_id}},
        {"msgtype": "link", "link": {"title": "商城", "url": "https://shop.example.com"}},
        {
            "msgtype": "miniprogram",
            "miniprogram": {"title": "商城", "pic_media_id": media_id, "appid": "wx1", "page": "/index"},
        },
    ]
    assert send(api, code, attachments=attachments)["errcode"] == 0
    assert wx.messages()[-1]["attachments"] == attachments


@pytest.mark.parametrize(
    ("more", "errcode"),
    [
        ({"text": "字" * 1334}, 45002),
        ({"text": ""}, 40063),
        ({"attachments": [{"msgtype": "link", "link": {"title": "a", "url": "b"}}] * 10}, 41064),
        ({"attachments": [{"msgtype": "dance"}]}, 41065),
        ({"attachments": [{"msgtype": "image", "image": {"media_id": "none"}}]}, 40007),
        ({"attachments": [{"msgtype": "link", "link": {"title": "a"}}]}, 40063),
    ],
)
def test_what_a_welcome_cannot_be(api, code, more, errcode):
    assert send(api, code, **more)["errcode"] == errcode
    assert send(api, code)["errcode"] == 0


def upload(api, kind, filename, content):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="media"; filename="' + filename.encode() + b'"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--b--\r\n"
    )
    return api.raw("media/upload", body, {"content-type": "multipart/form-data; boundary=b"}, type=kind)


def test_a_file_goes_in_and_out(wx, api):
    answer = upload(api, "file", "价目表.pdf", b"%PDF-1.7 \r\n and more\r\n")
    assert (answer["errmsg"], answer["type"], type(answer["created_at"])) == ("", "file", str)
    query = {"access_token": api.token, "media_id": answer["media_id"]}
    response = wx.answer(Request("GET", "/cgi-bin/media/get", query))
    assert response.body == b"%PDF-1.7 \r\n and more\r\n"
    assert "价目表.pdf".encode().decode("latin-1") in response.headers["Content-disposition"]
    part = wx.answer(Request("GET", "/cgi-bin/media/get", query, {"range": "bytes=0-3"}))
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"%PDF", "bytes 0-3/22")


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [("song", PNG, 40005), ("image", b"", 44001), ("image", b"GIF89a....", 40123), ("voice", b"x" * 3 * 2**20, 45001)],
)
def test_files_that_are_refused(api, kind, content, errcode):
    assert upload(api, kind, "a", content)["errcode"] == errcode


def test_a_media_id_lives_three_days(wx, api):
    media_id = upload(api, "image", "a.png", PNG)["media_id"]
    wx.advance(3 * 86_400 + 1)
    assert Api(wx).get("media/get", media_id=media_id)["errcode"] == 40145
    assert Api(wx).get("media/get", media_id="none")["errcode"] == 40007


def test_a_picture_has_an_address(wx, api):
    body = b'--b\r\nContent-Disposition: form-data; name="x"; filename="a.png"\r\n\r\n' + PNG + b"\r\n--b--\r\n"
    url = api.raw("media/uploadimg", body, {"content-type": 'multipart/form-data; boundary="b"'})["url"]
    response = wx.answer(Request("GET", url))
    assert (response.body, response.headers["Content-Type"]) == (PNG, "image/png")
