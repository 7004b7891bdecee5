"""A segment built from nothing in a real browser, on a phone and on a desk; by keyboard, and without a network."""

from typing import Any

import pytest

from members import labels, tags
from members.models import Member, Segment
from members.segments import definitions, folds
from scrm import clock
from tests.cast import LAN, MEI, Cast, assemble

pytestmark = [pytest.mark.browser]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = pytest.mark.parametrize("width", [390, 1280])
NEW = "/customers/segments/new/"


@pytest.fixture
def shop(transactional_db: None) -> Cast:
    """Two customers and thirty tags, one of which Mei bears."""
    cast, at = assemble(), clock.now()
    cast.add(MEI, "cai", code=cast.code(), at=at)
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first), at=at)
    Member.objects.filter(pk=cast.member(MEI).pk).update(name="梅长苏")
    group = labels.group("口味", by=cast.otto, at=at)
    made = [labels.tag(group, f"口味{n:02}", by=cast.otto, at=at) for n in range(30)]
    tags.put_on([cast.member(MEI).pk], made[17], by=cast.otto, at=at)
    return cast


def add(page: Any) -> Any:
    return page.get_by_role("button", name="+ 条件", exact=True)


def at_rest(page: Any, place: str) -> Any:
    page.wait_for_selector(f"#groups:not(.htmx-added) {place}")
    return page.locator(place)


def choose(page: Any, place: str, value: str) -> None:
    """As somebody would: when the answer to the last deed has come to rest, for before that nothing listens."""
    at_rest(page, place).select_option(value)


def count(page: Any, n: int) -> None:
    page.wait_for_selector(f".preview-count b:text-is('{n}')")


@WIDTHS
def test_a_segment_from_nothing(shop: Cast, opened: Any, width: int) -> None:
    page = opened(shop.otto, NEW, width=width)
    page.get_by_label("名称").fill("爱辣的新客")
    add(page).click()
    choose(page, "#g0-c0-field", "tag")
    at_rest(page, "[placeholder=输入以搜索]").fill("17")
    page.locator(".option", has_text="口味17").click()
    count(page, 1)
    page.wait_for_selector(".sentence:has-text('口味17')")
    add(page).click()
    choose(page, "#g0-c1-field", "first_order")
    choose(page, "#g0-c1-op", "never")
    count(page, 1)
    assert page.evaluate(WIDE) == 0
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("h1:text-is('爱辣的新客')")
    assert page.evaluate(WIDE) == 0
    rule = Segment.objects.get().version.rule  # type: ignore[union-attr]
    assert [leaf["field"] for leaf in rule["all"][0]["all"]] == ["tag", "first_order"]


def test_with_the_keyboard_alone(shop: Cast, opened: Any) -> None:
    page = opened(shop.otto, NEW)
    page.get_by_label("名称").focus()
    page.keyboard.type("键盘")
    page.keyboard.press("Enter")  # is no way to save what is half done
    page.wait_for_load_state("networkidle")
    add(page).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#g0-c0-field:focus")
    choose(page, "#g0-c0-field", "registered")
    page.wait_for_selector("#g0-c0 .joins")
    page.get_by_label("否").focus()
    page.keyboard.press("Space")
    count(page, 2)
    assert page.get_by_label("名称").input_value() == "键盘"


def test_what_is_wrong_is_said_where_it_is_and_nothing_is_lost(shop: Cast, opened: Any) -> None:
    page = opened(shop.otto, NEW, width=390)
    add(page).click()
    choose(page, "#g0-c0-field", "spent")
    at_rest(page, "#g0-c0-value").fill("很多钱")
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("#g0-c0-value-error")
    page.wait_for_selector("#id_name_error")
    assert page.locator("#g0-c0-value").input_value() == "很多钱"
    page.locator("#g0-c0-value").fill("0.5")
    count(page, 0)


def test_without_a_network_what_was_typed_stays(shop: Cast, opened: Any) -> None:
    page = opened(shop.otto, NEW)
    page.get_by_label("名称").fill("断网")
    add(page).click()
    choose(page, "#g0-c0-field", "first_order")
    choose(page, "#g0-c0-op", "never")
    count(page, 2)
    page.context.set_offline(True)
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("#failed:not([hidden])")
    assert page.get_by_label("名称").input_value() == "断网"
    page.context.set_offline(False)
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("h1:text-is('断网')")
    page.faults = [fault for fault in page.faults if "ERR_INTERNET_DISCONNECTED" not in fault and "htmx:" not in fault]


@WIDTHS
def test_from_the_list_to_the_people_of_a_segment(shop: Cast, opened: Any, width: int) -> None:
    definitions.make("都没买过", {"field": "first_order", "op": "never"}, by=shop.otto, at=clock.now())
    folds.fold(at=clock.now())
    page = opened(shop.ada, "/customers/segments/", width=width)
    assert page.evaluate(WIDE) == 0
    page.get_by_text("都没买过").click()
    page.wait_for_selector("[data-chart=live][data-drawn=yes]")
    page.wait_for_selector(".sample:has-text('梅长苏')")
    assert page.evaluate(WIDE) == 0
    page.get_by_text("查看人员").click()
    page.wait_for_selector("#cards:has-text('梅长苏')")
    assert page.evaluate(WIDE) == 0
