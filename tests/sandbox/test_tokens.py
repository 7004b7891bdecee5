"""Tokens, rights, limits and the shape of answers."""

import pytest

from scrm.sandbox.http import Request
from tests.sandbox.conftest import Api


def gettoken(api, **query):
    return api.ask(Request("GET", "/cgi-bin/gettoken", query))


def test_the_token_stays_the_same_for_two_hours(wx, api):
    first = gettoken(api, corpid=wx.corp_id, corpsecret=wx.secret)
    wx.advance(7199)
    assert gettoken(api, corpid=wx.corp_id, corpsecret=wx.secret)["access_token"] == first["access_token"]
    wx.advance(1)
    again = gettoken(api, corpid=wx.corp_id, corpsecret=wx.secret)
    assert again["access_token"] != first["access_token"]
    assert again["expires_in"] == 7200


@pytest.mark.parametrize(
    ("query", "errcode"),
    [({}, 41004), ({"corpsecret": "x"}, 41002), ({"corpid": "x", "corpsecret": "x"}, 40013)],
)
def test_gettoken_refuses(api, query, errcode):
    assert gettoken(api, **query)["errcode"] == errcode


def test_wrong_secrets_ban_the_address_for_an_hour(wx, api):
    for _ in range(wx.world.switches.wrong_secrets):
        assert gettoken(api, corpid=wx.corp_id, corpsecret="wrong")["errcode"] == 40001
    assert gettoken(api, corpid=wx.corp_id, corpsecret="wrong")["errcode"] == 40001
    assert gettoken(api, corpid=wx.corp_id, corpsecret=wx.secret)["errcode"] == 45009
    wx.advance(3601)
    assert gettoken(api, corpid=wx.corp_id, corpsecret=wx.secret)["errcode"] == 0


@pytest.mark.parametrize(("query", "errcode"), [({}, 41001), ({"access_token": "junk"}, 40014)])
def test_a_token_must_be_there_and_good(api, query, errcode):
    answer = api.ask(Request("GET", "/cgi-bin/getcallbackip", query))
    assert (answer["errcode"], answer["ip_list"]) == (errcode, [])


def test_a_token_in_the_body_is_no_token(api):
    body = b'{"access_token": "%s"}' % api.token.encode()
    assert api.ask(Request("POST", "/cgi-bin/externalcontact/get_corp_tag_list", body=body))["errcode"] == 41001


def test_an_old_token_has_expired_and_a_withdrawn_one_is_invalid(wx, api):
    wx.advance(7201)
    assert api.get("getcallbackip")["errcode"] == 42001
    fresh = Api(wx)
    wx.do("POST", "faults", invalidate_tokens=True)
    assert fresh.get("getcallbackip")["errcode"] == 40014
    assert Api(wx).get("getcallbackip")["errcode"] == 0


def test_errors_look_like_wecoms(api):
    answer = api.get("externalcontact/list", userid="nobody")
    assert answer["errmsg"].startswith("invalid userid, hint: [")
    assert "from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=40003" in answer["errmsg"]
    assert answer["external_userid"] == []


def test_error_codes_stand_in_the_headers(wx, api):
    query = {"access_token": api.token, "userid": "nobody"}
    response = wx.answer(Request("GET", "/cgi-bin/user/get", query))
    assert (response.headers["Error-Code"], response.headers["Error-Msg"]) == ("60111", "userid not found")


def test_an_unknown_path_is_404(wx):
    assert wx.answer(Request("GET", "/cgi-bin/nothing")).status == 404


def test_a_get_endpoint_reads_no_body(api, cai):
    assert api.post("user/get", userid=cai.userid)["errcode"] == 41009


def test_a_post_endpoint_has_nothing_from_get(api, cai):
    assert api.get("externalcontact/remark", userid=cai.userid)["errcode"] == 40058


def test_fields_of_a_wrong_type_are_dropped_with_a_warning(wx, api, cai, mei):
    wx.add(mei, cai.userid)
    answer = api.post("externalcontact/mark_tag", userid=cai.userid, external_userid=mei, add_tag="VIP")
    assert answer["errcode"] == 41017
    assert answer["errmsg"].startswith("Warning: wrong json format. missing tagid")


def test_what_is_no_json_is_an_empty_body(api):
    assert api.raw("externalcontact/add_contact_way", b"{no json")["errcode"] == 41037


def test_apps_without_customer_contact_are_forbidden(wx, api):
    wx.app.customer_contact = False
    assert api.get("externalcontact/get_follow_user_list")["errcode"] == 48002
    assert api.get("department/list")["errcode"] == 0


def test_the_contact_sync_secret_has_other_rights(wx, api):
    sync = Api(wx)
    sync.token = wx.tokens.give(wx.corp.apps["sync"]).text
    assert sync.get("department/list")["errcode"] == 48009
    assert sync.get("externalcontact/get_follow_user_list")["errcode"] == 48002
    rows = sync.post("user/list_id", limit=10_000)["dept_user"]
    assert len(rows) == len(wx.corp.users)
    assert api.post("user/list_id")["errcode"] == 48002


def test_callers_from_elsewhere_are_refused(wx, api):
    wx.app.trusted_ips = ["10.0.0.1"]
    assert api.get("department/list")["errcode"] == 60020


def test_too_many_calls_are_refused_for_a_minute(wx, api):
    wx.world.switches.turn(per_minute=3)
    answers = [api.get("getcallbackip")["errcode"] for _ in range(5)]
    assert answers == [0, 0, 0, 45009, 45009]
    assert api.get("department/list")["errcode"] == 0
    wx.advance(61)
    assert api.get("getcallbackip")["errcode"] == 0


def test_too_many_at_once_are_refused(wx, api):
    wx.world.switches.turn(concurrent=1)
    path = "/cgi-bin/getcallbackip"
    wx.limits.enter(wx.corp_id, path)
    assert api.get("getcallbackip")["errcode"] == 45033
    wx.limits.leave(wx.corp_id, path)
    assert api.get("getcallbackip")["errcode"] == 0


def test_tickets_are_those_of_the_app(wx, api):
    corp, agent = api.get("get_jsapi_ticket"), api.get("ticket/get", type="agent_config")
    assert corp["ticket"] != agent["ticket"]
    assert api.get("ticket/get", type="agent_config")["ticket"] == agent["ticket"]
    assert api.get("ticket/get")["errcode"] == 91040


def test_a_code_tells_who_came_once(wx, api, cai):
    code = wx.do("POST", "oauth", userid=cai.userid)["code"]
    assert api.get("auth/getuserinfo", code=code)["userid"] == cai.userid
    assert api.get("auth/getuserinfo", code=code)["errcode"] == 40029


def test_addresses(api):
    assert api.get("getcallbackip")["ip_list"] == api.get("get_api_domain_ip")["ip_list"] == ["127.0.0.1"]
