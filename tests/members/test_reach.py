"""Whom the brand can reach, counted so that it adds up; and the lists by which stores win the others back."""

from typing import Any

import pytest
from django.db.models import F

from members import activations, consents, identities, joinings, reach
from members.identities import Newcomer
from members.models import Consent, Invitee, Member, ReachCount
from scrm.clock import day_of
from stores.models import Store
from tests.cast import LAN, MEI, NOW, Cast, after
from tests.members.buying import bought

pytestmark = pytest.mark.django_db
WAYS = ("people", "by_guide", "by_phone", "by_nothing", "marketing")


def with_phone(phone: str, *stores: Store, allows: bool = True) -> Member:
    """A member of another system, imported with a phone."""
    (pk,) = identities.enroll([Newcomer("会员", 0, (("phone", phone),))], at=NOW)
    joinings.add([(pk, store.pk, day_of(NOW)) for store in stores])
    Member.objects.filter(pk=pk).update(registered_at=NOW)
    if allows:
        allow(pk)
    return Member.objects.get(pk=pk)


def allow(member: int) -> None:
    Consent.objects.create(
        member_id=member, purpose="marketing_1v1", state="given", at=NOW, source="import", recorded_at=NOW
    )


def counted(**place: Any) -> tuple[int, ...]:
    row = ReachCount.objects.get(day=day_of(NOW), **place)
    return tuple(getattr(row, way) for way in WAYS)


@pytest.fixture
def four(cast: Cast) -> Cast:
    """Mei has a guide at two stores, Lan lost hers, one has a phone only, and one has nothing."""
    cast.add(MEI, "cai", code=cast.code())
    cast.add(MEI, "dong", code=cast.code(cast.xujiahui))
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first))
    cast.tell(LAN, "gu", "cust_del", at=after(minutes=1))
    with_phone("+8613800010001", cast.nanjing_road)
    bought(Member.objects.create(created_at=NOW), cast.nanjing_road, at=NOW)
    reach.count_all(at=NOW)
    return cast


def test_everybody_stands_under_one_way(four: Cast) -> None:
    assert counted(kind="brand") == (4, 1, 1, 2, 1)
    assert counted(kind="store", store=four.nanjing_road) == (3, 1, 1, 1, 1)
    assert counted(kind="store", store=four.xujiahui) == (1, 1, 0, 0, 0)
    assert counted(kind="store", store=four.fangs_first) == (1, 0, 0, 1, 0)


def test_somebody_of_two_stores_is_one_in_their_region(four: Cast) -> None:
    assert counted(kind="region", region=four.east) == (3, 1, 1, 1, 1)
    assert sum(ReachCount.objects.filter(kind="tier").values_list("people", flat=True)) == 4


def test_the_ways_sum_up_to_all(four: Cast) -> None:
    together = F("by_guide") + F("by_group") + F("by_phone") + F("by_nothing")
    assert not ReachCount.objects.exclude(people=together).exists()


def test_counted_twice_a_day_is_counted_once(four: Cast) -> None:
    before = ReachCount.objects.count()
    reach.count_all(at=after(hours=1))
    assert ReachCount.objects.count() == before


def test_old_days_stay_as_the_first_of_their_month(four: Cast) -> None:
    reach.count_all(at=after(days=30))  # the first of April
    reach.count_all(at=after(days=90))
    days = {day.isoformat() for day in ReachCount.objects.values_list("day", flat=True)}
    assert days == {"2026-04-01", "2026-05-31"}


def test_who_is_erased_is_counted_nowhere(four: Cast) -> None:
    Member.objects.filter(orders__isnull=False).update(erased_at=NOW)
    reach.count_all(at=NOW)
    assert counted(kind="brand")[0] == 3


def test_a_list_invites_whom_nobody_reaches_and_who_allows_it(four: Cast) -> None:
    with_phone("+8613800010002", four.nanjing_road, allows=False)
    made = activations.make(four.nanjing_road, words="来店里加我吧", by=four.ben, at=after(hours=1))
    assert (made.people, made.unwilling, made.more) == (1, 1, 0)
    assert Invitee.objects.get().reason == "never"


def test_who_deleted_her_guide_is_invited_as_such(four: Cast) -> None:
    lan = four.member(LAN)
    identities.add_ids([(lan.pk, "phone", "+8613800010003")])
    allow(lan.pk)
    activations.make(four.fangs_first, words="", by=four.fang, at=after(hours=1))
    assert Invitee.objects.get().reason == "lost"


def test_nobody_is_invited_twice_within_three_months(four: Cast) -> None:
    activations.make(four.nanjing_road, words="", by=four.ben, at=after(hours=1))
    with pytest.raises(activations.NobodyToInvite):
        activations.make(four.nanjing_road, words="", by=four.ben, at=after(days=80))
    assert activations.make(four.nanjing_road, words="", by=four.ben, at=after(days=91)).people == 1


def test_who_took_her_consent_back_is_not_invited(four: Cast) -> None:
    one = Member.objects.get(joinings__store=four.nanjing_road)
    Consent.objects.create(
        member=one, purpose="marketing_1v1", state="withdrawn", at=after(hours=1), source="hq", recorded_at=NOW
    )
    with pytest.raises(activations.NobodyToInvite):
        activations.make(four.nanjing_road, words="", by=four.ben, at=after(hours=2))


def test_what_came_of_a_list_adds_up(four: Cast) -> None:
    others = [with_phone(f"+861380002000{n}", four.nanjing_road) for n in range(3)]
    Member.objects.filter(pk=others[0].pk).update(registered_at=None)
    made = activations.make(four.nanjing_road, words="", by=four.ben, at=after(hours=1))
    Member.objects.filter(pk=others[0].pk).update(registered_at=after(days=1))
    bought(others[1], four.xujiahui, at=after(days=1))
    funnel = activations.funnels([made])[made.pk]
    assert (funnel.waiting, funnel.added, funnel.registered, funnel.ordered) == (2, 0, 1, 1)
    assert funnel.people == made.people == 4


def test_an_invited_customer_who_adds_a_guide_is_seen_to(four: Cast) -> None:
    made = activations.make(four.nanjing_road, words="", by=four.ben, at=after(hours=1))
    one = Invitee.objects.get().member
    mei = four.member(MEI)
    type(mei).objects.filter(pk=one.pk).update(same_person_as=None)
    four.add("wmNewNewNewNewNewNewNewNewNewNew00", "cai", code=four.code(name="橱窗"), at=after(days=1))
    Member.objects.filter(pk=four.member("wmNewNewNewNewNewNewNewNewNewNew00").pk).update(same_person_as=one)
    assert activations.funnels([made])[made.pk].added == 1
    assert consents.allows([one.pk], "marketing_1v1", at=after(days=1)) == {one.pk}
