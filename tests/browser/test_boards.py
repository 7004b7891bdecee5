"""The boards in a real browser, on a phone and on a desk."""

from typing import Any

import pytest
from django.db import transaction

from scrm import clock
from scrm.dashboard import facts
from tests.cast import Cast

pytestmark = [pytest.mark.browser]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
INK = "getComputedStyle(document.body).backgroundColor"
DRAWN = "[...document.querySelectorAll('[data-chart] canvas')].filter(c => c.width > 100).length"


def drawn(page: Any) -> int:
    page.wait_for_selector("[data-drawn]")
    return int(page.evaluate(DRAWN))


@pytest.mark.parametrize("width", [390, 1280])
def test_hqs_board_fits_and_is_drawn(house: Cast, opened: Any, width: int) -> None:
    page = opened(house.ada, "/dashboard/", width=width)
    assert page.locator("h1").inner_text() == "掌柜茶饮"
    assert (drawn(page), page.evaluate(WIDE)) == (2, 0)
    assert int(page.locator("[data-kpi=adds] .tile-value").inner_text().replace(",", "")) > 100


@pytest.mark.parametrize("width", [390, 1280])
def test_from_hq_down_to_a_guide_and_up_again(house: Cast, opened: Any, width: int) -> None:
    page = opened(house.ada, "/dashboard/?period=days_30", width=width)
    for name in ("华东", "南京路店", "Cai"):
        page.locator("#table tbody").get_by_role("link", name=name, exact=True).click()
        page.wait_for_url("**/dashboard/**")
        assert page.locator("h1").inner_text() == name and page.evaluate(WIDE) == 0
        assert page.locator(".segments [aria-current]").inner_text() == "近 30 天"
        page.go_back() if name == "Cai" else None
    page.locator(".trail").get_by_role("link", name="掌柜茶饮").click()
    page.wait_for_selector("h1:text-is('掌柜茶饮')")


def test_the_table_changes_without_the_page(house: Cast, opened: Any) -> None:
    page = opened(house.ada, "/dashboard/")
    page.evaluate("document.body.dataset.kept = 'yes'")
    page.locator(".tabs").get_by_role("link", name="门店").click()
    page.wait_for_selector("#table >> text=徐家汇店")
    page.locator("#table thead").get_by_role("link", name="在册").click()
    page.wait_for_selector("th[aria-sort=descending] >> text=在册")
    live = [int(cell.replace(",", "")) for cell in page.locator("#table tbody td:nth-child(7)").all_inner_texts()]
    assert live == sorted(live, reverse=True) and len(live) == 12
    assert page.evaluate("document.body.dataset.kept") == "yes" and "sort=-live" in page.url


def test_a_table_that_does_not_load_says_so(house: Cast, opened: Any) -> None:
    page = opened(house.ada, "/dashboard/")
    page.route("**/dashboard/**", lambda route: route.abort())
    page.locator(".tabs").get_by_role("link", name="门店").click()
    page.wait_for_selector("#failed:visible")
    assert page.locator("#table").get_by_text("华东").is_visible()
    page.faults.clear()  # the browser reports what we broke


def test_a_custom_period_is_picked(house: Cast, opened: Any) -> None:
    page = opened(house.ben, "/dashboard/")
    day = page.locator("[name=to]").input_value()
    page.fill("[name=from]", day)
    page.locator(".custom button").click()
    page.wait_for_url(f"**from={day}&to={day}")
    assert page.locator(".segments [aria-current]").count() == 0 and drawn(page) == 2


def test_a_number_explains_itself(house: Cast, opened: Any) -> None:
    page = opened(house.ben, "/dashboard/", width=390)
    page.locator("[data-kpi=loss_rate] .tip").hover()
    assert page.locator("#means-loss_rate").is_visible() and page.evaluate(WIDE) == 0


def test_new_numbers_come_by_themselves(house: Cast, opened: Any) -> None:
    page = opened(house.ben, "/dashboard/")
    value = page.locator("[data-kpi=adds] .tile-value")
    before = int(value.inner_text())
    with transaction.atomic():
        house.add("wmJustNow", "ben", at=clock.now())
    facts.fill_touched(at=clock.now())
    page.evaluate("document.dispatchEvent(new Event('boards:look'))")
    page.wait_for_selector(f"[data-kpi=adds] .tile-value:text-is('{before + 1}')")
    assert drawn(page) == 2 and page.locator("#table").get_by_text("Ben").is_visible()


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_light_and_dark(house: Cast, opened: Any, scheme: str, is_dark: bool) -> None:
    page = opened(house.ada, "/dashboard/", color_scheme=scheme)
    red = int(page.evaluate(INK).split("(")[1].split(",")[0])
    assert (red < 60) == is_dark and drawn(page) == 2


def test_english_for_who_chooses_it(house: Cast, opened: Any) -> None:
    page = opened(house.ada, "/dashboard/", width=390)
    page.locator(".who summary").click()
    page.get_by_role("button", name="English").click()
    page.wait_for_selector(".tile-name >> text=New people")
    assert page.evaluate("document.documentElement.lang") == "en" and page.evaluate(WIDE) == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_guides_own_page(house: Cast, opened: Any, width: int) -> None:
    page = opened(house.cai, "/dashboard/", width=width)
    assert page.locator("h1").inner_text() == "Cai"
    assert (drawn(page), page.evaluate(WIDE), page.locator("#table").count()) == (2, 0, 0)


@pytest.mark.parametrize("width", [390, 1280])
def test_signing_in_and_out(house: Cast, live_server: Any, new_page: Any, width: int) -> None:
    page = new_page(width=width)
    page.goto(f"{live_server.url}/dashboard/")
    for password in ("wrong", "ben-opens-the-shop"):
        page.fill("[name=username]", "ben")
        page.fill("[name=password]", password)
        page.get_by_role("button", name="登录").click()
        if password == "wrong":
            assert "账号或密码有误" in page.get_by_role("alert").inner_text() and page.evaluate(WIDE) == 0
    page.wait_for_selector("h1:text-is('南京路店')")
    page.locator(".who summary").click()
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/login/?out=1")
