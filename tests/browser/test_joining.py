"""A newcomer on her own phone: from the poster to a verified phone and back out again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse

from members import consents, terms
from members.joins import invites
from members.models import IdentityLink, Member
from scrm import clock
from scrm.sandbox import Sandbox, running
from tests.cast import Cast, assemble

pytestmark = [pytest.mark.browser]
PHONE = "137 6450 1893"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def wx(settings: Any) -> Iterator[Sandbox]:
    """The sandbox, whose phones get the codes, as in the demo."""
    with running(stores=1) as wx:
        settings.SMS_OUTLET_URL, settings.PROFILE = f"{wx.base_url}/sandbox/sms", "demo"
        yield wx


@pytest.fixture
def poster(transactional_db: None, live_server: Any) -> tuple[Cast, str]:
    cast, now = assemble(), clock.now()
    terms.publish("v1", {str(p): str(t) for p, t in terms.usual().items()}, title="隐私政策", by=cast.ada, at=now)
    token = invites.token(invites.make(cast.nanjing_road, by=cast.ada, at=now))
    return cast, live_server.url + reverse("join", args=[token])


def test_she_registers_with_the_code_of_her_phone_and_takes_back_what_she_allowed(
    wx: Sandbox, poster: tuple[Cast, str], new_page: Callable[..., Any]
) -> None:
    page = new_page(width=390)
    page.goto(poster[1])
    page.get_by_role("textbox", name="手机号").fill(PHONE)
    page.get_by_label("与加盟商共享").check()
    page.get_by_role("button", name="获取验证码").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="到沙盒手机查看验证码").click()
    code = opened.value.locator(".code").first.inner_text()
    assert opened.value.evaluate(WIDE) == 0
    page.get_by_label("短信验证码").fill(code)
    page.get_by_text("我已阅读").click()
    page.get_by_role("button", name="注册", exact=True).click()
    page.wait_for_selector("text=您已成为会员")
    assert page.evaluate(WIDE) == 0
    member = Member.objects.get(registered_at__isnull=False)
    assert IdentityLink.objects.get(member=member).verified
    assert consents.allows([member.pk], "share_franchisee", at=clock.now())
    page.get_by_role("button", name="全部撤回").click()
    page.wait_for_selector("text=立即生效")
    assert not consents.allows([member.pk], "share_franchisee", at=clock.now())
