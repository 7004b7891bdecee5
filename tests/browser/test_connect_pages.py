"""Connecting a corp in a real browser beside a WeCom of its own; the doctor; who is not ready."""

from collections.abc import Iterator
from typing import Any

import pytest

from guides.models import Guide
from scrm import sandbox
from scrm.wecom import client
from scrm.wecom.models import Receiver
from tests.cast import NOW, Cast, assemble

pytestmark = [pytest.mark.browser]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = pytest.mark.parametrize("width", [390, 1280])


@pytest.fixture
def wx(transactional_db: None, settings: Any, live_server: Any) -> Iterator[Any]:
    client.forget_clients()
    with sandbox.running(seed=8, stores=1, switches={"verify_timeout": 20}) as world:
        settings.WECOM_API_BASE_URL, settings.BASE_URL = world.base_url, live_server.url
        yield world
    client.forget_clients()


@pytest.fixture
def cast(wx: Any) -> Cast:
    return assemble()


@WIDTHS
def test_a_corp_is_connected_and_the_page_notices_by_itself(
    wx: Any, cast: Cast, opened: Any, live_server: Any, width: int
) -> None:
    corp_id = wx.do("POST", "corps", name="我的品牌", stores=1)["corp_id"]
    app = wx.do("POST", "console/apps", corp_id=corp_id, name="掌柜", visible=[1])
    named = {"corp_id": corp_id, "agent_id": app["agent_id"]}
    wx.do("POST", "console/callable", **named, on=True)
    page = opened(cast.ada, "/admin/wecom/connect/", width=width)
    page.fill("[name=corp_id]", corp_id)
    page.fill("[name=name]", "我的品牌")
    page.get_by_role("button", name="下一步").click()
    page.fill("#step-app [name=agent_id]", app["agent_id"])
    page.fill("#step-app [name=secret]", app["secret"])
    page.click("#step-app .button")
    page.wait_for_selector("#step-app .finding.bad >> text=127.0.0.1")
    assert page.evaluate(WIDE) == 0
    wx.do("POST", "console/ips", **named, ips=["127.0.0.1"])
    page.get_by_role("button", name="重新检查").first.click()
    page.wait_for_selector("#step-app .finding.ok")
    page.wait_for_selector("#step-callback .values code")
    receiver = Receiver.objects.exclude(slug="cast").get()
    shown = page.locator("#step-callback .values code").all_inner_texts()
    assert shown[1:] == [receiver.token, receiver.aes_key]
    wx.do("POST", "console/callback", **named, url=shown[0], token=shown[1], aes_key=shown[2])
    page.wait_for_selector("#step-callback .dot.done", timeout=20_000)  # nobody clicked
    assert page.evaluate(WIDE) == 0


@WIDTHS
def test_the_doctor_shows_each_check_as_it_comes(cast: Cast, opened: Any, width: int) -> None:
    page = opened(cast.ada, "/admin/doctor/", width=width)
    page.wait_for_function(
        "document.querySelectorAll('.exam li').length === document.querySelectorAll('[data-level]').length"
    )
    assert page.locator("[data-level=bad]").count() >= 1 and page.evaluate(WIDE) == 0


@WIDTHS
def test_a_manager_sees_who_is_not_ready(cast: Cast, opened: Any, width: int) -> None:
    Guide.objects.filter(userid="cai").update(contact_trouble="41054", contact_trouble_at=NOW)
    page = opened(cast.ben, "/codes/readiness/", width=width)
    page.wait_for_selector("text=未实名认证")
    assert page.evaluate(WIDE) == 0
    page.get_by_role("button", name="已解决，重新尝试").click()
    page.wait_for_selector("text=全部就绪")
