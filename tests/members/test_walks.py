"""A page of customers below HQ: walked down to, it is the same as one cut from all whom the viewer may see."""

import random
from typing import Any

import pytest
from django.test import Client

from members import joinings, shelves, sights, walks
from members.models import Member
from scrm import clock
from scrm.clock import day_of
from stores.models import ApiToken
from tests.cast import NOW, OPENED, Cast, after
from tests.members.buying import bought

pytestmark = pytest.mark.django_db
GUIDES = ("cai", "dong", "gu")
ASKED: tuple[dict[str, str], ...] = (
    {},
    {"q": "王"},
    {"registered": "yes"},
    {"registered": "no"},
    {"relation": "live"},
    {"relation": "lost"},
    {"relation": "none"},
)


@pytest.fixture(params=[1, 2])
def crowd(cast: Cast, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Forty customers of all stores: added, joined, bought, lost, some merged, two erased."""
    monkeypatch.setattr(walks, "AT_LEAST", 3)
    monkeypatch.setattr(shelves, "ON_A_PAGE", 4)
    monkeypatch.setattr(shelves, "RARE", 3)
    dice = random.Random(request.param)
    stores = [cast.nanjing_road, cast.xujiahui, cast.fangs_first, cast.fangs_second]
    for n in range(40):
        _customer(cast, dice, f"wmWalk{n:026}", stores)
    everybody = list(Member.objects.order_by("pk"))
    for loser, winner in zip(everybody[3::7], everybody[20::3], strict=False):
        Member.objects.filter(pk=loser.pk).update(same_person_as=winner)
    Member.objects.filter(pk__in=[everybody[5].pk, everybody[31].pk]).update(erased_at=NOW)
    return cast


def _customer(cast: Cast, dice: random.Random, who: str, stores: list[Any]) -> None:
    name, registered = dice.choice("王王李") + who[-2:], OPENED if dice.random() < 0.4 else None
    if dice.random() < 0.6:
        cast.add(who, guide := dice.choice(GUIDES), at=NOW)
        member = cast.member(who)
        if dice.random() < 0.3:
            cast.tell(who, guide, "cust_del", at=after(days=1))
    else:
        member = Member.objects.create(created_at=NOW)
    Member.objects.filter(pk=member.pk).update(name=name, registered_at=registered)
    if dice.random() < 0.3:
        joinings.add([(member.pk, dice.choice(stores).pk, day_of(NOW))])
    if dice.random() < 0.4:
        bought(member, dice.choice(stores), at=NOW)


def all_of(viewer: Any, asked: dict[str, str]) -> list[str]:
    """What the pages show one after the other."""
    found: list[str] = []
    mark = ""
    while True:
        page = shelves.page(viewer, {**asked, "after": mark}, at=clock.now())
        found += [card.member.public_id for card in page.cards]
        if not (mark := page.next):
            return found


@pytest.mark.parametrize("who", ["ada", "rita", "ben", "fang", "cai", "ivy"])
@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_walked_is_the_same_as_gathered(
    crowd: Cast, who: str, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = getattr(crowd, who)
    wanted = list(shelves.found(viewer, asked, at=clock.now()).order_by("-pk").values_list("public_id", flat=True))
    assert all_of(viewer, asked) == wanted
    monkeypatch.setattr(walks, "AT_MOST", 6)  # given up half-way
    assert all_of(viewer, asked) == wanted
    assert set(wanted) <= set(sights.people(viewer).values_list("public_id", flat=True))


@pytest.mark.parametrize("most", [10_000, 6])
@pytest.mark.parametrize("who", ["rita", "ben", "fang"])
def test_the_api_walks_to_the_same(crowd: Cast, who: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "AT_MOST", most)
    viewer = getattr(crowd, who)
    client = Client(headers={"authorization": f"Token {ApiToken.issue(viewer, at=clock.now())}"})
    seen, pages, place = [], [], "/api/v1/members/?page_size=5"
    while place:
        answer = client.get(place).json()
        pages.append([row["id"] for row in answer["results"]])
        seen, place, back = seen + pages[-1], answer["next"], answer["previous"]
    wanted = Member.objects.visible_to(viewer).order_by("-pk").values_list("public_id", flat=True)
    assert seen == list(wanted) and len(pages) > 1
    assert [row["id"] for row in client.get(back).json()["results"]] == pages[-2]


def test_who_covers_few_stores_is_told_at_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert walks.share_walked(cast.rita) and not walks.share_walked(cast.cai) and not walks.share_walked(cast.ada)
    monkeypatch.setattr(walks, "ONE_IN", 1)
    assert not walks.share_walked(cast.ben)
