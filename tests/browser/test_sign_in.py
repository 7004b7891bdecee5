"""Signing in as people do: a guide in WeCom on her phone, a manager by QR code, HQ with an app on the phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest

from guides.models import Guide
from scrm import clock, sandbox
from scrm.wecom import client
from scrm.wecom.models import App, Corp
from stores.models import SecondFactor
from tests.cast import Cast, assemble

pytestmark = [pytest.mark.browser, pytest.mark.network]
WXWORK = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 wxwork/4.1.36"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = pytest.mark.parametrize("width", [390, 1280])


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Any]:
    """The cast in a corp of the sandbox, in which Cai is called as somebody there is."""
    cast = assemble()
    client.forget_clients()
    with sandbox.running(seed=5, stores=1) as wx:
        Corp.objects.filter(pk=cast.corp.pk).update(corp_id=wx.corp_id, api_base_url=wx.base_url)
        App.objects.filter(pk=cast.app.pk).update(agent_id=int(wx.agent_id))
        app = App.objects.get(pk=cast.app.pk)
        app.secret = wx.secret
        app.save()
        someone = next(user for user in wx.corp.users.values() if user.serves and user.here)
        Guide.objects.filter(userid="cai").update(userid=someone.userid)
        yield cast, wx, someone


Opened = Callable[..., Any]


def choose(page: Any, name: str) -> None:
    page.get_by_text(name, exact=True).click()


def test_a_guide_on_her_phone_is_in_without_a_stop(shop: Any, live_server: Any, new_page: Opened) -> None:
    _cast, wx, someone = shop
    page = new_page(390, user_agent=WXWORK)
    page.goto(live_server.url + "/codes/")
    assert page.url.startswith(wx.base_url + "/connect/oauth2/authorize")  # WeCom itself asks nobody here
    choose(page, someone.name)
    assert page.url == live_server.url + "/codes/"
    page.goto(live_server.url + "/account/")
    assert "Cai" in page.content() and "企业微信" in page.content() and page.evaluate(WIDE) == 0


def test_an_address_that_wecom_does_not_trust_leads_nowhere(shop: Any, live_server: Any, new_page: Opened) -> None:
    _cast, wx, _someone = shop
    wx.app.trusted_domains = ["scrm.example.com"]
    page = new_page(390, user_agent=WXWORK)
    page.goto(live_server.url + "/codes/")
    assert "50001" in page.content()


@WIDTHS
def test_the_qr_code_and_a_change_of_mind(shop: Any, live_server: Any, new_page: Opened, width: int) -> None:
    _cast, wx, someone = shop
    page = new_page(width)
    page.goto(live_server.url + "/dashboard/")
    assert page.evaluate(WIDE) == 0
    page.get_by_text("企业微信扫码登录").click()
    assert page.url.startswith(wx.base_url + "/wwlogin/sso/login")
    choose(page, "拒绝授权")
    assert "你没有同意授权" in page.content() and page.evaluate(WIDE) == 0
    page.get_by_text("再试一次").click()
    choose(page, someone.name)
    assert page.url.startswith(live_server.url + "/dashboard/")


@WIDTHS
def test_hq_sets_up_its_app_and_comes_back_with_it(
    shop: Any, live_server: Any, new_page: Opened, settings: Any, width: int
) -> None:
    settings.SECOND_FACTOR = "required"
    cast: Cast = shop[0]
    page = new_page(width)
    _with_password(page, live_server.url, "ada")
    assert page.url.endswith("/login/enrol/") and page.evaluate(WIDE) == 0
    page.fill("input[name=code]", _code(cast))
    page.get_by_role("button", name="确认").click()
    assert page.locator(".codes code").count() == 10 and page.evaluate(WIDE) == 0
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_text("已保存，继续").click()
    assert "/login/" not in page.url
    again = new_page(width)
    _with_password(again, live_server.url, "ada")
    again.fill("input[name=code]", recovery)
    again.get_by_role("button", name="登录").click()
    assert "/login/" not in again.url


def _with_password(page: Any, base: str, name: str) -> None:
    page.goto(base + "/login/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", f"{name}-opens-the-shop")
    page.get_by_role("button", name="登录", exact=True).click()


def _code(cast: Cast) -> str:
    return pyotp.TOTP(str(SecondFactor.objects.get(person=cast.ada).secret)).at(clock.now())
