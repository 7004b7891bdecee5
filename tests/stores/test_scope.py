"""Who sees what: every list starts at visible_to(viewer)."""

from datetime import timedelta

import pytest

from guides.models import Code, Guide, Ownership, Relation
from members.models import Identity, Member
from scrm.clock import day_of
from stores import places, seats
from stores.models import Franchisee, Person, Region, Role, Seat, Store
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db


def fresh(person: Person) -> Person:
    """The same person on her next request."""
    return Person.objects.get(pk=person.pk)


def names(rows: object) -> set[str]:
    return {str(row) for row in rows}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("who", "stores"),
    [
        ("ada", {"南京路店", "徐家汇店", "天河店", "南山店"}),
        ("ann", {"南京路店", "徐家汇店", "天河店", "南山店"}),
        ("rita", {"南京路店", "徐家汇店"}),
        ("fang", {"天河店", "南山店"}),
        ("ben", {"南京路店"}),
        ("cai", {"南京路店"}),
        ("gu", {"天河店"}),
        ("ivy", {"南京路店"}),
        ("eve", set()),
    ],
)
def test_each_sees_her_own_stores(cast: Cast, who: str, stores: set[str]) -> None:
    assert names(Store.objects.visible_to(getattr(cast, who))) == stores


def test_a_franchise_owner_never_sees_another_owners_customers(cast: Cast) -> None:
    cast.add(MEI, "gu")
    cast.add(LAN, "cai")
    for model in (Relation, Ownership, Member, Identity):
        assert model.objects.visible_to(cast.fang).count() == 1
        assert model.objects.visible_to(cast.ben).count() == 1
    assert Member.objects.visible_to(cast.fang).get() == cast.member(MEI)


def test_a_guide_sees_her_own_customers_and_not_her_colleagues(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(LAN, "ben")
    assert Relation.objects.visible_to(cast.cai).get().member == cast.member(MEI)
    assert Relation.objects.visible_to(cast.ben).count() == 2


def test_a_member_of_two_stores_is_seen_by_both_each_with_its_own_rows(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(MEI, "gu")
    assert Member.objects.visible_to(cast.ben).get() == Member.objects.visible_to(cast.fang).get()
    assert Relation.objects.visible_to(cast.fang).get().store == cast.fangs_first


def test_strangers_leavers_and_the_switched_off_see_nothing(cast: Cast) -> None:
    cast.add(MEI, "cai")
    Person.objects.filter(pk=cast.ann.pk).update(is_active=False)
    seats.take(Seat.objects.get(person=cast.rita), at=NOW)
    for viewer in (None, cast.eve, fresh(cast.ann), fresh(cast.rita)):
        for model in (Store, Region, Franchisee, Guide, Code, Relation, Member, Person, Seat):
            assert not model.objects.visible_to(viewer).exists()


def test_when_a_store_changes_hands_each_owner_keeps_to_the_days_that_were_his(cast: Cast) -> None:
    cast.add(MEI, "gu", at=NOW - timedelta(days=9))
    hao = Person.objects.create_user("hao", "hao-opens-the-shop", name="Hao")
    haos = Franchisee.objects.create(brand=cast.brand, name="郝记")
    seats.give(hao, Role.FRANCHISE_OWNER, franchisee=haos, at=NOW)
    places.sign_contract(cast.fangs_first, franchisee=haos, on=day_of(NOW))
    cast.add(LAN, "gu", at=after(hours=1))
    assert Member.objects.visible_to(hao).get() == cast.member(LAN)
    assert not Member.objects.visible_to(fresh(cast.fang)).exists()


def test_a_future_contract_opens_nothing_yet(cast: Cast) -> None:
    hao = Person.objects.create_user("hao", "hao-opens-the-shop", name="Hao")
    haos = Franchisee.objects.create(brand=cast.brand, name="郝记")
    seats.give(hao, Role.FRANCHISE_OWNER, franchisee=haos, at=NOW)
    places.sign_contract(cast.xujiahui, franchisee=haos, on=day_of(after(days=3650)))
    assert not Store.objects.visible_to(hao).exists()


def test_rows_are_never_repeated_by_a_join(cast: Cast) -> None:
    from guides import postings

    postings.post(cast.guide("cai"), to=cast.xujiahui, at=NOW)
    assert Guide.objects.visible_to(cast.rita).filter(userid="cai").count() == 1
    assert Region.objects.visible_to(cast.rita).count() == 1


def test_the_words_on_tags_are_for_every_seat_and_for_nobody_without_one(cast: Cast) -> None:
    from members import libraries
    from members.models import Tag

    libraries.learn(cast.corp, [{"group_id": "g", "group_name": "等级", "tag": [{"id": "t", "name": "VIP"}]}], at=NOW)
    assert Tag.objects.visible_to(cast.ben).get().name == "VIP"
    assert not Tag.objects.visible_to(cast.eve).exists()
