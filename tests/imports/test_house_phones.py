"""Phones of stores and colleagues are blocked as files of stores and staff tell them."""

import pytest
from django.test import Client
from django.urls import reverse

from members import blocks, house_phones, identities, merges, persons
from members.identities import Told
from members.models import BlockedValue, Member
from stores.models import Seat
from tests.cast import NOW, after
from tests.imports.conftest import Desk, came_to, said

pytestmark = pytest.mark.django_db
SHOP, OTHER = "13764501893", "13764501894"
STORES, PEOPLE = ["门店编号", "门店电话"], ["企业微信账号", "手机号"]


def blocked() -> list[tuple[str, str, str, bool]]:
    rows = BlockedValue.objects.select_related("store", "person").order_by("shown")
    return [(one.shown, one.reason, str(one.store or one.person or ""), one.blocks) for one in rows]


def two_by(phone: str) -> list[Member]:
    """Two customers who proved one phone."""
    told = [Told((("card", "", card), ("phone", "", phone)), verified=frozenset({"phone"})) for card in ("1", "2")]
    return [Member.objects.get(pk=pk) for pk in identities.recognise(told, source="pos", at=NOW)]


def test_a_stores_phone_joins_nobody_and_parts_whom_it_joined(desk: Desk) -> None:
    one, other = two_by(SHOP)
    assert persons.all_of(other.pk) == [one.pk, other.pk]
    upload = desk.bring("stores", [STORES, ["S001", SHOP]])
    assert came_to(upload) == ["updated"] and "137****1893" in said(upload, 2)
    assert blocked() == [("137****1893", "store", "南京路店", True)]
    assert persons.all_of(other.pk) == [other.pk] and persons.all_of(one.pk) == [one.pk]
    assert came_to(desk.bring("stores", [STORES, ["S001", SHOP]])) == ["unchanged"]


def test_another_phone_of_the_store_lets_the_old_one_count_again(desk: Desk) -> None:
    one, other = two_by(SHOP)
    for phone in (SHOP, OTHER, ""):
        desk.bring("stores", [STORES, ["S001", phone]])
    assert blocked() == [("137****1894", "store", "南京路店", True)]
    assert persons.all_of(other.pk) == [one.pk, other.pk]


def test_a_new_store_comes_with_its_phone(desk: Desk) -> None:
    desk.bring("stores", [[*STORES, "门店名称", "区域"], ["S100", "021-63220001", "外滩店", "华东"]])
    assert [row[1:] for row in blocked()] == [("store", "外滩店", True)]


def test_a_guides_phone_is_blocked_until_she_leaves(desk: Desk) -> None:
    one, other = two_by(SHOP)
    assert came_to(desk.bring("people", [PEOPLE, ["cai", SHOP]])) == ["updated"]
    house_phones.let_go(at=NOW)
    assert blocked() == [("137****1893", "guide", str(desk.cast.cai), True)] and persons.all_of(one.pk) == [one.pk]
    Seat.objects.filter(person=desk.cast.cai).update(ends_at=after(days=1))
    for _ in range(2):
        house_phones.let_go(at=after(days=2))
    assert blocked() == [] and persons.all_of(other.pk) == [one.pk, other.pk]


def test_hqs_own_word_on_a_number_stands_above_it(desk: Desk) -> None:
    blocks.put("phone", SHOP, reason="other", blocks=False, by=desk.cast.ada, at=NOW)
    one, other = two_by(SHOP)
    desk.bring("stores", [STORES, ["S001", SHOP]])
    assert blocked() == [("137****1893", "other", "", False)]
    merges.settle([one.pk], at=NOW)
    assert persons.all_of(other.pk) == [one.pk, other.pk]


def test_the_list_says_whose_it_is(desk: Desk, client: Client) -> None:
    desk.bring("stores", [STORES, ["S001", SHOP]])
    desk.bring("people", [PEOPLE, ["cai", OTHER]])
    client.force_login(desk.cast.otto)
    page = client.get(reverse("members:blocked_ids")).content.decode()
    assert all(word in page for word in ("137****1893", "南京路店", "137****1894", "Cai", "自动"))
    assert SHOP not in page


def test_many_stores_are_a_few_queries(desk: Desk, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    keys = [desk.cast.nanjing_road.pk, desk.cast.xujiahui.pk, desk.cast.fangs_first.pk, desk.cast.fangs_second.pk]
    with django_assert_max_num_queries(12):
        house_phones.keep({("store", key): f"+861376450{n:04}" for n, key in enumerate(keys)}, at=NOW)
    assert len(blocked()) == 4
