"""Who is one person, decided in a real browser: on a phone, and at a desk with keys."""

import os
from typing import Any

import pytest
from django.urls import reverse

from members import identities
from members.identities import Told
from members.models import Member, Merge, Review
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.browser]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def shoot(page: Any, name: str) -> None:
    """A picture for whoever asks for one by SHOTS."""
    if place := os.environ.get("SHOTS"):
        page.screenshot(path=f"{place}/{name}.png", full_page=True)


@pytest.fixture
def asked(house: Cast) -> Member:
    """Two questions, the first of two customers who share a phone that neither proved."""
    phones = ("+8613911110001", "+8613911110002")
    told = [
        Told((("card", "", f"VIP00{n}{p[-1]}"), ("phone", "", p)), name)
        for p in phones
        for n, name in ((1, "梅"), (2, "小梅"))
    ]
    pk = identities.recognise(told, source="till", at=NOW)[0]
    return Member.objects.get(pk=pk)


@pytest.mark.parametrize("width", [390, 1280])
def test_two_stand_side_by_side_and_one_key_decides(house: Cast, opened: Any, asked: Member, width: int) -> None:
    page = opened(house.otto, "/customers/reviews/", width=width)
    assert (page.evaluate(WIDE), page.locator(".side").count()) == (0, 2)
    shoot(page, f"review-{width}")
    boxes = [page.locator(".side").nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    page.keyboard.press("s")
    page.wait_for_selector("text=最近的判定")
    assert Merge.objects.filter(undone_at=None).count() == 1 and Review.objects.filter(state="open").count() == 1
    shoot(page, f"decided-{width}")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_other_rooms_fit(house: Cast, opened: Any, asked: Member, width: int) -> None:
    page = opened(house.otto, "/customers/duplicates/", width=width)
    for room in ("duplicates", "merges", "blocked_ids"):
        page.goto(page.url.split("/customers/")[0] + reverse(f"members:{room}"))
        assert page.evaluate(WIDE) == 0, room
        shoot(page, f"{room}-{width}")


def test_a_number_is_shown_in_its_place_when_asked_for(house: Cast, opened: Any, asked: Member) -> None:
    page = opened(house.otto, f"/customers/{asked.public_id}/", width=390)
    page.wait_for_selector("#story")  # else the first tab comes over the one that was clicked
    page.locator(".tabs").get_by_role("link", name="标识").click()
    page.wait_for_selector(".identities")
    assert "139****0001" in page.locator(".identities").inner_text()
    shoot(page, "ids-390")
    page.locator(".identities tr", has_text="手机").get_by_role("button").click()
    page.wait_for_selector("text=+8613911110001")
    shoot(page, "revealed-390")
