"""Pages about reach and grades, for each kind of viewer."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from members import activations, grading, reach
from members.models import Activation, Consent, Member, MemberGrade
from scrm import clock
from scrm.audit.models import Entry
from tests.cast import LAN, MEI, Cast
from tests.members.buying import bought
from tests.members.test_reach import with_phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(cast: Cast) -> Cast:
    """Mei buys at Nanjing Road, Lan at Fang's; somebody with a phone only is known to both."""
    now = clock.now()
    cast.add(MEI, "cai", code=cast.code(), at=now - timedelta(days=2))
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first), at=now - timedelta(days=2))
    bought(cast.member(MEI), cast.nanjing_road, at=now - timedelta(days=1), fen=30_000)
    bought(cast.member(LAN), cast.fangs_first, at=now - timedelta(days=1))
    with_phone("+8613800030001", cast.nanjing_road, cast.fangs_first)
    grading.grade_all(at=now)
    reach.count_all(at=now)
    return cast


@pytest.mark.parametrize(
    ("who", "stores"),
    [
        ("ada", {"南京路店", "天河店"}),
        ("ann", {"南京路店", "天河店"}),
        ("rita", {"南京路店"}),
        ("ben", {"南京路店"}),
        ("fang", {"天河店"}),
        ("ivy", {"南京路店"}),
    ],
)
def test_each_reads_the_reach_of_her_stores(shop: Cast, client: Client, who: str, stores: set[str]) -> None:
    client.force_login(getattr(shop, who))
    answer = client.get("/customers/reach/")
    assert {row.store.name for row in answer.context["page"]} == stores
    assert bool(answer.context["tiers"]) == (who in {"ada", "ann"})


@pytest.mark.parametrize("place", ["/customers/reach/", "/customers/grades/", "/customers/reach/lists/"])
@pytest.mark.parametrize("who", ["cai", "eve"])
def test_guides_and_strangers_read_no_boards(shop: Cast, client: Client, who: str, place: str) -> None:
    client.force_login(getattr(shop, who))
    assert client.get(place).status_code == 403


def test_a_tier_leaves_its_stores(shop: Cast, client: Client) -> None:
    client.force_login(shop.ada)
    assert len(client.get("/customers/reach/", {"tier": "1"}).context["page"]) == 2
    assert len(client.get("/customers/reach/", {"tier": "5"}).context["page"]) == 0
    assert len(client.get("/customers/reach/", {"q": "天河"}).context["page"]) == 1


def test_a_list_is_made_read_and_taken_along(shop: Cast, client: Client) -> None:
    client.force_login(shop.ben)
    asked = {"store": [shop.nanjing_road.public_id, shop.fangs_first.public_id], "words": "{store} {link}"}
    client.post("/customers/reach/lists/", asked)
    one = Activation.objects.get()
    page = client.get(f"/customers/reach/lists/{one.public_id}/").content.decode()
    assert one.store == shop.nanjing_road and "138****0001" in page and "+8613800030001" not in page
    file = client.get(f"/customers/reach/lists/{one.public_id}/list.xlsx")
    assert b"".join(file)[:2] == b"PK"  # type: ignore[arg-type]
    assert Entry.objects.filter(verb="invitee.exported", actor=shop.ben, rows=1).exists()


def test_a_link_is_made_once(shop: Cast, client: Client) -> None:
    one = activations.make(shop.nanjing_road, words="{link}", by=shop.ben, at=clock.now())
    client.force_login(shop.ben)
    for _ in range(2):
        client.post(f"/customers/reach/lists/{one.public_id}/link/")
    page = client.get(f"/customers/reach/lists/{one.public_id}/").content.decode()
    assert "/join/j_" in page and Entry.objects.filter(verb="invite.made").count() == 1


@pytest.mark.parametrize("who", ["fang", "rita"])
def test_a_list_of_another_house_is_unknown(shop: Cast, client: Client, who: str) -> None:
    store = shop.fangs_first if who == "rita" else shop.nanjing_road
    one = activations.make(store, words="", by=shop.ada, at=clock.now())
    client.force_login(getattr(shop, who))
    for part in ("", "list.xlsx"):
        assert client.get(f"/customers/reach/lists/{one.public_id}/{part}").status_code == 404


def test_the_board_of_grades_adds_up(shop: Cast, client: Client) -> None:
    client.force_login(shop.ada)
    whole = client.get("/customers/grades/").context
    assert whole["total"] == 2 == sum(line["people"] for line in whole["grades"])
    assert sum(n for _r, row in whole["cells"] for n, _shade in row) == 2
    client.force_login(shop.fang)
    assert client.get("/customers/grades/").context["total"] == 1
    assert client.get("/customers/grades/", {"store": shop.nanjing_road.public_id}).status_code == 404


def word(store: Any, **more: Any) -> dict[str, Any]:
    until = clock.day_of(clock.now()) + timedelta(days=9)
    return {"store": store.public_id if store else "", "grade": "B", "until": str(until), "reason": "店长说", **more}


def test_a_manager_sets_a_grade_at_her_store_and_takes_it_back(shop: Cast, client: Client) -> None:
    mei = shop.member(MEI)
    place = f"/customers/{mei.public_id}/grades/"
    client.force_login(shop.ben)
    client.post(place, word(shop.nanjing_road))
    held = MemberGrade.objects.get(member=mei, store=shop.nanjing_road)
    assert (held.grade, held.override_by) == ("B", shop.ben)
    assert "店长说" in client.get(place).content.decode()
    client.post(place, word(shop.nanjing_road, take_back="1"))
    assert MemberGrade.objects.get(member=mei, store=shop.nanjing_road).grade == held.rule_grade


@pytest.mark.parametrize("broken", [{"grade": "Z"}, {"until": "gestern"}, {"until": "2001-01-01"}, {"reason": ""}])
def test_a_word_that_is_none_sets_nothing(shop: Cast, client: Client, broken: dict[str, str]) -> None:
    client.force_login(shop.ben)
    client.post(f"/customers/{shop.member(MEI).public_id}/grades/", word(shop.nanjing_road, **broken))
    assert not MemberGrade.objects.filter(override_until__isnull=False).exists()


def test_a_manager_has_no_say_elsewhere(shop: Cast, client: Client) -> None:
    client.force_login(shop.ben)
    for store in (None, shop.xujiahui, shop.fangs_first):
        client.post(f"/customers/{shop.member(MEI).public_id}/grades/", word(store))
    assert not MemberGrade.objects.filter(override_until__isnull=False).exists()


def test_a_guide_reads_a_grade_and_sets_none(shop: Cast, client: Client) -> None:
    client.force_login(shop.cai)
    place = f"/customers/{shop.member(MEI).public_id}/grades/"
    assert client.get(place).status_code == 200
    assert client.post(place, word(shop.nanjing_road)).status_code == 403


def test_a_franchisee_reads_brand_wide_grades_by_consent_alone(shop: Cast, client: Client) -> None:
    lan: Member = shop.member(LAN)
    client.force_login(shop.fang)
    read = client.get(f"/customers/{lan.public_id}/grades/").context["grades"]
    assert [one.store for one in read] == [shop.fangs_first]
    Consent.objects.create(
        member=lan, purpose="share_franchisee", state="given", at=lan.created_at, source="form",
        recorded_at=lan.created_at,
    )  # fmt: skip
    read = client.get(f"/customers/{lan.public_id}/grades/").context["grades"]
    assert {one.store for one in read} == {shop.fangs_first, None}
