"""OAuth: everything that can come back from WeCom (tests/corpus/oauth.py), and what may be done with a state."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from guides.models import Guide
from scrm.wecom.client import forget_clients
from scrm.wecom.models import App, Corp
from stores.models import Person
from tests.cast import Cast
from tests.corpus import oauth
from tests.corpus.oauth import CODE
from tests.signin.conftest import DESK, PHONE, TOKEN, Comes, Wecom, sets_out

SECRETS = (TOKEN, "s3cret-of-the-cast", CODE)
BACK = "/login/wecom/back/"


@pytest.mark.parametrize("case", list(oauth.cases()), ids=lambda case: case.name)
def test_whatever_comes_back(wecom: Wecom, comes: Comes, caplog: pytest.LogCaptureFixture, case: oauth.Case) -> None:
    caplog.set_level(logging.INFO)
    browser = Client(raise_request_exception=False)
    state = sets_out(browser)
    wecom.answers(case.answer, case.http)
    wecom.answers({"errcode": 60111, "errmsg": "no"}, api="user/get")
    query = case.query.replace("{state}", state).replace("{STATE}", state.upper())
    said = browser.get(f"{BACK}?{query}")
    assert said.status_code == case.status
    assert ("_auth_user_id" in browser.session) is case.is_good
    assert bool(wecom.asked()) is case.asks
    assert "Traceback" not in said.content.decode() and not [word for word in SECRETS if word in caplog.text]
    unblocked()
    assert comes(Client())["Location"] == "/dashboard/"  # the next good one comes in


def unblocked() -> None:
    """WeCom's 45009 rests the API for a minute; the app's token may be stale."""
    from scrm.wecom.models import Quota

    Quota.objects.all().delete()
    App.objects.update(token_failures=0, closed_until=None, token_errcode=None)
    forget_clients()


@pytest.mark.parametrize("wanted", oauth.ELSEWHERE)
def test_nobody_is_led_elsewhere(comes: Comes, wanted: str) -> None:
    assert comes(Client(), next=wanted)["Location"] == "/dashboard/"


def test_she_comes_where_she_wanted_to_go(comes: Comes) -> None:
    assert comes(Client(), next="/codes/?q=1")["Location"] == "/codes/?q=1"


def test_a_state_is_good_once(wecom: Wecom, comes: Comes) -> None:
    browser = Client()
    state = sets_out(browser)
    wecom.answers(oauth.CAI)
    assert browser.get(BACK, {"code": CODE, "state": state}).status_code == 302
    browser.cookies.clear()
    assert browser.get(BACK, {"code": CODE, "state": state}).status_code == 400


def test_a_second_click_and_the_back_button_do_no_harm(wecom: Wecom, comes: Comes) -> None:
    browser = Client()
    first, second = sets_out(browser), sets_out(browser)
    wecom.answers(oauth.CAI)
    said = [browser.get(BACK, {"code": CODE, "state": one}) for one in (first, second, first)]
    assert [one.status_code for one in said] == [302, 302, 302]
    assert browser.get("/dashboard/me/").status_code == 200 and wecom.asked() <= 2


def test_a_state_is_worth_nothing_in_another_browser(wecom: Wecom) -> None:
    victim, state = Client(), sets_out(Client())
    sets_out(victim)
    wecom.answers(oauth.CAI)
    assert victim.get(BACK, {"code": CODE, "state": state}).status_code == 400
    assert "_auth_user_id" not in victim.session


def test_a_state_lasts_ten_minutes(wecom: Wecom) -> None:
    wecom.answers(oauth.CAI)
    with time_machine.travel("2026-11-22T04:00:00Z", tick=False) as clock:
        browser = Client()
        state = sets_out(browser)
        clock.shift(601)
        assert browser.get(BACK, {"code": CODE, "state": state}).status_code == 400


def test_signing_in_gives_the_browser_another_session(wecom: Wecom) -> None:
    browser = Client()
    state = sets_out(browser)
    before = browser.session.session_key
    wecom.answers(oauth.CAI)
    browser.get(BACK, {"code": CODE, "state": state})
    assert browser.session.session_key != before and "asked" not in browser.session


def test_the_question_to_wecom_says_who_asks_and_where_to_come_back(cast: Cast) -> None:
    phone = Client(headers={"user-agent": PHONE}).get("/codes/", follow=False)
    where = Client(headers={"user-agent": PHONE}).get(phone["Location"])["Location"]
    where = urlsplit(Client(headers={"user-agent": PHONE}).get(where)["Location"])
    asked = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert (where.netloc, where.fragment) == ("open.weixin.qq.com", "wechat_redirect")
    assert asked["redirect_uri"] == "http://testserver/login/wecom/back/" and asked["state"].isalnum()
    assert (asked["appid"], asked["agentid"], asked["scope"]) == (cast.corp.corp_id, "1000002", "snsapi_base")


def test_on_the_web_wecom_shows_a_qr_code(cast: Cast) -> None:
    where = urlsplit(Client(headers={"user-agent": DESK}).get("/login/wecom/?qr=1")["Location"])
    assert (where.netloc, where.path) == ("login.work.weixin.qq.com", "/wwlogin/sso/login")
    assert parse_qs(where.query)["login_type"] == ["CorpApp"]


def test_production_asks_to_be_led_back_by_https(cast: Cast, settings: Any) -> None:
    settings.PRODUCTION = True
    asked = parse_qs(urlsplit(Client().get("/login/wecom/")["Location"]).query)
    assert asked["redirect_uri"] == ["https://testserver/login/wecom/back/"]


def test_after_signing_out_in_wecom_nobody_is_signed_in_again_at_once(cast: Cast) -> None:
    phone = Client(headers={"user-agent": PHONE})
    phone.force_login(cast.cai)
    where = phone.post("/logout/")["Location"]
    assert phone.get(where).status_code == 200


def test_of_several_corps_one_is_chosen_once(cast: Cast, comes: Comes) -> None:
    other = Corp.objects.create(corp_id="wwother", name="另一家")
    App.objects.create(corp=other, agent_id=7, secret="x")
    browser = Client()
    assert "另一家" in browser.get("/login/wecom/").content.decode()
    assert comes(browser, corp=cast.corp.corp_id).status_code == 302
    browser.post("/logout/")
    assert f"appid={cast.corp.corp_id}" in browser.get("/login/wecom/")["Location"]


def test_a_corp_that_has_no_app_yet_is_no_choice(cast: Cast) -> None:
    Corp.objects.create(corp_id="wwother", name="另一家")
    assert f"appid={cast.corp.corp_id}" in Client().get("/login/wecom/")["Location"]


def test_a_userid_is_of_its_corp_alone(cast: Cast, wecom: Wecom) -> None:
    other = Corp.objects.create(corp_id="wwother", name="另一家")
    App.objects.create(corp=other, agent_id=7, secret="x")
    wecom.answers(oauth.CAI)
    wecom.answers({"errcode": 60111, "errmsg": "no"}, api="user/get")
    browser = Client()
    state = sets_out(browser, corp="wwother")
    assert browser.get(BACK, {"code": CODE, "state": state}).status_code == 403


def test_who_is_new_is_read_and_comes_in(wecom: Wecom, comes: Comes) -> None:
    told = {"errcode": 0, "userid": "newbie", "name": "新人", "department": [77], "status": 1, "position": "导购"}
    wecom.answers(told, api="user/get")
    browser = Client()
    assert comes(browser, "Newbie")["Location"] == "/account/"  # no department of hers is a store of ours
    assert Guide.objects.get(userid="newbie").person == Person.objects.get(username="newbie")
    assert "还没有岗位" in browser.get("/account/").content.decode()


@pytest.mark.parametrize(("status", "code"), [(2, 403), (4, 302), (1, 302)])
def test_whom_wecom_disabled_stays_outside(wecom: Wecom, comes: Comes, status: int, code: int) -> None:
    told = {"errcode": 0, "userid": "newbie", "name": "新人", "department": [77], "status": status}
    wecom.answers(told, api="user/get")
    assert comes(Client(), "newbie").status_code == code


def test_whom_hq_made_inactive_stays_outside(cast: Cast, comes: Comes) -> None:
    cast.cai.is_active = False
    cast.cai.save()
    said = comes(Client())
    assert said.status_code == 403 and "已停用" in said.content.decode()


def test_a_corp_without_an_app_says_what_is_missing(cast: Cast) -> None:
    Corp.objects.exclude(pk=cast.corp.pk).delete()
    App.objects.update(agent_id=0)
    said = Client().get("/login/wecom/")
    assert said.status_code == 502 and "尚未配置" in said.content.decode()
