"""Where the sandbox asks who somebody is, and what its codes are worth."""

from urllib.parse import parse_qs, urlsplit

import pytest

from scrm.sandbox.http import Request

BACK = "https://scrm.example.com:8443/login/wecom/back/"


def ask(wx, path="/connect/oauth2/authorize", **more):
    query = {"appid": wx.corp_id, "agentid": wx.agent_id, "redirect_uri": BACK, "state": "S1", **more}
    return wx.answer(Request("GET", path, query))


def came(answer):
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


@pytest.mark.parametrize("path", ["/connect/oauth2/authorize", "/wwlogin/sso/login"])
def test_a_browser_chooses_who_looks_at_it(wx, api, cai, path):
    page = ask(wx, path).body.decode()
    assert cai.name in page and "拒绝" in page
    back = came(ask(wx, path, **{"as": cai.userid}))
    assert back["state"] == "S1"
    assert api.get("auth/getuserinfo", code=back["code"])["userid"] == cai.userid
    assert api.get("auth/getuserinfo", code=back["code"])["errcode"] == 40029


def test_who_refuses_is_led_back_without_a_code(wx):
    assert came(ask(wx, **{"as": ""})) == {"state": "S1"}


def test_somebody_from_outside_is_no_member(wx, api):
    said = api.get("auth/getuserinfo", code=came(ask(wx, **{"as": "*"}))["code"])
    assert said["openid"] and said["external_userid"] and "userid" not in said


def test_a_code_lasts_five_minutes(wx, api, cai):
    code = came(ask(wx, **{"as": cai.userid}))["code"]
    wx.advance(301)
    assert api.get("auth/getuserinfo", code=code)["errcode"] == 40029


def test_a_code_is_for_the_app_that_asked(wx, api, cai):
    other = wx.do("POST", "apps", name="另一个应用")
    code = came(ask(wx, agentid=other["agent_id"], **{"as": cai.userid}))["code"]
    assert api.get("auth/getuserinfo", code=code)["errcode"] == 40029


@pytest.mark.parametrize(
    ("domains", "is_open"),
    [([], True), (["scrm.example.com:8443"], True), (["SCRM.example.com:8443"], True), (["scrm.example.com"], False)]
    + [([name], False) for name in ("example.com", "evil.scrm.example.com:8443", "scrm.example.com:8444")],
)
def test_only_trusted_domains_are_led_back_to(wx, cai, domains, is_open):
    wx.app.trusted_domains = domains
    said = ask(wx, **{"as": cai.userid})
    assert said.status == (302 if is_open else 400)
    assert is_open or "50001" in said.body.decode()


@pytest.mark.parametrize(
    "wrong", [{"appid": "ww0"}, {"agentid": "1"}, {"agentid": "sync"}, {"redirect_uri": "javascript:1"}]
)
def test_an_address_that_is_wrong_leads_nowhere(wx, cai, wrong):
    path = "/wwlogin/sso/login" if "agentid" in wrong else "/connect/oauth2/authorize"
    assert ask(wx, path, **wrong, **{"as": cai.userid}).status == 400


def test_whom_the_app_does_not_see_is_not_offered(wx, api, cai):
    code = came(ask(wx, **{"as": cai.userid}))["code"]
    wx.app.visible = [2]
    assert cai.userid not in ask(wx).body.decode()
    assert api.get("auth/getuserinfo", code=code)["errcode"] == 60011


def test_a_code_of_somebody_who_left_meanwhile_names_nobody(wx, api, cai):
    code = came(ask(wx, **{"as": cai.userid}))["code"]
    wx.do("POST", f"users/{cai.userid}/leave")
    assert api.get("auth/getuserinfo", code=code)["errcode"] == 60111


def test_a_ticket_tells_more_and_only_where_it_was_asked_for(wx, api, cai):
    plain = api.get("auth/getuserinfo", code=came(ask(wx, **{"as": cai.userid}))["code"])
    assert "user_ticket" not in plain
    code = came(ask(wx, scope="snsapi_privateinfo", **{"as": cai.userid}))["code"]
    ticket = api.get("auth/getuserinfo", code=code)["user_ticket"]
    assert api.post("auth/getuserdetail", user_ticket=ticket)["mobile"] == cai.mobile
    wx.advance(1801)
    assert api.post("auth/getuserdetail", user_ticket=ticket)["errcode"] == 84014
    assert api.post("auth/getuserdetail", user_ticket="x")["errcode"] == 84015
    assert api.post("auth/getuserdetail")["errcode"] == 84090


def test_names_cannot_break_the_page(wx, cai):
    cai.name = "<script>alert(1)</script>"
    assert "<script>" not in ask(wx, state='"><script>').body.decode()
