"""The code pages and the desks in a real browser, on a phone and on a desk."""

from io import BytesIO
from typing import Any

import pytest
import segno
from django.db import transaction

from campaigns.models import Welcome
from guides import postings
from guides.models import Code
from scrm import clock
from tests.cast import MEI, OPENED, Cast, assemble

pytestmark = [pytest.mark.browser]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = pytest.mark.parametrize("width", [390, 1280])


def picture() -> bytes:
    file = BytesIO()
    segno.make("https://example.com/code").save(file, kind="png", scale=6)
    return file.getvalue()


@pytest.fixture
def shop(transactional_db: None) -> Cast:
    """Nanjing Road with a code on the till, its welcome, and a customer who waits for a store."""
    cast = assemble()
    code = cast.code(name="收银台")
    Code.objects.filter(pk=code.pk).update(qr_image=picture())
    Welcome.objects.create(name="store", text="你好，我是{store}的{guide}", store=cast.nanjing_road)
    postings.post(cast.guide("cai"), to=cast.xujiahui, at=OPENED)
    with transaction.atomic():
        cast.add(MEI, "cai", at=clock.now())
    return cast


@WIDTHS
def test_from_the_shelf_to_a_code_and_its_welcome(shop: Cast, opened: Any, width: int) -> None:
    page = opened(shop.ben, "/codes/", width=width)
    assert page.evaluate(WIDE) == 0
    page.get_by_text("收银台").click()
    page.wait_for_selector("text=你好，我是南京路店的小芳")
    assert page.evaluate(WIDE) == 0
    assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 100


@WIDTHS
def test_a_manager_makes_a_code_and_waits_for_its_picture(shop: Cast, opened: Any, width: int) -> None:
    page = opened(shop.ben, "/codes/new/", width=width)
    assert not page.locator(".of-guides").is_visible()
    page.get_by_label("一位导购").check()
    page.get_by_label("名称").fill("台卡")
    page.get_by_label("Cai").check()
    page.get_by_role("button", name="生成活码").click()
    page.wait_for_selector("h1:text-is('台卡')")
    made = Code.objects.filter(name="台卡")
    made.update(qr_image=picture(), config_id="c0ffee", pushed=1)
    page.wait_for_selector("img.qr")  # by itself
    assert page.evaluate(WIDE) == 0


def test_what_is_wrong_is_said_where_it_is(shop: Cast, opened: Any) -> None:
    page = opened(shop.ben, "/codes/new/", width=390)
    page.get_by_label("一位导购").check()
    page.get_by_label("名称").fill("台卡")
    page.get_by_role("button", name="生成活码").click()
    page.wait_for_selector(".of-guides .error:text-is('请选择一位导购。')")
    page.faults.clear()  # the browser notes the 400


@WIDTHS
def test_sheets_are_printed_and_counted(shop: Cast, opened: Any, width: int) -> None:
    page = opened(shop.ben, "/codes/", width=width)
    page.locator(".pick input").check()
    page.get_by_role("button", name="打印所选").click()
    page.wait_for_selector(".paper")
    assert page.evaluate(WIDE) == 0
    page.evaluate("sessionStorage.asked = ''")
    page.add_init_script("window.print = () => { sessionStorage.asked = 'yes' }")
    page.get_by_role("button", name="打印 1 个活码").click()
    page.wait_for_function("sessionStorage.asked === 'yes'")
    assert "print=" not in page.url
    assert Code.objects.get().prints == 1


def test_a_customer_finds_her_store_with_one_tap(shop: Cast, opened: Any) -> None:
    page = opened(shop.cai, "/codes/unplaced/", width=390)
    page.get_by_role("button", name="徐家汇店").click()
    page.wait_for_selector("text=所有客户都已归入门店")


@WIDTHS
def test_the_desks_fit_and_speak_chinese(shop: Cast, opened: Any, width: int) -> None:
    page = opened(shop.ada, "/admin/", width=width)
    for path in ("guides/code/", "stores/store/1/change/", "campaigns/welcome/add/", "audit/alarm/", "members/member/"):
        page.goto(page.url.split("/admin/")[0] + "/admin/" + path)
        assert page.evaluate(WIDE) == 0, path
    page.faults.clear()  # a browser far from Shanghai is warned of the hours between


def test_the_phone_shows_the_welcome_while_it_is_typed(shop: Cast, opened: Any) -> None:
    page = opened(shop.ada, "/admin/campaigns/welcome/add/")
    page.locator("#id_text").fill("我是{guide}")
    assert page.locator("[data-bubble]").inner_text() == "我是小芳"
