from datetime import timedelta
from itertools import permutations

import pytest

from guides import bindings, postings
from guides.hearing import News
from guides.models import Guide, Ownership, Relation, RelationFact
from members.models import Identity, Member
from scrm.audit.models import Alarm
from tests.cast import LAN, MEI, NOW, OPENED, Cast, after

pytestmark = pytest.mark.django_db


def test_mei_scans_the_tills_code_and_is_cais_customer_at_nanjing_road(cast: Cast) -> None:
    till = cast.code()
    relation = cast.add(MEI, "cai", code=till)
    assert (relation.store, relation.code, relation.state) == (cast.nanjing_road, till, "live")
    assert Ownership.objects.get().guide == cast.guide("cai")


def test_hearing_the_same_add_twice_changes_nothing(cast: Cast) -> None:
    first = cast.add(MEI, "cai")
    again = cast.add(MEI, "cai")
    assert (first.pk, first.changed_at) == (again.pk, again.changed_at)
    assert RelationFact.objects.count() == Relation.objects.count() == Member.objects.count() == 1


def test_without_a_code_the_store_is_where_the_guide_works(cast: Cast) -> None:
    assert cast.add(MEI, "dong").store == cast.xujiahui


def test_a_guide_of_two_stores_is_asked_where_her_customer_belongs(cast: Cast) -> None:
    postings.post(cast.guide("dong"), to=cast.nanjing_road, at=after(days=-1))
    relation = cast.add(MEI, "dong")
    assert relation.store is None and not Ownership.objects.exists()
    bindings.place(relation, store=cast.nanjing_road, by=cast.dong, at=after(minutes=1))
    relation.refresh_from_db()
    assert relation.store == cast.nanjing_road and Ownership.objects.get().store == cast.nanjing_road


def test_nobody_places_a_customer_where_the_guide_never_worked(cast: Cast) -> None:
    relation = cast.add(MEI, "cai")
    with pytest.raises(bindings.NotHers):
        bindings.place(relation, store=cast.xujiahui, by=cast.ada, at=NOW)


def test_an_unknown_guide_is_a_placeholder_until_the_roster_names_her_store(cast: Cast) -> None:
    relation = cast.add(MEI, "hua")
    hua = Guide.objects.get(userid="hua")
    assert (hua.status, relation.store) == (Guide.Status.PLACEHOLDER, None)
    postings.post(hua, to=cast.xujiahui, at=after(hours=1))
    bindings.place_where_posted([hua.pk], now=after(hours=1))
    relation.refresh_from_db()
    assert relation.store == cast.xujiahui


def test_an_unknown_state_raises_an_alarm(cast: Cast) -> None:
    bindings.hear([News(cast.corp.pk, "cai", MEI, "add", NOW, b"x" * 32, state="who-made-this")], now=NOW)
    assert Alarm.objects.get().kind == "unknown_state"


def test_upper_and_lower_case_of_a_userid_are_one_guide(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.tell(LAN, "CAI", "add")
    assert Guide.objects.filter(userid__iexact="cai").count() == 1
    assert cast.guide("cai").relations.count() == 2


FOUR = ["add", "cust_del", "add", "guide_del"]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_add_lost_add_dropped_gives_the_same_story(cast: Cast, order: tuple[int, ...]) -> None:
    for n in order:
        cast.tell(MEI, "cai", FOUR[n], at=after(minutes=n))
    told = Relation.objects.order_by("epoch").values_list("state", "added_at", "ended_at")
    assert list(told) == [("lost", NOW, after(minutes=1)), ("dropped", after(minutes=2), after(minutes=3))]


def test_a_late_half_add_keeps_the_relation_that_its_add_made(cast: Cast) -> None:
    relation = cast.add(MEI, "cai", at=after(seconds=5))
    cast.tell(MEI, "cai", "half", at=NOW)
    late = Relation.objects.get()
    assert (late.pk, late.opened_at, late.added_at) == (relation.pk, NOW, after(seconds=5))


def test_when_the_owner_loses_mei_the_next_guide_of_the_store_owns_her(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(MEI, "ben", at=after(days=1))
    cast.tell(MEI, "cai", "cust_del", at=after(days=2))
    owned = Ownership.objects.order_by("starts_at").values_list("guide__userid", "starts_at", "ends_at")
    assert list(owned) == [("cai", NOW, after(days=2)), ("ben", after(days=2), None)]


def test_two_stores_each_have_their_own_owner(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(MEI, "dong")
    assert {(o.store, o.guide.userid) for o in Ownership.objects.all()} == {
        (cast.nanjing_road, "cai"),
        (cast.xujiahui, "dong"),
    }


def test_a_handovers_add_is_marked_since_it_counts_as_none(cast: Cast) -> None:
    cast.add(MEI, "cai", at=OPENED + timedelta(days=1))
    cast.tell(MEI, "cai", "transferred", at=NOW)
    moved = cast.add(MEI, "ben", at=after(seconds=2))
    assert moved.by_transfer and Relation.objects.get(guide__userid="cai").state == "moved"


def test_facts_cannot_be_rewritten_even_by_the_owner_of_the_table(cast: Cast, as_owner: object) -> None:
    from django.db import IntegrityError, transaction

    cast.add(MEI, "cai")
    with as_owner(), pytest.raises(IntegrityError, match="only grows"), transaction.atomic():  # type: ignore[operator]
        RelationFact.objects.update(kind="cust_del")


def test_each_of_fifty_people_of_one_second_is_a_customer(cast: Cast) -> None:
    news = [News(cast.corp.pk, "cai", f"wm{n:030d}", "add", NOW, bytes([n]) * 32) for n in range(50)]
    bindings.hear(news, now=NOW)
    assert Relation.objects.count() == Identity.objects.count() == 50


@pytest.mark.django_db(transaction=True)
def test_news_heard_outside_of_any_transaction_is_kept(cast: Cast) -> None:
    assert cast.add(MEI, "cai").state == "live"
